//! The booth's queue of finished claims: sealed, on disk, in order, until the hub's receipt is here, and until the hub has
//! them in a backup if it asks for that.
//!
//! # Format
//!
//! | File in the state directory | Holds |
//! |---|---|
//! | `journal.db` | SQLite: one small row per claim ever kept, the sealed parts of those not yet erased, the hub's newer keys, the audit trail |
//! | `journal.head` | the highest sequence number ever given out, and whether its claim was kept: `41 begun`, `41 kept` |
//! | `journal.reserve` | disk space held back ([`RESERVE`]), and the lock that keeps a second writer away |
//! | `journal.db.corrupt-N` | a database that failed its check at open, with its log (`-wal`, `-shm`), as it was found |
//! | `journal.db.new` | a fresh database while it takes over what can be read of a damaged one |
//!
//! Each part (`claim.json`, photographs, `signature.svg`) is an age file for the hub's recipient: the booth has no key
//! to open it, and a technician with the hub's identity needs only the standard `age` tool ([`JournalView::export`]). The
//! manifest is in clear and signed by the booth; it says nothing about the person.
//!
//! SQLite is the bundled one (3.54; older than 3.51.3 may lose a reset write-ahead log): WAL, `synchronous=FULL`,
//! `secure_delete=ON`, one connection. Automatic checkpoints are off. The journal checkpoints after each change itself,
//! because SQLite hides the errors of its automatic ones, and because a log without frames can't lose them. Only a claim
//! that was just kept waits for its checkpoint until the participant has been told, which takes milliseconds: the commit
//! has synced the log, and the log is emptied before it takes another claim. Tables of an older version are brought
//! forward at open, step by step in one transaction; a newer version is left alone. Pages have 16 KiB, and 4 KiB in databases
//! that older programs made: a file keeps the size of its pages until it is salvaged into a fresh one.
//!
//! Keeping a claim waits for four syncs. Two are of `journal.head` before the transaction, its text and then its name, so that
//! no number is given out twice if the database is lost: written in place it would take one, but half of a write that fails
//! could call a number kept that was not. One is of the log's header, which SQLite wants on the disk before what follows it,
//! and the last is the commit.
//!
//! # Order
//!
//! Sequence numbers count from 1, given out in the transaction that keeps the claim: without gaps, but for what the disk has
//! lost. The oldest unsent claim goes first; one that fails or is refused stands back for the others. One that is recalled
//! goes in its old place. The hub must not rely on order of arrival.
//!
//! # Idempotency
//!
//! A claim is known by its id. Keeping the same id again returns what was kept first, even after its receipt. Confirming
//! again returns the receipt on record, unless the claim was recalled: then the next receipt counts. Rows of confirmed
//! claims therefore stay, without manifest and parts.
//!
//! # Retry
//!
//! [`outbox`] decides it, purely: nothing is given up, waits grow from [`outbox::FIRST_RETRY`] to [`outbox::MAX_RETRY`],
//! and what the hub has accepted is not sent again, unless it lacks it later. Refused claims stay with their reason until
//! they are queued again: one by one ([`Journal::requeue`]), and at each start all that the hub refused, for it may be mended
//! ([`Journal::requeue_refused`]). A technician can take out copies meanwhile ([`JournalView::export`]). [`courier`] puts
//! outbox and journal together; the booth's thread around it has the clock and the network.
//!
//! # Holding
//!
//! A hub that comes back from a backup has forgotten its last claims. While it asks for holding ([`Journal::set_hold`],
//! remembered here), a receipt leaves manifest and parts as they are, and the claim is *held*, until the hub says of it that
//! it lies in a backup ([`Journal::safe`]), or its room is needed ([`Journal::make_room`]: the oldest go before the booth
//! says that it is full, and beyond [`MAX_HELD`]). What the hub lacks is queued again if it is held ([`Journal::recall`]),
//! and is on record in the audit trail if it is not. [`courier`] tells the hub of receipts when the link comes up and from
//! time to time. A hub that never asks for holding has every claim erased with its receipt.
//!
//! # Keys
//!
//! Claims are sealed to the hub's recipient, and receipts count that a key of the hub signed: those of the enrolment, until
//! the hub tells newer ones ([`Journal::take_keys`]). Those have to be signed by a receipt key that counts by then, with a
//! higher serial, and are followed from the enrolment's receipt key again at each open. What was kept earlier stays sealed
//! as it is; receipts on record stay good. A new enrolment at a hub with another receipt key begins anew.
//!
//! # Erasure
//!
//! Sealed bytes go only in a transaction that records a receipt which a key of the hub signed for exactly this manifest, or,
//! of held claims, in one after it. Until then they lie as they were kept, and what follows holds from then on.
//! `secure_delete` overwrites the freed pages, and the checkpoint that follows truncates the log. Two things make that
//! complete: rows begin with filler as long as a b-tree cell, so ciphertext lies in overflow pages alone and rebalancing
//! never leaves a copy of it in the slack of a page; and a checkpoint that a reader held up is made up for later
//! ([`Journal::tend`]). Erasing writes as much to the log as it erases: many claims go in several transactions. What a flash
//! drive keeps in worn cells is beyond reach, and is sealed; so is what a database that was set aside holds, also of claims
//! that are confirmed later.
//!
//! # Audit
//!
//! Each change of a claim, and what the booth notes of sessions ([`Journal::note`]), adds an entry to a hash chain in the
//! same transaction ([`BoothAudit`]): ids and kinds only. [`JournalView::verify`] walks it; its end
//! ([`Journal::audit_head`]) is what somebody else has to remember, for a chain that is cut short or written anew looks whole.
//!
//! # Failure
//!
//! | What happens | What the journal does |
//! |---|---|
//! | crash or power cut | the claim was kept (the call returned) or was not; open checks, then finishes the checkpoint |
//! | commit fails, then a crash | the claim was called not kept, and may be there all the same: kept again, it is the same one |
//! | disk full | rolls back, frees the reserve, tries once more; says [`JournalError::Full`] and works on |
//! | I/O error while writing, or a page that can't be read | stops: every later call is [`JournalError::Failed`] until it is opened anew ([`JournalError::needs_reopening`]), for after a failed fsync the page cache no longer tells what is on disk; the log is left as it is |
//! | a log left by a failed fsync | is written over itself before it is read: what is read of it may not be on the disk |
//! | damaged database at open | sets it aside with its log, changes nothing in it, and salvages into a fresh one each claim whose manifest, parts and receipt have their digests: a bad page costs the claims on it ([`SetAside`]); also when power is cut meanwhile |
//! | damaged claim that is held | its receipt is salvaged: the hub has it |
//! | damaged list of the hub's keys, or word on holding | the enrolment's keys count, receipts erase, until the hub is asked the next time |
//! | no room to salvage a claim | it stays in the file set aside, and is counted as left |
//! | damaged log: SQLite drops its end without a word | says which numbers were kept and are gone ([`Opened::lost`]), and gives none of them again. The last one may go unnoticed if power was cut within seconds of keeping it |
//! | missing database | takes over from the last one set aside, or says that all numbers are gone |
//! | damaged `journal.head` | counts on from the database |
//! | damaged part or manifest | refuses that claim with a reason, sends the others |
//! | damaged audit trail | [`JournalView::verify`] names the first entry that does not follow; a fresh database goes on behind the last one that does |
//! | anything, seen by a technician | [`JournalView`] reads claim by claim, and counts what it can't read |
//!
//! Files beside SQLite go through [`disk::Files`], and SQLite through a VFS that can be named, so that a test can put a disk
//! under the journal that fails where it wants.

mod audit;
pub mod courier;
mod delivery;
pub mod disk;
mod error;
mod files;
mod holding;
mod journal;
mod keys;
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
pub use delivery::{DAMAGED, Outgoing, Request};
pub use error::{JournalError, chain};
pub use holding::{MAX_HELD, Receipts};
pub use journal::{Journal, JournalConfig, Kept, Opened, Stats};
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
