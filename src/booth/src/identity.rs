//! Who this booth is, once it is enrolled: `STATE/identity.json`, readable by the booth's user only. The keys are held like
//! a person's data: wiped when dropped, never in a log.
//!
//! The file appears as a whole or not at all, so a power cut during enrolment leaves a booth that is not enrolled rather than
//! half of one.

use crate::durable;
use bilik_claim::enrolment::EnrolAnswer;
use bilik_claim::personal::Personal;
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

const FILE: &str = "identity.json";

#[derive(Debug, Error)]
pub enum IdentityError {
    #[error("failed to {operation} {path}")]
    Io { operation: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{path} is not an identity of a booth; enrol it again")]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("{path} holds a key that is not 32 bytes of hexadecimal; enrol it again")]
    Key { path: PathBuf },
}

/// What enrolment gave, and the booth's own keys.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub hub: EnrolAnswer,
    /// PKCS#8 in PEM, for TLS client authentication.
    pub tls_key: Personal,
    /// Ed25519 seed in hexadecimal, signs manifests.
    manifest_seed: Personal,
}

impl Identity {
    pub fn new(hub: EnrolAnswer, tls_key: String, manifest_key: &SigningKey) -> Self {
        Self {
            hub,
            tls_key: Personal::new(tls_key),
            manifest_seed: Personal::new(hex::encode(manifest_key.to_bytes())),
        }
    }

    /// None while the booth is not enrolled.
    pub fn load(state_dir: &Path) -> Result<Option<Self>, IdentityError> {
        let path = state_dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(IdentityError::Io { operation: "read", path, source }),
        };
        let identity: Self =
            serde_json::from_str(&text).map_err(|source| IdentityError::Malformed { path: path.clone(), source })?;
        if identity.manifest_seed().is_none() || identity.receipt_key().is_none() {
            return Err(IdentityError::Key { path });
        }
        Ok(Some(identity))
    }

    pub fn store(&self, state_dir: &Path) -> Result<(), IdentityError> {
        let path = state_dir.join(FILE);
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| IdentityError::Malformed { path: path.clone(), source })?;
        durable::replace(state_dir, FILE, Zeroizing::new(text).as_bytes()).map_err(|source| IdentityError::Io {
            operation: "write",
            path,
            source,
        })
    }

    /// Signs this booth's manifests.
    pub fn manifest_key(&self) -> SigningKey {
        // Loading has refused anything else.
        SigningKey::from_bytes(&self.manifest_seed().unwrap_or_default())
    }

    /// Verifies the hub's receipts.
    pub fn receipt_key(&self) -> Option<VerifyingKey> {
        let bytes = hex_32(&self.hub.receipt_key)?;
        VerifyingKey::from_bytes(&bytes).ok()
    }

    fn manifest_seed(&self) -> Option<[u8; 32]> {
        hex_32(self.manifest_seed.reveal())
    }
}

fn hex_32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::ids::BoothId;
    use std::os::unix::fs::PermissionsExt as _;

    fn identity() -> Identity {
        let receipt_key = hex::encode(SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
        let hub = EnrolAnswer {
            booth: BoothId(uuid::Uuid::from_u128(1)),
            booth_name: "Bilik 3".into(),
            branch_name: "Specimen".into(),
            certificate: "pem".into(),
            authority: "pem".into(),
            booth_address: "localhost:1".into(),
            recipient: "age1specimen".into(),
            receipt_key,
        };
        Identity::new(hub, "key".into(), &SigningKey::from_bytes(&[7; 32]))
    }

    #[test]
    fn stored_for_the_booth_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Identity::load(dir.path()).unwrap().is_none());
        identity().store(dir.path()).unwrap();
        let loaded = Identity::load(dir.path()).unwrap().unwrap();
        assert_eq!(loaded.manifest_key().to_bytes(), [7; 32]);
        assert_eq!(loaded.hub.booth_name, "Bilik 3");
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "{}").unwrap();
        let error = Identity::load(dir.path()).err().unwrap();
        assert!(error.to_string().contains("enrol it again"), "{error}");
        let mut broken = identity();
        broken.hub.receipt_key = "abc".into();
        broken.store(dir.path()).unwrap();
        assert!(matches!(Identity::load(dir.path()), Err(IdentityError::Key { .. })));
    }
}
