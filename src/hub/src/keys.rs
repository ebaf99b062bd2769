//! The hub's keys, one file each in the state directory, readable by the hub's user only.
//!
//! | File | Holds | Lost means |
//! |---|---|---|
//! | `ca.crt`, `ca.key` | branch authority | every booth enrols again |
//! | `server.crt`, `server.key` | the hub's own certificate | made again at the next start |
//! | `sealing.key` | age identity, as `age-keygen` writes it | **no claim can be opened any more** |
//! | `sealing.key.N` | an identity that `sealing.key` has replaced; opens, is never sealed to | what was sealed to it stays shut |
//! | `receipt.key` | Ed25519 seed in hexadecimal | every booth enrols again |
//!
//! A file that exists is never overwritten but the hub's own certificate, which is renewed when it nears its end or the
//! configured names change, and an authority's certificate whose key was never written.

use crate::authority::{Authority, AuthorityError, CertifiedPem, validity_of, year_of};
use crate::config::Config;
use crate::seal::Identities;
use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use ed25519_dalek::{SigningKey, VerifyingKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
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
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Everything the hub signs, opens and proves itself with.
pub struct Keys {
    pub authority: Authority,
    /// Certificate chain (PEM, with the authority) and key of the hub itself.
    pub server: CertifiedPem,
    pub claims: ClaimKeys,
}

/// What claims are opened and receipts are signed with: all that taking a claim in needs.
pub struct ClaimKeys {
    pub identities: Identities,
    pub receipt: SigningKey,
}

impl ClaimKeys {
    pub fn load(dir: &Path) -> Result<Self, KeysError> {
        Ok(Self { identities: load_identities(dir)?, receipt: load_receipt_key(dir)? })
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
        let identity = Identity::generate();
        let text = Zeroizing::new(format!(
            "# public key: {}\n{}\n",
            identity.to_public(),
            identity.to_string().expose_secret()
        ));
        put(SEALING_KEY, &text, false)?;
    }
    if !dir.join(RECEIPT_KEY).exists() {
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
        let text = Zeroizing::new(hex::encode(*seed));
        put(RECEIPT_KEY, &text, false)?;
    }
    let authority = load_authority(dir)?;
    if renew_server(dir, &authority, &config.names, now)? {
        made.push(SERVER_CERTIFICATE);
    }
    Ok(made)
}

impl Keys {
    /// Reads them all, renewing the hub's own certificate where needed. `now` in seconds since 1970.
    pub fn load(config: &Config, now: i64) -> Result<Self, KeysError> {
        let dir = &config.state_dir;
        let authority = load_authority(dir)?;
        renew_server(dir, &authority, &config.names, now)?;
        let certificate = read(&dir.join(SERVER_CERTIFICATE))?;
        let server = CertifiedPem {
            certificate: format!("{}{}", certificate.as_str(), authority.pem()),
            key: read(&dir.join(SERVER_KEY))?.to_string(),
        };
        Ok(Self { authority, server, claims: ClaimKeys::load(dir)? })
    }

    /// Whether [`Keys::load`] would succeed. Renews and writes nothing.
    pub fn check(config: &Config) -> Result<(), KeysError> {
        let dir = &config.state_dir;
        load_authority(dir)?;
        ClaimKeys::load(dir).map(drop)
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
    for entry in fs::read_dir(dir).map_err(|source| file("list", dir, source))? {
        let path = entry.map_err(|source| file("list", dir, source))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix(SEALING_KEY).and_then(|rest| rest.strip_prefix('.'));
        if number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())) {
            replaced.push(load_identity(&path)?);
        }
    }
    Ok(Identities::new(present, replaced))
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

fn load_receipt_key(dir: &Path) -> Result<SigningKey, KeysError> {
    let path = dir.join(RECEIPT_KEY);
    let text = read(&path)?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), seed.as_mut_slice())
        .map_err(|_| KeysError::Malformed { path, what: "64 hexadecimal digits" })?;
    Ok(SigningKey::from_bytes(&seed))
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
        fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().map_err(|source| file("write", path, source))
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
