//! Numbers, as cards print and readers send them.

use super::Unreadable;
use zeroize::Zeroizing;

/// Separators that may stand between the digits, as some cards print them in groups.
const SEPARATORS: [u8; 3] = [b' ', b'.', b'-'];

/// The digits of a number that has one of the `lengths`.
///
/// # Errors
/// If it is none, or one of another length.
pub(super) fn number(text: &str, lengths: &[usize]) -> Result<Zeroizing<String>, Unreadable> {
    let digits = digits(text).ok_or(Unreadable::NotDigits)?;
    if lengths.contains(&digits.len()) { Ok(digits) } else { Err(Unreadable::WrongLength(digits.len())) }
}

/// The digits without their separators, which may stand between digits only.
fn digits(text: &str) -> Option<Zeroizing<String>> {
    let bytes = text.as_bytes();
    let framed = bytes.first()?.is_ascii_digit() && bytes.last()?.is_ascii_digit();
    if !framed || !bytes.iter().all(|byte| byte.is_ascii_digit() || SEPARATORS.contains(byte)) {
        return None;
    }
    // Reserved up front: a string that grows would leave copies of its beginning in freed memory.
    let mut digits = Zeroizing::new(String::with_capacity(bytes.len()));
    digits.extend(text.chars().filter(char::is_ascii_digit));
    Some(digits)
}

/// Whether nothing stands in a field but the marks that fill an empty one.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| SEPARATORS.contains(&byte) || byte.is_ascii_whitespace())
}
