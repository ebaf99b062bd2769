//! The second way into a booth's disk, for when its mainboard is dead: a passphrase, sealed to the hub, in the disk's header.
//!
//! The booth's machine writes it as a token of the LUKS2 header (`cryptsetup token export` shows it), `bilik-hub
//! recover-disk` reads it. The passphrase opens the disk and no claim: those are sealed on their own.

use crate::ids::BoothId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The token's place in the header. Far behind those that systemd numbers from 0.
pub const TOKEN: u8 = 7;
/// The largest token that is read, in bytes. A real one has about 600.
pub const MAX_BYTES: usize = 16 << 10;
/// Bytes of a passphrase: 256 random bits, hexadecimal.
pub const PASSPHRASE: usize = 64;

const TYPE: &str = "bilik-recovery";

/// The token as cryptsetup takes and gives it, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskToken {
    #[serde(rename = "type")]
    kind: String,
    /// Numbers of the key slots that the passphrase opens.
    keyslots: Vec<String>,
    pub booth: BoothId,
    /// The passphrase as an age file, base64.
    sealed: String,
}

#[derive(Debug, Error)]
pub enum TokenError {
    #[error("this is no recovery token of a booth; `cryptsetup token export --token-id={TOKEN} PARTITION` gives it")]
    NotAToken,
    #[error("the recovery token is damaged: it is not base64")]
    Damaged,
}

impl DiskToken {
    /// `sealed`: the passphrase of this key slot, an age file.
    pub fn new(keyslot: u8, booth: BoothId, sealed: &[u8]) -> Self {
        Self { kind: TYPE.into(), keyslots: vec![keyslot.to_string()], booth, sealed: BASE64.encode(sealed) }
    }

    /// Reads what cryptsetup has exported: at most [`MAX_BYTES`].
    pub fn read(json: &[u8]) -> Result<Self, TokenError> {
        let token: Self = serde_json::from_slice(json).map_err(|_| TokenError::NotAToken)?;
        if token.kind == TYPE { Ok(token) } else { Err(TokenError::NotAToken) }
    }

    /// The age file.
    pub fn sealed(&self) -> Result<Vec<u8>, TokenError> {
        BASE64.decode(&self.sealed).map_err(|_| TokenError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_tokens_of_booths_are_read() {
        let token = DiskToken::new(0, BoothId(Uuid::from_u128(1)), b"specimen");
        let json = serde_json::to_string(&token).unwrap();
        // As cryptsetup wants it: these two are what it looks at.
        assert!(json.contains(r#""type":"bilik-recovery""#) && json.contains(r#""keyslots":["0"]"#), "{json}");
        let read = DiskToken::read(json.as_bytes()).unwrap();
        assert_eq!((read.sealed().unwrap().as_slice(), &read), (&b"specimen"[..], &token));
        let check = |from: &str, to: &str| {
            let other = json.replace(from, to);
            assert_ne!(other, json, "{from}");
            assert!(DiskToken::read(other.as_bytes()).and_then(|token| token.sealed()).is_err(), "{other}");
        };
        check("bilik-recovery", "systemd-tpm2");
        check("\"sealed\":\"", "\"sealed\":\"*");
        check("\"booth\"", "\"hub\"");
        check("{", "");
        assert!(DiskToken::read(b"").is_err());
    }
}
