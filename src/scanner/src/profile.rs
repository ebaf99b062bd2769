//! The description of a reader: line settings and framing. It is data, so that a new reader needs no new program.
//!
//! Every key has a default, and an unknown key is an error, so that a misspelt one is noticed when configuration is checked
//! and not by a silent reader. As TOML, with the defaults:
//!
//! ```toml
//! name = "line"
//!
//! [line]
//! baud = 9600
//! data_bits = 8         # 7 or 8
//! parity = "none"       # "none", "even" or "odd"
//! stop_bits = 1         # 1 or 2
//!
//! [framing]
//! kind = "line"         # or "stx-etx", with the keys lrc, answer, timeout_ms
//! idle_gap_ms = 100     # 0: only CR or LF ends a frame
//! ```
//!
//! A reader that runs at 7 data bits with *space* parity (data sheets write 7S1 or 7S2) is described as 8 data bits without
//! parity: on the line the parity bit is then the eighth data bit, and always 0.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// Baud rates that card readers offer lie between these.
const BAUD: std::ops::RangeInclusive<u32> = 300..=921_600;
/// Shortest and longest silence that may end a frame, in ms. Below, the pauses that an USB adapter makes between its packets
/// (16 ms) would cut frames apart; above, a participant would take the booth for broken.
const SILENCE_MS: std::ops::RangeInclusive<u16> = 30..=5_000;
/// Longest name of a profile, in bytes: it is shown in one line of the service menu.
const MAX_NAME: usize = 64;

/// One kind of reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// What technicians know it by.
    pub name: String,
    /// How bytes travel.
    pub line: LineSettings,
    /// How bytes form frames.
    pub framing: Framing,
}

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

/// Parity bit. A byte that arrives with a wrong one is replaced by NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parity {
    /// No parity bit.
    None,
    /// An even number of ones.
    Even,
    /// An odd number of ones.
    Odd,
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

/// How bytes form frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Framing {
    /// CR, LF, CR LF or silence ends a frame.
    Line(LineFraming),
    /// A frame stands between STX and ETX.
    StxEtx(StxEtxFraming),
}

/// Settings of [`Framing::Line`].
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
    /// A checksum byte follows ETX: XOR over the payload and ETX.
    pub lrc: bool,
    /// The reader waits for ACK or NAK.
    pub answer: bool,
    /// Silence after which a begun frame is given up, in ms.
    pub timeout_ms: u16,
}

/// A profile that no reader can have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// The name cannot be shown.
    #[error("reader profile: name must have 1 to {MAX_NAME} bytes and no control characters")]
    Name,
    /// No such speed.
    #[error("reader profile {name:?}: line.baud is {baud}, must lie between {} and {}", BAUD.start(), BAUD.end())]
    Baud {
        /// The profile.
        name: String,
        /// Bits per second.
        baud: u32,
    },
    /// A silence that is too short to be told from a pause or too long to be waited for.
    #[error(
        "reader profile {name:?}: {key} is {ms} ms, must lie between {} and {} ms",
        SILENCE_MS.start(),
        SILENCE_MS.end()
    )]
    Silence {
        /// The profile.
        name: String,
        /// Path of the key in configuration.
        key: &'static str,
        /// Its value in ms.
        ms: u16,
    },
}

/// A count of bits that serial lines do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{count} {what} bits: a reader has {allowed}")]
pub struct BitCountError {
    what: &'static str,
    count: u8,
    allowed: &'static str,
}

impl Profile {
    /// Built in: 9600 8N1, frames that end with CR, LF or silence. Fits most hand scanners as they leave the factory.
    pub fn line() -> Self {
        Self { name: "line".into(), line: LineSettings::default(), framing: Framing::default() }
    }

    /// Built in: 9600 7E1, STX and ETX, answered with ACK or NAK, no checksum (Olivetti mode).
    pub fn stx_etx() -> Self {
        Self {
            name: "stx-etx".into(),
            line: LineSettings { data_bits: DataBits::Seven, parity: Parity::Even, ..LineSettings::default() },
            framing: Framing::StxEtx(StxEtxFraming { answer: true, ..StxEtxFraming::default() }),
        }
    }

    /// All that are built in.
    pub fn built_in() -> [Self; 2] {
        [Self::line(), Self::stx_etx()]
    }

