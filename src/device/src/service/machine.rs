//! Facts of the running machine, and the files that this service keeps of its own.
//!
//! Every path goes through [`Machine::path`], so a test can put the whole machine into a folder.

use super::refusal::Refusal;
use bilik_device::{Failure, Mode};
use rustix::fs::{Gid, Uid};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where this service keeps what must survive a restart. The booth may read, not write.
const OWN: &str = "/var/lib/bilik-device";
/// The booth's own state; the booth's user may write here, so nothing in it is followed or believed.
pub const BOOTH_STATE: &str = "/var/lib/bilik";
/// The user that the booth's program runs as, and its group.
pub const BOOTH_USER: &str = "bilik";
/// Files of the system that are read for facts are shorter.
const MAX_FACT: u64 = 64 << 10;

pub struct Machine {
    root: PathBuf,
}

/// Ids of the booth's user.
#[derive(Clone, Copy)]
pub struct User {
    pub uid: Uid,
    pub gid: Gid,
}

impl Machine {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where an absolute path of the machine lies.
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// A file that this service keeps.
    pub fn own(&self, name: &str) -> PathBuf {
        self.path(OWN).join(name)
    }

    pub fn mode(&self) -> Mode {
        match self.slot().as_deref() {
            Some("stick") => Mode::Stick,
            Some(_) => Mode::Booth,
            None => Mode::Debian,
        }
    }

    /// `a`, `b` or `stick`, as the initial RAM file system found out; none on a system that is not ours.
    pub fn slot(&self) -> Option<String> {
        let slot = self.fact("/run/bilik-boot/slot")?;
        matches!(slot.as_str(), "a" | "b" | "stick").then_some(slot)
    }

    pub fn version(&self) -> String {
        let release = self.fact("/etc/os-release").unwrap_or_default();
        let value = release.lines().find_map(|line| line.strip_prefix("IMAGE_VERSION="));
        value.map_or("unknown", |value| value.trim_matches('"')).to_owned()
    }

    /// The value of a word of the kernel's command line: of `roothash=..`, or empty for a word without one.
    pub fn boot_word(&self, word: &str) -> Option<String> {
        let line = self.fact("/proc/cmdline")?;
        line.split_whitespace()
            .find_map(|each| each.strip_prefix(word).filter(|rest| rest.is_empty() || rest.starts_with('=')))
            .map(|rest| rest.trim_start_matches('=').to_owned())
    }

    /// Differs from start to start.
    pub fn boot_id(&self) -> String {
        self.fact("/proc/sys/kernel/random/boot_id").unwrap_or_default()
    }

    /// The text of a small file, trimmed.
    pub fn fact(&self, absolute: &str) -> Option<String> {
        let mut text = String::new();
        let file = std::fs::File::open(self.path(absolute)).ok()?;
        file.take(MAX_FACT).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned())
    }

    pub fn booth_user(&self) -> Result<User, Refusal> {
        let accounts = self.fact("/etc/passwd").unwrap_or_default();
        let user = accounts.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let ids = (fields.first() == Some(&BOOTH_USER)).then(|| (fields.get(2), fields.get(3)))?;
            let id = |field: Option<&&str>| field?.parse::<u32>().ok();
            Some(User { uid: Uid::from_raw(id(ids.0)?), gid: Gid::from_raw(id(ids.1)?) })
        });
        user.ok_or_else(|| Refusal::new(Failure::Io, format!("/etc/passwd has no user {BOOTH_USER}")))
    }

    /// None when there is none, or none that this version understands.
    pub fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = std::fs::read(self.own(name)).ok()?;
        serde_json::from_slice(&text)
            .inspect_err(|error| tracing::warn!(name, %error, "what was kept is not understood and counts as nothing"))
            .ok()
    }

    /// What [`Machine::recall`] gives after any power cut from now on.
    pub fn keep(&self, name: &str, value: &impl Serialize) -> Result<(), Refusal> {
        let text = serde_json::to_vec_pretty(value).map_err(Refusal::io("encode", &self.own(name)))?;
        self.write(&self.own(name), &text, 0o600, None)
    }

    /// Durably, for it could come back otherwise. One that is not there is fine.
    pub fn forget(&self, name: &str) -> Result<(), Refusal> {
        let path = self.own(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Refusal::io("remove", &path)(error)),
            _ => sync_folder(&path),
        }
    }

    /// Whole or not at all, also when the folder belongs to somebody who puts links into it: the new file is made afresh
    /// beside the old one and takes its name.
    pub fn write(&self, path: &Path, bytes: &[u8], mode: u32, owner: Option<User>) -> Result<(), Refusal> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let beside = PathBuf::from(name);
        let _ = std::fs::remove_file(&beside);
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(mode).open(&beside);
        let mut file = file.map_err(Refusal::io("create", &beside))?;
        if let Some(owner) = owner {
            rustix::fs::fchown(file.as_fd(), Some(owner.uid), Some(owner.gid))
                .map_err(Refusal::io("give away", &beside))?;
        }
        // The service's umask hides everything; what the booth reads has to be readable.
        rustix::fs::fchmod(file.as_fd(), rustix::fs::Mode::from_raw_mode(mode))
            .map_err(Refusal::io("set the mode of", &beside))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Refusal::io("write", &beside))?;
        std::fs::rename(&beside, path).map_err(Refusal::io("replace", path))?;
        sync_folder(path)
    }
}

