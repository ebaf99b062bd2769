//! The service PIN on disk: `STATE/service-pin` (argon2id, a PHC string, one line) and `STATE/service-lockout` (how many wrong
//! ones in a row). Slow on purpose, so never called on the loop's thread.
//!
//! The PIN comes with a stick's file, where `bilik-hub provision` has hashed it, or is chosen by whoever enrols the booth
//! with a typed code ([`set`]).

use super::lockout::{DEAD, Gate, Lockout};
use crate::durable;
use argon2::password_hash::{self, PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params};
use bilik_claim::provision::{PinFault, pin_fault};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;
use thiserror::Error;
use tracing::error;
use zeroize::Zeroizing;

const PIN: &str = "service-pin";
const COUNT: &str = "service-lockout";
/// Longest PHC string, in bytes. Real ones have about a hundred.
const LONGEST: usize = 512;
/// What checking may cost, in KiB and passes: the file comes from outside.
const MAX_MEMORY: u32 = 64 << 10;
const MAX_PASSES: u32 = 10;

/// What became of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    Right,
    /// And whether another one may be tried.
    Wrong(Gate),
    /// It was not looked at.
    Refused(Gate),
    /// The count could not be made durable, so the PIN was not looked at.
    Disk,
}

/// The two files of one booth, and since when it waits.
#[derive(Clone, Debug)]
pub struct PinStore {
    state_dir: PathBuf,
    lockout: Lockout,
}

impl PinStore {
    pub fn open(state_dir: &Path, now: Instant) -> Self {
        let tries = match fs::read_to_string(state_dir.join(COUNT)) {
            // A count that cannot be read counts as the highest: nobody gains by spoiling it.
            Ok(text) => text.trim().parse().unwrap_or(DEAD),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => {
                error!(%error, "failed to read the count of wrong PINs");
                DEAD
            }
        };
        Self { state_dir: state_dir.to_owned(), lockout: Lockout::load(tries, now) }
    }

    pub fn is_set(&self) -> bool {
        self.state_dir.join(PIN).exists()
    }

    pub fn gate(&self, now: Instant) -> Gate {
        self.lockout.gate(now)
    }

    /// Counts the try on disk, then checks the PIN. Takes a part of a second.
    pub fn attempt(&mut self, pin: &str, now: Instant) -> Tried {
        if !self.lockout.begin(now) {
            return Tried::Refused(self.gate(now));
        }
        if let Err(error) = self.write() {
            error!(%error, "failed to count a try of the service PIN");
            return Tried::Disk;
        }
        if !self.verify(pin) {
            return Tried::Wrong(self.gate(now));
        }
        self.lockout.right();
        if let Err(error) = self.write() {
            // The next start counts what was forgiven: no harm.
            error!(%error, "failed to clear the count of wrong PINs");
        }
        Tried::Right
    }

    fn verify(&self, pin: &str) -> bool {
        let path = self.state_dir.join(PIN);
        let text = match fs::read_to_string(&path) {
            Ok(text) if text.len() <= LONGEST => Zeroizing::new(text),
            Ok(_) => return false,
            Err(error) => {
                error!(%error, path = %path.display(), "failed to read the service PIN");
                return false;
            }
        };
        let Ok(hash) = PasswordHash::new(text.trim()) else {
            error!(path = %path.display(), "not a PHC string; provision the booth anew");
            return false;
        };
        let cheap =
            Params::try_from(&hash).is_ok_and(|params| params.m_cost() <= MAX_MEMORY && params.t_cost() <= MAX_PASSES);
        let known = Algorithm::try_from(hash.algorithm) == Ok(Algorithm::Argon2id);
        cheap && known && Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok()
    }

    fn write(&self) -> io::Result<()> {
        durable::replace(&self.state_dir, COUNT, format!("{}\n", self.lockout.tries()).as_bytes())
    }
}

