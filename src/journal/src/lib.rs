//! The booth's queue of finished claims: sealed, on disk, in order, until the hub's receipt is here.
//!
//! # Format
//!
//! | File in the state directory | Holds |
//! |---|---|
//! | `journal.db` | SQLite: one small row per claim ever kept, and the sealed parts of those not yet confirmed |
//! | `journal.head` | the highest sequence number ever given out, as text, so that a lost database repeats none |
//! | `journal.reserve` | disk space held back ([`RESERVE`]), and the lock that keeps a second writer away |
//! | `journal.db.corrupt-N` | a database that failed its check at open, set aside for a technician |
//!
//! Each part (`claim.json`, photographs, `signature.svg`) is an age file for the hub's recipient: the booth has no key
//! to open it, and a technician with the hub's identity needs only the standard `age` tool ([`Journal::export`]). The
//! manifest is in clear and signed by the booth; it says nothing about the person.
//!
//! SQLite is the bundled one (3.54; older than 3.51.3 may lose a reset write-ahead log): WAL, `synchronous=FULL`,
//! `secure_delete=ON`, one connection. Automatic checkpoints are off. The journal checkpoints after each change itself,
//! because SQLite hides the errors of its automatic ones, and because a log without frames can't lose them.
//!
//! # Order
//!
//! Sequence numbers count from 1 without gaps, given out in the transaction that keeps the claim. The oldest unsent claim
//! goes first; one that fails or is refused stands back for the others. The hub must not rely on order of arrival.
//!
//! # Idempotency
//!
//! A claim is known by its id. Keeping the same id again returns what was kept first, even after its receipt. Confirming
//! again returns the receipt on record. Rows of confirmed claims therefore stay, without manifest and parts.
//!
//! # Retry
//!
//! [`outbox`] decides it, purely: nothing is given up, waits grow from [`outbox::FIRST_RETRY`] to [`outbox::MAX_RETRY`],
//! and what the hub has accepted is not sent again. Refused claims stay with their reason until a technician has them
//! queued again ([`Journal::requeue`]) or takes them out with the recovery command.
//!
//! # Erasure
//!
//! Sealed bytes go only in the transaction that records a receipt which the hub's key signed for exactly this manifest.
//! `secure_delete` overwrites the freed pages, and the checkpoint that follows truncates the log. Two things make that
//! complete: rows begin with filler as long as a b-tree cell, so ciphertext lies in overflow pages alone and rebalancing
//! never leaves a copy of it in the slack of a page; and a checkpoint that a reader held up is made up for later
//! ([`Journal::tend`]). What a flash drive keeps in worn cells is beyond reach, and is sealed.
//!
//! # Failure
//!
//! | What happens | What the journal does |
//! |---|---|
//! | crash or power cut | the claim was kept (the call returned) or was not; open checks, then finishes the checkpoint |
//! | disk full | rolls back, frees the reserve, tries once more; says [`JournalError::Full`] and works on |
//! | I/O error while writing | stops: every later call is [`JournalError::Failed`] until the program opens it anew, for after a failed fsync the page cache no longer tells what is on disk |
//! | damaged database at open | sets it aside, starts a fresh one, tells the booth ([`SetAside`]) |
//! | damaged part | refuses that claim with a reason, sends the others |

mod audit;
pub mod courier;
mod delivery;
pub mod disk;
mod error;
mod files;
mod journal;
pub mod outbox;
mod pack;
mod pages;
mod reserve;
mod rows;
mod salvage;
mod schema;
pub mod seal;
mod set_aside;
mod verify;
mod view;

pub use audit::BoothAudit;
pub use delivery::{DAMAGED, Request};
pub use error::{JournalError, chain};
pub use journal::{Journal, JournalConfig, Kept, Opened, Outgoing, Stats};
pub use pack::MAX_CLAIM;
pub use reserve::RESERVE;
pub use rows::{LISTED_CONFIRMED, MAX_REASON, QueueRow, QueueState};
pub use set_aside::{SetAside, set_aside_files};
pub use verify::{Keys, Report};
pub use view::{Exported, JournalView, Listed};

/// Name of the database in the state directory.
pub const DATABASE: &str = "journal.db";

#[cfg(test)]
mod tests;
