//! Puts a new key in the place of one.
//!
//! ```text
//!             link                       rename                       keys.json
//! X.key = a ────────► X.key = X.key.N = a ────────► X.key = b, X.key.N = a ────────► announced
//! ```
//!
//! Each step is on the disk before the next begins. A power cut after the first leaves one key under two names, which
//! counts once and is replaced by the next rotation; one after the second leaves an announcement that the next start
//! makes anew. At no moment is a key without a name. A hub at work goes by what it has read at its start.

use super::announce::{Announcement, lock, up_to_date};
use super::{
    ClaimKeys, KeysError, RECEIPT_KEY, SEALING_KEY, file, new_receipt_key, new_sealing_key, read, receipt_verifiers,
    replaced_files, sync, write_private,
};
use crate::ledger::KeyKind;
use bilik_claim::reconcile::MAX_RECEIPT_KEYS;
use std::fs;
use std::path::{Path, PathBuf};

/// What a retired key's file is called from then on, behind its name.
const RETIRED: &str = "retired";

/// Makes a new key; the old one is kept under the path that is returned. `now` in seconds since 1970.
pub fn rotate(dir: &Path, kind: KeyKind, now: i64) -> Result<(PathBuf, Announcement), KeysError> {
    let _lock = lock(dir)?;
    // Nothing is changed where something is wrong already.
    let keys = ClaimKeys::load(dir)?;
    let (name, new) = match kind {
        KeyKind::Sealing => (SEALING_KEY, new_sealing_key()),
        KeyKind::Receipt if keys.counting().count() >= MAX_RECEIPT_KEYS => return Err(KeysError::TooMany),
        KeyKind::Receipt => (RECEIPT_KEY, new_receipt_key()),
    };
    let kept = keep(dir, name)?;
    write_private(&dir.join(name), &new, true)?;
    Ok((kept, up_to_date(dir, &ClaimKeys::load(dir)?, 0, now)?))
}

/// Gives the present key a second name, unless it has one.
fn keep(dir: &Path, name: &str) -> Result<PathBuf, KeysError> {
    let present = dir.join(name);
    let text = read(&present)?;
    let replaced = replaced_files(dir, name)?;
    if let Some((_, newest)) = replaced.first()
        && *read(newest)? == *text
    {
        return Ok(newest.clone());
    }
    let mut number = replaced.first().map_or(1, |(number, _)| number.saturating_add(1));
    // A number is not given twice, so that nobody confuses a key with a retired one.
    while retired(dir, name, number).exists() {
        number = number.saturating_add(1);
    }
    let kept = dir.join(format!("{name}.{number}"));
    fs::hard_link(&present, &kept).map_err(|source| file("make", &kept, source))?;
    sync(dir)?;
    Ok(kept)
}

/// Receipts of key N count no more, from the next start on.
pub fn retire(dir: &Path, number: u32, now: i64) -> Result<(PathBuf, Announcement), KeysError> {
    let _lock = lock(dir)?;
    let path = dir.join(format!("{RECEIPT_KEY}.{number}"));
    if !path.exists() {
        return Err(KeysError::NoSuchKey(path));
    }
    let target = retired(dir, RECEIPT_KEY, number);
    fs::rename(&path, &target).map_err(|source| file("rename", &path, source))?;
    sync(dir)?;
    Ok((target, up_to_date(dir, &ClaimKeys::load(dir)?, 0, now)?))
}

/// The serial from which on booths know what took the place of receipt key N.
pub fn needed_serial(dir: &Path, number: u32, now: i64) -> Result<u64, KeysError> {
    let path = dir.join(format!("{RECEIPT_KEY}.{number}"));
    if !path.exists() {
        return Err(KeysError::NoSuchKey(path));
    }
    let keys = receipt_verifiers(dir)?;
    let own = keys.iter().position(|(name, _)| *name == format!("{RECEIPT_KEY}.{number}"));
    // The newest is first; before each stands its successor.
    let successor = own.and_then(|own| keys.get(own.checked_sub(1)?)).ok_or(KeysError::NoSuchKey(path))?;
    let (_, announcement) = super::announce::load(dir, now)?;
    Ok(announcement.since(&successor.1))
}

