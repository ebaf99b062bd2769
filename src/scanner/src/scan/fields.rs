//! Payloads of several fields: pairs of key and value, or columns.
//!
//! Of a field that occurs twice the first that is not empty counts. Of pairs, one that occurs again and says something else ends
//! the reading: there the answer for another card begins, and its fields must not complete those of the first. Columns that
//! a profile gives the same name are alternatives, and the reading goes on. A malformed number makes the whole payload
//! unreadable: what else it says may be damaged too.

use super::{Unreadable, number};
use crate::profile::{ColumnsFormat, FieldName, PairsFormat};
use zeroize::Zeroizing;

type Fields = Vec<(FieldName, Zeroizing<String>)>;

/// How many fields there are at most: one of each [`FieldName`].
const MAX_FIELDS: usize = 5;

/// What becomes of a field that occurs again and says something else than the first time.
#[derive(Clone, Copy)]
enum Repeated {
    /// It is skipped.
    Skipped,
    /// So is all that follows.
    Ends,
}

/// Reads pairs of key and value. What is no pair, and a key that the profile does not know, is skipped.
///
/// # Errors
/// If a number is malformed, or if there is no field.
pub(super) fn pairs(content: &str, format: &PairsFormat) -> Result<Fields, Unreadable> {
    let name = |key: &str| {
        let known = |known: &&String| known.trim().eq_ignore_ascii_case(key.trim());
        format.keys.iter().find(|(key, _)| known(key)).map(|(_, name)| *name)
    };
    let found = split(content, format.between).filter_map(|pair| {
        let (key, value) = pair.split_once(format.assign)?;
        Some((name(key)?, value))
    });
    collect(found, Repeated::Ends)
}

/// Reads columns. Those beyond the profile's are skipped; fewer are fine, as readers leave out empty ones at the end.
///
/// # Errors
/// If a number is malformed, or if there is no field.
pub(super) fn columns(content: &str, format: &ColumnsFormat) -> Result<Fields, Unreadable> {
    let columns = split(content, format.between).zip(&format.columns);
    collect(columns.filter_map(|(value, column)| Some((column.field()?, value))), Repeated::Skipped)
}

/// Whether `c` separates fields that are apart by `between`. Any line end does where one is meant.
pub(super) fn separates(between: char, c: char) -> bool {
    c == between || is_line_end(between) && is_line_end(c)
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\r' | '\n')
}

/// Splits at `between`; CR LF counts as one line end.
fn split(content: &str, between: char) -> impl Iterator<Item = &str> {
    let mut after = None;
    let pieces = content.split_inclusive(move |c| separates(between, c));
    // `split_inclusive` shows the separators, so that a LF that only completes a CR LF can be told from an empty line.
    let pieces = pieces.filter(move |piece| after.replace(*piece).is_none_or(|before| !completes(before, piece)));
    pieces.map(move |piece| piece.trim_end_matches(|c| separates(between, c)))
}

fn completes(before: &str, piece: &str) -> bool {
    piece == "\n" && before.ends_with('\r')
}

fn collect<'a>(found: impl Iterator<Item = (FieldName, &'a str)>, repeated: Repeated) -> Result<Fields, Unreadable> {
    let mut fields = Fields::with_capacity(MAX_FIELDS);
    for (name, text) in found.filter(|(_, text)| !number::is_blank(text)) {
        let value = match lengths(name) {
            Some(lengths) => number::number(text.trim_ascii(), lengths),
            None => Ok(words(text)),
        };
        match fields.iter().find(|(known, _)| *known == name) {
            None => fields.push((name, value?)),
            Some((_, first)) if value.as_ref() == Ok(first) => {}
            Some(_) => match repeated {
                Repeated::Skipped => {}
                Repeated::Ends => break,
            },
        }
    }
    if fields.is_empty() { Err(Unreadable::NoFields) } else { Ok(fields) }
}

/// How many digits the number of a field may have; `None` if it is text.
fn lengths(name: FieldName) -> Option<&'static [usize]> {
    match name {
        FieldName::Nik | FieldName::FamilyCard => Some(&[16]),
        FieldName::Kpj => Some(&[11]),
        // The old form, and the new one: a NIK, or 0 and the old form.
        FieldName::TaxNumber => Some(&[15, 16]),
        FieldName::Name => None,
    }
}

/// The words of `text`, apart by single blanks.
fn words(text: &str) -> Zeroizing<String> {
    // Reserved up front: a string that grows would leave copies of its beginning in freed memory.
    let mut words = Zeroizing::new(String::with_capacity(text.len()));
    for word in text.split_ascii_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}
