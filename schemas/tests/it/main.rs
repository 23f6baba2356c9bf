//! The declared tables: their descriptions are checked in, and every row comes back as it was written.

mod golden;
mod round_trip;