/// Makes names that came to or went from the folder of `path` durable.
fn sync_folder(path: &Path) -> Result<(), Refusal> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(Refusal::io("sync", folder))
}

/// Reads a file that somebody else made: no link, no device, at most `most` bytes.
///
/// # Errors
///
/// [`Failure::NoFile`] if there is none, [`Failure::BadFile`] for anything that is not a file of that size.
pub fn read_foreign(path: &Path, most: usize) -> Result<Vec<u8>, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bad = |what: &str| Refusal::new(Failure::BadFile, format!("{name} {what}"));
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path);
    let file = file.map_err(|error| match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::LOOP) => bad("is a link; put the file itself there"),
        Some(rustix::io::Errno::NOENT) => Refusal::new(Failure::NoFile, format!("there is no {name}")),
        Some(_) | None => Refusal::io("read", path)(error),
    })?;
    if !file.metadata().map_err(Refusal::io("read", path))?.is_file() {
        return Err(bad("is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(Refusal::io("read", path))?;
    if bytes.len() > most {
        return Err(bad(&format!("is larger than {most} bytes: not a file of this kind")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_the_system() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().to_owned());
        assert_eq!((machine.mode(), machine.version()), (Mode::Debian, "unknown".to_owned()));
        let put = |path: &str, text: &str| {
            std::fs::create_dir_all(machine.path(path).parent().unwrap()).unwrap();
            std::fs::write(machine.path(path), text).unwrap();
        };
        put("/proc/cmdline", "quiet bilik.development roothash=0badc0de rootflags=x\n");
        put("/etc/os-release", "NAME=x\nIMAGE_VERSION=\"0.2.0\"\n");
        put("/etc/passwd", "root:x:0:0::/:/bin/sh\nbilik:x:990:991::/:/bin/false\n");
        for (slot, mode) in [("stick", Mode::Stick), ("a\n", Mode::Booth), ("b", Mode::Booth), ("zz", Mode::Debian)] {
            put("/run/bilik-boot/slot", slot);
            assert_eq!(machine.mode(), mode, "{slot}");
        }
        assert_eq!(machine.version(), "0.2.0");
        assert_eq!(machine.boot_word("roothash").as_deref(), Some("0badc0de"));
        assert_eq!(machine.boot_word("bilik.development").as_deref(), Some(""));
        assert_eq!(machine.boot_word("root"), None);
        let user = machine.booth_user().unwrap();
        assert_eq!((user.uid.as_raw(), user.gid.as_raw()), (990, 991));
    }

    #[test]
    fn foreign_files_are_bounded_and_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("good"), "12345").unwrap();
        std::fs::write(at("large"), "123456").unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", at("link")).unwrap();
        assert_eq!(read_foreign(&at("good"), 5).unwrap(), b"12345");
        for (name, why) in [
            ("large", Failure::BadFile),
            ("folder", Failure::BadFile),
            ("link", Failure::BadFile),
            ("none", Failure::NoFile),
        ] {
            assert_eq!(read_foreign(&at(name), 5).unwrap_err().why, why, "{name}");
        }
    }

    #[test]
    fn writing_follows_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().to_owned());
        std::fs::write(dir.path().join("victim"), "whole").unwrap();
        for name in ["pin", "pin.new"] {
            std::os::unix::fs::symlink(dir.path().join("victim"), dir.path().join(name)).unwrap();
        }
        machine.write(&dir.path().join("pin"), b"new", 0o600, None).unwrap();
        assert_eq!(std::fs::read(dir.path().join("victim")).unwrap(), b"whole");
        assert_eq!(std::fs::read(dir.path().join("pin")).unwrap(), b"new");
    }
}
