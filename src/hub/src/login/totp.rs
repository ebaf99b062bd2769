//! One-time codes after RFC 6238: SHA-1, six digits, 30 seconds, as every authenticator app does it.

use totp_rs::{Algorithm, TOTP};

/// Length of a time step, in seconds.
const STEP: u64 = 30;
/// Clocks of phones are a little off: the step before and the step after pass too (RFC 6238, section 5.2).
const SKEW: u64 = 1;
/// Length of a secret, in bytes: as long as SHA-1's output (RFC 4226, section 4).
pub const SECRET: usize = 20;

/// The time step that this code belongs to, if it is one of those that pass now; `now` in seconds since 1970. The
/// caller keeps a step from being used twice.
pub fn step_of(secret: &[u8], code: &str, now: u64) -> Option<i64> {
    let totp = TOTP::new_unchecked(Algorithm::SHA1, 6, 0, STEP, secret.to_vec(), None, String::new());
    let present = now / STEP;
    // All steps are computed and compared in full, whichever fits.
    let fitting = (present.saturating_sub(SKEW)..=present + SKEW).fold(None, |found, step| {
        if equal(totp.generate(step * STEP).as_bytes(), code.as_bytes()) { Some(step) } else { found }
    });
    fitting.and_then(|step| i64::try_from(step).ok())
}

/// The secret as people type it (base 32) and as an authenticator app reads it (`otpauth://`).
pub fn provisioning(secret: &[u8], issuer: &str, login: &str) -> (String, String) {
    // A colon separates issuer from account in the label.
    let clean = |text: &str| text.replace(':', " ");
    let totp = TOTP::new_unchecked(Algorithm::SHA1, 6, 1, STEP, secret.to_vec(), Some(clean(issuer)), clean(login));
    (totp.get_secret_base32(), totp.get_url())
}

fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_standard_pass_in_their_time() {
        // RFC 6238, appendix B, the last six of eight digits.
        let check = |time: u64, code: &str, expect: Option<i64>| {
            assert_eq!(step_of(b"12345678901234567890", code, time), expect, "{time} {code}");
        };
        check(59, "287082", Some(1));
        check(89, "287082", Some(1));
        check(90, "287082", None);
        check(29, "287082", Some(1));
        check(1_111_111_109, "081804", Some(37_037_036));
        check(20_000_000_000, "353130", Some(666_666_666));
        check(59, "287083", None);
        check(59, "28708", None);
        check(59, "", None);
        check(59, " 287082", None);
    }

    #[test]
    fn provisioning_is_what_apps_read() {
        let (secret, uri) = provisioning(b"12345678901234567890", "Bilik: Contoh", "sari");
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(uri.starts_with("otpauth://totp/Bilik%20%20Contoh:sari?secret=GEZDGNBV"), "{uri}");
    }
}