fn retired(dir: &Path, name: &str, number: u32) -> PathBuf {
    dir.join(format!("{name}.{number}.{RETIRED}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Keys, init, load_identities};
    use super::*;
    use crate::config::Config;
    use bilik_claim::filing::{FORMAT, Receipt, Signed};
    use bilik_claim::ids::{ClaimId, Digest, WallTime};
    use bilik_claim::reconcile::HubKeys;
    use ed25519_dalek::VerifyingKey;
    use std::os::unix::fs::PermissionsExt as _;
    use uuid::Uuid;

    const NOW: i64 = 1_795_305_600;

    struct Bench {
        _dir: tempfile::TempDir,
        config: Config,
        state: PathBuf,
    }

    fn bench() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let text = format!("state_dir = {state:?}\nbranch_name = \"Test\"\nnames = [\"localhost\"]");
        let config = toml::from_str(&text).unwrap();
        init(&config, NOW).unwrap();
        Bench { _dir: dir, config, state }
    }

    impl Bench {
        /// What a booth that trusts these keys believes; every signature that it can check has to be good.
        fn told(&self, trusted: &[VerifyingKey], now: i64) -> Option<HubKeys> {
            let keys = Keys::load(&self.config, now).unwrap();
            let told: Vec<HubKeys> = keys
                .announced(0, now)
                .iter()
                .filter_map(|signed| trusted.iter().find_map(|key| signed.open(key).ok()))
                .collect();
            assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
            told.into_iter().next()
        }

        fn receipt_keys(&self) -> Vec<VerifyingKey> {
            ClaimKeys::load(&self.state).unwrap().counting().map(|key| key.verifying_key()).collect()
        }

        fn recipient(&self) -> String {
            load_identities(&self.state).unwrap().recipient().to_string()
        }
    }

    #[test]
    fn a_booth_follows_each_rotation_by_the_key_that_it_knows() {
        let bench = bench();
        let (first, old) = (bench.receipt_keys()[0], bench.recipient());
        let before = bench.told(&[first], NOW).unwrap();
        assert_eq!((before.serial, before.receipt_keys().unwrap()), (NOW.unsigned_abs(), vec![first]));
        assert_eq!(bench.told(&[first], NOW + 9).unwrap(), before, "nothing has changed");

        let (kept, _) = rotate(&bench.state, KeyKind::Receipt, NOW).unwrap();
        assert_eq!(kept, bench.state.join("receipt.key.1"));
        let (kept, _) = rotate(&bench.state, KeyKind::Sealing, NOW).unwrap();
        assert_eq!(kept, bench.state.join("sealing.key.1"));
        for name in ["receipt.key", "receipt.key.1", "sealing.key", "sealing.key.1"] {
            assert_eq!(fs::metadata(bench.state.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
        let keys = bench.receipt_keys();
        let after = bench.told(&[first], NOW).unwrap();
        assert_eq!(after.receipt_keys().unwrap(), keys);
        assert_eq!((keys.len(), keys[1], &after.recipient), (2, first, &bench.recipient()));
        assert_eq!(after.serial, before.serial + 2, "also where the clock stands still");
        assert_ne!(after.recipient, old);
        assert!(load_identities(&bench.state).unwrap().opens(&old));
        assert_eq!(bench.told(&[keys[0]], NOW).unwrap(), after, "who has enrolled since hears the same");
        // A file that is lost is made again, and is still the newest that booths have heard of.
        fs::write(bench.state.join("keys.json"), "{").unwrap();
        let again = bench.told(&[first], NOW + 60).unwrap();
        assert_eq!((again.serial > after.serial, again.receipt_keys), (true, after.receipt_keys));
    }

    #[test]
    fn wherever_the_power_is_cut_no_key_is_lost_and_the_hub_starts() {
        for kind in [KeyKind::Receipt, KeyKind::Sealing] {
            let name = match kind {
                KeyKind::Receipt => RECEIPT_KEY,
                KeyKind::Sealing => SEALING_KEY,
            };
            // What the state directory looks like after each step.
            let cuts: [&dyn Fn(&Path); 5] = [
                &|_| {},
                &|state| drop(keep(state, name).unwrap()),
                &|state| {
                    keep(state, name).unwrap();
                    fs::write(state.join(name).with_extension("new"), "ha").unwrap();
                },
                &|state| {
                    keep(state, name).unwrap();
                    let announced = fs::read(state.join("keys.json")).unwrap();
                    drop(rotate(state, kind, NOW).unwrap());
                    fs::write(state.join("keys.json"), announced).unwrap();
                },
                &|state| {
                    drop(rotate(state, kind, NOW).unwrap());
                    fs::write(state.join("keys.new"), "{").unwrap();
                },
            ];
            for (place, cut) in cuts.into_iter().enumerate() {
                let bench = bench();
                let (first, old) = (bench.receipt_keys()[0], bench.recipient());
                bench.told(&[first], NOW).unwrap();
                cut(&bench.state);
                // Started again, and rotated once more.
                for round in 0..2 {
                    let told = bench.told(&[first], NOW + 100).expect("by the key that the booth knows");
                    assert_eq!(told.receipt_keys().unwrap(), bench.receipt_keys(), "{name} {place} {round}");
                    assert!(bench.receipt_keys().contains(&first), "{name} {place} {round}");
                    assert!(load_identities(&bench.state).unwrap().opens(&old), "{name} {place} {round}");
                    rotate(&bench.state, kind, NOW + 200).unwrap();
                }
                let files = replaced_files(&bench.state, name).unwrap();
                let rotations = if place < 3 { 2 } else { 3 };
                assert_eq!(files.len(), rotations, "one key, one file: {name} {place}");
            }
        }
    }

    #[test]
    fn a_retired_key_counts_no_more_and_its_receipts_are_signed_anew() {
        let bench = bench();
        let body = Receipt {
            format: FORMAT,
            claim: ClaimId(Uuid::from_u128(7)),
            manifest: Digest::of(b"manifest"),
            ledger_sequence: 1,
            received_at: WallTime(5),
        };
        let receipt = Signed::sign(&body, &ClaimKeys::load(&bench.state).unwrap().receipt).unwrap();
        rotate(&bench.state, KeyKind::Receipt, NOW).unwrap();
        rotate(&bench.state, KeyKind::Receipt, NOW + 10).unwrap();
        let keys = bench.receipt_keys();
        assert_eq!(ClaimKeys::load(&bench.state).unwrap().believable(receipt.clone()), receipt);
        // The first start's, then one more although the clock stood still.
        let serials = (NOW.unsigned_abs() + 1, NOW.unsigned_abs() + 10);
        let needed = |number| needed_serial(&bench.state, number, NOW + 20).unwrap();
        assert_eq!((needed(1), needed(2)), serials);
        // Another change since says nothing of these.
        rotate(&bench.state, KeyKind::Sealing, NOW + 30).unwrap();
        assert_eq!((needed(1), needed(2)), serials);

        let (path, _) = retire(&bench.state, 1, NOW + 40).unwrap();
        assert_eq!(path, bench.state.join("receipt.key.1.retired"));
        assert_eq!(bench.receipt_keys(), keys[..2]);
        let told = bench.told(&keys, NOW + 50).unwrap();
        assert_eq!((told.serial, told.receipt_keys().unwrap()), (NOW.unsigned_abs() + 40, keys[..2].to_vec()));
        assert_eq!(bench.told(&keys[2..], NOW + 50), None, "it does not sign either");
        let anew = ClaimKeys::load(&bench.state).unwrap().believable(receipt.clone());
        assert_eq!(anew.open(&keys[0]).unwrap(), body);
        assert_eq!((&anew.body, anew.signature != receipt.signature), (&receipt.body, true));

        assert!(matches!(retire(&bench.state, 1, NOW), Err(KeysError::NoSuchKey(_))));
        assert!(matches!(needed_serial(&bench.state, 1, NOW), Err(KeysError::NoSuchKey(_))));
        retire(&bench.state, 2, NOW + 60).unwrap();
        let (kept, _) = rotate(&bench.state, KeyKind::Receipt, NOW + 70).unwrap();
        assert_eq!(kept, bench.state.join("receipt.key.3"), "a number is not given twice");
    }

    #[test]
    fn so_many_receipt_keys_count_and_no_more() {
        let bench = bench();
        for _ in 1..MAX_RECEIPT_KEYS {
            rotate(&bench.state, KeyKind::Receipt, NOW).unwrap();
        }
        assert!(matches!(rotate(&bench.state, KeyKind::Receipt, NOW), Err(KeysError::TooMany)));
        let keys = bench.receipt_keys();
        let told = bench.told(&keys[keys.len() - 1..], NOW).unwrap();
        assert_eq!(told.receipt_keys().unwrap(), keys);
        assert_eq!(keys.len(), MAX_RECEIPT_KEYS);
    }

    #[test]
    fn keys_from_a_backup_are_announced_above_what_booths_go_by() {
        let bench = bench();
        let first = bench.receipt_keys();
        let keys = Keys::load(&bench.config, NOW).unwrap();
        let serial = |told: u64, now: i64| {
            let signed = keys.announced(told, now);
            signed[0].open(&first[0]).unwrap().serial
        };
        let own = NOW.unsigned_abs();
        assert_eq!(serial(0, NOW + 1000), own);
        assert_eq!(serial(own, NOW + 1000), own);
        assert_eq!(serial(own + 30, NOW + 40), own, "not more than once a minute");
        assert_eq!(serial(own + 5000, NOW + 1000), own, "from the future");
        assert_eq!(serial(u64::MAX, i64::MAX), own);
        assert_eq!(serial(own + 500, NOW + 1000), own + 1000);
        assert_eq!(bench.told(&first, NOW).unwrap().serial, own + 1000, "kept");
    }
}
