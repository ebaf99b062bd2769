//! The accounts of the people in the office.

use super::LedgerError;
use bilik_claim::ids::{OfficerId, WallTime};
use bilik_claim::text::Language;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Serves participants and takes up claims.
    Officer,
    /// As an officer, and sees every session's documents.
    Supervisor,
    /// Looks after booths; sees no participant.
    Technician,
    /// Reads who did what; sees no participant.
    Auditor,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Officer, Role::Supervisor, Role::Technician, Role::Auditor];

    pub fn code(self) -> &'static str {
        match self {
            Role::Officer => "officer",
            Role::Supervisor => "supervisor",
            Role::Technician => "technician",
            Role::Auditor => "auditor",
        }
    }

    /// May talk to participants and open claims.
    pub fn serves(self) -> bool {
        match self {
            Role::Officer | Role::Supervisor => true,
            Role::Technician | Role::Auditor => false,
        }
    }

    /// May look at sessions in the hands of others.
    pub fn oversees(self) -> bool {
        match self {
            Role::Supervisor => true,
            Role::Officer | Role::Technician | Role::Auditor => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL
            .into_iter()
            .find(|role| role.code() == text)
            .ok_or_else(|| "must be officer, supervisor, technician or auditor".to_owned())
    }
}

/// An account.
#[derive(Clone)]
pub struct OfficerRow {
    pub officer: OfficerId,
    pub login: String,
    pub name: String,
    pub role: Role,
    pub languages: Vec<Language>,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// Shared secret of the one-time codes (RFC 6238).
    pub totp_secret: Zeroizing<Vec<u8>>,
    pub disabled: bool,
}

impl fmt::Debug for OfficerRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfficerRow").field("officer", &self.officer).field("role", &self.role).finish_non_exhaustive()
    }
}

pub trait Officers {
    /// False if the login is taken.
    fn add_officer(&self, officer: &OfficerRow, now: WallTime) -> Result<bool, LedgerError>;

    fn officer(&self, officer: OfficerId) -> Result<Option<OfficerRow>, LedgerError>;

    fn officer_by_login(&self, login: &str) -> Result<Option<OfficerRow>, LedgerError>;

    fn officers(&self) -> Result<Vec<OfficerRow>, LedgerError>;

    /// Marks a time step of one-time codes as used. False if it, or a later one, was used before.
    fn use_totp_step(&self, officer: OfficerId, step: i64) -> Result<bool, LedgerError>;

    /// Shuts an account. False if there is no such login.
    fn disable_officer(&self, login: &str, now: WallTime) -> Result<bool, LedgerError>;
}
