//! Sealing to the hub: age with one X25519 recipient.
//!
//! Only the recipient is ever on the booth, so the queue can't be opened where it lies. The result is the binary age v1
//! format (<https://c2sp.org/age>), which `age -d -i IDENTITY` opens.

use crate::error::JournalError;

/// Bytes that sealing adds to a text of any length that fits a part, rounded up: the header, and 16 for each 64 KiB.
pub const OVERHEAD: usize = 4 << 10;

/// The hub's public key as the booth got it at enrolment.
#[derive(Clone)]
pub struct Sealer {
    recipient: age::x25519::Recipient,
    text: String,
}

impl Sealer {
    /// `recipient` is an `age1…` string.
    pub fn new(recipient: &str) -> Result<Self, JournalError> {
        let text = recipient.trim();
        Ok(Self { recipient: text.parse().map_err(JournalError::Recipient)?, text: text.to_owned() })
    }

    /// The recipient as manifests name it.
    pub fn recipient(&self) -> &str {
        &self.text
    }

    /// Seals bytes under a fresh key; the same bytes never seal to the same result twice.
    pub fn seal(&self, name: &str, clear: &[u8]) -> Result<Vec<u8>, JournalError> {
        age::encrypt(&self.recipient, clear)
            .map_err(|source| JournalError::Seal { name: name.to_owned(), source: Box::new(source) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::filing::MAX_PART;

    #[test]
    fn recipient_is_judged() {
        let identity = age::x25519::Identity::generate();
        let check = |text: &str, expect: bool| assert_eq!(Sealer::new(text).is_ok(), expect, "{text}");
        check(&identity.to_public().to_string(), true);
        check(&format!(" {}\n", identity.to_public()), true);
        check("", false);
        check("age1specimen", false);
        check("ssh-ed25519 AAAA", false);
    }

    #[test]
    fn only_the_identity_opens() {
        let identity = age::x25519::Identity::generate();
        let sealer = Sealer::new(&identity.to_public().to_string()).unwrap();
        let sealed = sealer.seal("specimen", b"SPECIMEN").unwrap();
        assert_eq!(age::decrypt(&identity, &sealed).unwrap(), b"SPECIMEN");
        assert!(age::decrypt(&age::x25519::Identity::generate(), &sealed).is_err());
        assert_ne!(sealed, sealer.seal("specimen", b"SPECIMEN").unwrap());
    }

    #[test]
    fn overhead_is_bounded() {
        let sealer = Sealer::new(&age::x25519::Identity::generate().to_public().to_string()).unwrap();
        for size in [0, 1, 1 << 16, (1 << 16) + 1, MAX_PART - OVERHEAD] {
            let sealed = sealer.seal("specimen", &vec![0; size]).unwrap();
            assert!(sealed.len() <= size + OVERHEAD, "{size} sealed to {}", sealed.len());
        }
    }
}
