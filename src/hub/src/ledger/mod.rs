//! What the hub remembers, as contracts. [`crate::sqlite`] keeps them in one file; another store can take its place.
//!
//! Every method is one transaction: it happened durably, or it did not happen. What belongs together (a claim, its
//! receipt and its audit entry) is therefore one method. Calls block; connection tasks make them on a blocking thread.

mod audit;
mod booths;
mod claims;
mod notes;
mod officers;
mod reconcile;
mod reports;
mod statistics;

pub use audit::*;
pub use bilik_claim::audit::AuditState;
pub use booths::*;
pub use claims::*;
pub use notes::*;
pub use officers::*;
pub use reconcile::*;
pub use reports::*;
pub use statistics::*;

use thiserror::Error;

/// Everything together.
pub trait Ledger:
    Booths + Officers + Parts + Claims + Notes + Reconciliation + Reports + Statistics + Audit + Send + Sync
{
    fn health(&self) -> Health;

    /// After [`Health::Full`]: tries whether there is room for a part again. Does nothing in any other state.
    fn look_for_room(&self) -> Result<(), LedgerError>;
}

/// How the ledger's disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    /// There was no room for the last thing that was to be kept. What is kept can be read; room heals it.
    Full,
    /// Something that was kept could not be read since the start. The rest is read and written as before, but the disk
    /// has to be looked at.
    Unreadable,
    /// The disk has failed to keep what it was told: what it holds is no longer known, so nothing more is written or
    /// promised until the hub has been started again.
    Failed,
}

#[derive(Debug, Error)]
pub enum LedgerError {
    #[error("failed to {operation} in the ledger")]
    Storage { operation: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("failed to {operation} in the ledger: another process holds it")]
    Busy { operation: &'static str },
    #[error("failed to {operation} in the ledger: its disk is full")]
    Full { operation: &'static str },
    #[error("failed to {operation} in the ledger: undone together with another's work")]
    Undone { operation: &'static str },
    #[error("the ledger's disk has failed; nothing is written until the hub is started again")]
    Failed,
    #[error("the ledger holds a {0} that cannot be read")]
    Unreadable(&'static str),
}

impl LedgerError {
    /// Whether the same may well succeed a little later.
    pub fn passes(&self) -> bool {
        match self {
            LedgerError::Busy { .. } | LedgerError::Full { .. } | LedgerError::Undone { .. } => true,
            LedgerError::Storage { .. } | LedgerError::Failed | LedgerError::Unreadable(_) => false,
        }
    }
}
