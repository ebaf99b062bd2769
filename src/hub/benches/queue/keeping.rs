//! Sealing and committing a claim at the booth, beside writing the same bytes into a file.

use crate::claims::{NOW, specimen};
use crate::{Outcome, Table, settle, timed};
use age::x25519::Identity;
use bilik_claim::filing::{CLAIM_PART, FORMAT, Receipt, SIGNATURE_PART, Signed, document_part};
use bilik_claim::ids::{BoothId, Digest};
use bilik_claim::session::claim::FinishedClaim;
use bilik_journal::seal::Sealer;
use bilik_journal::{Journal, JournalConfig, RESERVE};
use ed25519_dalek::SigningKey;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use uuid::Uuid;

const ROUNDS: usize = 51;
/// Bytes of the four photographs; with fields and signature 3 MB in six parts.
const PHOTOS: [usize; 4] = [900_000, 750_000, 750_000, 600_000];
const SIGNATURE: usize = 4_000;
const BOOTH: BoothId = BoothId(Uuid::from_u128(1));

/// Milliseconds of each round.
#[derive(Default)]
struct Times {
    raw: Vec<f64>,
    raw_named: Vec<f64>,
    seal: Vec<f64>,
    keep: Vec<f64>,
    checkpoint: Vec<f64>,
    confirm: Vec<f64>,
}

pub fn measure(dir: &Path, table: &mut Table) -> Outcome<()> {
    let (recipient, hub) = (Identity::generate().to_public().to_string(), SigningKey::from_bytes(&[1; 32]));
    let sealer = Sealer::new(&recipient)?;
    let manifest_key = SigningKey::from_bytes(&[2; 32]);
    let receipt_key = hub.verifying_key();
    let config = JournalConfig { recipient, receipt_key, booth: BOOTH, manifest_key, reserve: RESERVE };
    let mut journal = Journal::open(dir, config, NOW)?.journal;
    let mut times = Times::default();
    for round in 0..ROUNDS as u128 {
        let mut sums = [0.0; 6];
        let claims = [2 * round + 1, 2 * round + 2].map(|number| specimen(number, BOOTH, &PHOTOS, SIGNATURE));
        let (_, sealed) = seal(&sealer, &claims[0])?;
        for (there, claim) in [true, false].into_iter().zip(&claims) {
            let mut turns = [Turn::Keep, Turn::Raw, Turn::RawNamed];
            if !there {
                turns.reverse();
            }
            for turn in turns {
                settle(dir)?;
                match turn {
                    Turn::Keep => {
                        sums[2] += seal(&sealer, claim)?.0;
                        let [keep, checkpoint, confirm] = keep(&mut journal, claim, &hub)?;
                        sums[3] += keep;
                        sums[4] += checkpoint;
                        sums[5] += confirm;
                    }
                    Turn::Raw => sums[0] += write(dir, &sealed, false)?,
                    Turn::RawNamed => sums[1] += write(dir, &sealed, true)?,
                }
            }
        }
        let Times { raw, raw_named, seal, keep, checkpoint, confirm } = &mut times;
        for (column, sum) in [raw, raw_named, seal, keep, checkpoint, confirm].into_iter().zip(sums) {
            column.push(sum * 1000.0 / 2.0);
        }
    }
    tell(&times, table);
    Ok(())
}

enum Turn {
    Keep,
    Raw,
    RawNamed,
}

fn tell(times: &Times, table: &mut Table) {
    let Times { raw, raw_named, seal, keep, checkpoint, confirm } = times;
    let two = |a: &[f64], b: &[f64], sign: f64| a.iter().zip(b).map(|(a, b)| a + sign * b).collect::<Vec<_>>();
    table.row("3 MB: write + fsync of a new file", "ms", raw, raw, "");
    table.row("the same, and fsync of the directory", "ms", raw_named, raw, "");
    table.row("keep a claim", "ms", keep, raw, "<= 1.5");
    table.row("of that: seal and digest", "ms", seal, raw, "");
    table.row("of that: commit", "ms", &two(keep, seal, -1.0), raw, "");
    table.row("afterwards: checkpoint", "ms", checkpoint, raw, "");
    table.row("keep and checkpoint", "ms", &two(keep, checkpoint, 1.0), raw, "");
    table.row("confirm and erase", "ms", confirm, raw, "");
}

/// Seals all parts as they are sealed when kept.
fn seal(sealer: &Sealer, claim: &FinishedClaim) -> Outcome<(f64, Vec<Vec<u8>>)> {
    timed(|| {
        let fields = serde_json::to_vec(&claim.record)?;
        let mut parts = vec![(CLAIM_PART.to_owned(), fields.as_slice())];
        parts.extend(claim.photos.iter().map(|(kind, photo)| (document_part(*kind), photo.reveal())));
        parts.push((SIGNATURE_PART.to_owned(), claim.signature.reveal()));
        let seal = |(name, clear): (String, &[u8])| {
            let sealed = sealer.seal(&name, clear)?;
            std::hint::black_box(Digest::of(&sealed));
            Ok(sealed)
        };
        parts.into_iter().map(seal).collect()
    })
}

/// Keeps a claim, does what is due afterwards, and confirms it: seconds of each.
fn keep(journal: &mut Journal, claim: &FinishedClaim, hub: &SigningKey) -> Outcome<[f64; 3]> {
    let (keep, kept) = timed(|| Ok(journal.keep(claim, NOW)?))?;
    let (checkpoint, ()) = timed(|| Ok(journal.tend()?))?;
    let manifest = journal.outgoing(kept.claim)?.ok_or("a claim is not there")?.manifest.digest();
    let receipt =
        Receipt { format: FORMAT, claim: kept.claim, manifest, ledger_sequence: kept.sequence, received_at: NOW };
    let signed = Signed::sign(&receipt, hub)?;
    let (confirm, _) = timed(|| Ok(journal.confirm(kept.claim, &signed, NOW)?))?;
    Ok([keep, checkpoint, confirm])
}

/// What a program without a queue would do: one new file, and one fsync.
fn write(dir: &Path, parts: &[Vec<u8>], named: bool) -> Outcome<f64> {
    let path = dir.join("raw");
    let (time, ()) = timed(|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        if named { settle(dir) } else { Ok(()) }
    })?;
    fs::remove_file(path)?;
    Ok(time)
}
