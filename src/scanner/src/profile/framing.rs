//! How bytes form frames: the settings of each decoder.

use super::millis;
use crate::marks::DAMAGED;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How bytes form frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Framing {
    /// CR, LF, CR LF or silence ends a frame.
    Line(LineFraming),
    /// A frame stands between STX and ETX.
    StxEtx(StxEtxFraming),
    /// A frame begins with its length.
    Length(LengthFraming),
    /// Packets of the Simple Serial Interface of Zebra, formerly Symbol.
    Ssi(PacketFraming),
    /// Lines beside answers to Newland's serial commands.
    Newland(LineFraming),
    /// Messages of the 3M (Gemalto, Thales) RTE6701 swipe reader.
    Rte6701(PacketFraming),
    /// Answers of Elyctis' MRZ readers.
    Elyctis(PacketFraming),
    /// Tracks of a magnetic stripe between their sentinels.
    Magtek(LineFraming),
}

/// Settings of [`Framing::Line`], and of those framings whose frames silence may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineFraming {
    /// Silence that ends a frame without terminator, in ms; 0: silence ends nothing.
    pub idle_gap_ms: u16,
}

/// Settings of [`Framing::StxEtx`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StxEtxFraming {
    /// What follows ETX.
    pub check: FrameCheck,
    /// The reader waits for ACK or NAK.
    pub answer: bool,
    /// Silence after which a begun frame is given up, in ms.
    pub timeout_ms: u16,
}

/// The checksum byte after a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameCheck {
    /// None.
    #[default]
    None,
    /// XOR over the payload and ETX (without ETX where a framing has none): the longitudinal redundancy check of ISO 1155.
    Lrc,
    /// XOR over STX, the payload and ETX: the block check character of readers that do not leave STX out.
    Bcc,
}

/// Settings of [`Framing::Length`]: length, payload, check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LengthFraming {
    /// Bytes of the length, 1 or 2.
    pub width: LengthWidth,
    /// Order of a length of two bytes.
    pub order: ByteOrder,
    /// The length counts itself and the check too.
    pub counts_all: bool,
    /// What follows the payload. `Lrc` is XOR over the payload, `Bcc` over length and payload.
    pub check: FrameCheck,
    /// Silence after which a begun frame is given up, in ms.
    pub timeout_ms: u16,
}

/// Bytes of a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LengthWidth {
    /// One byte.
    One,
    /// Two bytes.
    #[default]
    Two,
}

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByteOrder {
    /// High byte first.
    #[default]
    Big,
    /// Low byte first.
    Little,
}

/// Settings of framings whose packets are told by their own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PacketFraming {
    /// Silence after which a begun packet is given up, in ms.
    pub timeout_ms: u16,
}

impl Framing {
    /// The silence that ends or gives up a frame: the key's path, its value in ms, and whether it may be 0.
    pub(super) fn silence(&self) -> (&'static str, u16, bool) {
        match self {
            Self::Line(framing) | Self::Newland(framing) | Self::Magtek(framing) => {
                ("framing.idle_gap_ms", framing.idle_gap_ms, true)
            }
            Self::StxEtx(framing) => ("framing.timeout_ms", framing.timeout_ms, false),
            Self::Length(framing) => ("framing.timeout_ms", framing.timeout_ms, false),
            Self::Ssi(framing) | Self::Rte6701(framing) | Self::Elyctis(framing) => {
                ("framing.timeout_ms", framing.timeout_ms, false)
            }
        }
    }
}

impl Framing {
    /// Bytes that a payload of this framing cannot have: they begin or end frames, or are refused as damaged.
    pub(super) fn foreign(&self) -> &'static [u8] {
        match self {
            Self::Line(_) | Self::Newland(_) => b"\r\n",
            Self::Magtek(_) => b"\r\n\x02\x03",
            Self::StxEtx(StxEtxFraming { check: FrameCheck::None, answer: true, .. }) => &[0x02, 0x03, DAMAGED],
            Self::StxEtx(_) => b"\x02\x03",
            Self::Length(_) | Self::Ssi(_) | Self::Rte6701(_) | Self::Elyctis(_) => b"",
        }
    }
}

impl LineFraming {
    /// The silence that ends a frame, if any does.
    pub fn idle_gap(&self) -> Option<Duration> {
        (self.idle_gap_ms > 0).then(|| millis(self.idle_gap_ms))
    }
}

impl Default for Framing {
    fn default() -> Self {
        Self::Line(LineFraming::default())
    }
}

impl Default for LineFraming {
    /// 100 ms: a hundred characters at 9600 baud, well above the 16 ms of an USB adapter, not felt by the participant.
    fn default() -> Self {
        Self { idle_gap_ms: 100 }
    }
}

impl Default for StxEtxFraming {
    fn default() -> Self {
        Self { check: FrameCheck::None, answer: false, timeout_ms: 500 }
    }
}

impl Default for LengthFraming {
    fn default() -> Self {
        Self {
            width: LengthWidth::Two,
            order: ByteOrder::Big,
            counts_all: false,
            check: FrameCheck::None,
            timeout_ms: 500,
        }
    }
}

impl Default for PacketFraming {
    fn default() -> Self {
        Self { timeout_ms: 500 }
    }
}
