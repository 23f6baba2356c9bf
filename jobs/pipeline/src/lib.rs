//! Runs the jobs in order as processes.
