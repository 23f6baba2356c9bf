//! Audits, lineage and verification on a small store with one of everything.

mod damage;
mod store_of_all;
mod whole;
