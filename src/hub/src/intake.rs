//! Judges a claim and keeps it. Blocks; knows nothing of HTTP.
//!
//! A claim comes in when all of this holds, in this order: the booth's own key has signed this manifest; the manifest
//! makes sense and names this booth and this hub; all parts are here; each one opens; and `claim.json` says the same as
//! the manifest, with the digest of every photograph. Only then is it kept, with its receipt, in one transaction. A
//! claim that is here already is answered with the stored receipt, whatever else is missing by now.

use crate::keys::Keys;
use crate::ledger::{BoothRow, ClaimRow, Commit, Ledger, LedgerError, NewClaim};
use crate::seal;
use bilik_claim::filing::{
    CLAIM_PART, FORMAT, Manifest, ManifestError, Receipt, SIGNATURE_PART, Signed, SignedError, Standing, document_part,
};
use bilik_claim::ids::{Digest, SessionId, WallTime};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::session::claim::ClaimRecord;
use ed25519_dalek::VerifyingKey;
use thiserror::Error;

/// Why a claim is not kept now.
#[derive(Debug, Error)]
pub enum IntakeError {
    #[error("{} parts have to be sent first", .0.len())]
    Missing(Vec<Digest>),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a claim is never kept. Told to the booth's technician, so it names parts and fields, not their content.
#[derive(Debug, Error)]
pub enum Refused {
    #[error("{0}")]
    Signature(SignedError),
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    #[error("manifest names another booth")]
    Booth,
    #[error("manifest is sealed to another hub")]
    Recipient,
    #[error("another manifest has this claim's id")]
    Conflict,
    #[error("part {name}: {error}")]
    Part { name: String, error: seal::OpenError },
    #[error("{CLAIM_PART} is not a claim record")]
    Record,
    #[error("{CLAIM_PART} and the manifest differ in {0}")]
    Differs(&'static str),
}

/// A claim that is kept.
pub struct Kept {
    pub receipt: Signed<Receipt>,
    /// Kept now, not before.
    pub new: bool,
}

/// See the module head.
pub fn take_in(
    ledger: &dyn Ledger,
    keys: &Keys,
    booth: &BoothRow,
    signed: &Signed<Manifest>,
    now: WallTime,
) -> Result<Kept, IntakeError> {
    let manifest = authenticate(booth, signed)?;
    if let Some((digest, receipt)) = ledger.receipt(manifest.claim)? {
        if digest != signed.digest() {
            return Err(Refused::Conflict.into());
        }
        return Ok(Kept { receipt, new: false });
    }
    if manifest.recipient != keys.recipient.to_string() {
        return Err(Refused::Recipient.into());
    }
    require_parts(ledger, &manifest)?;
    agree(ledger, keys, &manifest)?;

    let (claim, digest) = (manifest.claim, signed.digest());
    let sign = |ledger_sequence| {
        let receipt = Receipt { format: FORMAT, claim, manifest: digest, ledger_sequence, received_at: now };
        Signed::sign(&receipt, &keys.receipt).ok()
    };
    match ledger.commit_claim(&NewClaim { signed: signed.clone(), manifest }, now, &sign)? {
        Commit::Kept { receipt, new } => Ok(Kept { receipt, new }),
        Commit::Conflict => Err(Refused::Conflict.into()),
    }
}

/// The fields of a claim in the ledger.
pub fn open_record(ledger: &dyn Ledger, keys: &Keys, row: &ClaimRow) -> Result<ClaimRecord, IntakeError> {
    let record = open_part(ledger, keys, &row.manifest, CLAIM_PART)?;
    Ok(serde_json::from_slice(record.reveal()).map_err(|_| Refused::Record)?)
}

/// One part of a claim in clear.
pub fn open_part(
    ledger: &dyn Ledger,
    keys: &Keys,
    manifest: &Manifest,
    name: &str,
) -> Result<PersonalBytes, IntakeError> {
    let part = manifest.parts.iter().find(|part| part.name == name).ok_or(Refused::Differs("its parts"))?;
    let sealed = ledger.part(manifest.booth, part.digest)?.ok_or_else(|| IntakeError::Missing(vec![part.digest]))?;
    Ok(seal::open(&keys.identity, &sealed).map_err(|error| Refused::Part { name: name.to_owned(), error })?)
}

fn authenticate(booth: &BoothRow, signed: &Signed<Manifest>) -> Result<Manifest, IntakeError> {
    // The key was checked when the booth enrolled.
    let key = VerifyingKey::from_bytes(&booth.manifest_key).map_err(|_| LedgerError::Unreadable("manifest key"))?;
    let manifest = signed.open(&key).map_err(Refused::Signature)?;
    manifest.validate().map_err(Refused::Manifest)?;
    if manifest.booth != booth.booth { Err(Refused::Booth.into()) } else { Ok(manifest) }
}

fn require_parts(ledger: &dyn Ledger, manifest: &Manifest) -> Result<(), IntakeError> {
    let digests: Vec<Digest> = manifest.parts.iter().map(|part| part.digest).collect();
    let sizes = ledger.part_sizes(manifest.booth, &digests)?;
    let missing = |(part, size): (&bilik_claim::filing::Part, Option<u64>)| size.is_none().then_some(part.digest);
    let absent: Vec<Digest> = manifest.parts.iter().zip(sizes.iter().copied()).filter_map(missing).collect();
    if !absent.is_empty() {
        return Err(IntakeError::Missing(absent));
    }
    if manifest.parts.iter().zip(&sizes).any(|(part, size)| *size != Some(part.size)) {
        return Err(Refused::Differs("the size of a part").into());
    }
    Ok(())
}

/// Opens everything, one part at a time, and compares.
fn agree(ledger: &dyn Ledger, keys: &Keys, manifest: &Manifest) -> Result<(), IntakeError> {
    let record = open_part(ledger, keys, manifest, CLAIM_PART)?;
    let record: ClaimRecord = serde_json::from_slice(record.reveal()).map_err(|_| Refused::Record)?;
    let session = session_of(&manifest.standing);
    let differs = [
        ("the format", record.format != FORMAT),
        ("the claim's id", record.claim != manifest.claim),
        ("the tracking code", record.tracking != manifest.tracking),
        ("the booth", record.booth != manifest.booth),
        ("the session", record.session != session),
        ("the standing", record.standing != manifest.standing),
        ("the number of documents", record.documents.len() + 2 != manifest.parts.len()),
    ];
    if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
        return Err(Refused::Differs(what).into());
    }
    for document in &record.documents {
        let photo = open_part(ledger, keys, manifest, &document_part(document.kind))?;
        let same = document.size == photo.reveal().len() as u64 && document.digest == Digest::of(photo.reveal());
        if !same {
            return Err(Refused::Differs("a photograph").into());
        }
    }
    open_part(ledger, keys, manifest, SIGNATURE_PART).map(drop)
}

fn session_of(standing: &Standing) -> SessionId {
    match standing {
        Standing::Verified { session, .. } | Standing::Unverified { session } => *session,
    }
}
