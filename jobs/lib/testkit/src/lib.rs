//! Fixtures, real servers and sample streams for tests.
