//! A finished claim on its way from the booth's queue to the hub's ledger.
//!
//! ```text
//! booth                                                     hub
//! claim.json, *.jpg, signature.svg
//!   each sealed (age) ──► parts, named by their digest ──►  PUT  /api/v1/parts/{digest}
//!   Manifest: lists the parts, signed by the booth     ──►  POST /api/v1/claims
//!   Receipt: signed by the hub                         ◄──  same bytes for the same claim, for ever
//! ```
//!
//! Nothing in a manifest or a receipt tells who the participant is: the booth keeps both in clear.
//!
//! What is signed is the exact text that travels ([`Signed::body`]), so nobody has to agree on a canonical form.
//! Each kind of body has its own signing domain: a receipt can never pass for a manifest.

use crate::document::DocumentKind;
use crate::ids::{BoothId, ClaimId, Digest, OfficerId, SessionId, TrackingCode, WallTime};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// Version of the manifest and of `claim.json`.
pub const FORMAT: u16 = 1;
/// A sealed part is at most this long, in bytes: a 12-megapixel photograph with room to spare.
pub const MAX_PART: usize = 8 << 20;
/// A claim has at most this many parts: `claim.json`, the signature, and each kind of document once.
pub const MAX_PARTS: usize = 32;
/// The text of a manifest or receipt is at most this long, in bytes.
pub const MAX_BODY: usize = 16 << 10;

/// Name of the part that holds the fields as JSON ([`crate::session::claim::ClaimRecord`]).
pub const CLAIM_PART: &str = "claim.json";
/// Name of the part that holds the participant's signature as an SVG path.
pub const SIGNATURE_PART: &str = "signature.svg";

/// Name of the part that holds a document's photograph.
pub fn document_part(kind: DocumentKind) -> String {
    format!("{}.jpg", kind.code())
}

/// What the booth says it sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u16,
    pub claim: ClaimId,
    pub tracking: TrackingCode,
    pub booth: BoothId,
    /// Place in this booth's queue, counted from 1 without gaps over the booth's life.
    #[ts(type = "number")]
    pub sequence: u64,
    /// When the claim was kept, by the booth's wall clock.
    pub kept_at: WallTime,
    pub standing: Standing,
    /// The age recipient (`age1…`) that every part is sealed to.
    pub recipient: String,
    pub parts: Vec<Part>,
}

/// Whether an officer has seen the claim before it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Standing {
    /// An officer has checked every field and document in the call of this session.
    Verified { officer: OfficerId, session: SessionId },
    /// Nobody could be reached: an officer takes it up later and phones the participant.
    Unverified { session: SessionId },
}

impl Standing {
    pub fn session(&self) -> SessionId {
        match self {
            Standing::Verified { session, .. } | Standing::Unverified { session } => *session,
        }
    }
}

/// One sealed part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// [`CLAIM_PART`], [`SIGNATURE_PART`] or [`document_part`].
    pub name: String,
    /// Of the sealed bytes, so that the hub can check a part without opening it.
    pub digest: Digest,
    /// Of the sealed bytes.
    #[ts(type = "number")]
    pub size: u64,
}

/// The hub's word that the claim is in its ledger. The booth erases its copy only on this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`FORMAT`].
    pub format: u16,
    pub claim: ClaimId,
    /// Of the manifest's body, hence of every part.
    pub manifest: Digest,
    /// Place in the hub's ledger, counted from 1.
    #[ts(type = "number")]
    pub ledger_sequence: u64,
    pub received_at: WallTime,
}

impl Receipt {
    /// Whether this receipt is for exactly these bytes.
    pub fn covers(&self, claim: ClaimId, manifest: &Signed<Manifest>) -> bool {
        self.format == FORMAT && self.claim == claim && self.manifest == manifest.digest()
    }
}

/// A body that can be signed, under a domain of its own.
pub trait Signable: Serialize + DeserializeOwned {
    const DOMAIN: &'static str;
}

impl Signable for Manifest {
    const DOMAIN: &'static str = "bilik manifest 1";
}

