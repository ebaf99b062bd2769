//! Rows of the queue, read and written: the SQL of the journal and of the technician's view.

use crate::delivery::DAMAGED;
use crate::error::JournalError;
use crate::pack::SealedPart;
use crate::pages::Value;
use crate::schema::BESIDE_FILLER;
use bilik_claim::filing::{Manifest, Receipt, Signed};
use bilik_claim::ids::{ClaimId, Digest, TrackingCode, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// A reason of refusal is cut to this many characters: it comes from outside.
pub const MAX_REASON: usize = 200;
/// Confirmed claims that a list shows, newest last. Older rows stay in the file.
pub const LISTED_CONFIRMED: u32 = 100;

/// Numbers that are looked up one by one, at most; the highest ones. A booth that keeps a hundred claims a day counts so
/// far in 27 years. What is damaged could say anything.
const MAX_LOOKED_UP: u64 = 1_000_000;

/// One claim as a technician sees it. Nothing in it tells who the participant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    pub claim: ClaimId,
    pub tracking: TrackingCode,
    pub sequence: u64,
    /// By the booth's wall clock.
    pub kept_at: WallTime,
    pub parts: u32,
    /// Sealed bytes; of a confirmed claim, those it had.
    pub bytes: u64,
    pub state: QueueState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueState {
    Queued,
    /// The hub will not take it, or it is damaged: it stays, and a technician is needed.
    Refused {
        reason: String,
    },
    /// The hub has it, and wants it held here until it lies in a backup.
    Held {
        ledger_sequence: u64,
    },
    /// Erased; the receipt is on record.
    Confirmed {
        ledger_sequence: u64,
    },
}

/// A row with what only the journal needs.
#[derive(Clone)]
pub(crate) struct ClaimRow {
    pub listed: QueueRow,
    pub digest: Digest,
    /// None once confirmed.
    pub manifest: Option<Signed<Manifest>>,
    /// None until held or confirmed.
    pub receipt: Option<Signed<Receipt>>,
}

/// What the queue holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Claims waiting for the hub.
    pub queued: u64,
    /// Claims waiting for a technician.
    pub refused: u64,
    /// Sealed bytes of both.
    pub bytes: u64,
    /// Claims that the hub has, and wants held here.
    pub held: u64,
    /// Sealed bytes of these.
    pub held_bytes: u64,
}

const COLUMNS: &str = "sequence, claim, kept_at, parts, bytes, state, refusal, ledger_sequence, digest,
    manifest, manifest_signature, receipt, receipt_signature";

pub(crate) fn find(db: &Connection, claim: ClaimId) -> Result<Option<ClaimRow>, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM claim WHERE claim = ?1");
    let mut statement = db.prepare_cached(&sql).map_err(JournalError::sqlite("find a claim"))?;
    statement.query_row([claim.0.as_bytes()], read).optional().map_err(JournalError::sqlite("find a claim"))
}

/// The row of one sequence number.
pub(crate) fn at(db: &Connection, sequence: u64) -> Result<Option<ClaimRow>, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM claim WHERE sequence = ?1");
    let mut statement = db.prepare_cached(&sql).map_err(JournalError::sqlite("read a claim"))?;
    statement.query_row([integer(sequence)], read).optional().map_err(JournalError::sqlite("read a claim"))
}

/// Sequence numbers of all queued claims, in order. Taken from the index, so a row that can't be read hides none.
pub(crate) fn queued(db: &Connection) -> Result<Vec<u64>, JournalError> {
    let error = "list the queue";
    let sql = "SELECT sequence FROM claim WHERE state = 'queued' ORDER BY sequence";
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let rows = statement.query_map([], |row| row.get(0).map(natural)).map_err(JournalError::sqlite(error))?;
    rows.collect::<Result<_, _>>().map_err(JournalError::sqlite(error))
}

/// Claims that the hub refused, in order; not those that are damaged here.
pub(crate) fn refused(db: &Connection) -> Result<Vec<ClaimId>, JournalError> {
    let error = "list refused claims";
    let sql = "SELECT claim FROM claim WHERE state = 'refused' AND refusal <> ?1 ORDER BY sequence";
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let rows = statement.query_map([DAMAGED], |row| claim_id(row, 0)).map_err(JournalError::sqlite(error))?;
    rows.collect::<Result<_, _>>().map_err(JournalError::sqlite(error))
}

