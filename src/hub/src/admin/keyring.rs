//! `keys`: which there are, who knows them, and replacing them. [`crate::keys`] does it.

use super::{AdminError, open};
use crate::clock::{utc, wall_now};
use crate::config::Config;
use crate::keys::{self, KeysError};
use crate::ledger::{Audit as _, AuditEvent, BoothReport, BoothRow, Booths as _, Claims as _, KeyKind, Reports as _};
use crate::sqlite::SqliteLedger;
use bilik_claim::ids::{BoothId, WallTime};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// A booth that does not go by some keys yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laggard {
    pub booth: BoothId,
    pub name: String,
    /// When it last asked for keys. None: never since this ledger notes it.
    pub asked_at: Option<WallTime>,
}

impl fmt::Display for Laggard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { booth, name, asked_at } = self;
        match asked_at {
            Some(at) => write!(f, "{booth}  {name}, last asked {}", utc(*at)),
            None => write!(f, "{booth}  {name}, has never asked"),
        }
    }
}

/// What `keys list` shows, line by line.
pub fn list(config: &Config) -> Result<Vec<String>, AdminError> {
    let ledger = open(config)?;
    let mut counts: BTreeMap<String, u64> = ledger.claims_by_recipient()?.into_iter().collect();
    let mut lines = Vec::new();
    for (name, recipient) in keys::recipients(&config.state_dir)? {
        let recipient = recipient.to_string();
        let claims = counts.remove(&recipient).unwrap_or(0);
        lines.push(format!("{name:16}  {recipient}  opens {claims} claims"));
    }
    for (recipient, claims) in counts {
        lines.push(format!("{:16}  {recipient}  {claims} claims CANNOT BE OPENED: restore this key", "(not here)"));
    }
    for (name, key) in keys::receipt_verifiers(&config.state_dir)? {
        lines.push(format!("{name:16}  {}", hex::encode(key.to_bytes())));
    }
    let Some(serial) = keys::announced_serial(&config.state_dir)? else {
        lines.push("booths have been told nothing yet: the hub was never started with these keys".into());
        return Ok(lines);
    };
    let lag = behind(&ledger, serial)?;
    lines.push(format!("announced with serial {serial}; booths that do not go by it yet: {}", lag.len()));
    lines.extend(lag.iter().map(|laggard| format!("  {laggard}")));
    Ok(lines)
}

/// Makes a new key. Where the old one is kept.
pub fn rotate(config: &Config, kind: KeyKind) -> Result<PathBuf, AdminError> {
    // Opened first: what was done has to be written down.
    let ledger = open(config)?;
    let now = wall_now();
    let (kept, _) = keys::rotate(&config.state_dir, kind, now.0 / 1000).map_err(refused)?;
    ledger.record(&[(now, AuditEvent::KeyRotated { key: kind })])?;
    Ok(kept)
}

/// Lets receipt key N count no more. Refused while booths do not know its successor, unless `force`. Where its file is.
pub fn retire_receipt_key(config: &Config, number: u32, force: bool) -> Result<PathBuf, AdminError> {
    let ledger = open(config)?;
    let now = wall_now();
    let serial = keys::needed_serial(&config.state_dir, number, now.0 / 1000).map_err(refused)?;
    let lag = behind(&ledger, serial)?;
    if !lag.is_empty() && !force {
        let names: String = lag.iter().map(|laggard| format!("\n  {laggard}")).collect();
        return Err(AdminError::Refused(format!(
            "receipt.key.{number} is the newest that these booths are known to know; bring them online (the hub has to \
             have been started since the rotation), revoke them, or repeat with --force and enrol them again:{names}"
        )));
    }
    let (path, _) = keys::retire(&config.state_dir, number, now.0 / 1000).map_err(refused)?;
    ledger.record(&[(now, AuditEvent::ReceiptKeyRetired { number, forced: !lag.is_empty() })])?;
    Ok(path)
}

fn behind(ledger: &SqliteLedger, serial: u64) -> Result<Vec<Laggard>, AdminError> {
    Ok(lagging(ledger.booths()?, &ledger.reports()?.into_iter().collect(), serial))
}

/// Booths that may be served and have not said that they go by this serial or a later one.
fn lagging(booths: Vec<BoothRow>, reports: &BTreeMap<BoothId, BoothReport>, serial: u64) -> Vec<Laggard> {
    let lags = |booth: BoothRow| {
        let keys = reports.get(&booth.booth).and_then(|report| report.keys);
        let behind = !booth.revoked && keys.is_none_or(|(told, _)| told < serial);
        behind.then_some(Laggard { booth: booth.booth, name: booth.name, asked_at: keys.map(|(_, at)| at) })
    };
    booths.into_iter().filter_map(lags).collect()
}

/// What an operator asked for and cannot have is no bad configuration.
fn refused(error: KeysError) -> AdminError {
    match error {
        KeysError::NoSuchKey(_) | KeysError::TooMany => AdminError::Refused(error.to_string()),
        KeysError::File { .. }
        | KeysError::Missing(_)
        | KeysError::Lost(_)
        | KeysError::Malformed { .. }
        | KeysError::Authority(_) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn who_has_not_heard_of_it_lags() {
        let id = BoothId(Uuid::from_u128(1));
        let check = |revoked: bool, keys: Option<u64>, expect: bool| {
            let row = BoothRow { booth: id, name: "Bilik 1".into(), enrolled_at: WallTime(0), revoked };
            let keys = keys.map(|serial| (serial, WallTime(3)));
            let reports = BTreeMap::from([(id, BoothReport { keys, ..BoothReport::default() })]);
            let lag = lagging(vec![row.clone()], &reports, 100);
            assert_eq!(!lag.is_empty(), expect, "{revoked} {keys:?}");
            assert_eq!(lagging(vec![row], &BTreeMap::new(), 100).is_empty(), revoked);
        };
        check(false, None, true);
        check(false, Some(0), true);
        check(false, Some(99), true);
        check(false, Some(100), false);
        check(false, Some(101), false);
        check(true, Some(0), false);
    }
}
