//! SQL over a store, lineage and verification.