/// Why a PIN was not set.
#[derive(Debug, Error)]
pub enum SetError {
    #[error(transparent)]
    Pin(#[from] PinFault),
    #[error("failed to hash the service PIN: {0}")]
    Hash(password_hash::Error),
    #[error("failed to write {path}")]
    Write { path: PathBuf, source: io::Error },
}

/// From now on this PIN opens the menu, whatever power cuts come. Takes a part of a second.
///
/// # Errors
/// For a PIN that is none or too easy, and a disk that fails; then the one before stays.
pub fn set(state_dir: &Path, pin: &str) -> Result<(), SetError> {
    if let Some(fault) = pin_fault(pin) {
        return Err(fault.into());
    }
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(SetError::Hash)?;
    let hash = Argon2::default().hash_password(pin.as_bytes(), &salt).map_err(SetError::Hash)?.to_string();
    let failed = |source| SetError::Write { path: state_dir.join(PIN), source };
    durable::replace(state_dir, PIN, format!("{hash}\n").as_bytes()).map_err(failed)
}

/// The booth was enrolled anew: whoever could do that may guess again.
pub fn forgive(state_dir: &Path) -> io::Result<()> {
    match fs::remove_file(state_dir.join(COUNT)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn booth(pin: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let argon = Argon2::new(Algorithm::Argon2id, argon2::Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let salt = SaltString::from_b64("c3BlY2ltZW4").unwrap();
        let hash = argon.hash_password(pin.as_bytes(), &salt).unwrap().to_string();
        fs::write(dir.path().join(PIN), format!("{hash}\n")).unwrap();
        dir
    }

    fn counted(dir: &Path) -> String {
        fs::read_to_string(dir.join(COUNT)).unwrap().trim().to_owned()
    }

    #[test]
    fn tries_are_counted_on_disk_and_a_right_one_forgives() {
        let dir = booth("314159");
        let mut now = Instant::now();
        let mut store = PinStore::open(dir.path(), now);
        assert_eq!(store.attempt("000000", now), Tried::Wrong(Gate::Open { free: 4 }));
        assert_eq!(counted(dir.path()), "1");
        assert_eq!(store.attempt("314159", now), Tried::Right);
        assert_eq!(counted(dir.path()), "0");
        for _ in 0..5 {
            store.attempt("000000", now);
        }
        // Neither waiting too little nor a restart helps.
        now += Duration::from_secs(14);
        assert!(matches!(store.attempt("314159", now), Tried::Refused(Gate::Waits(_))));
        let mut store = PinStore::open(dir.path(), now);
        assert!(matches!(store.attempt("314159", now), Tried::Refused(Gate::Waits(_))));
        assert_eq!(counted(dir.path()), "5", "what was not looked at does not count");
        assert_eq!(store.attempt("314159", now + Duration::from_secs(15)), Tried::Right);
    }

    #[test]
    fn spoilt_files_open_nothing() {
        let now = Instant::now();
        let check = |file: &str, text: &str, wanted: fn(Tried) -> bool| {
            let dir = booth("314159");
            fs::write(dir.path().join(file), text).unwrap();
            let tried = PinStore::open(dir.path(), now).attempt("314159", now);
            assert!(wanted(tried), "{file} {text:?}: {tried:?}");
        };
        check(COUNT, "many", |tried| tried == Tried::Refused(Gate::Dead));
        check(COUNT, "", |tried| tried == Tried::Refused(Gate::Dead));
        check(COUNT, "15", |tried| tried == Tried::Refused(Gate::Dead));
        check(PIN, "", |tried| matches!(tried, Tried::Wrong(_)));
        check(PIN, "314159", |tried| matches!(tried, Tried::Wrong(_)));
        let dear = "$argon2id$v=19$m=4194304,t=1,p=1$c3BlY2ltZW4$c3BlY2ltZW5zcGVjaW1lbnNwZWNpbWVuc3BlY2k";
        check(PIN, dear, |tried| matches!(tried, Tried::Wrong(_)));
        let missing = tempfile::tempdir().unwrap();
        assert!(!PinStore::open(missing.path(), now).is_set());
        // No room to count: not even the right one is looked at.
        let dir = booth("314159");
        fs::create_dir(dir.path().join("service-lockout.new")).unwrap();
        assert_eq!(PinStore::open(dir.path(), now).attempt("314159", now), Tried::Disk);
    }

    #[test]
    fn a_pin_that_was_chosen_opens() {
        use std::os::unix::fs::PermissionsExt as _;
        let (dir, now) = (tempfile::tempdir().unwrap(), Instant::now());
        let state = dir.path().join("state");
        for pin in ["", "31415", "31415926535", "31415x", "123456"] {
            assert!(matches!(set(&state, pin), Err(SetError::Pin(_))), "{pin}");
        }
        assert!(!state.exists());
        for pin in ["314159", "2718281828"] {
            set(&state, pin).unwrap();
            assert!(fs::read_to_string(state.join(PIN)).unwrap().starts_with("$argon2id$"));
            assert_eq!(PinStore::open(&state, now).attempt(pin, now), Tried::Right);
        }
        assert!(
            matches!(PinStore::open(&state, now).attempt("314159", now), Tried::Wrong(_)),
            "the one before is gone"
        );
        assert_eq!(fs::metadata(state.join(PIN)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_new_enrolment_forgives() {
        let dir = booth("314159");
        fs::write(dir.path().join(COUNT), "15").unwrap();
        forgive(dir.path()).unwrap();
        forgive(dir.path()).unwrap();
        assert!(matches!(PinStore::open(dir.path(), Instant::now()).gate(Instant::now()), Gate::Open { .. }));
    }
}
