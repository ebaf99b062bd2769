//! The booth's audit trail: what became of each claim and session, in ids, each entry bound to the one before
//! ([`bilik_claim::audit`]). An entry is written in the transaction of what it tells of.

use crate::error::JournalError;
use bilik_claim::audit::{AuditEntry, AuditHead, AuditState, AuditWalk};
use bilik_claim::ids::{BoothId, ClaimId, Digest, SessionId, WallTime};
use bilik_claim::wire::Outcome;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something that somebody may have to prove later. No reasons in words, nothing of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum BoothAudit {
    /// The booth has a new identity, or its first.
    Enrolled {
        booth: BoothId,
    },
    SessionBegan {
        session: SessionId,
    },
    SessionEnded {
        session: SessionId,
        outcome: Outcome,
    },
    ClaimKept {
        claim: ClaimId,
        sequence: u64,
        manifest: Digest,
    },
    /// With the hub's receipt, and erased here.
    ClaimConfirmed {
        claim: ClaimId,
        ledger_sequence: u64,
    },
    /// With the hub's receipt, and still here.
    ClaimHeld {
        claim: ClaimId,
        ledger_sequence: u64,
    },
    /// Held no longer: the hub has it in a backup, or else a participant needed the room.
    ClaimErased {
        claim: ClaimId,
        safe: bool,
    },
    /// The hub lacks what it gave this receipt for: queued again.
    ClaimRecalled {
        claim: ClaimId,
        ledger_sequence: u64,
    },
    /// As before, but nothing is held here any more. Once for each claim.
    ReceiptUnknownToHub {
        claim: ClaimId,
    },
    /// The hub's keys with this number count from here on.
    HubKeysTaken {
        serial: u64,
    },
    ClaimRefused {
        claim: ClaimId,
    },
    ClaimQueuedAgain {
        claim: ClaimId,
    },
    /// A damaged queue made way for this one.
    SetAside {
        moved: u64,
        left: u64,
    },
    /// Claims that had been kept were gone without a trace.
    Lost {
        from: u64,
        to: u64,
    },
}

/// Adds an entry to the chain, in the transaction that is open.
pub(crate) fn append(db: &Connection, at: WallTime, event: &BoothAudit) -> Result<(), JournalError> {
    let error = "add to the audit trail";
    let text = serde_json::to_string(event).map_err(|source| JournalError::Encode { name: "audit entry", source })?;
    let next = head(db)?.after(at, &text);
    insert(db, &AuditEntry { sequence: next.entries, at, text, hash: next.hash }).map_err(JournalError::sqlite(error))
}

pub(crate) fn head(db: &Connection) -> Result<AuditHead, JournalError> {
    let error = "read the end of the audit trail";
    let sql = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let read = |row: &Row<'_>| Ok(AuditHead { entries: row.get(0)?, hash: Digest(row.get(1)?) });
    statement.query_row([], read).optional().map(Option::unwrap_or_default).map_err(JournalError::sqlite(error))
}

/// Walks the whole chain. What can't be read breaks it.
pub(crate) fn verify(db: &Connection, noted: Option<Digest>, mut each: impl FnMut(BoothAudit)) -> AuditState {
    let mut walk = AuditWalk::new(noted);
    follow(db, &mut walk, |entry| each_known(&entry, &mut each));
    walk.state()
}

/// Takes over the part of another chain that holds: `entry` gives what was stored under a number.
pub(crate) fn salvage(entry: impl Fn(i64) -> Option<AuditEntry>, fresh: &Connection) -> Result<(), JournalError> {
    let error = "salvage the audit trail";
    let transaction = fresh.unchecked_transaction().map_err(JournalError::sqlite(error))?;
    let mut walk = AuditWalk::new(None);
    while let Some(entry) = entry(walk.head().entries + 1).filter(|entry| walk.step(entry)) {
        insert(&transaction, &entry).map_err(JournalError::sqlite(error))?;
    }
    transaction.commit().map_err(JournalError::sqlite(error))
}

/// The entry with this number.
pub(crate) fn at(db: &Connection, sequence: i64) -> rusqlite::Result<Option<AuditEntry>> {
    let mut statement = db.prepare_cached("SELECT sequence, at, text, hash FROM audit WHERE sequence = ?1")?;
    statement.query_row([sequence], read).optional()
}

/// Notes an identity unless it is the one noted last.
pub(crate) fn note_identity(db: &Connection, booth: BoothId, at: WallTime) -> Result<(), JournalError> {
    let sql = r#"SELECT text FROM audit WHERE text LIKE '{"event":"enrolled"%' ORDER BY sequence DESC LIMIT 1"#;
    let last: Option<String> =
        db.query_row(sql, [], |row| row.get(0)).optional().map_err(JournalError::sqlite("read the audit trail"))?;
    let event = BoothAudit::Enrolled { booth };
    let known = last.and_then(|text| serde_json::from_str::<BoothAudit>(&text).ok());
    if known.as_ref() == Some(&event) { Ok(()) } else { append(db, at, &event) }
}

/// Claims of which the trail says that the hub does not know their receipt.
pub(crate) fn unknown_to_hub(db: &Connection) -> Result<BTreeSet<ClaimId>, JournalError> {
    let error = "read the audit trail";
    let sql = r#"SELECT text FROM audit WHERE text LIKE '{"event":"receipt_unknown_to_hub"%'"#;
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let texts = statement.query_map([], |row| row.get::<_, String>(0)).map_err(JournalError::sqlite(error))?;
    let mut claims = BTreeSet::new();
    for text in texts {
        let text = text.map_err(JournalError::sqlite(error))?;
        if let Ok(BoothAudit::ReceiptUnknownToHub { claim }) = serde_json::from_str(&text) {
            claims.insert(claim);
        }
    }
    Ok(claims)
}

/// Entries of a later program than this one are part of the chain all the same.
fn each_known(entry: &AuditEntry, each: &mut impl FnMut(BoothAudit)) {
    if let Ok(event) = serde_json::from_str(&entry.text) {
        each(event);
    }
}

/// Gives each entry that follows from the one before, up to the end or the first that does not.
fn follow(db: &Connection, walk: &mut AuditWalk, mut each: impl FnMut(AuditEntry)) {
    let Ok(mut statement) = db.prepare("SELECT sequence, at, text, hash FROM audit ORDER BY sequence") else { return };
    let Ok(mut rows) = statement.query([]) else { return };
    loop {
        let entry = match rows.next() {
            Ok(Some(row)) => read(row),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        // A number that no entry has: it breaks the walk.
        let senseless = |_| AuditEntry { sequence: 0, at: WallTime(0), text: String::new(), hash: Digest([0; 32]) };
        let entry = entry.unwrap_or_else(senseless);
        if !walk.step(&entry) {
            return;
        }
        each(entry);
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry { sequence: row.get(0)?, at: WallTime(row.get(1)?), text: row.get(2)?, hash: Digest(row.get(3)?) })
}

fn insert(db: &Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached("INSERT INTO audit (sequence, at, text, hash) VALUES (?1, ?2, ?3, ?4)")?;
    statement.execute(params![entry.sequence, entry.at.0, entry.text, entry.hash.0]).map(drop)
}
