//! What was promised against what the ledger's file holds.

use super::hub::Booth;
use bilik_claim::filing::{Manifest, Receipt, Signed};
use bilik_claim::ids::{BoothId, ClaimId, Digest};
use ed25519_dalek::VerifyingKey;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a booth has said.
pub struct Kept {
    booth: BoothId,
    key: VerifyingKey,
    pub claims: Vec<ClaimId>,
    pub confirmed: Vec<ClaimId>,
}

/// All that was said, while it went on.
pub struct Promised {
    pub receipt_key: VerifyingKey,
    pub booths: Vec<Kept>,
    /// The digest of each receipt that left the hub, text and signature.
    pub receipts: HashMap<ClaimId, Digest>,
}

impl Kept {
    pub fn new(booth: &Booth) -> Self {
        let key = booth.manifest_key.verifying_key();
        Self { booth: booth.answer.booth, key, claims: Vec::new(), confirmed: Vec::new() }
    }
}

/// A row of the ledger.
struct Entry {
    sequence: u64,
    claim: String,
    booth: String,
    digest: [u8; 32],
    manifest: Signed<Manifest>,
    receipt: Signed<Receipt>,
}

const ENTRIES: &str = "SELECT sequence, claim, booth, manifest_digest, manifest, signature, receipt, receipt_signature
    FROM claims ORDER BY sequence";
const AUDITED: &str = "SELECT count(*), count(DISTINCT json_extract(text, '$.claim'))
    FROM audit WHERE json_extract(text, '$.event') = 'claim_received'";

/// Everything that is not as it was promised. Empty is good.
pub fn check(ledger: &Connection, promised: &Promised) -> Vec<String> {
    let mut faults = Vec::new();
    let mut waiting: HashMap<(ClaimId, BoothId), &VerifyingKey> = HashMap::new();
    for booth in &promised.booths {
        waiting.extend(booth.claims.iter().map(|claim| ((*claim, booth.booth), &booth.key)));
        let (kept, confirmed): (HashSet<_>, HashSet<_>) =
            (booth.claims.iter().collect(), booth.confirmed.iter().collect());
        if kept.len() != booth.claims.len() || confirmed.len() != booth.confirmed.len() || kept != confirmed {
            faults.push(format!("booth {} kept {} claims, {} confirmed", booth.booth, kept.len(), confirmed.len()));
        }
    }
    let all = waiting.len() as i64;
    let mut places: HashMap<BoothId, BTreeSet<u64>> = HashMap::new();
    let mut receipts = promised.receipts.clone();
    let mut statement = ledger.prepare(ENTRIES).unwrap();
    for (entry, expect) in statement.query_map([], entry).unwrap().map(Result::unwrap).zip(1..) {
        let name = format!("claim {} at {}", entry.claim, entry.sequence);
        if entry.sequence != expect {
            faults.push(format!("{name}: its place should be number {expect}"));
        }
        let Ok(manifest) = entry.manifest.peek() else {
            faults.push(format!("{name}: its manifest can't be read"));
            continue;
        };
        if !places.entry(manifest.booth).or_default().insert(manifest.sequence) {
            faults.push(format!("{name}: its place in the booth's queue is taken twice"));
        }
        let id = entry.claim.parse::<ClaimId>().ok().zip(entry.booth.parse::<BoothId>().ok());
        let Some((id, key)) = id.and_then(|id| Some((id, waiting.remove(&id)?))) else {
            faults.push(format!("{name}: nobody kept it, or it is here already"));
            continue;
        };
        if entry.manifest.open(key).is_err() || manifest.claim != id.0 || entry.digest != entry.manifest.digest().0 {
            faults.push(format!("{name}: its manifest is not the booth's"));
        }
        let good = entry
            .receipt
            .open(&promised.receipt_key)
            .is_ok_and(|receipt| receipt.covers(id.0, &entry.manifest) && receipt.ledger_sequence == entry.sequence);
        let text = format!("{}{}", entry.receipt.body, entry.receipt.signature);
        if !good || receipts.remove(&id.0).is_none_or(|given| given != Digest::of(text.as_bytes())) {
            faults.push(format!("{name}: its receipt is not the one that was given"));
        }
        faults.extend(parts(ledger, &entry, &manifest).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    faults.extend(waiting.keys().map(|(claim, booth)| format!("claim {claim} of booth {booth} is missing")));
    faults.extend(receipts.keys().map(|claim| format!("claim {claim} has a receipt and is missing")));
    for (booth, places) in places {
        if places.last() != Some(&(places.len() as u64)) {
            faults.push(format!("booth {booth} gave out {:?} numbers for {} claims", places.last(), places.len()));
        }
    }
    let audited: (i64, i64) = ledger.query_row(AUDITED, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    if audited != (all, all) {
        faults.push(format!("the audit trail tells {audited:?} times of {all} claims"));
    }
    let whole: String = ledger.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    if whole != "ok" {
        faults.push(whole);
    }
    faults
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        sequence: row.get::<_, i64>(0)?.unsigned_abs(),
        claim: row.get(1)?,
        booth: row.get(2)?,
        digest: row.get(3)?,
        manifest: Signed::from_parts(row.get(4)?, row.get(5)?),
        receipt: Signed::from_parts(row.get(6)?, row.get(7)?),
    })
}

/// What is wrong with the parts of a claim.
fn parts(ledger: &Connection, entry: &Entry, manifest: &Manifest) -> Vec<String> {
    let mut statement =
        ledger.prepare_cached("SELECT claim, bytes FROM parts WHERE booth = ?1 AND digest = ?2").unwrap();
    let mut fault = |part: &bilik_claim::filing::Part| {
        let row = |row: &Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Vec<u8>>(1)?));
        let found = statement.query_row(params![entry.booth, part.digest.0], row).optional().unwrap();
        let good = found.is_some_and(|(claim, bytes)| {
            claim.as_ref() == Some(&entry.claim) && Digest::of(&bytes) == part.digest && bytes.len() as u64 == part.size
        });
        (!good).then(|| format!("its part {} is not here", part.name))
    };
    manifest.parts.iter().filter_map(&mut fault).collect()
}
