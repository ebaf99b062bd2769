//! argon2id (RFC 9106) with the crate's defaults, which are OWASP's second choice: 19 MiB, 2 passes, 1 lane.

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Argon2, password_hash};

/// Shortest and longest password, in bytes. The upper bound keeps a stranger from making us hash megabytes.
pub const MIN_PASSWORD: usize = 10;
pub const MAX_PASSWORD: usize = 256;

/// What an unknown login is checked against, so that it takes as long as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YmlsaWstbm9ib2R5LXNhbHQ$gqgHjvzhrv8bMFJjxN1IFkcbPhPGSs2XlKMzC/4jmRQ";

/// A hash as a PHC string.
pub fn hash(password: &str) -> Result<String, password_hash::Error> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt)?.to_string())
}

/// Whether the password fits the hash; none stands for an unknown login, which takes as long and never fits.
pub fn fits(password: &str, hash: Option<&str>) -> bool {
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let fits = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    fits && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits() {
        let stored = hash("kata sandi contoh").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(fits("kata sandi contoh", Some(&stored)));
        assert!(!fits("kata sandi Contoh", Some(&stored)));
        assert!(!fits("kata sandi contoh", None));
        assert!(!fits("", Some("not a hash")));
        assert_ne!(stored, hash("kata sandi contoh").unwrap());
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let real = hash("kata sandi contoh").unwrap();
        let (nobody, real) = (PasswordHash::new(NOBODY).unwrap(), PasswordHash::new(&real).unwrap());
        assert_eq!((nobody.algorithm, nobody.params.clone()), (real.algorithm, real.params.clone()));
        assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
    }
}
