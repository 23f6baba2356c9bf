//! Adapter to metrics and verdict; gate; promote.
