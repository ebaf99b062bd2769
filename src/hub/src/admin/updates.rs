//! `update …`: which update is offered, and what has become of it at each booth.

use super::{AdminError, open};
use crate::clock::{utc, wall_now};
use crate::config::Config;
use crate::ledger::{Audit as _, AuditEvent, Booths as _, Reports as _};
use crate::update::{self, UpdateError};
use bilik_claim::ids::{BoothId, WallTime};
use bilik_claim::machine::{Ended, Hindrance, MachineReport, Offer, Progress, Slot};
use std::collections::BTreeMap;
use std::path::Path;

impl From<UpdateError> for AdminError {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::File { operation: "read" | "open", path, source } => AdminError::Read { path, source },
            UpdateError::File { path, source, .. } => AdminError::Write { path, source },
            refused @ (UpdateError::NoBundle { .. }
            | UpdateError::NoVersion(_)
            | UpdateError::OtherVersion { .. }
            | UpdateError::BadVersion { .. }
            | UpdateError::Malformed(_)) => AdminError::Refused(refused.to_string()),
        }
    }
}

/// Offers `file` to every booth of this hub, in place of what was offered before.
pub fn offer(config: &Config, file: &Path, version: Option<&str>, now: bool) -> Result<Offer, AdminError> {
    // Before anything is offered: who cannot write it down does not offer.
    let ledger = open(config)?;
    let offer = update::offer(&config.state_dir, file, version, now)?;
    ledger.record(&[(wall_now(), AuditEvent::UpdateOffered { update: offer.digest })])?;
    Ok(offer)
}

/// Offers nothing any more. None: nothing was offered.
pub fn withdraw(config: &Config) -> Result<Option<Offer>, AdminError> {
    let ledger = open(config)?;
    let was = update::withdraw(&config.state_dir)?;
    if let Some(offer) = &was {
        ledger.record(&[(wall_now(), AuditEvent::UpdateWithdrawn { update: offer.digest })])?;
    }
    Ok(was)
}

/// What `update` shows: the offer, then each booth that is not revoked.
pub fn show(config: &Config) -> Result<Vec<String>, AdminError> {
    let ledger = open(config)?;
    let offered = update::offered(&config.state_dir)?;
    let mut lines = vec![match &offered {
        Some(offer) => offer_line(offer),
        None => "no update is offered".to_owned(),
    }];
    let told = told(&ledger)?;
    for booth in ledger.booths()?.into_iter().filter(|booth| !booth.revoked) {
        lines.push(format!("{}  {}", booth.booth, booth.name));
        match told.get(&booth.booth) {
            Some((at, report)) => lines.extend(report_lines(report, *at)),
            None => lines.push("    has told nothing of its machine".into()),
        }
    }
    Ok(lines)
}

pub(super) fn told(
    ledger: &crate::sqlite::SqliteLedger,
) -> Result<BTreeMap<BoothId, (WallTime, MachineReport)>, AdminError> {
    Ok(ledger.machines()?.into_iter().map(|(booth, at, report)| (booth, (at, report))).collect())
}

/// An offer in a line.
pub fn offer_line(offer: &Offer) -> String {
    let when = if offer.now { "restart as soon as nobody is there" } else { "restart at night" };
    format!("offered: {}, {} bytes, SHA-256 {}; booths {when}", offer.version, offer.bytes, offer.digest)
}

/// What a booth has told, for a terminal: its words are escaped.
pub(super) fn report_lines(report: &MachineReport, at: WallTime) -> Vec<String> {
    let software = report.software.escape_debug();
    let at = utc(at);
    let Some(image) = &report.image else {
        return vec![format!("    program {software}, no image of ours (told {at})")];
    };
    let mut lines = vec![format!("    runs {}, program {software} (told {at})", image.version.escape_debug())];
    let slots: Vec<String> = image.slots.iter().map(slot).collect();
    lines.push(format!("    slots: {}", slots.join(", ")));
    if let Some(text) = progress(&report.update) {
        lines.push(format!("    update: {text}"));
    }
    if let Some(last) = &image.last {
        lines.push(format!("    last: {}", ended(last)));
    }
    lines
}

fn slot(slot: &Slot) -> String {
    let version = slot.version.as_deref().unwrap_or("nothing").escape_debug();
    let running = if slot.running { ", running" } else { "" };
    format!("{} {version} ({}{running})", slot.name.escape_debug(), slot.state.escape_debug())
}

fn progress(update: &Progress) -> Option<String> {
    let waits = |hindrance: &Hindrance| match hindrance {
        Hindrance::None => "goes on at once",
        Hindrance::Session => "waits until nobody has been there for ten minutes",
        Hindrance::ClaimsWait => "waits until its claims are received here",
        Hindrance::Machine => "waits until its machine is free and proven",
        Hindrance::Day => "waits for the night",
        Hindrance::Unknown => "waits",
    };
    Some(match update {
        Progress::None => return None,
        Progress::Fetching { bytes } => format!("{bytes} bytes are there"),
        Progress::Received { hindrance } => format!("is there, to be installed; {}", waits(hindrance)),
        Progress::Installing => "is being installed".into(),
        Progress::Installed { hindrance } => format!("is installed, to be started; {}", waits(hindrance)),
        Progress::Refused { why } => format!("REFUSED: {}", why.escape_debug()),
        Progress::Unknown => "something that this version does not know".into(),
    })
}

fn ended(last: &Ended) -> String {
    match last {
        Ended::Updated { from, to } => format!("updated from {} to {}", from.escape_debug(), to.escape_debug()),
        Ended::RolledBack { failed, running, why } => {
            let (failed, running, why) = (failed.escape_debug(), running.escape_debug(), why.escape_debug());
            format!("ROLLED BACK from {failed} to {running}: {why}")
        }
        Ended::Failed { why } => format!("FAILED: {}", why.escape_debug()),
        Ended::Unknown => "something that this version does not know".into(),
    }
}
