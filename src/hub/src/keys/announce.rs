//! What booths are told about the hub's keys ([`HubKeys`]), in `keys.json`.
//!
//! It is made anew whenever it says something else than the key files do: after a rotation, after one that a power cut
//! left half done, after keys were put back from a backup. Its serial only grows, also over a lost file as long as the
//! clock is right, so booths know which of two is the newer one. It is signed by every receipt key that counts: a booth
//! that knows any of them can take the others over.

use super::{ClaimKeys, KeysError, file, read, write_private};
use bilik_claim::filing::{FORMAT, Signed};
use bilik_claim::reconcile::HubKeys;
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

const ANNOUNCEMENT: &str = "keys.json";
/// Between two announcements on a booth's word, at least: no booth can keep the hub busy with them.
const APART_S: u64 = 60;

/// What `keys.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    serial: u64,
    /// The same keys, signed by each receipt key that counts.
    signed: Vec<Signed<HubKeys>>,
    /// The serial that first told of each receipt key, in hexadecimal.
    since: BTreeMap<String, u64>,
}

impl Announcement {
    pub fn serial(&self) -> u64 {
        self.serial
    }

    pub fn signed(&self) -> &[Signed<HubKeys>] {
        &self.signed
    }

    /// The serial from which on a booth knows this receipt key.
    pub fn since(&self, key: &VerifyingKey) -> u64 {
        self.since.get(&name(key)).copied().unwrap_or(self.serial)
    }

    /// Whether a booth that goes by `told` would take these keys for old ones, and new ones would help. A serial from the
    /// future is not followed: it is a lie, or the clock is wrong.
    pub fn is_behind(&self, told: u64, now: i64) -> bool {
        let now = now.max(0).unsigned_abs();
        told > self.serial && now > told && now - self.serial >= APART_S
    }

    /// What these keys have to be announced as; None if it cannot be written down.
    fn of(keys: &ClaimKeys, previous: Option<&Announcement>, now: u64) -> Option<Self> {
        let serial = previous.map_or(now, |previous| previous.serial.saturating_add(1).max(now));
        let receipt_keys: Vec<String> = keys.counting().map(|key| name(&key.verifying_key())).collect();
        let since = |key: &String| {
            let known = previous.and_then(|previous| previous.since.get(key)).copied();
            (key.clone(), known.unwrap_or(serial))
        };
        let since = receipt_keys.iter().map(since).collect();
        let told = HubKeys { format: FORMAT, serial, recipient: keys.identities.recipient().to_string(), receipt_keys };
        let sign = |key: &SigningKey| Signed::sign(&told, key).ok();
        Some(Self { serial, signed: keys.counting().map(sign).collect::<Option<_>>()?, since })
    }

    /// Whether it is what these keys have to be announced as.
    fn says(&self, keys: &ClaimKeys) -> bool {
        let receipt_keys: Vec<String> = keys.counting().map(|key| name(&key.verifying_key())).collect();
        let right = |(signed, key): (&Signed<HubKeys>, &SigningKey)| {
            signed.open(&key.verifying_key()).is_ok_and(|told| {
                (told.format, told.serial) == (FORMAT, self.serial)
                    && told.recipient == keys.identities.recipient().to_string()
                    && told.receipt_keys == receipt_keys
            })
        };
        self.signed.len() == receipt_keys.len() && self.signed.iter().zip(keys.counting()).all(right)
    }
}

/// The key files, and what they are announced as. `now` in seconds since 1970.
pub(super) fn load(dir: &Path, now: i64) -> Result<(ClaimKeys, Announcement), KeysError> {
    let _lock = lock(dir)?;
    let keys = ClaimKeys::load(dir)?;
    let announcement = up_to_date(dir, &keys, 0, now)?;
    Ok((keys, announcement))
}

/// Announces the same keys with a serial above `told`.
pub(super) fn renew(dir: &Path, keys: &ClaimKeys, told: u64, now: i64) -> Result<Announcement, KeysError> {
    let _lock = lock(dir)?;
    up_to_date(dir, keys, told, now)
}

/// The serial that was announced last, if any was.
pub fn announced_serial(dir: &Path) -> Result<Option<u64>, KeysError> {
    Ok(last(&dir.join(ANNOUNCEMENT))?.map(|announcement| announcement.serial))
}

fn last(path: &Path) -> Result<Option<Announcement>, KeysError> {
    match read(path) {
        Ok(text) => Ok(serde_json::from_str(&text)
            .inspect_err(|error| tracing::warn!(%error, "{} cannot be read", path.display()))
            .ok()),
        Err(KeysError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// To be called under the [`lock`].
pub(super) fn up_to_date(dir: &Path, keys: &ClaimKeys, least: u64, now: i64) -> Result<Announcement, KeysError> {
    let path = dir.join(ANNOUNCEMENT);
    let failed = |source: serde_json::Error| file("write", &path, source.into());
    let old = last(&path)?;
    if let Some(old) = old.as_ref().filter(|old| old.serial >= least && old.says(keys)) {
        return Ok(old.clone());
    }
    let new = Announcement::of(keys, old.as_ref(), now.max(0).unsigned_abs()).ok_or_else(|| {
        let source = std::io::ErrorKind::InvalidData.into();
        file("sign", &path, source)
    })?;
    write_private(&path, &serde_json::to_string_pretty(&new).map_err(failed)?, true)?;
    tracing::info!(serial = new.serial, receipt_keys = new.signed.len(), "keys announced");
    Ok(new)
}

/// Keeps other processes from changing keys as long as it lives.
pub(super) fn lock(dir: &Path) -> Result<File, KeysError> {
    let handle = File::open(dir).map_err(|source| file("open", dir, source))?;
    handle.lock().map_err(|source| file("lock", dir, source))?;
    Ok(handle)
}

pub(super) fn name(key: &VerifyingKey) -> String {
    hex::encode(key.to_bytes())
}