impl Signable for Receipt {
    const DOMAIN: &'static str = "bilik receipt 1";
}

/// A body as text together with the signature over its domain and that text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    pub body: String,
    /// Ed25519, base64.
    pub signature: String,
    #[serde(skip)]
    kind: std::marker::PhantomData<fn() -> T>,
}

/// Why a signed body is refused.
#[derive(Debug, Error)]
pub enum SignedError {
    #[error("signed body of {0} bytes is longer than {MAX_BODY}")]
    TooLong(usize),
    #[error("signature is not 64 bytes of base64")]
    MalformedSignature,
    #[error("signature does not match the body and the expected key")]
    WrongSignature,
    #[error("signed body is not what it should be")]
    Body(#[from] serde_json::Error),
}

impl<T: Signable> Signed<T> {
    pub fn sign(value: &T, key: &SigningKey) -> Result<Self, SignedError> {
        let body = serde_json::to_string(value)?;
        let signature = BASE64.encode(key.sign(&message(T::DOMAIN, &body)).to_bytes());
        Ok(Self { body, signature, kind: std::marker::PhantomData })
    }

    /// This very text under another key.
    pub fn sign_again(self, key: &SigningKey) -> Self {
        let signature = BASE64.encode(key.sign(&message(T::DOMAIN, &self.body)).to_bytes());
        Self { signature, ..self }
    }

    /// A body and signature that were stored apart.
    pub fn from_parts(body: String, signature: String) -> Self {
        Self { body, signature, kind: std::marker::PhantomData }
    }

    /// The value, if the key signed exactly this text.
    pub fn open(&self, key: &VerifyingKey) -> Result<T, SignedError> {
        if self.body.len() > MAX_BODY {
            return Err(SignedError::TooLong(self.body.len()));
        }
        let signature = BASE64.decode(&self.signature).map_err(|_| SignedError::MalformedSignature)?;
        let signature = Signature::from_slice(&signature).map_err(|_| SignedError::MalformedSignature)?;
        key.verify_strict(&message(T::DOMAIN, &self.body), &signature).map_err(|_| SignedError::WrongSignature)?;
        Ok(serde_json::from_str(&self.body)?)
    }

    /// The value without a look at the signature: for one's own records, or to learn which key to ask for.
    pub fn peek(&self) -> Result<T, SignedError> {
        if self.body.len() > MAX_BODY {
            return Err(SignedError::TooLong(self.body.len()));
        }
        Ok(serde_json::from_str(&self.body)?)
    }

    /// The `format` that the body names, whatever else stands there and whoever signed it. A later format may have fields,
    /// and even a signing domain, that this program does not know: it is asked for before anything else.
    pub fn format(&self) -> Option<u16> {
        if self.body.len() > MAX_BODY { None } else { format_of(self.body.as_bytes()) }
    }

