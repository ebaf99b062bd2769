//! Opens what booths have sealed. The only place where a claim becomes readable.

use age::Decryptor;
use age::x25519::Identity;
use bilik_claim::filing::MAX_PART;
use bilik_claim::personal::PersonalBytes;
use std::io::Read as _;
use thiserror::Error;
use zeroize::Zeroize as _;

#[derive(Debug, Error)]
pub enum OpenError {
    #[error("part is not sealed to this hub, or damaged")]
    Sealed,
    #[error("part is longer than {MAX_PART} bytes when opened")]
    TooLong,
}

/// Opens one part.
pub fn open(identity: &Identity, sealed: &[u8]) -> Result<PersonalBytes, OpenError> {
    let decryptor = Decryptor::new_buffered(sealed).map_err(|_| OpenError::Sealed)?;
    let reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).map_err(|_| OpenError::Sealed)?;
    // Sealed text is longer than the clear one, so this capacity is never grown and no copy is left behind.
    let mut clear = Vec::with_capacity(sealed.len());
    let read = reader.take(MAX_PART as u64 + 1).read_to_end(&mut clear);
    if read.is_err() {
        clear.zeroize();
        return Err(OpenError::Sealed);
    }
    let clear = PersonalBytes::new(clear);
    if clear.reveal().len() > MAX_PART { Err(OpenError::TooLong) } else { Ok(clear) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_identity_opens_undamaged_parts() {
        let identity = Identity::generate();
        let sealed = age::encrypt(&identity.to_public(), b"synthetic part").unwrap();
        assert_eq!(open(&identity, &sealed).unwrap().reveal(), b"synthetic part");
        assert!(open(&Identity::generate(), &sealed).is_err());
        assert!(open(&identity, b"not sealed at all").is_err());
        for place in [sealed.len() - 1, sealed.len() / 2] {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(open(&identity, &damaged).is_err(), "{place}");
        }
        assert!(open(&identity, &sealed[..sealed.len() - 1]).is_err());
    }
}