    /// The built-in profile of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::built_in().into_iter().find(|profile| profile.name == name)
    }

    /// Checks what the types alone cannot say. Done by [`Reader::spawn`](crate::Reader::spawn) too.
    ///
    /// # Errors
    /// Names the profile, the key and the bounds of the first value that is out of them.
    pub fn check(&self) -> Result<(), ProfileError> {
        if self.name.is_empty() || self.name.len() > MAX_NAME || self.name.chars().any(char::is_control) {
            return Err(ProfileError::Name);
        }
        if !BAUD.contains(&self.line.baud) {
            return Err(ProfileError::Baud { name: self.name.clone(), baud: self.line.baud });
        }
        let (key, ms, may_be_off) = match self.framing {
            Framing::Line(LineFraming { idle_gap_ms }) => ("framing.idle_gap_ms", idle_gap_ms, true),
            Framing::StxEtx(StxEtxFraming { timeout_ms, .. }) => ("framing.timeout_ms", timeout_ms, false),
        };
        if SILENCE_MS.contains(&ms) || (ms == 0 && may_be_off) {
            Ok(())
        } else {
            Err(ProfileError::Silence { name: self.name.clone(), key, ms })
        }
    }
}

impl LineFraming {
    /// The silence that ends a frame, if any does.
    pub fn idle_gap(&self) -> Option<Duration> {
        (self.idle_gap_ms > 0).then(|| Duration::from_millis(self.idle_gap_ms.into()))
    }
}

impl StxEtxFraming {
    /// The silence after which a begun frame is given up.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::line()
    }
}

impl Default for LineSettings {
    fn default() -> Self {
        Self { baud: 9600, data_bits: DataBits::Eight, parity: Parity::None, stop_bits: StopBits::One }
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
        Self { lrc: false, answer: false, timeout_ms: 500 }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(toml: &str, expect: Result<Profile, &str>) {
        let read = toml::from_str::<Profile>(toml)
            .map_err(|error| error.to_string())
            .and_then(|profile| profile.check().map_err(|error| error.to_string()).map(|()| profile));
        match (read, expect) {
            (Ok(profile), Ok(expected)) => assert_eq!(profile, expected, "{toml}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{toml}: {error}"),
            (read, expect) => panic!("{toml}: {read:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn documented_defaults_are_the_defaults() {
        let head = include_str!("profile.rs").split("```toml\n").nth(1).unwrap().split("//! ```").next().unwrap();
        let example: String = head.lines().map(|line| format!("{}\n", line.trim_start_matches("//!"))).collect();
        assert!(example.contains("idle_gap_ms"), "{example}");
        check(&example, Ok(Profile::line()));
        check("", Ok(Profile::default()));
    }

    #[test]
    fn configured_profiles() {
        check(
            "name = 'desk'\n[line]\nbaud = 19200\ndata_bits = 7\nparity = 'odd'\nstop_bits = 2\n\
             [framing]\nkind = 'stx-etx'\nlrc = true\nanswer = true\ntimeout_ms = 250",
            Ok(Profile {
                name: "desk".into(),
                line: LineSettings {
                    baud: 19200,
                    data_bits: DataBits::Seven,
                    parity: Parity::Odd,
                    stop_bits: StopBits::Two,
                },
                framing: Framing::StxEtx(StxEtxFraming { lrc: true, answer: true, timeout_ms: 250 }),
            }),
        );
        check(
            "[framing]\nkind = 'line'\nidle_gap_ms = 0",
            Ok(Profile { framing: Framing::Line(LineFraming { idle_gap_ms: 0 }), ..Profile::line() }),
        );
    }

    #[test]
    fn refused_profiles() {
        check("nmae = 'x'", Err("unknown field `nmae`"));
        check("[line]\nbuad = 9600", Err("unknown field `buad`"));
        check("[framing]\nkind = 'line'\nlrc = true", Err("unknown field `lrc`"));
        check("[framing]\nkind = 'stx-etx'\nidle_gap_ms = 50", Err("unknown field `idle_gap_ms`"));
        check("[framing]\nkind = 'ssi'", Err("unknown variant `ssi`"));
        check("[line]\nparity = 'mark'", Err("unknown variant `mark`"));
        check("[line]\ndata_bits = 6", Err("6 data bits: a reader has 7 or 8"));
        check("[line]\nstop_bits = 0", Err("0 stop bits: a reader has 1 or 2"));
        check("[line]\nbaud = 0", Err("line.baud is 0, must lie between 300 and 921600"));
        check("[framing]\nkind = 'line'\nidle_gap_ms = 29", Err("framing.idle_gap_ms is 29 ms"));
        check("[framing]\nkind = 'stx-etx'\ntimeout_ms = 0", Err("framing.timeout_ms is 0 ms"));
        check("[framing]\nkind = 'stx-etx'\ntimeout_ms = 5001", Err("between 30 and 5000 ms"));
        check("name = ''", Err("name must have 1 to 64 bytes"));
        check("name = \"a\\nb\"", Err("no control characters"));
    }

    #[test]
    fn built_in_profiles_are_sound_and_survive_a_file() {
        for profile in Profile::built_in() {
            assert_eq!(Profile::by_name(&profile.name).as_ref(), Some(&profile));
            check(&toml::to_string(&profile).unwrap(), Ok(profile));
        }
        assert_eq!(Profile::by_name("none"), None);
    }
}
