//! What an operator does from the command line, as functions: they work on the state directory, whether the hub runs or
//! not.

mod attest;
mod backup;
mod booths;
mod enrolment;
mod keyring;
mod provision;
mod recover_disk;
mod updates;

pub use attest::attest;
pub use backup::{Backup, backup};
pub use booths::{list as list_booths, missing, missing_lines};
pub(crate) use enrolment::issue;
pub use enrolment::{EnrolCode, Enrolee, enrol_code, open_codes, revoke_code};
pub use keyring::{list as list_keys, retire_receipt_key, rotate as rotate_key};
pub use provision::{Order, Provisioned, provision};
pub use recover_disk::recover_disk;
pub use updates::{offer as offer_update, offer_line, show as show_update, withdraw as withdraw_update};

use crate::clock::wall_now;
use crate::config::{Config, ConfigError};
use crate::keys::{self, Keys, KeysError, LEDGER};
use crate::ledger::{
    Audit as _, AuditEvent, AuditState, BoothRow, Booths as _, Claims as _, LedgerError, Notes as _, OfficerRow,
    Officers as _, Parts as _, Role,
};
use crate::login::{MAX_LOGIN, password, totp};
use crate::sqlite::{OpenLedgerError, SqliteLedger};
use crate::tls::{self, TlsError};
use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId};
use bilik_claim::text::Language;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Longest name of a person or a booth, in characters.
pub(crate) const MAX_NAME: usize = 100;