    pub fn digest(&self) -> Digest {
        Digest::of(self.body.as_bytes())
    }
}

/// The `format` of a manifest, a receipt or a `claim.json`, read on its own.
pub fn format_of(json: &[u8]) -> Option<u16> {
    #[derive(Deserialize)]
    struct Format {
        format: u16,
    }
    serde_json::from_slice(json).ok().map(|Format { format }| format)
}

/// Whether JSON was not understood only because it holds a field or a choice that this program does not know: a later
/// program may. The words are those of serde; the tests pin them.
pub fn names_the_unknown(error: &serde_json::Error) -> bool {
    let words = error.to_string();
    error.is_data() && (words.starts_with("unknown field ") || words.starts_with("unknown variant "))
}

/// Why a manifest makes no sense, whoever signed it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ManifestError {
    #[error("manifest has format {0}, this program reads {FORMAT}")]
    Format(u16),
    #[error("manifest lists {0} parts, expected 2 to {MAX_PARTS}")]
    PartCount(usize),
    #[error("manifest lists part {0:?} twice or under a name that does not exist")]
    PartName(String),
    #[error("manifest lacks part {0}")]
    MissingPart(&'static str),
    #[error("part {name:?} has {size} bytes, expected 1 to {MAX_PART}")]
    PartSize { name: String, size: u64 },
    #[error("tracking code is not the one of this claim")]
    Tracking,
}

impl ManifestError {
    /// Whether a later program may well make sense of it: a later format, or a document of a kind that is not known here.
    pub fn is_newer(&self) -> bool {
        match self {
            ManifestError::Format(format) => *format > FORMAT,
            ManifestError::PartName(name) => name.strip_suffix(".jpg").is_some_and(|kind| {
                let listed_twice = DocumentKind::ALL.iter().any(|known| known.code() == kind);
                !kind.is_empty() && !listed_twice && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }),
            ManifestError::PartCount(_)
            | ManifestError::MissingPart(_)
            | ManifestError::PartSize { .. }
            | ManifestError::Tracking => false,
        }
    }
}

impl Manifest {
    /// Checks everything that can be checked without keys and parts.
    pub fn validate(&self) -> Result<(), ManifestError> {
        if self.format != FORMAT {
            return Err(ManifestError::Format(self.format));
        }
        if self.parts.len() < 2 || self.parts.len() > MAX_PARTS {
            return Err(ManifestError::PartCount(self.parts.len()));
        }
        let known = |name: &str| {
            name == CLAIM_PART || name == SIGNATURE_PART || DocumentKind::ALL.iter().any(|k| document_part(*k) == name)
        };
        for (index, part) in self.parts.iter().enumerate() {
            if !known(&part.name) || self.parts[..index].iter().any(|p| p.name == part.name) {
                return Err(ManifestError::PartName(part.name.chars().take(64).collect()));
            }
            if part.size == 0 || part.size > MAX_PART as u64 {
                return Err(ManifestError::PartSize { name: part.name.clone(), size: part.size });
            }
        }
        for name in [CLAIM_PART, SIGNATURE_PART] {
            if !self.parts.iter().any(|p| p.name == name) {
                return Err(ManifestError::MissingPart(name));
            }
        }
        if self.tracking != TrackingCode::of(self.claim) {
            return Err(ManifestError::Tracking);
        }
        Ok(())
    }
}

/// The hub's answer to `POST /api/v1/claims`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CommitAnswer {
    /// 200. In the ledger, now or since an earlier time.
    Received { receipt: Signed<Receipt> },
    /// 409. These parts have to be sent first.
    Missing { parts: Vec<Digest> },
    /// 422. Will never be accepted: the claim stays at the booth and a technician is needed.
    Refused { reason: String },
}

