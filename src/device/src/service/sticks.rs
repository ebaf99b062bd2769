//! What a technician's stick holds. It is mounted for a moment at a time, so that it can be pulled out at any other.
//!
//! The system's manager mounts it, for RAUC must see it too, which runs apart from this service.

use super::commands::Tool;
use super::disks::StickPart;
use super::machine::{Machine, User};
use super::refusal::Refusal;
use bilik_claim::provision;
use bilik_device::{Failure, OnStick, Stick};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Outside of what this service may write: the mount there comes from the system's manager, which makes the folder too.
const AT: &str = "/run/bilik-stick";
/// More names than this in a stick's root are not looked at.
const MAX_NAMES: usize = 1000;
/// Checking the signature of a large update from a slow stick.
const CHECK_LIMIT: Duration = Duration::from_secs(120);

/// There is one place to mount at.
static PLACE: Mutex<()> = Mutex::new(());

#[derive(Clone, Copy)]
pub enum Access {
    Read,
    /// This user, and the administrator, may write.
    Write(User),
}

/// A stick that is mounted; dropping it unmounts.
pub struct Mounted {
    at: PathBuf,
    _place: MutexGuard<'static, ()>,
}

/// A signed update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub path: PathBuf,
    pub version: String,
}

pub fn mount(machine: &Machine, part: &StickPart, access: Access) -> Result<Mounted, Refusal> {
    let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    let at = machine.path(AT);
    let may = match access {
        Access::Read => "ro,uid=0,gid=0".to_owned(),
        Access::Write(user) => format!("rw,uid={},gid={}", user.uid.as_raw(), user.gid.as_raw()),
    };
    Tool::new("systemd-mount")
        .args(["--quiet", "--collect", "--no-ask-password", "--fsck=no", "--type=vfat"])
        .arg(format!("--options={may},umask=077,nodev,nosuid,noexec"))
        .arg("--")
        .args([&machine.path(&part.path), &at])
        .run()
        .map_err(|refusal| Refusal::new(Failure::NoStick, refusal.detail))?;
    Ok(Mounted { at, _place: place })
}

/// What a run of this service that was killed has left mounted.
pub fn release(machine: &Machine) {
    let at = machine.path(AT);
    if Tool::new("mountpoint").args(["--quiet", "--"]).arg(&at).ask().is_ok_and(|said| said.status.success()) {
        drop(Mounted { at, _place: PLACE.lock().unwrap_or_else(PoisonError::into_inner) });
    }
}

