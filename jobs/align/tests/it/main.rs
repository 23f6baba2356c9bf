//! Tests of the align job against made-up broadcasts and against the sample stream.

mod estimator;
mod gates;
mod rows;
mod sample;
mod stage;
mod whole;
