//! The other end: a hub in memory that signs receipts and forgets nothing, and claims of nobody for it.

use bilik_claim::filing::{CommitAnswer, FORMAT, Manifest, Receipt, Signed, Standing};
use bilik_claim::ids::{BoothId, ClaimId, Digest, SessionId, TrackingCode, WallTime};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::reason::Reason;
use bilik_claim::reconcile::{Reconcile, Reconciled};
use bilik_claim::session::claim::{ClaimRecord, Consent, FinishedClaim};
use bilik_claim::text::Language;
use bilik_journal::JournalConfig;
use ed25519_dalek::SigningKey;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub const AT: WallTime = WallTime(1_790_000_000_000);
/// The keys of the `spool` example.
const BOOTH_KEY: [u8; 32] = [2; 32];
const HUB_KEY: [u8; 32] = [1; 32];
/// Nobody has the identity of this one.
const RECIPIENT: &str = "age1ut4nnrceggs09m60wrpt9qml0tnvelrm48xcmgeft8t9gc9sa3as5wglpg";
/// Bytes that the journal holds back: enough to be taken and given back, too few to cost time.
pub const RESERVE: u64 = 64 << 10;

pub fn config() -> JournalConfig {
    JournalConfig {
        recipient: RECIPIENT.to_owned(),
        receipt_key: SigningKey::from_bytes(&HUB_KEY).verifying_key(),
        booth: BoothId(Uuid::from_u128(1)),
        manifest_key: SigningKey::from_bytes(&BOOTH_KEY),
        reserve: RESERVE,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    pub manifest: Digest,
    /// Place in the ledger.
    pub number: u64,
    /// Number in the booth's queue.
    pub sequence: u64,
}

#[derive(Clone, Default)]
pub struct Hub {
    parts: BTreeSet<Digest>,
    pub ledger: BTreeMap<ClaimId, Filed>,
    /// Booths are asked to hold what they have a receipt for.
    pub hold: bool,
    /// Claims that a booth said it holds.
    held: BTreeSet<ClaimId>,
    backed_up: BTreeSet<ClaimId>,
    /// Claims that were in the ledger once, and came back as held ones.
    forgotten: BTreeSet<ClaimId>,
    /// What no booth may ever do.
    pub problems: Vec<String>,
}

impl Hub {
    pub fn put(&mut self, digest: Digest, sealed: &[u8]) {
        if Digest::of(sealed) != digest {
            self.problems.push(format!("part {digest} is not what it is called"));
        }
        self.parts.insert(digest);
    }

    pub fn back_up(&mut self) {
        self.backed_up = self.ledger.keys().copied().collect();
    }

    /// Takes a backup that lacks what a booth holds.
    pub fn restore(&mut self) {
        let lost: BTreeSet<ClaimId> = self.held.difference(&self.backed_up).copied().collect();
        self.ledger.retain(|claim, _| !lost.contains(claim));
        self.held.clear();
        self.forgotten.extend(lost);
    }

    pub fn has_forgotten(&self, claim: ClaimId) -> bool {
        self.forgotten.contains(&claim)
    }

    pub fn reconcile(&mut self, note: &Reconcile) -> Reconciled {
        let (known, missing): (Vec<_>, Vec<_>) = note.receipts.iter().partition(|n| self.ledger.contains_key(&n.claim));
        if let Some(gone) = missing.iter().find(|note| !note.held) {
            self.problems.push(format!("{} is gone", gone.claim));
        }
        self.held.extend(known.iter().filter(|note| note.held).map(|note| note.claim));
        let safe = known.iter().map(|note| note.claim).filter(|claim| self.backed_up.contains(claim)).collect();
        let missing = missing.iter().map(|note| note.claim).collect();
        Reconciled { missing, safe, hold: self.hold, keys: Vec::new() }
    }

    pub fn commit(&mut self, signed: &Signed<Manifest>) -> CommitAnswer {
        let manifest = signed.open(&SigningKey::from_bytes(&BOOTH_KEY).verifying_key()).unwrap();
        manifest.validate().unwrap();
        let (claim, sequence) = (manifest.claim, manifest.sequence);
        if !self.ledger.contains_key(&claim) {
            let parts: Vec<_> = manifest.parts.iter().map(|p| p.digest).filter(|d| !self.parts.contains(d)).collect();
            if !parts.is_empty() {
                return CommitAnswer::Missing { parts };
            }
            if let Some((other, _)) = self.ledger.iter().find(|(_, filed)| filed.sequence == sequence) {
                self.problems.push(format!("{claim} has the number {sequence} of {other}"));
            }
            // Numbers of claims that are forgotten are given again, as by a hub from a backup.
            let number = self.ledger.values().map(|filed| filed.number).max().unwrap_or(0) + 1;
            self.ledger.insert(claim, Filed { manifest: signed.digest(), number, sequence });
        }
        let filed = self.ledger[&claim].clone();
        if filed.manifest != signed.digest() {
            self.problems.push(format!("{claim} comes a second time, and is another"));
        }
        let receipt =
            Receipt { format: FORMAT, claim, manifest: filed.manifest, ledger_sequence: filed.number, received_at: AT };
        CommitAnswer::Received { receipt: Signed::sign(&receipt, &SigningKey::from_bytes(&HUB_KEY)).unwrap() }
    }
}

/// The smallest claim: sealing is what takes time, and no part can be lost another way than these two.
pub fn specimen(number: u128) -> FinishedClaim {
    let (claim, session) = (ClaimId(Uuid::from_u128(number)), SessionId(Uuid::from_u128(number)));
    let record = ClaimRecord {
        format: FORMAT,
        claim,
        tracking: TrackingCode::of(claim),
        booth: BoothId(Uuid::from_u128(1)),
        session,
        language: Language::Id,
        consent: Consent { version: 1, language: Language::Id, given_at: WallTime(0) },
        reason: Reason::Resigned,
        entries: Vec::new(),
        documents: Vec::new(),
        standing: Standing::Unverified { session },
        signed_at: WallTime(0),
    };
    FinishedClaim { record, photos: Vec::new(), signature: PersonalBytes::new(b"<svg/>".to_vec()) }
}