/// The oldest queued claim behind a sequence number.
pub(crate) fn next_queued(db: &Connection, after: u64) -> Result<Option<ClaimRow>, JournalError> {
    let error = "find the next claim";
    let sql = format!("SELECT {COLUMNS} FROM claim WHERE state = 'queued' AND sequence > ?1 ORDER BY sequence LIMIT 1");
    let mut statement = db.prepare_cached(&sql).map_err(JournalError::sqlite(error))?;
    statement.query_row([integer(after)], read).optional().map_err(JournalError::sqlite(error))
}

/// All claims that are here and the last [`LISTED_CONFIRMED`] others, in the order of the queue.
pub(crate) fn list(db: &Connection) -> Result<Vec<QueueRow>, JournalError> {
    let error = "list the queue";
    let sql = format!(
        "SELECT {COLUMNS} FROM claim WHERE state <> 'confirmed' OR sequence IN
            (SELECT sequence FROM claim WHERE state = 'confirmed' ORDER BY sequence DESC LIMIT {LISTED_CONFIRMED})
         ORDER BY sequence"
    );
    let mut statement = db.prepare(&sql).map_err(JournalError::sqlite(error))?;
    let rows = statement.query_map([], |row| Ok(read(row)?.listed)).map_err(JournalError::sqlite(error))?;
    rows.collect::<Result<_, _>>().map_err(JournalError::sqlite(error))
}

pub(crate) fn stats(db: &Connection) -> Result<Stats, JournalError> {
    let sql = "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'refused'),
            coalesce(sum(bytes) FILTER (WHERE state <> 'held'), 0),
            count(*) FILTER (WHERE state = 'held'), coalesce(sum(bytes) FILTER (WHERE state = 'held'), 0)
        FROM claim WHERE state IN ('queued', 'refused', 'held')";
    let read = |row: &Row<'_>| {
        let number = |column| row.get(column).map(natural);
        let (queued, refused, bytes) = (number(0)?, number(1)?, number(2)?);
        Ok(Stats { queued, refused, bytes, held: number(3)?, held_bytes: number(4)? })
    };
    db.query_row(sql, [], read).map_err(JournalError::sqlite("count the queue"))
}

/// The number that the next claim gets.
pub(crate) fn next_sequence(db: &Connection) -> Result<u64, JournalError> {
    let sql = "SELECT max(base, coalesce((SELECT max(sequence) FROM claim), 0)) + 1 FROM queue";
    db.query_row(sql, [], |row| row.get(0)).map(natural).map_err(JournalError::sqlite("count on"))
}

/// The highest number of a claim here; 0 if there is none.
pub(crate) fn last_sequence(db: &Connection) -> Result<u64, JournalError> {
    db.query_row("SELECT coalesce(max(sequence), 0) FROM claim", [], |row| row.get(0))
        .map(natural)
        .map_err(JournalError::sqlite("count on"))
}

/// The numbers up to this one, of which each is looked up.
pub(crate) fn looked_up(last: u64) -> RangeInclusive<u64> {
    last.saturating_sub(MAX_LOOKED_UP) + 1..=last
}

/// Numbers up to this one are not given out here.
pub(crate) fn base(db: &Connection) -> Result<u64, JournalError> {
    db.query_row("SELECT base FROM queue", [], |row| row.get(0)).map(natural).map_err(JournalError::sqlite("count on"))
}

/// Lets numbers count on behind this one.
pub(crate) fn raise_base(db: &Connection, base: u64) -> Result<(), JournalError> {
    db.execute("UPDATE queue SET base = max(base, ?1)", [integer(base)])
        .map(drop)
        .map_err(JournalError::sqlite("count on"))
}

pub(crate) fn insert(
    db: &Connection,
    manifest: &Manifest,
    signed: &Signed<Manifest>,
    parts: &[SealedPart],
) -> Result<(), JournalError> {
    let error = "keep a claim";
    let bytes = parts.iter().map(|p| p.part.size).sum();
    db.execute(
        "INSERT INTO claim (sequence, claim, kept_at, digest, parts, bytes, state, manifest, manifest_signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?8)",
        params![
            integer(manifest.sequence),
            manifest.claim.0.as_bytes(),
            manifest.kept_at.0,
            signed.digest().0,
            integer(parts.len() as u64),
            integer(bytes),
            signed.body,
            signed.signature,
        ],
    )
    .map_err(JournalError::sqlite(error))?;
    parts.iter().try_for_each(|p| insert_part(db, manifest.sequence, p.part.digest, &p.sealed))
}

