//! Claims of nobody, sealed once: sealing is what takes time.

use crate::keys::ClaimKeys;
use crate::ledger::Enrolment;
use crate::seal::Identities;
use age::x25519::Identity;
use bilik_claim::document::DocumentKind;
use bilik_claim::filing::{CLAIM_PART, FORMAT, Manifest, Part, SIGNATURE_PART, Signed, Standing, document_part};
use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId, SessionId, TrackingCode, WallTime};
use bilik_claim::reason::Reason;
use bilik_claim::session::claim::{ClaimRecord, Consent, DocumentRecord};
use bilik_claim::text::Language;
use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use uuid::Uuid;

pub const AT: WallTime = WallTime(1_790_000_000_000);
pub const OFFICER: OfficerId = OfficerId(Uuid::from_u128(2));
/// Booths, numbered from 0.
pub const BOOTHS: u128 = 3;
/// Of so many claims one has a photograph, long enough for overflow pages, and one was verified in a call.
const PHOTO: u128 = 2;
const VERIFIED: u128 = 3;

static KEYS: LazyLock<ClaimKeys> = LazyLock::new(|| ClaimKeys {
    identities: Identities::new(Identity::generate(), Vec::new()),
    receipt: SigningKey::from_bytes(&[9; 32]),
    replaced: Vec::new(),
});

pub fn keys() -> &'static ClaimKeys {
    &KEYS
}

pub fn booth(number: u128) -> BoothId {
    BoothId(Uuid::from_u128(0xb0 + number))
}

pub fn booth_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub fn secret(number: u128) -> Digest {
    Digest::of(&number.to_be_bytes())
}

pub fn enrolment(number: u128) -> Enrolment {
    Enrolment { booth: None, name: format!("Bilik {number}") }
}

pub fn claim(number: u128) -> ClaimId {
    ClaimId(Uuid::from_u128(number))
}

pub fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(0x5e_0000 + number))
}

/// What a booth sends of a claim.
pub struct Filing {
    pub booth: BoothId,
    pub signed: Signed<Manifest>,
    pub standing: Standing,
    pub parts: Vec<(Digest, Vec<u8>)>,
}

/// Claim `number`, of one of the booths.
pub fn filing(number: u128) -> Arc<Filing> {
    static FILINGS: Mutex<BTreeMap<u128, Arc<Filing>>> = Mutex::new(BTreeMap::new());
    let mut filings = FILINGS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(filings.entry(number).or_insert_with(|| Arc::new(seal(number))))
}

fn seal(number: u128) -> Filing {
    let (booth, claim, session) = (booth(number % BOOTHS), claim(number), session(number));
    let standing = if number.is_multiple_of(VERIFIED) {
        Standing::Verified { officer: OFFICER, session }
    } else {
        Standing::Unverified { session }
    };
    let photo = [vec![0xff, 0xd8, 0xff], vec![7; 5000]].concat();
    let has_photo = number.is_multiple_of(PHOTO);
    let document = DocumentRecord { kind: DocumentKind::Face, digest: Digest::of(&photo), size: photo.len() as u64 };
    let record = ClaimRecord {
        format: FORMAT,
        claim,
        tracking: TrackingCode::of(claim),
        booth,
        session,
        language: Language::Id,
        consent: Consent { version: 1, language: Language::Id, given_at: AT },
        reason: Reason::Resigned,
        entries: Vec::new(),
        documents: if has_photo { vec![document] } else { Vec::new() },
        standing: standing.clone(),
        signed_at: AT,
    };
    let mut clear = vec![(CLAIM_PART.to_owned(), serde_json::to_vec(&record).unwrap())];
    if has_photo {
        clear.push((document_part(DocumentKind::Face), photo));
    }
    clear.push((SIGNATURE_PART.to_owned(), format!("<svg id='{number}'/>").into_bytes()));
    let recipient = keys().identities.recipient();
    let (mut listed, mut parts) = (Vec::new(), Vec::new());
    for (name, clear) in clear {
        let sealed = age::encrypt(&recipient, &clear).unwrap();
        listed.push(Part { name, digest: Digest::of(&sealed), size: sealed.len() as u64 });
        parts.push((Digest::of(&sealed), sealed));
    }
    let manifest = Manifest {
        format: FORMAT,
        claim,
        tracking: record.tracking.clone(),
        booth,
        sequence: 1 + u64::try_from(number / BOOTHS).unwrap(),
        kept_at: AT,
        standing: standing.clone(),
        recipient: recipient.to_string(),
        parts: listed,
    };
    Filing { booth, signed: Signed::sign(&manifest, &booth_key()).unwrap(), standing, parts }
}
