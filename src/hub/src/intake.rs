//! Judges a claim and keeps it. Blocks; knows nothing of HTTP.
//!
//! A claim comes in when all of this holds, in this order: a key of the booth has signed this manifest; the manifest
//! makes sense and names this booth and this hub; all parts are here; each one opens; and `claim.json` says the same as
//! the manifest, with the digest of every photograph. Only then is it kept, with its receipt, in one transaction. A
//! claim that is here already is answered with the stored receipt, whatever else is missing by now.
//!
//! | What is wrong | Answer | The booth |
//! |---|---|---|
//! | a part is not here, or no longer what was sent | [`IntakeError::Missing`] | sends it again |
//! | written by a later booth: format, field, choice or kind of document unknown here | [`IntakeError::Newer`] | asks again later: the hub is updated meanwhile |
//! | anything that no later hub could take either | [`IntakeError::Refused`] | sets it aside for a technician |

use crate::keys::ClaimKeys;
use crate::ledger::{ClaimRow, Commit, Ledger, LedgerError, NewClaim};
use crate::seal;
use bilik_claim::filing::{
    CLAIM_PART, FORMAT, Manifest, ManifestError, Receipt, SIGNATURE_PART, Signed, SignedError, document_part,
    format_of, names_the_unknown,
};
use bilik_claim::ids::{BoothId, Digest, WallTime};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::session::claim::ClaimRecord;
use ed25519_dalek::VerifyingKey;
use thiserror::Error;

/// Claims judged at a time, by whoever takes in many: each takes a part in clear and a core.
pub const OPENING: usize = 2;

const MANIFEST: &str = "the manifest";

