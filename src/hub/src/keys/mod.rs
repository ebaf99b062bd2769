//! The hub's keys, one file each in the state directory, readable by the hub's user only.
//!
//! | File | Holds | Lost means |
//! |---|---|---|
//! | `ca.crt`, `ca.key` | branch authority | every booth enrols again |
//! | `server.crt`, `server.key` | the hub's own certificate | made again at the next start |
//! | `sealing.key` | age identity, as `age-keygen` writes it | **no claim can be opened any more** |
//! | `sealing.key.N` | an identity that `sealing.key` has replaced; opens, is never sealed to | what was sealed to it stays shut |
//! | `receipt.key` | Ed25519 seed in hexadecimal | every booth enrols again, unless a `receipt.key.N` is left |
//! | `receipt.key.N` | a seed that `receipt.key` has replaced; what it signed counts, it signs no new receipt | booths that have missed the change enrol again |
//! | `receipt.key.N.retired` | a seed that counts no more | nothing |
//! | `keys.json` | what booths are told about these keys ([`announce`]); nothing secret | made again at the next start |
//!
//! A file that exists is never overwritten but by [`replace`], which keeps the old key beside the new one; `keys.json`; the
//! hub's own certificate, which is renewed when it nears its end or the configured names change; and an authority's
//! certificate whose key was never written.

mod announce;
mod replace;

pub use announce::{Announcement, announced_serial};
pub use replace::{needed_serial, retire, rotate};

use crate::authority::{Authority, AuthorityError, CertifiedPem, validity_of, year_of};
use crate::config::Config;
use crate::seal::Identities;
use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use age::x25519::Recipient;
use bilik_claim::filing::{Receipt, Signed};
use bilik_claim::reconcile::{HubKeys, MAX_RECEIPT_KEYS};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use thiserror::Error;
use zeroize::Zeroizing;

const CA_CERTIFICATE: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const SERVER_CERTIFICATE: &str = "server.crt";
const SERVER_KEY: &str = "server.key";
const SEALING_KEY: &str = "sealing.key";
const RECEIPT_KEY: &str = "receipt.key";
/// File name of the ledger, whose presence tells that keys must be there too.
pub const LEDGER: &str = "hub.db";

/// The hub's certificate is renewed when it has fewer seconds left than this: 60 days.
const RENEW_BEFORE: i64 = 60 * 24 * 3600;

#[derive(Debug, Error)]
pub enum KeysError {
    #[error("failed to {operation} {}", path.display())]
    File { operation: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{} is missing; run `bilik-hub --config FILE init`", .0.display())]
    Missing(PathBuf),
    #[error("{} is missing although the ledger exists: restore it from the backup", .0.display())]
    Lost(PathBuf),
    #[error("{} does not hold {what}", path.display())]
    Malformed { path: PathBuf, what: &'static str },
    #[error("there is no {}", .0.display())]
    NoSuchKey(PathBuf),
    #[error("{MAX_RECEIPT_KEYS} receipt keys count already; retire one first")]
    TooMany,
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Everything the hub signs, opens and proves itself with.
pub struct Keys {
    pub authority: Authority,
    /// Certificate chain (PEM, with the authority) and key of the hub itself.
    pub server: CertifiedPem,
    pub claims: ClaimKeys,
    state_dir: PathBuf,
    announcement: Mutex<Announcement>,
}

/// What claims are opened and receipts are signed with: all that taking a claim in needs.
pub struct ClaimKeys {
    pub identities: Identities,
    pub receipt: SigningKey,
    /// Those that `receipt` has replaced and that still count, the newest first.
    pub replaced: Vec<SigningKey>,
}

impl ClaimKeys {
    pub fn load(dir: &Path) -> Result<Self, KeysError> {
        let receipt = load_receipt_key(&dir.join(RECEIPT_KEY))?;
        let mut replaced = Vec::new();
        for (_, path) in replaced_files(dir, RECEIPT_KEY)? {
            replaced.push(load_receipt_key(&path)?);
        }
        // A change that was cut short leaves the same key under both names.
        replaced.retain(|key| key.verifying_key() != receipt.verifying_key());
        replaced.truncate(MAX_RECEIPT_KEYS - 1);
        Ok(Self { identities: load_identities(dir)?, receipt, replaced })
    }

    /// The receipt keys that count, the present one first.
    pub fn counting(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.receipt).chain(&self.replaced)
    }

    /// A receipt from the ledger as the booth can believe it: signed anew if the key that signed it counts no more. Its
    /// text stays the same.
    pub fn believable(&self, receipt: Signed<Receipt>) -> Signed<Receipt> {
        let counts = self.counting().any(|key| receipt.open(&key.verifying_key()).is_ok());
        if counts { receipt } else { receipt.sign_again(&self.receipt) }
    }
}

/// Makes the state directory and each key that is not there yet. `now` in seconds since 1970. Returns what was made.
pub fn init(config: &Config, now: i64) -> Result<Vec<&'static str>, KeysError> {
    let dir = &config.state_dir;
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| file("make", dir, source))?;
    let mut made = Vec::new();
    let mut put = |name: &'static str, text: &str, replace: bool| -> Result<(), KeysError> {
        if dir.join(LEDGER).exists() {
            return Err(KeysError::Lost(dir.join(name)));
        }
        write_private(&dir.join(name), text, replace)?;
        made.push(name);
        Ok(())
    };
    if !dir.join(CA_KEY).exists() {
        let authority = Authority::make(year_of(now))?;
        // A certificate without its key is of no use: the power failed between the two.
        put(CA_CERTIFICATE, &authority.certificate, true)?;
        put(CA_KEY, &authority.key, false)?;
    }
    if !dir.join(SEALING_KEY).exists() {
        put(SEALING_KEY, &new_sealing_key(), false)?;
    }
    if !dir.join(RECEIPT_KEY).exists() {
        put(RECEIPT_KEY, &new_receipt_key(), false)?;
    }
    let authority = load_authority(dir)?;
    if renew_server(dir, &authority, &config.names, now)? {
        made.push(SERVER_CERTIFICATE);
    }
    announce::load(dir, now)?;
    Ok(made)
}

