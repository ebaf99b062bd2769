//! Takes in what was copied out of a booth's queue: a booth that is dead, revoked, or will never reach the hub again.
//!
//! The copy is what the booth's own recovery writes, one directory a claim:
//!
//! ```text
//! QUEUE/CLAIM/manifest.json      signed by the booth
//!             claim.json.age     each part, sealed
//!             receipt.json       written here, once the claim is in the ledger
//! ```
//!
//! Every claim goes the way of one that a booth sends ([`intake::take_in`]): the signature of a key that the booth had,
//! the parts by their digests, the same receipt for ever. So it may be repeated, broken off, and run beside a hub at
//! work; and the booth itself may deliver the same claim before or after. A revoked booth's claims are taken too: what
//! was kept for a participant before does not become void.

use crate::admin::{self, AdminError};
use crate::clock::wall_now;
use crate::config::Config;
use crate::intake::{self, IntakeError, Kept, Refused};
use crate::keys::{self, ClaimKeys};
use crate::ledger::{AuditEvent, Booths as _, Ledger, LedgerError, Parts as _};
use crate::sqlite::SqliteLedger;
use bilik_claim::filing::{MAX_BODY, MAX_PART, MAX_PARTS, Manifest, Receipt, Signed};
use bilik_claim::ids::{ClaimId, Digest};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "manifest.json";
const RECEIPT: &str = "receipt.json";
/// A manifest's text, quoted as JSON, with its signature.
const MAX_MANIFEST_FILE: u64 = 4 * MAX_BODY as u64;
/// Times the intake may ask for parts: for all that it lacks, then one by one for those that went bad in the ledger.
const ROUNDS: usize = MAX_PARTS + 2;

/// What came of one claim.
#[derive(Debug)]
pub struct Recovered {
    /// Name of its directory.
    pub name: String,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    /// In the ledger at this place: now, or since before.
    InLedger {
        sequence: u64,
        new: bool,
    },
    /// In the ledger, but its receipt could not be written beside it.
    WithoutReceipt {
        sequence: u64,
        error: io::Error,
    },
    /// These parts are not in the directory, or not as they were sealed.
    Incomplete {
        parts: Vec<String>,
    },
    /// No manifest that can be read.
    Unreadable {
        reason: String,
    },
    /// This hub has never enrolled the booth that signed it.
    UnknownBooth,
    /// Of a later format than this hub reads.
    Newer,
    Refused(Refused),
}

impl Outcome {
    /// Nothing is left to do for this claim.
    pub fn is_good(&self) -> bool {
        match self {
            Outcome::InLedger { .. } => true,
            Outcome::WithoutReceipt { .. }
            | Outcome::Incomplete { .. }
            | Outcome::Unreadable { .. }
            | Outcome::UnknownBooth
            | Outcome::Newer
            | Outcome::Refused(_) => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::InLedger { sequence, new: true } => write!(f, "kept as number {sequence}"),
            Outcome::InLedger { sequence, new: false } => write!(f, "was kept before as number {sequence}"),
            Outcome::WithoutReceipt { sequence, error } => {
                write!(f, "kept as number {sequence}, but failed to write {RECEIPT}: {error}")
            }
            Outcome::Incomplete { parts } => write!(f, "not kept: missing or damaged: {}", parts.join(", ")),
            Outcome::Unreadable { reason } => write!(f, "not kept: {MANIFEST}: {reason}"),
            Outcome::UnknownBooth => f.write_str("not kept: its booth has never enrolled at this hub"),
            Outcome::Newer => f.write_str("not kept: of a later format than this hub reads; update it first"),
            Outcome::Refused(reason) => write!(f, "not kept: {reason}"),
        }
    }
}

/// Takes in every claim in `queue`, in the order in which its booth kept them, telling of each. `identity` is the key that
/// the claims are sealed to; it has to be among this hub's own, or nobody could open later what is taken in now.
pub fn recover(
    config: &Config,
    identity: Option<&Path>,
    queue: &Path,
    mut tell: impl FnMut(&Recovered) -> Result<(), AdminError>,
) -> Result<(), AdminError> {
    let keys = ClaimKeys::load(&config.state_dir)?;
    if let Some(path) = identity {
        let recipient = keys::load_identity(path)?.to_public().to_string();
        if !keys.identities.opens(&recipient) {
            return Err(AdminError::Refused(format!(
                "{} is no key of this hub: claims taken in with it could not be opened later; copy it to {} first",
                path.display(),
                config.state_dir.join("sealing.key.1").display()
            )));
        }
    }
    let ledger = admin::open(config)?;
    let (mut all, mut good) = (0_usize, 0_usize);
    for found in list(queue)? {
        let outcome = match found.signed {
            Ok(signed) => take(&ledger, &keys, &found.directory, &signed)?,
            Err(reason) => Outcome::Unreadable { reason },
        };
        all += 1;
        good += usize::from(outcome.is_good());
        // Goes to a terminal: a name made by hand must not steer it.
        let name = found.directory.file_name().unwrap_or_default().to_string_lossy().escape_debug().to_string();
        tell(&Recovered { name, outcome })?;
    }
    match all - good {
        0 if all == 0 => Err(AdminError::Refused(format!("no claims in {}", queue.display()))),
        0 => Ok(()),
        bad => Err(AdminError::Refused(format!("{bad} of {all} claims need to be looked at"))),
    }
}

