//! What the hub remembers, as contracts. [`crate::sqlite`] keeps them in one file; another store can take its place.
//!
//! Every method is one transaction: it happened durably, or it did not happen. What belongs together (a claim, its
//! receipt and its audit entry) is therefore one method. Calls block; connection tasks make them on a blocking thread.

mod audit;
mod booths;
mod claims;
mod officers;

pub use audit::*;
pub use bilik_claim::audit::AuditState;
pub use booths::*;
pub use claims::*;
pub use officers::*;

use thiserror::Error;

/// Everything together.
pub trait Ledger: Booths + Officers + Parts + Claims + Audit + Send + Sync {
    /// False once the disk has failed to keep what it was told: what it holds is no longer known, so nothing more is
    /// written or promised until the hub has been started again.
    fn is_healthy(&self) -> bool;
}

#[derive(Debug, Error)]
pub enum LedgerError {
    #[error("failed to {operation} in the ledger")]
    Storage { operation: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the ledger's disk has failed; nothing is written until the hub is started again")]
    Failed,
    #[error("the ledger holds a {0} that cannot be read")]
    Unreadable(&'static str),
}