impl Keys {
    /// Reads them all, renewing the hub's own certificate and what booths are told where needed. `now` in seconds since
    /// 1970.
    pub fn load(config: &Config, now: i64) -> Result<Self, KeysError> {
        let dir = &config.state_dir;
        let authority = load_authority(dir)?;
        renew_server(dir, &authority, &config.names, now)?;
        let certificate = read(&dir.join(SERVER_CERTIFICATE))?;
        let server = CertifiedPem {
            certificate: format!("{}{}", certificate.as_str(), authority.pem()),
            key: read(&dir.join(SERVER_KEY))?.to_string(),
        };
        let (claims, announcement) = announce::load(dir, now)?;
        Ok(Self { authority, server, claims, state_dir: dir.clone(), announcement: Mutex::new(announcement) })
    }

    /// Whether [`Keys::load`] would succeed. Renews and writes nothing.
    pub fn check(config: &Config) -> Result<(), KeysError> {
        let dir = &config.state_dir;
        load_authority(dir)?;
        ClaimKeys::load(dir).map(drop)
    }

    /// What a booth is told that goes by the keys of serial `told`. Keys that were put back from a backup are announced
    /// anew, above what it goes by; else it would go on sealing to a key that is no longer here. Blocks.
    pub fn announced(&self, told: u64, now: i64) -> Vec<Signed<HubKeys>> {
        let mut announcement = self.announcement.lock().unwrap_or_else(PoisonError::into_inner);
        if announcement.is_behind(told, now) {
            match announce::renew(&self.state_dir, &self.claims, told, now) {
                Ok(new) => {
                    tracing::warn!(told, serial = new.serial(), "a booth goes by later keys: announced anew");
                    *announcement = new;
                }
                Err(error) => tracing::error!(%error, told, "a booth goes by later keys"),
            }
        }
        announcement.signed().to_vec()
    }

    pub fn receipt_verifier(&self) -> VerifyingKey {
        self.claims.receipt.verifying_key()
    }
}

/// The authority's certificate in PEM, for `ca` and for whoever has to trust the hub.
pub fn authority_pem(state_dir: &Path) -> Result<String, KeysError> {
    Ok(read(&state_dir.join(CA_CERTIFICATE))?.to_string())
}

/// The authority alone, for commands that make enrolment codes.
pub fn load_authority(dir: &Path) -> Result<Authority, KeysError> {
    let certificate = read(&dir.join(CA_CERTIFICATE))?.to_string();
    let key = read(&dir.join(CA_KEY))?.to_string();
    Ok(Authority::load(&CertifiedPem { certificate, key })?)
}

/// What opens claims, for commands that do.
pub fn load_identities(dir: &Path) -> Result<Identities, KeysError> {
    let present = load_identity(&dir.join(SEALING_KEY))?;
    let mut replaced = Vec::new();
    for (_, path) in replaced_files(dir, SEALING_KEY)? {
        replaced.push(load_identity(&path)?);
    }
    Ok(Identities::new(present, replaced))
}