fn message(domain: &str, body: &str) -> Vec<u8> {
    [domain.as_bytes(), b"\0", body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn manifest() -> Manifest {
        let claim = ClaimId(Uuid::from_u128(7));
        let part = |name: &str| Part { name: name.into(), digest: Digest::of(name.as_bytes()), size: 10 };
        Manifest {
            format: FORMAT,
            claim,
            tracking: TrackingCode::of(claim),
            booth: BoothId(Uuid::from_u128(1)),
            sequence: 1,
            kept_at: WallTime(0),
            standing: Standing::Unverified { session: SessionId(Uuid::from_u128(2)) },
            recipient: "age1specimen".into(),
            parts: vec![part(CLAIM_PART), part(SIGNATURE_PART), part("identity_card.jpg")],
        }
    }

    #[test]
    fn signature_binds_text_key_and_domain() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let other = SigningKey::from_bytes(&[8; 32]);
        let signed = Signed::sign(&manifest(), &key).unwrap();
        assert_eq!(signed.open(&key.verifying_key()).unwrap(), manifest());
        assert!(matches!(signed.open(&other.verifying_key()), Err(SignedError::WrongSignature)));

        let mut changed = signed.clone();
        changed.body = changed.body.replace("\"sequence\":1", "\"sequence\":2");
        assert!(matches!(changed.open(&key.verifying_key()), Err(SignedError::WrongSignature)));

        let receipt = Signed::<Receipt>::from_parts(signed.body.clone(), signed.signature.clone());
        assert!(matches!(receipt.open(&key.verifying_key()), Err(SignedError::WrongSignature)));
        let again = signed.clone().sign_again(&other);
        assert_eq!((again.open(&other.verifying_key()).unwrap(), &again.body), (manifest(), &signed.body));

        let long = Signed::<Manifest>::from_parts(" ".repeat(MAX_BODY + 1), signed.signature.clone());
        assert!(matches!(long.open(&key.verifying_key()), Err(SignedError::TooLong(_))));
        let bad = Signed::<Manifest>::from_parts(signed.body, "AAAA".into());
        assert!(matches!(bad.open(&key.verifying_key()), Err(SignedError::MalformedSignature)));
    }

    #[test]
    fn manifest_is_judged() {
        let check = |change: &dyn Fn(&mut Manifest), expect: Result<(), ManifestError>| {
            let mut manifest = manifest();
            change(&mut manifest);
            assert_eq!(manifest.validate(), expect);
        };
        check(&|_| {}, Ok(()));
        check(&|m| m.format = 2, Err(ManifestError::Format(2)));
        check(&|m| m.parts.truncate(1), Err(ManifestError::PartCount(1)));
        check(&|m| m.parts[2].name = "../x".into(), Err(ManifestError::PartName("../x".into())));
        check(&|m| m.parts[2].name = CLAIM_PART.into(), Err(ManifestError::PartName(CLAIM_PART.into())));
        check(&|m| m.parts[1].name = "family_card.jpg".into(), Err(ManifestError::MissingPart(SIGNATURE_PART)));
        check(&|m| m.parts[2].size = 0, Err(ManifestError::PartSize { name: "identity_card.jpg".into(), size: 0 }));
        check(&|m| m.tracking = TrackingCode::of(ClaimId(Uuid::from_u128(8))), Err(ManifestError::Tracking));
    }

    #[test]
    fn what_a_later_program_wrote_is_told_from_nonsense() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let check = |from: &str, to: &str, format: Option<u16>, newer: bool| {
            let body = Signed::sign(&manifest(), &key).unwrap().body.replacen(from, to, 1);
            assert_ne!(body, Signed::sign(&manifest(), &key).unwrap().body, "{from}");
            let signature = BASE64.encode(key.sign(&message(Manifest::DOMAIN, &body)).to_bytes());
            let signed = Signed::<Manifest>::from_parts(body, signature);
            assert_eq!(signed.format(), format, "{to}");
            let unknown = match signed.open(&key.verifying_key()) {
                Err(SignedError::Body(error)) => names_the_unknown(&error),
                Err(_) => false,
                Ok(manifest) => manifest.validate().is_err_and(|error| error.is_newer()),
            };
            assert_eq!(unknown, newer, "{to}");
        };
        check("\"format\":1", "\"format\":2", Some(2), true);
        check("\"format\":1", "\"format\":0", Some(0), false);
        check("\"format\":1", "\"format\":\"1\"", None, false);
        check("\"format\":1", "\"format\":1,\"branch\":7", Some(1), true);
        check("\"kind\":\"unverified\"", "\"kind\":\"collective\"", Some(1), true);
        check("identity_card.jpg", "letter_of_consent.jpg", Some(1), true);
        check("identity_card.jpg", "signature.svg", Some(1), false);
        check("identity_card.jpg", "../etc.jpg", Some(1), false);
        check("\"sequence\":1", "\"sequence\":-1", Some(1), false);
        check("{", "", None, false);
    }

    #[test]
    fn receipt_covers_one_manifest_only() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signed = Signed::sign(&manifest(), &key).unwrap();
        let claim = manifest().claim;
        let receipt =
            Receipt { format: FORMAT, claim, manifest: signed.digest(), ledger_sequence: 1, received_at: WallTime(0) };
        assert!(receipt.covers(claim, &signed));
        assert!(!receipt.covers(ClaimId(Uuid::from_u128(8)), &signed));
        let mut other = manifest();
        other.sequence = 2;
        assert!(!receipt.covers(claim, &Signed::sign(&other, &key).unwrap()));
    }
}