impl Mounted {
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Everything written is on the stick, which may be pulled out.
    pub fn unmount(self) -> Result<(), Refusal> {
        let at = self.at.clone();
        std::mem::drop(self);
        // Dropping has tried; only what is left mounted counts.
        match Tool::new("mountpoint").args(["--quiet", "--"]).arg(&at).ask() {
            Ok(said) if said.status.success() => {
                Err(Refusal::new(Failure::Io, "the stick could not be unmounted; it was pulled out or is full"))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The provisioning file's bytes.
    pub fn provisioning(&self) -> Result<Vec<u8>, Refusal> {
        super::machine::read_foreign(&self.at.join(provision::FILE), provision::MAX_BYTES)
    }

    /// The newest update whose signature is good; or why there is none.
    pub fn update(&self) -> Result<Bundle, Refusal> {
        let entries = std::fs::read_dir(&self.at).map_err(Refusal::io("read", &self.at))?;
        let mut newest: Option<Bundle> = None;
        let mut fault = Refusal::new(Failure::NoFile, "the stick has no update (*.raucb)");
        for entry in entries.take(MAX_NAMES).filter_map(Result::ok) {
            let path = entry.path();
            let named = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("raucb"));
            if !named || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            match version(&path) {
                Ok(version) if newest.as_ref().is_none_or(|best| newer(&version, &best.version)) => {
                    newest = Some(Bundle { path, version });
                }
                Ok(_) => {}
                Err(refusal) => fault = refusal,
            }
        }
        newest.ok_or(fault)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(error) = Tool::new("systemd-umount").arg("--").arg(&self.at).run() {
            tracing::warn!(%error, "the stick was not unmounted");
        }
    }
}

/// What the booth's screens show of a stick.
pub fn inspect(machine: &Machine, part: &StickPart) -> Stick {
    let nothing = Stick { name: part.name.clone(), provisioning: false, update: OnStick::Nothing };
    let mounted = match mount(machine, part, Access::Read) {
        Ok(mounted) => mounted,
        Err(error) => {
            tracing::warn!(%error, "a stick could not be read");
            return nothing;
        }
    };
    // A damaged file is shown as one: who then asks for it is told what is wrong.
    let provisioning = !matches!(mounted.provisioning(), Err(Refusal { why: Failure::NoFile, .. }));
    let update = match mounted.update() {
        Ok(bundle) => OnStick::Version(bundle.version),
        Err(Refusal { why: Failure::NoFile, .. }) => OnStick::Nothing,
        Err(error) => {
            tracing::warn!(%error, "the update on the stick is of no use");
            OnStick::Unfit(error.why)
        }
    };
    Stick { provisioning, update, ..nothing }
}

/// Whether version `a` comes after `b`: numbers between dots count as such.
pub fn newer(a: &str, b: &str) -> bool {
    parts(a) > parts(b)
}

/// Numbers first; a word such as `rc1` after a dash comes before none.
fn parts(version: &str) -> (Vec<u64>, bool, String) {
    let (numbers, word) = version.split_once('-').unwrap_or((version, ""));
    let mut numbers: Vec<u64> = numbers.split('.').map(|number| number.parse().unwrap_or(0)).collect();
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    (numbers, word.is_empty(), word.to_owned())
}

#[derive(Deserialize)]
struct Info {
    version: Option<String>,
}

/// A bundle whose signature is good.
pub fn bundle(path: &Path) -> Result<Bundle, Refusal> {
    Ok(Bundle { path: path.to_owned(), version: version(path)? })
}

/// Checks the signature too.
fn version(bundle: &Path) -> Result<String, Refusal> {
    let said = Tool::new("rauc").args(["info", "--output-format=json", "--"]).arg(bundle).limit(CHECK_LIMIT).ask()?;
    understand(said.status.success(), &said.out, said.last_word())
}

fn understand(success: bool, out: &str, last_word: &str) -> Result<String, Refusal> {
    if !success {
        let unsigned = last_word.contains("signature verification failed");
        let why = if unsigned { Failure::BadSignature } else { Failure::BadFile };
        return Err(Refusal::new(why, last_word));
    }
    let info: Option<Info> = serde_json::from_str(out).ok();
    info.and_then(|info| info.version)
        .filter(|version| !version.is_empty() && version.len() <= 64)
        .ok_or_else(|| Refusal::new(Failure::BadFile, "the update does not say which version it is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_their_order() {
        let rising = ["0.1.9", "0.1.10-rc1", "0.1.10-rc2", "0.1.10", "0.2", "0.2.1", "1.0.0", "10.0.0"];
        for (place, a) in rising.iter().enumerate() {
            for (other, b) in rising.iter().enumerate() {
                assert_eq!(newer(a, b), place > other, "{a} {b}");
            }
        }
        assert!(!newer("0.2", "0.2.0") && !newer("0.2.0", "0.2"));
        assert!(!newer("", "0.1") && !newer("x.y", "0.1"));
    }

    /// Words of RAUC 1.13.
    #[test]
    fn what_rauc_says_of_a_bundle() {
        let good = "{\"compatible\":\"bilik\",\"version\":\"0.3.0\",\"description\":null,\"build\":null,\
            \"format\":\"verity\",\"hooks\":[],\"hash\":\"76d2\",\"images\":[]}\n";
        assert_eq!(understand(true, good, "").unwrap(), "0.3.0");
        let check = |success, out: &str, word: &str, why| {
            assert_eq!(understand(success, out, word).unwrap_err().why, why, "{word}");
        };
        check(true, "{\"version\":null}", "", Failure::BadFile);
        check(true, "", "", Failure::BadFile);
        let foreign = "signature verification failed: Verify error: self-signed certificate";
        check(false, "", foreign, Failure::BadSignature);
        let cut = "Invalid bundle format: Signature size (11422508380330016247) exceeds bundle size";
        check(false, "", cut, Failure::BadFile);
    }
}