/// File name and recipient of each sealing key, the present one first.
pub fn recipients(dir: &Path) -> Result<Vec<(String, Recipient)>, KeysError> {
    let mut found = vec![(SEALING_KEY.to_owned(), load_identity(&dir.join(SEALING_KEY))?.to_public())];
    for (number, path) in replaced_files(dir, SEALING_KEY)? {
        found.push((format!("{SEALING_KEY}.{number}"), load_identity(&path)?.to_public()));
    }
    Ok(found)
}

/// File name and public part of each receipt key that is here and not retired, the present one first.
pub fn receipt_verifiers(dir: &Path) -> Result<Vec<(String, VerifyingKey)>, KeysError> {
    let mut found = vec![(RECEIPT_KEY.to_owned(), load_receipt_key(&dir.join(RECEIPT_KEY))?.verifying_key())];
    for (number, path) in replaced_files(dir, RECEIPT_KEY)? {
        found.push((format!("{RECEIPT_KEY}.{number}"), load_receipt_key(&path)?.verifying_key()));
    }
    Ok(found)
}

/// Names of the files that cannot be made again and have to be kept safe beside the ledger.
pub fn files_to_keep(dir: &Path) -> Result<Vec<String>, KeysError> {
    let mut names: Vec<String> = [CA_CERTIFICATE, CA_KEY, SEALING_KEY, RECEIPT_KEY].map(str::to_owned).into();
    for kind in [SEALING_KEY, RECEIPT_KEY] {
        names.extend(replaced_files(dir, kind)?.into_iter().map(|(number, _)| format!("{kind}.{number}")));
    }
    Ok(names)
}

/// Copies one of [`files_to_keep`] to a new file that only the owner may read.
pub fn copy_to(dir: &Path, name: &str, target: &Path) -> Result<(), KeysError> {
    write_private(target, &read(&dir.join(name))?, false)
}

/// `NAME.1`, `NAME.2` and so on with their numbers, the newest first.
fn replaced_files(dir: &Path, name: &str) -> Result<Vec<(u32, PathBuf)>, KeysError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| file("list", dir, source))? {
        let path = entry.map_err(|source| file("list", dir, source))?.path();
        let rest = path.file_name().and_then(|file| file.to_str()?.strip_prefix(name)?.strip_prefix('.'));
        let digits = rest.filter(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(digits) = digits {
            let what = "a number that can be counted with in its name";
            let number = digits.parse().map_err(|_| KeysError::Malformed { path: path.clone(), what })?;
            found.push((number, path));
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// One age identity, from the first line of a file that is neither empty nor a comment.
pub fn load_identity(path: &Path) -> Result<Identity, KeysError> {
    let text = read(path)?;
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .and_then(|line| line.parse().ok())
        .ok_or(KeysError::Malformed { path: path.to_owned(), what: "an age identity" })
}

fn load_receipt_key(path: &Path) -> Result<SigningKey, KeysError> {
    let text = read(path)?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), seed.as_mut_slice())
        .map_err(|_| KeysError::Malformed { path: path.to_owned(), what: "64 hexadecimal digits" })?;
    Ok(SigningKey::from_bytes(&seed))
}

fn new_sealing_key() -> Zeroizing<String> {
    let identity = Identity::generate();
    Zeroizing::new(format!("# public key: {}\n{}\n", identity.to_public(), identity.to_string().expose_secret()))
}

fn new_receipt_key() -> Zeroizing<String> {
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
    Zeroizing::new(hex::encode(*seed))
}

fn renew_server(dir: &Path, authority: &Authority, names: &[String], now: i64) -> Result<bool, KeysError> {
    let path = dir.join(SERVER_CERTIFICATE);
    if dir.join(SERVER_KEY).exists() && path.exists() {
        let der = CertificateDer::from_pem_slice(read(&path)?.as_bytes())
            .map_err(|_| KeysError::Malformed { path: path.clone(), what: "a certificate" })?;
        let fresh = validity_of(&der).is_some_and(|(end, found)| end - now > RENEW_BEFORE && found == names);
        if fresh {
            return Ok(false);
        }
    }
    let issued = authority.issue_server(names, now)?;
    write_private(&dir.join(SERVER_KEY), &issued.key, true)?;
    write_private(&path, &issued.certificate, true)?;
    Ok(true)
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeysError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(KeysError::Missing(path.to_owned())),
        Err(source) => Err(file("read", path, source)),
    }
}

