//! Why something was not done.

use bilik_device::Failure;
use std::io;
use std::path::Path;
use thiserror::Error;

/// Longest detail, in bytes: it is for a log and a corner of a screen.
const MAX_DETAIL: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct Refusal {
    pub why: Failure,
    /// One line in English: what was being done, with what, and what came of it. No secrets.
    pub detail: String,
}

impl Refusal {
    pub fn new(why: Failure, detail: impl Into<String>) -> Self {
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let mut detail: String = detail.into().chars().map(printable).collect();
        while detail.len() > MAX_DETAIL {
            detail.pop();
        }
        Self { why, detail }
    }

    /// For `map_err`: `failed to OPERATION PATH: ERROR`.
    pub fn io<E: Into<io::Error>>(operation: &str, path: &Path) -> impl FnOnce(E) -> Self {
        let what = format!("failed to {operation} {}", path.display());
        move |error| {
            let error = error.into();
            let why = if error.kind() == io::ErrorKind::StorageFull { Failure::Full } else { Failure::Io };
            Self::new(why, format!("{what}: {error}"))
        }
    }
}
