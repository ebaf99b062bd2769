//! How a booth gets its identity.
//!
//! The hub's operator makes a code; a technician gives it to the booth. The code holds a secret that works once and for
//! as long as the operator has said (ten minutes for one that is typed), and a digest of the hub's certificate authority,
//! so the booth knows the right hub before it has ever spoken to it: nobody in between can hand it another one.

use crate::ids::{BASE32, BoothId, Digest};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Secret (128 bits) and the first half of the SHA-256 of the authority's certificate in DER (128 bits), written as 52
/// characters of Crockford's base 32 in groups of four. Case, dashes and spaces do not matter.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EnrolmentCode {
    pub secret: [u8; 16],
    pub authority: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EnrolmentCodeError {
    #[error("enrolment code has {0} characters, expected {CODE_LENGTH}")]
    Length(usize),
    #[error("enrolment code has a character that does not exist in it: {0:?}")]
    Character(char),
}

const CODE_LENGTH: usize = 52;

/// What an enrolling booth offers by ALPN (RFC 7301): the hub then shows the certificate of its own authority, even where
/// browsers get another one.
pub const ALPN: &[u8] = b"bilik-enrol/1";

impl EnrolmentCode {
    pub fn new(secret: [u8; 16], authority_der: &[u8]) -> Self {
        let mut authority = [0; 16];
        authority.copy_from_slice(&Digest::of(authority_der).0[..16]);
        Self { secret, authority }
    }

    /// Whether this certificate (DER) is the authority that the code was made for.
    pub fn names(&self, authority_der: &[u8]) -> bool {
        Digest::of(authority_der).0[..16] == self.authority
    }

    /// What the hub stores and compares: the secret itself is nowhere on its disk.
    pub fn secret_digest(&self) -> Digest {
        Digest::of(&self.secret)
    }
}

impl fmt::Display for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.secret.iter().chain(&self.authority).copied().collect();
        for position in 0..CODE_LENGTH {
            if position > 0 && position % 4 == 0 {
                f.write_str("-")?;
            }
            let value = (0..5).fold(0, |value, offset| value << 1 | bit(&bytes, position * 5 + offset));
            write!(f, "{}", char::from(BASE32[usize::from(value)]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentCode(..)")
    }
}

impl FromStr for EnrolmentCode {
    type Err = EnrolmentCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0_u8; 33];
        let mut count = 0;
        for character in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            // Crockford: what looks like a digit is one.
            let upper = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value =
                BASE32.iter().position(|c| char::from(*c) == upper).ok_or(EnrolmentCodeError::Character(character))?;
            if count < CODE_LENGTH {
                for offset in 0..5 {
                    let place = count * 5 + offset;
                    let set = (value >> (4 - offset) & 1) as u8;
                    bytes[place / 8] |= set << (7 - place % 8);
                }
            }
            count += 1;
        }
        if count != CODE_LENGTH {
            return Err(EnrolmentCodeError::Length(count));
        }
        let mut code = Self { secret: [0; 16], authority: [0; 16] };
        code.secret.copy_from_slice(&bytes[..16]);
        code.authority.copy_from_slice(&bytes[16..32]);
        Ok(code)
    }
}

fn bit(bytes: &[u8], place: usize) -> u8 {
    bytes.get(place / 8).map_or(0, |byte| byte >> (7 - place % 8) & 1)
}

/// `POST /api/v1/enrol`, from the booth, on the listener that asks for no client certificate.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    pub protocol: u16,
    /// [`EnrolmentCode::secret`] in hexadecimal.
    pub secret: String,
    /// PKCS#10 request in PEM; the key stays at the booth.
    pub csr: String,
    /// Ed25519 public key that will sign manifests, in hexadecimal.
    pub manifest_key: String,
}

/// The hub's answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolAnswer {
    pub booth: BoothId,
    pub booth_name: String,
    pub branch_name: String,
    /// PEM, from the hub's authority, for TLS client authentication.
    pub certificate: String,
    /// PEM. The booth trusts this one only, for this hub only.
    pub authority: String,
    /// `host:port` of the listener for booths.
    pub booth_address: String,
    /// age recipient that claims are sealed to.
    pub recipient: String,
    /// Ed25519 public key that signs receipts, in hexadecimal.
    pub receipt_key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_survives_a_human() {
        let code = EnrolmentCode::new(*b"0123456789abcdef", b"certificate");
        let text = code.to_string();
        assert_eq!(text.len(), 52 + 12);
        assert!(text.parse::<EnrolmentCode>().unwrap() == code);
        let sloppy = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert!(sloppy.parse::<EnrolmentCode>().unwrap() == code);
        assert!(code.names(b"certificate") && !code.names(b"another"));
        assert_eq!(format!("{code:?}"), "EnrolmentCode(..)");
    }

    #[test]
    fn bad_codes_are_explained() {
        assert_eq!("ABC".parse::<EnrolmentCode>().unwrap_err(), EnrolmentCodeError::Length(3));
        assert_eq!("U".parse::<EnrolmentCode>().unwrap_err(), EnrolmentCodeError::Character('U'));
        assert_eq!("A".repeat(60).parse::<EnrolmentCode>().unwrap_err(), EnrolmentCodeError::Length(60));
    }
}
