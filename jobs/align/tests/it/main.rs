//! Tests of the align job against made-up and real broadcasts.

mod broadcast;
mod estimator;
