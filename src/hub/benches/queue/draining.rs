//! A thousand claims, kept at a booth and delivered by its courier to a hub in the same process, without a network: how
//! fast, and whether memory stays flat.

use crate::claims::{NOW, specimen};
use crate::receipts::Office;
use crate::{Outcome, Table};
use bilik_claim::filing::CommitAnswer;
use bilik_hub::intake;
use bilik_hub::ledger::Parts as _;
use bilik_journal::courier::{Answer, Courier, CourierEvent, Input, Moment, Output};
use bilik_journal::{Journal, JournalConfig, RESERVE};
use std::fs;
use std::path::Path;
use std::time::Instant;

const CLAIMS: u64 = 1_000;
/// Growth counts from this claim on: caches and statements are warm by then.
const WARM: u64 = 100;
const EVERY: u64 = 50;
/// A third of a MB in six parts, so that queue and ledger together need not more than 1 GB of disk.
const PHOTOS: [usize; 4] = [90_000, 75_000, 75_000, 60_000];

/// Resident memory in MiB, each [`EVERY`] claims.
struct Course {
    start: Instant,
    samples: Vec<f64>,
}

pub fn measure(dir: &Path, table: &mut Table) -> Outcome<()> {
    let office = Office::open(&dir.join("hub"), 1)?;
    let (booth, manifest_key) = office.booth(0)?;
    let state = dir.join("booth");
    let receipt_key = office.keys.receipt.verifying_key();
    let config = JournalConfig { recipient: office.recipient(), receipt_key, booth, manifest_key, reserve: RESERVE };
    let open = Box::new(move |at| Journal::open(&state, config.clone(), at));
    let mut courier = Courier::new(open);
    let (mut course, mut outputs) = (Course::begin(), Vec::new());
    for number in 1..=CLAIMS {
        let claim = specimen(number.into(), booth, &PHOTOS, 4_000);
        let mut kept = false;
        for output in give(&mut courier, Input::Keep(Box::new(claim))) {
            match output {
                Output::Told(CourierEvent::Kept { .. }) => kept = true,
                Output::Told(_) => {}
                // The first one is on its way at once, and hangs until all are kept.
                Output::Put { .. } | Output::Commit { .. } | Output::Reconcile { .. } => outputs.push(output),
            }
        }
        if !kept {
            return Err("a claim is not kept".into());
        }
        course.passed(number)?;
    }
    course.tell("keep 1,000 claims of 0.3 MB", table);
    let (mut course, mut confirmed) = (Course::begin(), 0);
    outputs.extend(give(&mut courier, Input::Hub(true)));
    while confirmed < CLAIMS {
        let mut next = Vec::new();
        for output in outputs {
            match output {
                Output::Told(CourierEvent::Confirmed { .. }) => {
                    confirmed += 1;
                    course.passed(confirmed)?;
                }
                Output::Told(_) => {}
                // A hub that knows nothing of it.
                Output::Reconcile { request, .. } => {
                    let answer = Answer::Failed("not here".to_owned());
                    next.extend(give(&mut courier, Input::Reconciled { request, answer }));
                }
                Output::Put { request, claim, digest, sealed } => {
                    office.ledger.put_part(booth, digest, &sealed, NOW)?;
                    let answer = Answer::PartAccepted(digest);
                    next.extend(give(&mut courier, Input::Answered { request, claim, answer }));
                }
                Output::Commit { request, claim, manifest } => {
                    let kept = intake::take_in(office.ledger.as_ref(), &office.keys, booth, &manifest, NOW)?;
                    let answer = Answer::Commit(CommitAnswer::Received { receipt: kept.receipt });
                    next.extend(give(&mut courier, Input::Answered { request, claim, answer }));
                }
            }
        }
        if next.is_empty() && confirmed < CLAIMS {
            return Err(format!("{confirmed} of {CLAIMS} claims are confirmed, and nothing more is sent").into());
        }
        outputs = next;
    }
    course.tell("deliver and erase them", table);
    Ok(())
}

fn give(courier: &mut Courier, input: Input) -> Vec<Output> {
    courier.handle(input, Moment { instant: Instant::now(), wall: NOW }, &mut || 0.5)
}

impl Course {
    fn begin() -> Self {
        Self { start: Instant::now(), samples: Vec::new() }
    }

    fn passed(&mut self, claims: u64) -> Outcome<()> {
        if claims.is_multiple_of(EVERY) {
            self.samples.push(resident()?);
        }
        Ok(())
    }

    fn tell(&self, name: &str, table: &mut Table) {
        let seconds = self.start.elapsed().as_secs_f64();
        let from = (WARM / EVERY - 1) as usize;
        let (warm, last) = (self.samples[from], self.samples[self.samples.len() - 1]);
        table.row(name, "s", &[seconds], &[], "");
        table.row("  claims a second", "/s", &[CLAIMS as f64 / seconds], &[], "");
        table.row("  resident memory from the 100th claim on", "MiB", &self.samples[from..], &[], "");
        table.row("  growth from the 100th to the last", "MiB", &[last - warm], &[], "flat");
    }
}

/// Memory of this process that is in use, in MiB.
fn resident() -> Outcome<f64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the kernel tells no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
