//! End-to-end tests: they start the built commands as a user would and look at what they print and leave behind.

mod bad_input;
mod chaos;
mod cli;
mod reproduce;
mod whole_way;
