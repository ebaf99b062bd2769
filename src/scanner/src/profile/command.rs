//! Bytes that configuration writes as hexadecimal text, as data sheets do: `"16 54 0D"`.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Most bytes a command, prefix or suffix may have.
pub const MAX_COMMAND: usize = 64;

/// Bytes to send to a reader, or to expect from it. Empty by default: nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes(Vec<u8>);

/// A text that is no hexadecimal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BytesError {
    /// Not pairs of hexadecimal digits.
    #[error("bytes are written in hexadecimal, two digits each, for example \"16 54 0D\"")]
    NotHex,
    /// Too many.
    #[error("more than {MAX_COMMAND} bytes")]
    TooMany,
}

impl Bytes {
    /// The bytes of a text such as `16 54 0D`. Blanks between them are optional.
    ///
    /// # Errors
    /// If the text is not hexadecimal or has more than [`MAX_COMMAND`] bytes.
    pub fn from_hex(text: &str) -> Result<Self, BytesError> {
        let mut bytes = Vec::new();
        for group in text.split_ascii_whitespace() {
            if !group.len().is_multiple_of(2) {
                return Err(BytesError::NotHex);
            }
            for pair in group.as_bytes().chunks(2) {
                let pair = std::str::from_utf8(pair).map_err(|_| BytesError::NotHex)?;
                // `from_str_radix` would take a sign.
                if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return Err(BytesError::NotHex);
                }
                bytes.push(u8::from_str_radix(pair, 16).map_err(|_| BytesError::NotHex)?);
            }
        }
        if bytes.len() > MAX_COMMAND { Err(BytesError::TooMany) } else { Ok(Self(bytes)) }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for Bytes {
    type Error = BytesError;

    fn try_from(text: String) -> Result<Self, BytesError> {
        Self::from_hex(&text)
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        bytes.to_string()
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_bytes() {
        let check = |text: &str, expect: Result<&[u8], BytesError>| {
            let read = Bytes::from_hex(text);
            assert_eq!(read.as_ref().map(Bytes::as_slice).map_err(|e| *e), expect, "{text}");
        };
        check("", Ok(&[]));
        check("16 54 0D", Ok(&[0x16, 0x54, 0x0d]));
        check("16540d", Ok(&[0x16, 0x54, 0x0d]));
        check(" 04e4 0400\tff 14 ", Ok(&[0x04, 0xe4, 0x04, 0x00, 0xff, 0x14]));
        check("1", Err(BytesError::NotHex));
        check("1 6", Err(BytesError::NotHex));
        check("+1", Err(BytesError::NotHex));
        check("0x16", Err(BytesError::NotHex));
        check("é1", Err(BytesError::NotHex));
        check(&"00".repeat(MAX_COMMAND + 1), Err(BytesError::TooMany));
        assert_eq!(Bytes::from_hex("16540d").unwrap().to_string(), "16 54 0D");
    }
}
