//! `provision`: the file that a technician carries to a booth ([`bilik_claim::provision`]).
//!
//! Everything is judged before the code is made, and a code whose file could not be written is taken back: what fails
//! leaves nothing behind.

use super::enrolment::{EnrolCode, Enrolee, enrol_code, revoke_code};
use super::{AdminError, write};
use crate::clock::utc;
use crate::config::Config;
use crate::ledger::{CodeId, Validity};
use crate::login::password;
use bilik_claim::enrolment::EnrolmentCode;
use bilik_claim::ids::WallTime;
use bilik_claim::personal::Personal;
use bilik_claim::provision::{Addressing, FILE, Hub, Provision, Reader, Service, pin_fault};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What is to be in the file.
pub struct Order {
    pub enrolee: Enrolee,
    pub validity: Validity,
    /// `host:port` of this hub's console as the booth reaches it. None: as configured.
    pub hub: Option<String>,
    pub network: Option<Addressing>,
    pub reader: Option<Reader>,
    /// The technician's.
    pub pin: Option<Zeroizing<String>>,
}

/// What was written.
pub struct Provisioned {
    pub path: PathBuf,
    pub code: CodeId,
    pub booth_name: String,
    pub expires_at: WallTime,
}

/// Writes the file to `target`, or as `bilik.toml` into it where that is a directory. One that is there already is only
/// replaced by `force`; its code stays good.
pub fn provision(config: &Config, order: &Order, target: &Path, force: bool) -> Result<Provisioned, AdminError> {
    let path = if target.is_dir() { target.join(FILE) } else { target.to_owned() };
    if !force && fs::symlink_metadata(&path).is_ok() {
        return Err(taken(&path));
    }
    let mut content = content(config, order)?;
    let made = enrol_code(config, &order.enrolee, order.validity)?;
    content.hub.code = made.code.clone();
    let written = text(&content, &made).and_then(|text| put(&path, &text, force));
    if let Err(error) = written {
        revoke_code(config, made.id)?;
        return Err(error);
    }
    Ok(Provisioned { path, code: made.id, booth_name: made.booth_name, expires_at: made.expires_at })
}

/// All but the code.
fn content(config: &Config, order: &Order) -> Result<Provision, AdminError> {
    let address = order.hub.clone().or_else(|| config.console_address()).ok_or_else(|| {
        AdminError::Refused("listen_console has port 0, so the hub's port changes with each start: give --hub".into())
    })?;
    let pin_hash = order.pin.as_ref().map(|pin| hash(pin)).transpose()?;
    let content = Provision {
        hub: Hub { address, code: EnrolmentCode { secret: [0; 16], authority: [0; 16] } },
        network: order.network.clone(),
        reader: order.reader.clone(),
        screen: None,
        media: None,
        service: pin_hash.map(|hash| Service { pin_hash: Some(hash) }),
    };
    content.check().map_err(|error| AdminError::Refused(error.to_string()))?;
    Ok(content)
}

fn hash(pin: &str) -> Result<Personal, AdminError> {
    match pin_fault(pin) {
        Some(fault) => Err(AdminError::Refused(fault.to_string())),
        None => password::hash(pin)
            .map(Personal::new)
            .map_err(|error| AdminError::Refused(format!("failed to hash the PIN: {error}"))),
    }
}

fn text(content: &Provision, made: &EnrolCode) -> Result<Zeroizing<String>, AdminError> {
    let (booth, end) = (&made.booth_name, utc(made.expires_at));
    let keys = toml::to_string(content)
        .map(Zeroizing::new)
        .map_err(|error| AdminError::Refused(format!("failed to write the file's keys: {error}")))?;
    // A booth's name has no control characters, so it stays in its line.
    Ok(Zeroizing::new(format!(
        "# Berkas persiapan bilik: {booth}. Salin ke partisi BILIK di stik dengan nama {FILE}.\n\
         # RAHASIA sampai dipakai: siapa yang memegang berkas ini dapat menjadi bilik itu. Berlaku satu kali, sampai {end} \
         (UTC).\n# Hapus setelah bilik siap.\n#\n\
         # What sets up the booth: {booth}. Copy it to the partition BILIK of the stick, under the name {FILE}.\n\
         # SECRET until it is used: whoever holds this file can become that booth. Good once, until {end} (UTC).\n\
         # Delete it once the booth is ready.\n\n{}",
        keys.as_str()
    )))
}

/// Durable when it returns: a stick is pulled out at once.
fn put(path: &Path, text: &str, force: bool) -> Result<(), AdminError> {
    let new = if force { beside(path) } else { path.to_owned() };
    let failed = |source| write(path, source);
    if force
        && let Err(error) = fs::remove_file(&new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(write(&new, error));
    }
    // FAT has no modes; there it depends on how the stick is mounted.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
    let mut file = file.map_err(|source| match source.kind() == io::ErrorKind::AlreadyExists {
        true => taken(path),
        false => write(&new, source),
    })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let written = written.and_then(|()| if force { fs::rename(&new, path) } else { Ok(()) });
    if let Err(source) = written {
        // Half a file would be taken for a damaged one.
        let _ = fs::remove_file(&new);
        return Err(failed(source));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn taken(path: &Path) -> AdminError {
    AdminError::Refused(format!("{} is there already; --force replaces it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::provision::EXAMPLE;

    #[test]
    fn the_example_has_every_key_and_is_good() {
        let read: Provision = toml::from_str(EXAMPLE).unwrap();
        read.check().unwrap();
        let media = read.media.as_ref().unwrap();
        assert!(media.camera.is_some() && media.document_camera.is_some());
        assert!(media.microphone.is_some() && media.speaker.is_some());
        assert!(read.reader.is_some() && read.screen.is_some());
        assert!(read.service.as_ref().unwrap().pin_hash.is_some());
        assert!(matches!(&read.network, Some(Addressing::Fixed { gateway: Some(_), dns, .. }) if !dns.is_empty()));
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let read: Provision = toml::from_str(EXAMPLE).unwrap();
        let made = EnrolCode {
            code: read.hub.code.clone(),
            id: CodeId([0; 8]),
            booth_name: "Bilik \"3\" # = [x]".into(),
            expires_at: WallTime(0),
        };
        let text = text(&read, &made).unwrap();
        assert_eq!(toml::from_str::<Provision>(&text).unwrap(), read);
        assert!(text.lines().take_while(|line| line.starts_with('#')).count() >= 6, "{}", text.as_str());
        assert!(text.contains("RAHASIA") && text.contains("SECRET") && text.contains("1970-01-01 00:00:00Z"));
    }
}
