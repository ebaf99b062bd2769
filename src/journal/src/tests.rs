//! The journal on real files, against the real SQLite. Everything personal here is a canary that must never be found.

pub(crate) mod auditing;
mod damage;
pub(crate) mod delivering;
mod erasing;
pub(crate) mod faulty;
mod holding;
mod keeping;
mod keys;
mod salvaging;

use crate::{DATABASE, Journal, JournalConfig, JournalError, Outgoing};
use bilik_claim::document::DocumentKind;
use bilik_claim::filing::{FORMAT, Receipt, Signed, Standing};
use bilik_claim::ids::{BoothId, ClaimId, Digest, SessionId, TrackingCode, WallTime};
use bilik_claim::personal::{Personal, PersonalBytes};
use bilik_claim::reason::Reason;
use bilik_claim::session::claim::{ClaimRecord, Consent, DocumentRecord, Entry, EntrySource, FinishedClaim};
use bilik_claim::session::item::Field;
use bilik_claim::text::Language;
use ed25519_dalek::SigningKey;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;

/// Stands in every field, document and signature of a specimen.
pub(crate) const CANARY: &str = "KANARI-SPECIMEN";
/// Bytes of a page in a new database, and in one of an older program.
pub(crate) const PAGE: usize = crate::schema::PAGE as usize;
pub(crate) const OLD_PAGE: usize = 4096;

/// Small, so that a test costs no disk.
const RESERVE: u64 = 1 << 20;

pub(crate) const KEPT_AT: WallTime = WallTime(1_790_000_000_000);

/// The other end's keys, and a state directory.
pub(crate) struct Office {
    pub identity: age::x25519::Identity,
    pub receipt_key: SigningKey,
    pub booth_key: SigningKey,
    pub state: TempDir,
}

impl Office {
    pub fn new() -> Self {
        Self {
            identity: age::x25519::Identity::generate(),
            receipt_key: SigningKey::from_bytes(&[1; 32]),
            booth_key: SigningKey::from_bytes(&[2; 32]),
            state: tempfile::tempdir().unwrap(),
        }
    }

    /// With an empty database that has pages of this size.
    pub fn with_pages(size: usize) -> Self {
        let office = Self::new();
        let db = rusqlite::Connection::open(database(&office)).unwrap();
        db.execute_batch(&format!("PRAGMA page_size = {size}; PRAGMA user_version = 0;")).unwrap();
        office
    }

    pub fn recipient(&self) -> String {
        self.identity.to_public().to_string()
    }

    pub fn config(&self) -> JournalConfig {
        JournalConfig {
            recipient: self.recipient(),
            receipt_key: self.receipt_key.verifying_key(),
            booth: BoothId(Uuid::from_u128(1)),
            manifest_key: self.booth_key.clone(),
            reserve: RESERVE,
        }
    }

    pub fn open(&self) -> Journal {
        let opened = Journal::open(self.state.path(), self.config(), KEPT_AT).unwrap();
        assert_eq!((opened.set_aside, opened.lost), (None, None));
        opened.journal
    }

    pub fn receipt(&self, outgoing: &Outgoing, ledger_sequence: u64) -> Signed<Receipt> {
        sign(&self.receipt_key, outgoing.claim, outgoing.manifest.digest(), ledger_sequence)
    }

    pub fn confirm(&self, journal: &mut Journal, outgoing: &Outgoing) -> Result<Receipt, JournalError> {
        journal.confirm(outgoing.claim, &self.receipt(outgoing, 1), KEPT_AT)
    }
}

pub(crate) fn sign(key: &SigningKey, claim: ClaimId, manifest: Digest, ledger_sequence: u64) -> Signed<Receipt> {
    let receipt = Receipt { format: FORMAT, claim, manifest, ledger_sequence, received_at: WallTime(0) };
    Signed::sign(&receipt, key).unwrap()
}

/// A claim with three documents of different sizes, the same for the same number.
pub(crate) fn specimen(number: u128) -> FinishedClaim {
    let claim = ClaimId(Uuid::from_u128(number));
    let session = SessionId(Uuid::from_u128(number << 64));
    let kinds = [DocumentKind::IdentityCard, DocumentKind::BankBook, DocumentKind::Face];
    let photos: Vec<_> = kinds.iter().zip([300, 5_000, 70_000]).map(|(kind, size)| (*kind, photo(size))).collect();
    let documents = photos.iter().map(|(kind, photo)| {
        let bytes = photo.reveal();
        DocumentRecord { kind: *kind, digest: Digest::of(bytes), size: bytes.len() as u64 }
    });
    let entry = |field: &Field| Entry {
        field: *field,
        value: Personal::new(format!("{CANARY}-{number}")),
        source: EntrySource::Typed,
        doubts: vec![CANARY.to_owned()],
    };
    FinishedClaim {
        record: ClaimRecord {
            format: FORMAT,
            claim,
            tracking: TrackingCode::of(claim),
            booth: BoothId(Uuid::from_u128(1)),
            session,
            language: Language::Id,
            consent: Consent { version: 1, language: Language::Id, given_at: WallTime(0) },
            reason: Reason::Resigned,
            entries: Field::ALL.iter().filter(|f| **f != Field::Reason).map(entry).collect(),
            documents: documents.collect(),
            standing: Standing::Unverified { session },
            signed_at: WallTime(0),
        },
        photos,
        signature: PersonalBytes::new(format!("<svg><!-- {CANARY} --></svg>").into_bytes()),
    }
}

fn photo(size: usize) -> PersonalBytes {
    PersonalBytes::new(CANARY.bytes().cycle().take(size).collect())
}

/// Every byte that the journal has on disk.
pub(crate) fn disk(state: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(state).unwrap() {
        bytes.extend(fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    let Some((first, _)) = needle.split_first() else { return true };
    hay.windows(needle.len()).any(|window| window[0] == *first && window == needle)
}

/// The sealed bytes of a claim.
pub(crate) fn sealed(journal: &Journal, outgoing: &Outgoing) -> Vec<Vec<u8>> {
    outgoing.parts.iter().map(|p| journal.part(p.digest).unwrap()).collect()
}

/// The queue from its head, as claims.
pub(crate) fn queue(journal: &Journal) -> Vec<Outgoing> {
    let mut after = 0;
    std::iter::from_fn(|| {
        let next = journal.next_unsent(after).unwrap()?;
        after = next.sequence;
        Some(next)
    })
    .collect()
}

pub(crate) fn database(office: &Office) -> std::path::PathBuf {
    office.state.path().join(DATABASE)
}

/// Damages an index of a closed queue: SQLite still opens the file, and finds it in its check.
pub(crate) fn break_an_index(office: &Office) {
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'part_by_claim'";
    let root: u32 = {
        let db = rusqlite::Connection::open(database(office)).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let mut bytes = fs::read(database(office)).unwrap();
    bytes[(root as usize - 1) * PAGE..][..PAGE].fill(0x5a);
    fs::write(database(office), bytes).unwrap();
}
