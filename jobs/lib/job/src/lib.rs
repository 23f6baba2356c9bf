//! What every command shares: flags, tracing, progress, exit codes, commit.
