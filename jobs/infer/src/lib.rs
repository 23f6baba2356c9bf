//! Promoted adapter to replies: command line and local HTTP server.
