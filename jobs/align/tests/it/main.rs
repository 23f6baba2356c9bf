//! Tests of the align job against made-up broadcasts and against the sample stream.

mod broadcast;
mod estimator;
mod sample;
mod stage;
mod whole;