struct Found {
    directory: PathBuf,
    signed: Result<Signed<Manifest>, String>,
}

/// Every directory, those with a readable manifest first and in the order of their queue.
fn list(queue: &Path) -> Result<Vec<Found>, AdminError> {
    let failed = |source| AdminError::Read { path: queue.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(queue).map_err(failed)? {
        let directory = entry.map_err(failed)?.path();
        if directory.is_dir() {
            let signed = read_manifest(&directory.join(MANIFEST));
            let place = signed.as_ref().ok().and_then(|signed| signed.peek().ok()).map(|m| (m.booth, m.sequence));
            found.push((place.is_none(), place, Found { directory, signed }));
        }
    }
    found.sort_by(|a, b| (a.0, a.1, &a.2.directory).cmp(&(b.0, b.1, &b.2.directory)));
    Ok(found.into_iter().map(|(_, _, found)| found).collect())
}

/// The words of an error tell where in the file, not what stands there.
fn read_manifest(path: &Path) -> Result<Signed<Manifest>, String> {
    let bytes = read(path, MAX_MANIFEST_FILE).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|_| "not a signed manifest".to_owned())
}

/// Only what the ledger cannot do just now is an error: it ends the run, which may be repeated.
fn take(
    ledger: &SqliteLedger,
    keys: &ClaimKeys,
    directory: &Path,
    signed: &Signed<Manifest>,
) -> Result<Outcome, AdminError> {
    // Without a look at the signature: it only tells whose key to ask for.
    let manifest = match signed.peek() {
        Ok(manifest) => manifest,
        Err(error) if intake::is_newer(signed, &error) => return Ok(Outcome::Newer),
        Err(error) => return Ok(Outcome::Unreadable { reason: error.to_string() }),
    };
    if ledger.booth_keys(manifest.booth)?.is_empty() {
        return Ok(Outcome::UnknownBooth);
    }
    let mut brought: Vec<Digest> = Vec::new();
    for _ in 0..ROUNDS {
        let missing = match intake::take_in(ledger, keys, manifest.booth, signed, wall_now()) {
            Ok(kept) => return finish(ledger, directory, &kept, manifest.claim),
            Err(IntakeError::Missing(missing)) => missing,
            Err(IntakeError::Newer(_)) => return Ok(Outcome::Newer),
            Err(IntakeError::Refused(reason)) => return Ok(Outcome::Refused(reason)),
            Err(IntakeError::Ledger(error)) => return Err(error.into()),
        };
        // Asked for a part, the intake has found manifest and names good.
        let wanted: Vec<_> = manifest.parts.iter().filter(|part| missing.contains(&part.digest)).collect();
        let mut absent = Vec::new();
        for part in wanted {
            let sealed = read(&directory.join(format!("{}.age", part.name)), MAX_PART as u64);
            match sealed.ok().filter(|sealed| Digest::of(sealed) == part.digest) {
                Some(sealed) if !brought.contains(&part.digest) => {
                    ledger.put_part(manifest.booth, part.digest, &sealed, wall_now())?;
                    brought.push(part.digest);
                }
                Some(_) | None => absent.push(part.name.clone()),
            }
        }
        if !absent.is_empty() {
            return Ok(Outcome::Incomplete { parts: absent });
        }
    }
    Err(LedgerError::Unreadable("part").into())
}

fn finish(ledger: &dyn Ledger, directory: &Path, kept: &Kept, claim: ClaimId) -> Result<Outcome, AdminError> {
    if kept.new {
        ledger.record(&[(wall_now(), AuditEvent::ClaimRecovered { claim })])?;
    }
    // Signed by this hub a moment ago, or when it was kept.
    let sequence = kept.receipt.peek().map_err(|_| LedgerError::Unreadable("receipt"))?.ledger_sequence;
    Ok(match write_receipt(directory, &kept.receipt) {
        Ok(()) => Outcome::InLedger { sequence, new: kept.new },
        Err(error) => Outcome::WithoutReceipt { sequence, error },
    })
}

/// Written beside and renamed: there whole or not at all.
fn write_receipt(directory: &Path, receipt: &Signed<Receipt>) -> io::Result<()> {
    let (path, new) = (directory.join(RECEIPT), directory.join("receipt.new"));
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec_pretty(receipt)?)?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(directory)?.sync_all()
}

/// A file of at most so many bytes.
fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}