/// Writes a file that only the owner may read, whole or not at all, also when the power fails.
fn write_private(path: &Path, text: &str, replace: bool) -> Result<(), KeysError> {
    if !replace && path.exists() {
        return Err(file("make", path, std::io::ErrorKind::AlreadyExists.into()));
    }
    let new = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut target = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        target.write_all(text.as_bytes())?;
        target.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|source| file("write", path, source))?;
    path.parent().map_or(Ok(()), sync)
}

/// Makes names that were given or changed in a directory outlive a power cut.
fn sync(dir: &Path) -> Result<(), KeysError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|source| file("sync", dir, source))
}

fn file(operation: &'static str, path: &Path, source: std::io::Error) -> KeysError {
    KeysError::File { operation, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const NOW: i64 = 1_795_305_600;

    fn config(dir: &Path, names: &str) -> Config {
        toml::from_str(&format!("state_dir = {:?}\nbranch_name = \"Test\"\nnames = [{names}]", dir.join("state")))
            .unwrap()
    }

    #[test]
    fn keys_are_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), "\"localhost\"");
        assert!(matches!(Keys::load(&config, NOW), Err(KeysError::Missing(_))));
        assert_eq!(init(&config, NOW).unwrap().len(), 5);
        let first = Keys::load(&config, NOW).unwrap();
        assert!(init(&config, NOW).unwrap().is_empty());
        let second = Keys::load(&config, NOW).unwrap();
        assert_eq!(first.claims.identities.recipient().to_string(), second.claims.identities.recipient().to_string());
        assert_eq!(first.claims.receipt.to_bytes(), second.claims.receipt.to_bytes());
        for name in [CA_KEY, SERVER_KEY, SEALING_KEY, RECEIPT_KEY] {
            let mode = fs::metadata(config.state_dir.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(fs::metadata(&config.state_dir).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_lost_key_is_not_replaced_once_there_are_claims() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), "\"localhost\"");
        init(&config, NOW).unwrap();
        fs::write(config.state_dir.join(LEDGER), "").unwrap();
        fs::remove_file(config.state_dir.join(SEALING_KEY)).unwrap();
        assert!(matches!(init(&config, NOW), Err(KeysError::Lost(_))));
        assert!(matches!(Keys::load(&config, NOW), Err(KeysError::Missing(_))));
    }

    #[test]
    fn what_the_power_cut_short_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), "\"localhost\"");
        init(&config, NOW).unwrap();
        fs::remove_file(config.state_dir.join(CA_KEY)).unwrap();
        init(&config, NOW).unwrap();
        Keys::load(&config, NOW).unwrap();
    }

    #[test]
    fn replaced_keys_are_found_by_their_number() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), "\"localhost\"");
        init(&config, NOW).unwrap();
        let put = |name: &str| {
            let identity = Identity::generate();
            fs::write(config.state_dir.join(name), identity.to_string().expose_secret()).unwrap();
            identity.to_public().to_string()
        };
        let check = |name: &str, expect: bool| {
            let recipient = put(name);
            assert_eq!(load_identities(&config.state_dir).unwrap().opens(&recipient), expect, "{name}");
        };
        check("sealing.key.1", true);
        check("sealing.key.22", true);
        check("sealing.key.new", false);
        check("sealing.key.", false);
        check("receipt.key.1", false);
        fs::write(config.state_dir.join("sealing.key.3"), "no key").unwrap();
        assert!(matches!(Keys::check(&config), Err(KeysError::Malformed { .. })), "a key is never passed over");
    }

    #[test]
    fn checking_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), "\"localhost\"");
        init(&config, NOW).unwrap();
        fs::write(config.state_dir.join(SERVER_CERTIFICATE), "due").unwrap();
        Keys::check(&config).unwrap();
        assert_eq!(fs::read(config.state_dir.join(SERVER_CERTIFICATE)).unwrap(), b"due");
    }

    #[test]
    fn own_certificate_is_renewed_for_time_and_names() {
        let dir = tempfile::tempdir().unwrap();
        let before = config(dir.path(), "\"localhost\"");
        init(&before, NOW).unwrap();
        let read = || fs::read_to_string(before.state_dir.join(SERVER_CERTIFICATE)).unwrap();
        let check = |config: &Config, now: i64, renewed: bool| {
            let old = read();
            Keys::load(config, now).unwrap();
            assert_eq!(read() != old, renewed, "{now}");
        };
        check(&before, NOW + 24 * 3600, false);
        check(&before, NOW + 790 * 24 * 3600, true);
        check(&config(dir.path(), "\"localhost\", \"127.0.0.1\""), NOW, true);
    }
}
