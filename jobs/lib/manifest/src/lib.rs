//! Run identity, canonical JSON and every record a store keeps.
