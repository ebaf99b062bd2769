//! Whether what a booth's screen says of its system is signed by a booth of this hub.

use super::{AdminError, open};
use crate::clock::utc;
use crate::config::Config;
use crate::ledger::Booths as _;
use bilik_claim::attest::Claimed;
use bilik_claim::ids::WallTime;
use ed25519_dalek::VerifyingKey;

/// What `attest` shows of a line that some booth signed.
///
/// # Errors
///
/// If it is no such line, or no booth of this hub signed it.
pub fn attest(config: &Config, line: &str, now: WallTime) -> Result<Vec<String>, AdminError> {
    let claimed = Claimed::read(line).map_err(|error| AdminError::Refused(error.to_string()))?;
    let said = &claimed.attestation;
    let ledger = open(config)?;
    let refused = |what: &str| Err(AdminError::Refused(format!("NOT GENUINE: {what}")));
    let Some(booth) = ledger.booth(said.booth)? else {
        return refused("this hub knows no such booth");
    };
    let keys = ledger.booth_keys(said.booth)?;
    let signer = keys.iter().position(|key| VerifyingKey::from_bytes(key).is_ok_and(|key| claimed.is_signed_by(&key)));
    let key = match signer {
        None => return refused("the signature is not that booth's"),
        Some(0) => "its key",
        Some(_) => "a key that was REPLACED since",
    };
    let state = if booth.revoked { ", REVOKED" } else { "" };
    let at = WallTime(said.minute.saturating_mul(60_000));
    let age = now.0.saturating_sub(at.0).div_euclid(60_000);
    let ago = if age < 0 { format!("{} min AHEAD of this clock", -age) } else { format!("{age} min ago") };
    Ok(vec![
        format!("signed by  {} {}{state}, with {key}", booth.booth, booth.name),
        format!("version    {}", said.version),
        format!("root hash  {}", said.root_hash),
        format!("said at    {} ({ago})", utc(at)),
    ])
}