pub(crate) fn insert_part(db: &Connection, sequence: u64, digest: Digest, sealed: &[u8]) -> Result<(), JournalError> {
    let error = "store a part";
    let sql = "INSERT INTO part (sequence, digest, filler, sealed)
        SELECT ?1, ?2, zeroblob(page_size - ?3), ?4 FROM pragma_page_size";
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let values = params![integer(sequence), digest.0, BESIDE_FILLER, sealed];
    statement.execute(values).map(drop).map_err(JournalError::sqlite(error))
}

/// Stores a row as it stood in another database.
pub(crate) fn insert_row(db: &Connection, row: &ClaimRow) -> Result<(), JournalError> {
    let (state, refusal, ledger_sequence) = match &row.listed.state {
        QueueState::Queued => ("queued", None, None),
        QueueState::Refused { reason } => ("refused", Some(reason), None),
        QueueState::Held { ledger_sequence } => ("held", None, Some(integer(*ledger_sequence))),
        QueueState::Confirmed { ledger_sequence } => ("confirmed", None, Some(integer(*ledger_sequence))),
    };
    let (manifest, receipt) = (row.manifest.as_ref(), row.receipt.as_ref());
    db.execute(
        "INSERT INTO claim (sequence, claim, kept_at, digest, parts, bytes, state, refusal, manifest,
            manifest_signature, receipt, receipt_signature, ledger_sequence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            integer(row.listed.sequence),
            row.listed.claim.0.as_bytes(),
            row.listed.kept_at.0,
            row.digest.0,
            row.listed.parts,
            integer(row.listed.bytes),
            state,
            refusal,
            manifest.map(|signed| &signed.body),
            manifest.map(|signed| &signed.signature),
            receipt.map(|signed| &signed.body),
            receipt.map(|signed| &signed.signature),
            ledger_sequence,
        ],
    )
    .map(drop)
    .map_err(JournalError::sqlite("store a claim"))
}

/// The claim that a part belongs to, and its bytes as they lie there.
pub(crate) fn part(db: &Connection, digest: Digest) -> Result<Option<(ClaimId, Vec<u8>)>, JournalError> {
    let error = "read a part";
    let sql = "SELECT claim.claim, part.sealed FROM part JOIN claim USING (sequence) WHERE part.digest = ?1";
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let read = |row: &Row<'_>| Ok((claim_id(row, 0)?, row.get(1)?));
    statement.query_row([digest.0], read).optional().map_err(JournalError::sqlite(error))
}

/// Records the receipt; the claim is held from here on.
pub(crate) fn record_receipt(
    db: &Connection,
    sequence: u64,
    receipt: &Receipt,
    signed: &Signed<Receipt>,
) -> Result<(), JournalError> {
    let sql = "UPDATE claim SET state = 'held', refusal = NULL, receipt = ?2, receipt_signature = ?3,
            ledger_sequence = ?4 WHERE sequence = ?1";
    let values = params![integer(sequence), signed.body, signed.signature, integer(receipt.ledger_sequence)];
    db.execute(sql, values).map(drop).map_err(JournalError::sqlite("confirm a claim"))
}

/// Erases all of a held claim that its receipt makes needless.
pub(crate) fn erase(db: &Connection, sequence: u64) -> Result<(), JournalError> {
    let error = "erase a claim";
    db.execute("DELETE FROM part WHERE sequence = ?1", [integer(sequence)]).map_err(JournalError::sqlite(error))?;
    let sql = "UPDATE claim SET state = 'confirmed', manifest = NULL, manifest_signature = NULL WHERE sequence = ?1";
    db.execute(sql, [integer(sequence)]).map(drop).map_err(JournalError::sqlite(error))
}

/// Marks a claim as refused, or as queued again. Held and confirmed claims stay as they are.
pub(crate) fn set_refusal(db: &Connection, claim: ClaimId, reason: Option<&str>) -> Result<(), JournalError> {
    let state = if reason.is_some() { "refused" } else { "queued" };
    db.execute(
        "UPDATE claim SET state = ?2, refusal = ?3 WHERE claim = ?1 AND state IN ('queued', 'refused')",
        params![claim.0.as_bytes(), state, reason],
    )
    .map(drop)
    .map_err(JournalError::sqlite("mark a claim"))
}

