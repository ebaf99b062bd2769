//! What is known of booths, and of claims that only they know of.

use super::{AdminError, open, updates};
use crate::clock::utc;
use crate::config::Config;
use crate::ledger::{BoothReport, Booths as _, MissingClaim, Reconciliation as _, Reports as _};
use bilik_claim::ids::{BoothId, TrackingCode};
use std::collections::BTreeMap;

/// What `booth list` shows: a line for each booth, below it what it runs, and what a technician may need of its
/// own audit trail.
pub fn list(config: &Config) -> Result<Vec<String>, AdminError> {
    let ledger = open(config)?;
    let reports: BTreeMap<BoothId, BoothReport> = ledger.reports()?.into_iter().collect();
    let machines = updates::told(&ledger)?;
    let mut lines = Vec::new();
    for booth in ledger.booths()? {
        let state = if booth.revoked { "revoked" } else { "active" };
        lines.push(format!("{}  {state:8} {}", booth.booth, booth.name));
        if let Some((at, report)) = machines.get(&booth.booth).filter(|_| !booth.revoked) {
            lines.extend(updates::report_lines(report, *at));
        }
        let trail = reports.get(&booth.booth).map(|report| report.trail).unwrap_or_default();
        if let Some((head, at)) = trail.head {
            lines.push(format!("    trail: {} entries, head {} (told {})", head.entries, head.hash, utc(at)));
        }
        if let Some((head, at)) = trail.cut {
            let word = "    TRAIL CUT or changed";
            lines.push(format!("{word} {}: had {} entries, head {}", utc(at), head.entries, head.hash));
        }
        if trail.lost > 0 {
            lines.push(format!("    {} claims LOST by its disk since its program was started", trail.lost));
        }
    }
    Ok(lines)
}

/// Claims that booths have receipts of and that nobody has.
pub fn missing(config: &Config) -> Result<Vec<MissingClaim>, AdminError> {
    Ok(open(config)?.missing()?)
}

/// What `claims --missing` shows: nothing if there are none.
pub fn missing_lines(missing: &[MissingClaim]) -> Vec<String> {
    if missing.is_empty() {
        return Vec::new();
    }
    let line = |claim: &MissingClaim| {
        let (code, number) = (TrackingCode::of(claim.claim), claim.ledger_sequence);
        let (since, booth) = (utc(claim.reported_at), &claim.booth_name);
        format!("{number:6}  {}  {code}  missing since {since}  {booth}", claim.claim)
    };
    let mut lines: Vec<String> = missing.iter().map(line).collect();
    lines.push(String::new());
    lines.push("These were received, and are neither in this ledger nor at their booth any more. What to do:".into());
    lines.push(
        "1. Look for a later copy of the ledger, or an export of the booth's queue: `bilik-hub recover DIR`.".into(),
    );
    lines.push("2. Else the participant has to come again: the code is on the paper that they took home.".into());
    lines
}
