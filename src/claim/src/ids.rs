//! Identifiers. All of them are random or assigned: none says anything about a person, so logs may carry them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use ts_rs::TS;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A booth, from its enrolment on.
    BoothId
);
uuid_id!(
    /// A claim, made at the booth before anything is sent.
    ClaimId
);
uuid_id!(
    /// An officer's account.
    OfficerId
);
uuid_id!(
    /// One participant's visit at a booth.
    SessionId
);

/// One attempt to carry picture and sound between a booth and a console; the hub counts them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct CallId(pub u32);

/// Milliseconds since 1970-01-01 UTC by the wall clock. For showing and recording, never for order or timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct WallTime(pub i64);

/// SHA-256 of some bytes; as text, 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Upper case would be a second name for the same part.
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(hex::FromHexError::InvalidHexCharacter { c: 'A', index: 0 });
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The code a participant takes home: nine characters in three groups, such as `JK7-4QF-2MX`.
///
/// It is derived from the claim's id, so the booth can show it without the hub and the hub finds the same one. 45 bits:
/// a branch with a million claims has one chance in 35 million that a new code is taken already.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct TrackingCode(String);

/// A text of another form is not read as a code: codes are shown, and come over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a tracking code")]
pub struct NoTrackingCode;

/// Characters of a tracking code: three groups of three, and what stands between them.
const TRACKING_LENGTH: usize = 11;

/// Crockford's base 32: no I, L, O or U, so nobody reads a digit as a letter.
pub(crate) const BASE32: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl TrackingCode {
    pub fn of(claim: ClaimId) -> Self {
        let digest = Digest::of(claim.0.as_bytes());
        let mut bits =
            u64::from_be_bytes([0, 0, digest.0[0], digest.0[1], digest.0[2], digest.0[3], digest.0[4], digest.0[5]]);
        let mut code = String::with_capacity(TRACKING_LENGTH);
        for position in 0..9 {
            if position == 3 || position == 6 {
                code.push('-');
            }
            code.push(char::from(BASE32[(bits & 31) as usize]));
            bits >>= 5;
        }
        Self(code)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TrackingCode {
    type Error = NoTrackingCode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = |(at, byte): (usize, u8)| if at % 4 == 3 { byte == b'-' } else { BASE32.contains(&byte) };
        if text.len() == TRACKING_LENGTH && text.bytes().enumerate().all(fits) {
            Ok(Self(text))
        } else {
            Err(NoTrackingCode)
        }
    }
}

impl From<TrackingCode> for String {
    fn from(code: TrackingCode) -> Self {
        code.0
    }
}

impl fmt::Display for TrackingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_code_is_stable_and_readable() {
        let claim = ClaimId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
        let code = TrackingCode::of(claim);
        assert_eq!(code, TrackingCode::of(claim));
        assert_eq!(code.as_str().len(), 11);
        assert!(code.as_str().chars().all(|c| c == '-' || BASE32.contains(&(c as u8))));
        assert_ne!(code, TrackingCode::of(ClaimId(Uuid::from_u128(1))));
    }

    #[test]
    fn nothing_else_is_read_as_a_tracking_code() {
        let check = |text: &str, expect: bool| {
            let read = serde_json::from_value::<TrackingCode>(text.into());
            assert_eq!(read.is_ok(), expect, "{text}");
            assert!(read.is_err() || read.unwrap().as_str() == text);
        };
        check(TrackingCode::of(ClaimId(Uuid::nil())).as_str(), true);
        check("JK7-4QF-2MX", true);
        for text in ["", "JK7-4QF-2M", "JK7-4QF-2MXX", "jk7-4qf-2mx", "JK7-4QF-2MU", "JK74-QF-2MX", "JK7-4QF-2M\u{e9}"]
        {
            check(text, false);
        }
        check(&"7".repeat(600), false);
    }

    #[test]
    fn digest_has_one_spelling() {
        let digest = Digest::of(b"part");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
        assert!("abcd".parse::<Digest>().is_err());
    }
}
