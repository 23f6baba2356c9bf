//! One file per table: row struct, Arrow fields and conversion.
