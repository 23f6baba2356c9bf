//! The built-in rules: every category with a text that trips it and one that nearly does, the laws of a verdict, and
//! its cost.

mod cases;
mod laws;

use std::sync::LazyLock;

use guard::Guard;

static GUARD: LazyLock<Guard> = LazyLock::new(Guard::builtin);