/// Bytes of freed pages in the database, which the next claim uses first.
pub(crate) fn free_bytes(db: &Connection) -> Result<u64, JournalError> {
    let ask = |name| db.pragma_query_value(None, name, |row| row.get(0)).map(natural);
    let pages = ask("freelist_count").map_err(JournalError::sqlite("count free pages"))?;
    let size = ask("page_size").map_err(JournalError::sqlite("count free pages"))?;
    Ok(pages.saturating_mul(size))
}

fn read(row: &Row<'_>) -> rusqlite::Result<ClaimRow> {
    let claim = claim_id(row, 1)?;
    let state = match row.get_ref(5)?.as_str()? {
        "refused" => QueueState::Refused { reason: row.get(6)? },
        "held" => QueueState::Held { ledger_sequence: natural(row.get(7)?) },
        "confirmed" => QueueState::Confirmed { ledger_sequence: natural(row.get(7)?) },
        // The table allows no fifth.
        _ => QueueState::Queued,
    };
    let listed = QueueRow {
        claim,
        tracking: TrackingCode::of(claim),
        sequence: natural(row.get(0)?),
        kept_at: WallTime(row.get(2)?),
        parts: row.get(3)?,
        bytes: natural(row.get(4)?),
        state,
    };
    Ok(ClaimRow { listed, digest: Digest(row.get(8)?), manifest: signed(row, 9)?, receipt: signed(row, 11)? })
}

/// A row as it was read from its page: its columns after the number.
pub(crate) fn from_page(sequence: u64, values: &[Value]) -> Option<ClaimRow> {
    let text = |column: usize| match values.get(column) {
        Some(Value::Text(text)) => Some(text.clone()),
        Some(Value::Null | Value::Integer(_) | Value::Blob(_) | Value::Other) | None => None,
    };
    let number = |column: usize| match values.get(column) {
        Some(Value::Integer(number)) => Some(*number),
        Some(Value::Null | Value::Text(_) | Value::Blob(_) | Value::Other) | None => None,
    };
    let blob = |column: usize| match values.get(column) {
        Some(Value::Blob(bytes)) => Some(bytes.as_slice()),
        Some(Value::Null | Value::Text(_) | Value::Integer(_) | Value::Other) | None => None,
    };
    let claim = ClaimId(Uuid::from_slice(blob(0)?).ok()?);
    let state = match text(5)?.as_str() {
        "queued" => QueueState::Queued,
        "refused" => QueueState::Refused { reason: text(6)? },
        "held" => QueueState::Held { ledger_sequence: natural(number(11)?) },
        "confirmed" => QueueState::Confirmed { ledger_sequence: natural(number(11)?) },
        _ => return None,
    };
    let listed = QueueRow {
        claim,
        tracking: TrackingCode::of(claim),
        sequence,
        kept_at: WallTime(number(1)?),
        parts: u32::try_from(number(3)?).ok()?,
        bytes: natural(number(4)?),
        state,
    };
    let digest = Digest(blob(2)?.try_into().ok()?);
    let manifest = text(7).zip(text(8)).map(|(body, signature)| Signed::from_parts(body, signature));
    let receipt = text(9).zip(text(10)).map(|(body, signature)| Signed::from_parts(body, signature));
    let (sent, erased) = match listed.state {
        QueueState::Queued | QueueState::Refused { .. } => (false, false),
        QueueState::Held { .. } => (true, false),
        QueueState::Confirmed { .. } => (true, true),
    };
    let whole = sent == receipt.is_some() && erased == manifest.is_none();
    whole.then_some(ClaimRow { listed, digest, manifest, receipt })
}

/// A body in one column and its signature in the next, if there.
fn signed<T: bilik_claim::filing::Signable>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Signed<T>>> {
    let (body, signature): (Option<String>, Option<String>) = (row.get(column)?, row.get(column + 1)?);
    Ok(body.zip(signature).map(|(body, signature)| Signed::from_parts(body, signature)))
}

pub(crate) fn claim_id(row: &Row<'_>, column: usize) -> rusqlite::Result<ClaimId> {
    Ok(ClaimId(Uuid::from_bytes(row.get(column)?)))
}

/// SQLite's integers are signed. Ours count claims and bytes, and stay far below the limit.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
