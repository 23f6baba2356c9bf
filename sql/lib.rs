//! The SQL files of this folder by name: filters, audits, reports.
