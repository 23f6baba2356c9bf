//! Aligned turns and SQL filters to examples, drops and a report.
