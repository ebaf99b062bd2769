//! What a payload holds, and what stands around it.

use super::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a payload holds, and what stands around it. Taken off in this order: prefix and suffix, AIM identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PayloadSettings {
    /// Answers that mean "no card seen", without regard to case, beside the usual ones (`NR`, `No Read` ..).
    pub no_read: Vec<String>,
    /// What to do with an AIM symbology identifier (`]C1`) in front.
    pub aim: Aim,
    /// Taken off the front if it stands there.
    pub prefix: Bytes,
    /// Taken off the end if it stands there.
    pub suffix: Bytes,
    /// What the rest means.
    pub content: ContentFormat,
}

/// What to do with an AIM symbology identifier (ISO/IEC 15424).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// Taken off where there is one, and kept as the symbology.
    #[default]
    Strip,
    /// The reader sends none: a `]` belongs to the content.
    Keep,
}

/// What the rest means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ContentFormat {
    /// A number, or the lines of a machine-readable zone.
    // Braces: serde refuses unknown keys only beside a variant that may have keys.
    Plain {},
    /// `NIK=3171..;NAMA=..`
    Pairs(PairsFormat),
    /// `3171..|BUDI|..`
    Columns(ColumnsFormat),
    /// `%track 1?;track 2?+track 3?`
    Tracks {},
}

/// Settings of [`ContentFormat::Pairs`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairsFormat {
    /// Between pairs.
    pub between: char,
    /// Between key and value.
    pub assign: char,
    /// Which key, without regard to case, means which field. Other keys are skipped.
    pub keys: BTreeMap<String, FieldName>,
}

/// Settings of [`ContentFormat::Columns`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnsFormat {
    /// Between columns.
    pub between: char,
    /// The field of each column; `skip` for one of no use.
    pub columns: Vec<Column>,
}

/// A column of a delimited payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// Of no use.
    Skip,
    /// Population number.
    Nik,
    /// Participant number.
    Kpj,
    /// Family card number.
    FamilyCard,
    /// Tax number.
    TaxNumber,
    /// Full name.
    Name,
}

/// A field that a payload names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldName {
    /// Population number.
    Nik,
    /// Participant number.
    Kpj,
    /// Family card number.
    FamilyCard,
    /// Tax number.
    TaxNumber,
    /// Full name.
    Name,
}

impl Column {
    /// The field, unless the column is of no use.
    pub fn field(self) -> Option<FieldName> {
        match self {
            Self::Skip => None,
            Self::Nik => Some(FieldName::Nik),
            Self::Kpj => Some(FieldName::Kpj),
            Self::FamilyCard => Some(FieldName::FamilyCard),
            Self::TaxNumber => Some(FieldName::TaxNumber),
            Self::Name => Some(FieldName::Name),
        }
    }
}

impl Default for PayloadSettings {
    fn default() -> Self {
        Self {
            no_read: Vec::new(),
            aim: Aim::Strip,
            prefix: Bytes::default(),
            suffix: Bytes::default(),
            content: ContentFormat::Plain {},
        }
    }
}

impl Default for PairsFormat {
    fn default() -> Self {
        Self { between: ';', assign: '=', keys: BTreeMap::new() }
    }
}

impl Default for ColumnsFormat {
    fn default() -> Self {
        Self { between: '|', columns: Vec::new() }
    }
}
