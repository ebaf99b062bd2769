//! The same when something is missing.
