//! The fake against what is known of the real service.

mod client;
mod media;
