//! What a booth says of itself in the code on its screen, signed: which system runs, and when that was said.
//!
//! ```text
//! bilik1 VERSION ROOTHASH BOOTH MINUTE SIGNATURE
//! bilik1 0.2.0 5ec1..be00 018f..-.. 2026-11-22T17:53Z Xk3..-_w
//! ```
//!
//! One line of ASCII, so that any program that reads QR codes can hand it over. The signature is Ed25519 over the signing domain,
//! a zero byte and the text before it, by the key that signs the booth's claims; base64 for addresses, without padding (RFC 4648,
//! section 5). It tells that this booth said so at that minute, by the booth's clock. It cannot tell that a booth whose program
//! was replaced speaks the truth: what keeps it from being replaced is the system's own signature and its root hash.

use crate::ids::BoothId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

const FORMAT: &str = "bilik1";
const DOMAIN: &str = "bilik attestation 1";
/// Longer than any that a booth makes.
const LONGEST: usize = 400;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Of the image, such as `0.2.0`.
    pub version: String,
    /// Of the image's tree of hashes: hexadecimal.
    pub root_hash: String,
    pub booth: BoothId,
    /// Since 1970, UTC.
    pub minute: i64,
}

/// An attestation that was read, and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    text: String,
    signature: Signature,
    pub attestation: Attestation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AttestError {
    #[error("this is not what a booth shows: six words that begin with {FORMAT}")]
    Shape,
    #[error("the {0} in it is not one")]
    Word(&'static str),
}

impl Attestation {
    /// The line for the screen. A version is one word.
    pub fn sign(&self, key: &SigningKey) -> String {
        let at = jiff::Timestamp::from_second(self.minute.saturating_mul(60)).unwrap_or_default();
        let (version, hash, booth) = (&self.version, &self.root_hash, self.booth);
        let text = format!("{FORMAT} {version} {hash} {booth} {}", at.strftime("%Y-%m-%dT%H:%MZ"));
        let signature = BASE64.encode(key.sign(&message(&text)).to_bytes());
        format!("{text} {signature}")
    }
}

impl Claimed {
    /// Reads the line; spaces around and between the words do not matter.
    ///
    /// # Errors
    /// If it is not such a line.
    pub fn read(line: &str) -> Result<Self, AttestError> {
        if line.len() > LONGEST {
            return Err(AttestError::Shape);
        }
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [FORMAT, version, root_hash, booth, minute, signature] = words.as_slice() else {
            return Err(AttestError::Shape);
        };
        if root_hash.len() != 64 || !root_hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AttestError::Word("root hash"));
        }
        let at: jiff::Timestamp = minute.parse().map_err(|_| AttestError::Word("time"))?;
        let signature = BASE64.decode(signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        Ok(Self {
            text: words.get(..5).unwrap_or_default().join(" "),
            signature: signature.ok_or(AttestError::Word("signature"))?,
            attestation: Attestation {
                version: (*version).to_owned(),
                root_hash: (*root_hash).to_owned(),
                booth: booth.parse().map_err(|_| AttestError::Word("booth's id"))?,
                minute: at.as_second().div_euclid(60),
            },
        })
    }

    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verify_strict(&message(&self.text), &self.signature).is_ok()
    }
}

fn message(text: &str) -> Vec<u8> {
    [DOMAIN.as_bytes(), b"\0", text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specimen() -> Attestation {
        Attestation {
            version: "0.2.0".into(),
            root_hash: "5ec1be00".repeat(8),
            booth: BoothId(uuid::Uuid::from_u128(3)),
            minute: 29_922_773,
        }
    }

    #[test]
    fn what_is_signed_is_read_and_believed_and_nothing_else() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let line = specimen().sign(&key);
        assert!(line.starts_with("bilik1 0.2.0 5ec1be00"), "{line}");
        let read = Claimed::read(&format!(" {}\n", line.replace(' ', "  "))).unwrap();
        assert_eq!(read.attestation, specimen());
        assert!(read.is_signed_by(&key.verifying_key()));
        assert!(!read.is_signed_by(&SigningKey::from_bytes(&[8; 32]).verifying_key()));
        let words: Vec<&str> = line.split(' ').collect();
        for (place, other) in [(1, "0.3.0"), (2, &"5ec1be01".repeat(8)), (4, "2026-11-22T00:00Z")] {
            let mut changed = words.clone();
            changed[place] = other;
            let read = Claimed::read(&changed.join(" ")).unwrap();
            assert!(!read.is_signed_by(&key.verifying_key()), "{other}");
        }
    }

    #[test]
    fn what_is_no_attestation_is_named() {
        let line = specimen().sign(&SigningKey::from_bytes(&[7; 32]));
        let check = |place: usize, word: &str, wanted: AttestError| {
            let mut words: Vec<&str> = line.split(' ').collect();
            words[place] = word;
            assert_eq!(Claimed::read(&words.join(" ")), Err(wanted), "{word}");
        };
        check(0, "bilik2", AttestError::Shape);
        check(1, "", AttestError::Shape);
        check(1, &"9".repeat(500), AttestError::Shape);
        check(2, "5ec1be00", AttestError::Word("root hash"));
        check(3, "Bilik", AttestError::Word("booth's id"));
        check(4, "yesterday", AttestError::Word("time"));
        check(5, "????", AttestError::Word("signature"));
        assert_eq!(Claimed::read(""), Err(AttestError::Shape));
    }
}
