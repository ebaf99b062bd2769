//! `recover-disk`: the passphrase of a booth's disk whose mainboard is dead.

use super::{AdminError, open};
use crate::clock::wall_now;
use crate::config::Config;
use crate::keys;
use crate::ledger::{Audit as _, AuditEvent};
use bilik_claim::recovery::DiskToken;
use zeroize::Zeroizing;

/// What opens the disk whose header has this token: `cryptsetup token export` as JSON. Noted in the audit trail first.
///
/// # Errors
///
/// [`AdminError::Refused`] for anything that is no such token, or sealed to another hub.
pub fn recover_disk(config: &Config, token: &[u8]) -> Result<Zeroizing<String>, AdminError> {
    let refused = |error: &dyn std::fmt::Display| AdminError::Refused(error.to_string());
    let token = DiskToken::read(token).map_err(|error| refused(&error))?;
    let sealed = token.sealed().map_err(|error| refused(&error))?;
    let ledger = open(config)?;
    let opened = keys::load_identities(&config.state_dir)?.open(&sealed).map_err(|_| {
        AdminError::Refused(format!(
            "the passphrase of booth {} is not sealed to a key of this hub, or damaged; sealing.key and sealing.key.N of the \
             hub that it was enrolled at have to be in state_dir",
            token.booth
        ))
    })?;
    let text = std::str::from_utf8(opened.reveal()).map_err(|error| refused(&error))?;
    ledger.record(&[(wall_now(), AuditEvent::DiskOpened { booth: token.booth })])?;
    Ok(Zeroizing::new(text.to_owned()))
}
