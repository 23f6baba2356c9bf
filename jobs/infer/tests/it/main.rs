//! A release made of a real base model and a fresh adapter, refused when anything about it is wrong, and served.
