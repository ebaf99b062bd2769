//! The kind of code a payload was read from.

/// The kind of code, by the code letter of its AIM symbology identifier (ISO/IEC 15424). The modifier after the letter carries
/// options only and is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbology {
    /// `]A`
    Code39,
    /// `]C`, GS1-128 among them
    Code128,
    /// `]E`, UPC among them
    Ean,
    /// `]F`
    Codabar,
    /// `]G`
    Code93,
    /// `]I`
    Interleaved2Of5,
    /// `]L`
    Pdf417,
    /// `]Q`
    QrCode,
    /// `]d`
    DataMatrix,
    /// `]e`
    Gs1DataBar,
    /// `]z`
    Aztec,
    /// Any other code letter.
    Other(char),
}

impl Symbology {
    /// Takes an AIM identifier off the front of `text`, if there is one: `]`, a code letter, a modifier.
    pub fn split_identifier(text: &str) -> (Option<Self>, &str) {
        match text.as_bytes() {
            [b']', letter, modifier, ..] if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() => {
                (Some(Self::from_code_letter(*letter)), text.get(3..).unwrap_or_default())
            }
            _ => (None, text),
        }
    }

    /// The symbology of a code letter.
    pub fn from_code_letter(letter: u8) -> Self {
        match letter {
            b'A' => Self::Code39,
            b'C' => Self::Code128,
            b'E' => Self::Ean,
            b'F' => Self::Codabar,
            b'G' => Self::Code93,
            b'I' => Self::Interleaved2Of5,
            b'L' => Self::Pdf417,
            b'Q' => Self::QrCode,
            b'd' => Self::DataMatrix,
            b'e' => Self::Gs1DataBar,
            b'z' => Self::Aztec,
            other => Self::Other(char::from(other)),
        }
    }
}

impl std::fmt::Display for Symbology {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code39 => "Code 39",
            Self::Code128 => "Code 128",
            Self::Ean => "EAN",
            Self::Codabar => "Codabar",
            Self::Code93 => "Code 93",
            Self::Interleaved2Of5 => "Interleaved 2 of 5",
            Self::Pdf417 => "PDF417",
            Self::QrCode => "QR Code",
            Self::DataMatrix => "Data Matrix",
            Self::Gs1DataBar => "GS1 DataBar",
            Self::Aztec => "Aztec",
            Self::Other(letter) => return write!(f, "AIM ]{letter}"),
        })
    }
}
