//! The acceptance tests of the language model: the reference numbers, the gradients, the laws of training.

mod devices;
mod gguf;
mod reference;
mod tiny;
mod training;
