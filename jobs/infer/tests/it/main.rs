//! A release made of the real base model and a fresh adapter: refused when anything about it is wrong, answered from,
//! and served.

mod command;
mod fixture;
mod http;
mod refused;
mod replies;
mod server;
