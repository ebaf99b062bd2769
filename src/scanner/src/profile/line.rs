//! How bytes travel on the serial line.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Settings of the serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineSettings {
    /// Bits per second.
    pub baud: u32,
    /// Data bits per character.
    pub data_bits: DataBits,
    /// Parity bit.
    pub parity: Parity,
    /// Stop bits.
    pub stop_bits: StopBits,
    /// Who may ask whom to pause.
    pub flow: Flow,
}

/// Data bits per character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum DataBits {
    /// 7
    Seven,
    /// 8
    Eight,
}

/// Parity bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parity {
    /// No parity bit.
    None,
    /// An even number of ones.
    Even,
    /// An odd number of ones.
    Odd,
    /// Always 0: what data sheets call 7S1 or 7S2.
    Space,
    /// Always 1.
    Mark,
}

/// Stop bits after each character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum StopBits {
    /// 1
    One,
    /// 2
    Two,
}

/// Flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// Nobody pauses.
    None,
    /// By the RTS and CTS wires.
    Hardware,
    /// By XON (0x11) and XOFF (0x13). Not for framings whose bytes may have these values.
    Software,
}

/// A count of bits that serial lines do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{count} {what} bits: a reader has {allowed}")]
pub struct BitCountError {
    what: &'static str,
    count: u8,
    allowed: &'static str,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self {
            baud: 9600,
            data_bits: DataBits::Eight,
            parity: Parity::None,
            stop_bits: StopBits::One,
            flow: Flow::None,
        }
    }
}

/// As technicians write it: `9600 7E1`.
impl std::fmt::Display for LineSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Even => 'E',
            Parity::Odd => 'O',
            Parity::Space => 'S',
            Parity::Mark => 'M',
        };
        write!(f, "{} {}{parity}{}", self.baud, u8::from(self.data_bits), u8::from(self.stop_bits))?;
        match self.flow {
            Flow::None => Ok(()),
            Flow::Hardware => write!(f, " RTS/CTS"),
            Flow::Software => write!(f, " XON/XOFF"),
        }
    }
}

impl TryFrom<u8> for DataBits {
    type Error = BitCountError;

    fn try_from(count: u8) -> Result<Self, BitCountError> {
        match count {
            7 => Ok(Self::Seven),
            8 => Ok(Self::Eight),
            _ => Err(BitCountError { what: "data", count, allowed: "7 or 8" }),
        }
    }
}

impl From<DataBits> for u8 {
    fn from(bits: DataBits) -> Self {
        match bits {
            DataBits::Seven => 7,
            DataBits::Eight => 8,
        }
    }
}

impl TryFrom<u8> for StopBits {
    type Error = BitCountError;

    fn try_from(count: u8) -> Result<Self, BitCountError> {
        match count {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(BitCountError { what: "stop", count, allowed: "1 or 2" }),
        }
    }
}

impl From<StopBits> for u8 {
    fn from(bits: StopBits) -> Self {
        match bits {
            StopBits::One => 1,
            StopBits::Two => 2,
        }
    }
}