/// Why a claim is not kept now.
#[derive(Debug, Error)]
pub enum IntakeError {
    #[error("{} parts have to be sent first", .0.len())]
    Missing(Vec<Digest>),
    #[error("{0} is of a later format than this hub reads")]
    Newer(&'static str),
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

/// A manifest that has been looked at with all its parts.
pub enum Judged {
    /// Nothing speaks against it: it has to be kept.
    Good(Box<NewClaim>),
    /// It is in the ledger already.
    Known(Signed<Receipt>),
}

/// See the module head. `booth` is who sends it: the one behind the connection, or the one whose queue it was found in.
pub fn take_in(
    ledger: &dyn Ledger,
    keys: &ClaimKeys,
    booth: BoothId,
    signed: &Signed<Manifest>,
    now: WallTime,
) -> Result<Kept, IntakeError> {
    keep(ledger, keys, judge(ledger, keys, booth, signed)?, now)
}

/// The first half: everything that opens parts, and so takes memory and time. Changes nothing.
pub fn judge(
    ledger: &dyn Ledger,
    keys: &ClaimKeys,
    booth: BoothId,
    signed: &Signed<Manifest>,
) -> Result<Judged, IntakeError> {
    let manifest = authenticate(ledger, booth, signed)?;
    if let Some((digest, receipt)) = ledger.receipt(manifest.claim)? {
        if digest != signed.digest() {
            return Err(Refused::Conflict.into());
        }
        return Ok(Judged::Known(receipt));
    }
    if !keys.identities.opens(&manifest.recipient) {
        return Err(Refused::Recipient.into());
    }
    require_parts(ledger, &manifest)?;
    agree(ledger, keys, &manifest)?;
    Ok(Judged::Good(Box::new(NewClaim { signed: signed.clone(), manifest })))
}

/// The second half: one transaction, in which everything that may have changed since is asked again.
pub fn keep(ledger: &dyn Ledger, keys: &ClaimKeys, judged: Judged, now: WallTime) -> Result<Kept, IntakeError> {
    let new = match judged {
        Judged::Good(new) => new,
        Judged::Known(receipt) => return Ok(Kept { receipt: keys.believable(receipt), new: false }),
    };
    let (claim, digest) = (new.manifest.claim, new.signed.digest());
    let sign = |ledger_sequence| {
        let receipt = Receipt { format: FORMAT, claim, manifest: digest, ledger_sequence, received_at: now };
        Signed::sign(&receipt, &keys.receipt).ok()
    };
    match ledger.commit_claim(&new, now, &sign)? {
        Commit::Kept { receipt, new: true } => Ok(Kept { receipt, new: true }),
        Commit::Kept { receipt, new: false } => Ok(Kept { receipt: keys.believable(receipt), new: false }),
        Commit::Conflict => Err(Refused::Conflict.into()),
    }
}

/// The fields of a claim in the ledger.
pub fn open_record(ledger: &dyn Ledger, keys: &ClaimKeys, row: &ClaimRow) -> Result<ClaimRecord, IntakeError> {
    let record = open_part(ledger, keys, &row.manifest, CLAIM_PART)?;
    read_record(&record)
}

/// One part of a claim in clear.
pub fn open_part(
    ledger: &dyn Ledger,
    keys: &ClaimKeys,
    manifest: &Manifest,
    name: &str,
) -> Result<PersonalBytes, IntakeError> {
    let part = manifest.parts.iter().find(|part| part.name == name).ok_or(Refused::Differs("its parts"))?;
    let sealed = ledger.part(manifest.booth, part.digest)?.ok_or_else(|| IntakeError::Missing(vec![part.digest]))?;
    keys.identities.open(&sealed).map_err(|error| {
        if Digest::of(&sealed) == part.digest {
            Refused::Part { name: name.to_owned(), error }.into()
        } else {
            // It went bad here: its sender may still have it.
            IntakeError::Missing(vec![part.digest])
        }
    })
}

/// Whether a manifest could not be read only because a later booth wrote it. A later format is asked for whatever the
/// signature looks like: its signing domain may be another one.
pub fn is_newer(signed: &Signed<Manifest>, error: &SignedError) -> bool {
    let unknown = match error {
        SignedError::Body(error) => names_the_unknown(error),
        SignedError::TooLong(_) | SignedError::MalformedSignature | SignedError::WrongSignature => false,
    };
    unknown || signed.format().is_some_and(|format| format > FORMAT)
}

fn read_record(record: &PersonalBytes) -> Result<ClaimRecord, IntakeError> {
    if format_of(record.reveal()).is_some_and(|format| format > FORMAT) {
        return Err(IntakeError::Newer(CLAIM_PART));
    }
    // The reason is not passed on: it may quote what stands there.
    serde_json::from_slice(record.reveal()).map_err(|error| {
        if names_the_unknown(&error) { IntakeError::Newer(CLAIM_PART) } else { Refused::Record.into() }
    })
}

/// The manifest, if a key of this booth signed it; a key that was replaced since counts too.
fn authenticate(ledger: &dyn Ledger, booth: BoothId, signed: &Signed<Manifest>) -> Result<Manifest, IntakeError> {
    let mut opened = Err(SignedError::WrongSignature);
    for key in ledger.booth_keys(booth)? {
        // The key was checked when the booth enrolled.
        let key = VerifyingKey::from_bytes(&key).map_err(|_| LedgerError::Unreadable("manifest key"))?;
        opened = signed.open(&key);
        if !matches!(opened, Err(SignedError::WrongSignature)) {
            break;
        }
    }
    let manifest = match opened {
        Ok(manifest) => manifest,
        Err(error) if is_newer(signed, &error) => return Err(IntakeError::Newer(MANIFEST)),
        Err(error) => return Err(Refused::Signature(error).into()),
    };
    match manifest.validate() {
        Ok(()) => {}
        Err(error) if error.is_newer() => return Err(IntakeError::Newer(MANIFEST)),
        Err(error) => return Err(Refused::Manifest(error).into()),
    }
    if manifest.booth != booth { Err(Refused::Booth.into()) } else { Ok(manifest) }
}

fn require_parts(ledger: &dyn Ledger, manifest: &Manifest) -> Result<(), IntakeError> {
    let digests: Vec<Digest> = manifest.parts.iter().map(|part| part.digest).collect();
    let booth = manifest.booth;
    let sizes = ledger.part_sizes(booth, &digests)?;
    let missing = |(part, size): (&bilik_claim::filing::Part, Option<u64>)| size.is_none().then_some(part.digest);
    let absent: Vec<Digest> = manifest.parts.iter().zip(sizes.iter().copied()).filter_map(missing).collect();
    if !absent.is_empty() {
        return Err(IntakeError::Missing(absent));
    }
    let differs = manifest.parts.iter().zip(&sizes).find(|(part, size)| **size != Some(part.size));
    let Some((part, _)) = differs else { return Ok(()) };
    // Either the manifest is wrong, or what is here is no longer what was sent.
    let whole = ledger.part(booth, part.digest)?.is_some_and(|sealed| Digest::of(&sealed) == part.digest);
    if whole {
        Err(Refused::Differs("the size of a part").into())
    } else {
        Err(IntakeError::Missing(vec![part.digest]))
    }
}

/// Opens everything, one part at a time, and compares.
fn agree(ledger: &dyn Ledger, keys: &ClaimKeys, manifest: &Manifest) -> Result<(), IntakeError> {
    let record = open_part(ledger, keys, manifest, CLAIM_PART)?;
    let record = read_record(&record)?;
    let session = manifest.standing.session();
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
