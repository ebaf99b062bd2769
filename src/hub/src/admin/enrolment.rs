//! Codes that let a booth in.

use super::{AdminError, MAX_NAME, open, trimmed};
use crate::authority::Authority;
use crate::clock::wall_now;
use crate::config::Config;
use crate::keys;
use crate::ledger::{Booths as _, CodeId, Enrolment, Ledger, LedgerError, OpenCode, Validity};
use crate::sqlite::SqliteLedger;
use bilik_claim::enrolment::EnrolmentCode;
use bilik_claim::ids::{BoothId, WallTime};

/// Whom a code lets in.
#[derive(Clone, Debug)]
pub enum Enrolee {
    /// A new booth, by the name that officers will see.
    New(String),
    /// A known booth gets a new identity under its old id: what it has queued stays its own. Its old certificate and
    /// manifest key stay good; if they may be in foreign hands, the booth is revoked instead.
    Known(BoothId),
}

/// A code, good once. Nobody can read it again: the ledger has a digest only.
pub struct EnrolCode {
    pub code: EnrolmentCode,
    pub id: CodeId,
    pub booth_name: String,
    pub expires_at: WallTime,
}

/// Makes a code.
pub fn enrol_code(config: &Config, enrolee: &Enrolee, validity: Validity) -> Result<EnrolCode, AdminError> {
    let ledger = open(config)?;
    let enrolment = match enrolee {
        Enrolee::New(name) => Enrolment { booth: None, name: trimmed("booth name", name, MAX_NAME)?.to_owned() },
        Enrolee::Known(booth) => Enrolment { booth: Some(*booth), name: name_of(&ledger, *booth)? },
    };
    let authority = keys::load_authority(&config.state_dir)?;
    Ok(issue(&ledger, &authority, enrolment, validity)?)
}

/// The only moment at which a code is known.
pub(crate) fn issue(
    ledger: &dyn Ledger,
    authority: &Authority,
    enrolment: Enrolment,
    validity: Validity,
) -> Result<EnrolCode, LedgerError> {
    let code = EnrolmentCode::new(rand::random(), authority.der());
    let (secret, now) = (code.secret_digest(), wall_now());
    ledger.add_enrolment_code(secret, &enrolment, validity, now)?;
    Ok(EnrolCode { code, id: CodeId::of(secret), booth_name: enrolment.name, expires_at: validity.end(now) })
}

fn name_of(ledger: &SqliteLedger, booth: BoothId) -> Result<String, AdminError> {
    let known = ledger.booth(booth)?.ok_or_else(|| AdminError::Refused(format!("no booth {booth}")))?;
    if known.revoked {
        let told = format!("booth {booth} is revoked: let it in as a new one, and `recover` what it has queued");
        return Err(AdminError::Refused(told));
    }
    Ok(known.name)
}

/// Codes that are neither used nor too old.
pub fn open_codes(config: &Config) -> Result<Vec<OpenCode>, AdminError> {
    Ok(open(config)?.enrolment_codes(wall_now())?)
}

/// Takes a code back that nobody has used yet.
pub fn revoke_code(config: &Config, id: CodeId) -> Result<(), AdminError> {
    let known = open(config)?.revoke_enrolment_code(id, wall_now())?;
    let told = || format!("no code {id}: it was used, is too old, or never was; `booth list` shows who came in");
    if known { Ok(()) } else { Err(AdminError::Refused(told())) }
}