#[derive(Debug, Error)]
pub enum AdminError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Console(#[from] TlsError),
    #[error(transparent)]
    Open(#[from] OpenLedgerError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Refused(String),
    #[error("failed to read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("failed to make {}; what is there of it is of no use", path.display())]
    Backup { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("failed to write {}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// What a new officer needs to log in.
pub struct Credentials {
    pub officer: OfficerId,
    pub totp_secret: String,
    pub uri: String,
}

/// Makes the state directory, the keys and the ledger where they are missing. Returns the names of what was made.
pub fn init(config: &Config) -> Result<Vec<&'static str>, AdminError> {
    let mut made = keys::init(config, wall_now().0 / 1000)?;
    let path = config.state_dir.join(LEDGER);
    let new = !path.exists();
    drop(OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(|source| write(&path, source))?);
    SqliteLedger::open(&path)?;
    if new {
        made.push(LEDGER);
    }
    Ok(made)
}

/// Checks what a start would need, and starts nothing.
pub fn check(config: &Config) -> Result<(), AdminError> {
    Keys::check(config)?;
    tls::check_console(config)?;
    Ok(SqliteLedger::check(&ledger_path(config)?)?)
}

/// A new account.
pub fn add_officer(
    config: &Config,
    login: &str,
    name: &str,
    role: Role,
    languages: &[Language],
    password: &str,
) -> Result<Credentials, AdminError> {
    let login = trimmed("login", login, MAX_LOGIN)?;
    let name = trimmed("display name", name, MAX_NAME)?;
    if !(password::MIN_PASSWORD..=password::MAX_PASSWORD).contains(&password.len()) {
        return Err(AdminError::Refused(format!(
            "password must have {} to {} bytes",
            password::MIN_PASSWORD,
            password::MAX_PASSWORD
        )));
    }
    let ledger = open(config)?;
    let secret: Zeroizing<[u8; totp::SECRET]> = Zeroizing::new(rand::random());
    let password_hash = password::hash(password)
        .map_err(|error| AdminError::Refused(format!("failed to hash the password: {error}")))?;
    let officer = OfficerId(Uuid::new_v4());
    let row = OfficerRow {
        officer,
        login: login.into(),
        name: name.into(),
        role,
        languages: languages.to_vec(),
        password_hash,
        totp_secret: Zeroizing::new(secret.to_vec()),
        disabled: false,
    };
    if !ledger.add_officer(&row, wall_now())? {
        return Err(AdminError::Refused(format!("login {login:?} is taken")));
    }
    let (totp_secret, uri) = totp::provisioning(secret.as_slice(), "Bilik", login);
    Ok(Credentials { officer, totp_secret, uri })
}

pub fn officers(config: &Config) -> Result<Vec<OfficerRow>, AdminError> {
    Ok(open(config)?.officers()?)
}

pub fn disable_officer(config: &Config, login: &str) -> Result<(), AdminError> {
    let known = open(config)?.disable_officer(login, wall_now())?;
    if known { Ok(()) } else { Err(AdminError::Refused(format!("no active login {login:?}"))) }
}

pub fn booths(config: &Config) -> Result<Vec<BoothRow>, AdminError> {
    Ok(open(config)?.booths()?)
}

pub fn revoke_booth(config: &Config, booth: BoothId) -> Result<(), AdminError> {
    let known = open(config)?.revoke_booth(booth, wall_now())?;
    if known { Ok(()) } else { Err(AdminError::Refused(format!("no active booth {booth}"))) }
}

/// One line of `claims`: no personal data.
pub struct ClaimLine {
    pub sequence: u64,
    pub claim: ClaimId,
    pub tracking: String,
    pub booth_name: String,
    pub received_at: i64,
    pub state: &'static str,
}

/// The newest claims, at most `limit`.
pub fn claims(config: &Config, limit: u32) -> Result<Vec<ClaimLine>, AdminError> {
    let rows = open(config)?.claims(false, None, limit)?;
    Ok(rows
        .into_iter()
        .map(|row| ClaimLine {
            state: match (row.is_verified_in_call(), row.decision.is_some()) {
                (true, _) => "verified",
                (false, true) => "decided",
                (false, false) => "unverified",
            },
            sequence: row.sequence,
            claim: row.manifest.claim,
            tracking: row.manifest.tracking.to_string(),
            booth_name: row.booth_name,
            received_at: row.received_at.0,
        })
        .collect())
}

/// What officers have noted about an exported claim, where there is anything. No part is called so.
const EXPORTED_NOTES: &str = "notes.json";

/// Writes a claim's parts and notes in clear into a new directory that only the caller may read. How many files.
pub fn export(config: &Config, claim: ClaimId, dir: &Path) -> Result<usize, AdminError> {
    let ledger = open(config)?;
    let identities = keys::load_identities(&config.state_dir)?;
    let row = ledger.claim(claim)?.ok_or_else(|| AdminError::Refused(format!("no claim {claim}")))?;
    DirBuilder::new().mode(0o700).create(dir).map_err(|source| write(dir, source))?;
    // Before the first byte is out: a part that fails later changes nothing in that somebody wanted it.
    ledger.record(&[(wall_now(), AuditEvent::ClaimExported { claim })])?;
    for part in &row.manifest.parts {
        let sealed = ledger
            .part(row.manifest.booth, part.digest)?
            .ok_or_else(|| AdminError::Refused(format!("part {} is not in the ledger", part.name)))?;
        let clear =
            identities.open(&sealed).map_err(|error| AdminError::Refused(format!("part {}: {error}", part.name)))?;
        // The name is one of a fixed list: the manifest was validated before it was kept.
        write_new(&dir.join(&part.name), clear.reveal())?;
    }
    let notes: Vec<_> = ledger.notes(claim)?.into_iter().map(|note| identities.read_note(note)).collect();
    if notes.is_empty() {
        return Ok(row.manifest.parts.len());
    }
    let path = dir.join(EXPORTED_NOTES);
    let notes = serde_json::to_vec_pretty(&notes).map_err(|error| write(&path, error.into()))?;
    write_new(&path, &Zeroizing::new(notes))?;
    Ok(row.manifest.parts.len() + 1)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), AdminError> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|source| write(path, source))?;
    file.write_all(bytes).map_err(|source| write(path, source))
}

pub fn verify_audit(config: &Config, head: Option<Digest>) -> Result<AuditState, AdminError> {
    Ok(open(config)?.verify_audit(head)?)
}

pub(crate) fn open(config: &Config) -> Result<SqliteLedger, AdminError> {
    Ok(SqliteLedger::open(&ledger_path(config)?)?)
}

fn ledger_path(config: &Config) -> Result<PathBuf, AdminError> {
    let path = config.state_dir.join(LEDGER);
    if path.exists() { Ok(path) } else { Err(KeysError::Missing(path).into()) }
}

pub(crate) fn trimmed<'a>(what: &str, text: &'a str, max: usize) -> Result<&'a str, AdminError> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(AdminError::Refused(format!("{what} must have 1 to {max} characters"))) }
}

fn write(path: &Path, source: std::io::Error) -> AdminError {
    AdminError::Write { path: path.to_owned(), source }
}
