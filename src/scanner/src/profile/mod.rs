//! The description of a reader: line settings, framing, trigger and payload. It is data, so that a new reader needs no new
//! program.
//!
//! Every key has a default, and an unknown key is an error, so that a misspelt one is noticed when configuration is checked
//! and not by a silent reader. As TOML, with the defaults:
//!
//! ```toml
//! name = "line"
//! title = ""            # what technicians know the reader by; empty: the name
//! source = ""           # where its protocol is described
//! notes = ""            # what to know or to set at the reader
//! present = "lay"       # how a card is shown to it: "lay", "swipe" or "hold"
//!
//! [line]
//! baud = 9600
//! data_bits = 8         # 7 or 8
//! parity = "none"       # "none", "even", "odd", "space" or "mark"
//! stop_bits = 1         # 1 or 2
//! flow = "none"         # "none", "hardware" or "software"
//!
//! [framing]
//! kind = "line"         # or "stx-etx", "length", "ssi", "newland", "rte6701", "elyctis", "magtek"
//! idle_gap_ms = 100     # 0: only CR or LF ends a frame
//!
//! [trigger]
//! mode = "continuous"   # or "host", with wake, wake_ms, start, stop, rearm_ms
//!
//! [payload]
//! no_read = []          # answers that mean "no card seen"
//! aim = "strip"         # or "keep"
//! prefix = ""           # hexadecimal, as are all bytes
//! suffix = ""
//! content = { kind = "plain" }   # or "pairs", "columns", "tracks"
//! ```
//!
//! The shipped profiles, one file each, lie in `profiles/`; see [`Profiles`].

mod command;
mod framing;
mod library;
mod line;
mod payload;
mod present;
mod trigger;

pub use command::{Bytes, BytesError, MAX_COMMAND};
pub use framing::{
    ByteOrder, FrameCheck, Framing, LengthFraming, LengthWidth, LineFraming, PacketFraming, StxEtxFraming,
};
pub use library::{Profiles, ProfilesError, read};
pub use line::{BitCountError, DataBits, Flow, LineSettings, Parity, StopBits};
pub use payload::{Aim, Column, ColumnsFormat, ContentFormat, FieldName, PairsFormat, PayloadSettings};
pub use present::Present;
pub use trigger::{HostTrigger, Trigger};

use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// Baud rates that card readers offer lie between these.
const BAUD: std::ops::RangeInclusive<u32> = 300..=921_600;
/// Shortest and longest silence that may end a frame, in ms. Below, the pauses that an USB adapter makes between its packets
/// (16 ms) would cut frames apart; above, a participant would take the booth for broken.
const SILENCE_MS: std::ops::RangeInclusive<u16> = 30..=5_000;
/// Shortest time between two starts of a host-triggered reader, in ms: it shall not be kept busy by commands.
const REARM_MS: std::ops::RangeInclusive<u16> = 500..=60_000;
/// Longest time that a reader is given to wake, in ms: the participant waits too.
const WAKE_MS: std::ops::RangeInclusive<u16> = 0..=2_000;
/// Longest name of a profile, in bytes: it is shown in one line of the service menu.
const MAX_NAME: usize = 64;

/// One kind of reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// What configuration calls it: lower case, digits and hyphens.
    pub name: String,
    /// What technicians know it by; empty: the name.
    pub title: String,
    /// Where its protocol is described.
    pub source: String,
    /// What to know about it, or to set at the reader.
    pub notes: String,
    /// How a card is shown to it.
    pub present: Present,
    /// How bytes travel.
    pub line: LineSettings,
    /// How bytes form frames.
    pub framing: Framing,
    /// When the reader reads.
    pub trigger: Trigger,
    /// What a payload holds.
    pub payload: PayloadSettings,
}

/// A profile that no reader can have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("reader profile {name:?}: {fault}")]
pub struct ProfileError {
    /// The profile.
    pub name: String,
    /// What is wrong.
    pub fault: ProfileFault,
}

/// What is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProfileFault {
    /// The name cannot be written in configuration or shown in one line.
    #[error("name must have 1 to {MAX_NAME} lower-case letters, digits and hyphens")]
    Name,
    /// No such speed.
    #[error("line.baud is {baud}, must lie between {} and {}", BAUD.start(), BAUD.end())]
    Baud {
        /// Bits per second.
        baud: u32,
    },
    /// A silence that is too short to be told from a pause or too long to be waited for.
    #[error("{key} is {ms} ms, must lie between {} and {} ms", SILENCE_MS.start(), SILENCE_MS.end())]
    Silence {
        /// Path of the key in configuration.
        key: &'static str,
        /// Its value in ms.
        ms: u16,
    },
    /// A host-triggered reader without the command that triggers it.
    #[error("trigger.start is empty: a host-triggered reader needs the bytes that start it")]
    NoStart,
    /// Commands too close together or too far apart.
    #[error("trigger.rearm_ms is {ms} ms, must be 0 or lie between {} and {} ms", REARM_MS.start(), REARM_MS.end())]
    Rearm {
        /// Its value in ms.
        ms: u16,
    },
    /// A reader that takes too long to wake.
    #[error("trigger.wake_ms is {ms} ms, must lie between {} and {} ms", WAKE_MS.start(), WAKE_MS.end())]
    Wake {
        /// Its value in ms.
        ms: u16,
    },
    /// What shall stand around the payload is what frames begin or end with, or what stands for a damaged character: it never
    /// comes with a payload.
    #[error("{key} has the byte {byte:02X}, which no payload of this framing has")]
    Affix {
        /// Path of the key in configuration.
        key: &'static str,
        /// The byte.
        byte: u8,
    },
    /// What separates fields can be part of a name.
    #[error("{key} is {separator:?}, must be an ASCII character")]
    Separator {
        /// Path of the key in configuration.
        key: &'static str,
        /// Its value.
        separator: char,
    },
    /// A payload of fields, and no field named.
    #[error("payload.content names no field")]
    NoFields,
    /// Software flow control would eat bytes of the frames.
    #[error("line.flow is \"software\", but frames of this kind may contain XON and XOFF")]
    FlowEatsFrames,
}

impl Profile {
    /// 9600 8N1, frames that end with CR, LF or silence. Fits most hand scanners as they leave the factory.
    pub fn line() -> Self {
        Self {
            name: "line".into(),
            title: String::new(),
            source: String::new(),
            notes: String::new(),
            present: Present::default(),
            line: LineSettings::default(),
            framing: Framing::default(),
            trigger: Trigger::default(),
            payload: PayloadSettings::default(),
        }
    }

    /// What technicians know it by.
    pub fn title(&self) -> &str {
        if self.title.is_empty() { &self.name } else { &self.title }
    }

    /// Checks what the types alone cannot say. Done by [`Reader::spawn`](crate::Reader::spawn) too.
    ///
    /// # Errors
    /// Names the profile, the key and the bounds of the first value that is out of them.
    pub fn check(&self) -> Result<(), ProfileError> {
        self.faults().map_err(|fault| ProfileError { name: self.name.clone(), fault })
    }

    fn faults(&self) -> Result<(), ProfileFault> {
        let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.bytes().all(sound) {
            return Err(ProfileFault::Name);
        }
        if !BAUD.contains(&self.line.baud) {
            return Err(ProfileFault::Baud { baud: self.line.baud });
        }
        let (key, ms, may_be_off) = self.framing.silence();
        let off = ms == 0 && may_be_off;
        if !off && !SILENCE_MS.contains(&ms) {
            return Err(ProfileFault::Silence { key, ms });
        }
        let binary = match self.framing {
            Framing::Line(_) | Framing::Magtek(_) | Framing::Newland(_) => false,
            Framing::StxEtx(framing) => framing.check != FrameCheck::None,
            Framing::Length(_) | Framing::Ssi(_) | Framing::Rte6701(_) | Framing::Elyctis(_) => true,
        };
        if binary && self.line.flow == Flow::Software {
            return Err(ProfileFault::FlowEatsFrames);
        }
        if let Trigger::Host(trigger) = &self.trigger {
            if trigger.start.is_empty() {
                return Err(ProfileFault::NoStart);
            }
            if trigger.rearm_ms != 0 && !REARM_MS.contains(&trigger.rearm_ms) {
                return Err(ProfileFault::Rearm { ms: trigger.rearm_ms });
            }
            if !WAKE_MS.contains(&trigger.wake_ms) {
                return Err(ProfileFault::Wake { ms: trigger.wake_ms });
            }
        }
        let foreign = self.framing.foreign();
        for (key, affix) in [("payload.prefix", &self.payload.prefix), ("payload.suffix", &self.payload.suffix)] {
            if let Some(&byte) = affix.as_slice().iter().find(|byte| foreign.contains(byte)) {
                return Err(ProfileFault::Affix { key, byte });
            }
        }
        let (separators, fields) = match &self.payload.content {
            ContentFormat::Plain {} | ContentFormat::Tracks {} => ([None, None], true),
            ContentFormat::Pairs(pairs) => {
                let assign = Some(("payload.content.assign", pairs.assign));
                ([Some(("payload.content.between", pairs.between)), assign], !pairs.keys.is_empty())
            }
            ContentFormat::Columns(columns) => {
                let named = columns.columns.iter().any(|column| column.field().is_some());
                ([Some(("payload.content.between", columns.between)), None], named)
            }
        };
        if let Some((key, separator)) = separators.into_iter().flatten().find(|(_, separator)| !separator.is_ascii()) {
            return Err(ProfileFault::Separator { key, separator });
        }
        if fields { Ok(()) } else { Err(ProfileFault::NoFields) }
    }
}

/// A key that is in ms.
pub(crate) fn millis(ms: u16) -> Duration {
    Duration::from_millis(ms.into())
}

impl Default for Profile {
    fn default() -> Self {
        Self::line()
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
        let head = include_str!("mod.rs").split("```toml\n").nth(1).unwrap().split("//! ```").next().unwrap();
        let example: String = head.lines().map(|line| format!("{}\n", line.trim_start_matches("//!"))).collect();
        assert!(example.contains("idle_gap_ms"), "{example}");
        check(&example, Ok(Profile::line()));
        check("", Ok(Profile::default()));
    }

    #[test]
    fn configured_profiles() {
        check(
            "name = 'desk'\n[line]\nbaud = 19200\ndata_bits = 7\nparity = 'odd'\nstop_bits = 2\nflow = 'hardware'\n\
             [framing]\nkind = 'stx-etx'\ncheck = 'lrc'\nanswer = true\ntimeout_ms = 250",
            Ok(Profile {
                name: "desk".into(),
                line: LineSettings {
                    baud: 19200,
                    data_bits: DataBits::Seven,
                    parity: Parity::Odd,
                    stop_bits: StopBits::Two,
                    flow: Flow::Hardware,
                },
                framing: Framing::StxEtx(StxEtxFraming { check: FrameCheck::Lrc, answer: true, timeout_ms: 250 }),
                ..Profile::line()
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
        check("[framing]\nkind = 'usb'", Err("unknown variant `usb`"));
        check("[line]\nparity = 'high'", Err("unknown variant `high`"));
        check("[line]\ndata_bits = 6", Err("6 data bits: a reader has 7 or 8"));
        check("[line]\nstop_bits = 0", Err("0 stop bits: a reader has 1 or 2"));
        check("[line]\nbaud = 0", Err("line.baud is 0, must lie between 300 and 921600"));
        check("[framing]\nkind = 'line'\nidle_gap_ms = 29", Err("framing.idle_gap_ms is 29 ms"));
        check("[framing]\nkind = 'stx-etx'\ntimeout_ms = 0", Err("framing.timeout_ms is 0 ms"));
        check("[framing]\nkind = 'stx-etx'\ntimeout_ms = 5001", Err("between 30 and 5000 ms"));
        check("name = ''", Err("name must have 1 to 64 lower-case"));
        check("name = \"a\\nb\"", Err("lower-case letters"));
        check("[trigger]\nmode = 'host'", Err("trigger.start is empty"));
        check("[trigger]\nmode = 'host'\nstart = '5'", Err("written in hexadecimal"));
        check("[trigger]\nmode = 'host'\nstart = '54'\nrearm_ms = 1", Err("trigger.rearm_ms is 1 ms"));
        check("[trigger]\nmode = 'continuous'\nstart = '54'", Err("unknown field `start`"));
        check("[payload]\ncontent = { kind = 'pairs' }", Err("names no field"));
        check("[payload]\ncontent = { kind = 'columns', columns = ['skip'] }", Err("names no field"));
        check("[line]\nflow = 'software'\n[framing]\nkind = 'ssi'", Err("XON and XOFF"));
        check("present = 'wave'", Err("unknown variant `wave`"));
        let wake = |ms| format!("[trigger]\nmode = 'host'\nstart = '54'\nwake = '00'\nwake_ms = {ms}");
        check(&wake(2001), Err("trigger.wake_ms is 2001 ms, must lie between 0 and 2000 ms"));
        check("[payload]\ncontent = { kind = 'pairs', between = '§', keys = { n = 'nik' } }", Err("between is '§'"));
        check("[payload]\ncontent = { kind = 'pairs', assign = 'ü', keys = { n = 'nik' } }", Err("assign is 'ü'"));
        check("[payload]\ncontent = { kind = 'columns', between = '¦', columns = ['nik'] }", Err("between is '¦'"));
    }

    #[test]
    fn what_no_payload_has_stands_around_none() {
        let checked = |framing: &str, key: &str, hex: &str| {
            let toml = format!("[framing]\n{framing}\n[payload]\n{key} = '{hex}'");
            toml::from_str::<Profile>(&toml).unwrap().check().map_err(|error| error.fault)
        };
        let stx_etx = "kind = 'stx-etx'\nanswer = true";
        for (framing, hex, foreign) in [
            ("kind = 'line'", "41 0D", Some(0x0d)),
            ("kind = 'line'", "0A", Some(0x0a)),
            ("kind = 'line'", "02 FF", None),
            ("kind = 'newland'", "0D 0A", Some(0x0d)),
            ("kind = 'magtek'", "03", Some(0x03)),
            ("kind = 'magtek'", "25", None),
            ("kind = 'stx-etx'", "41 02", Some(0x02)),
            ("kind = 'stx-etx'", "0D FF", None),
            (stx_etx, "FF", Some(0xff)),
            ("kind = 'stx-etx'\nanswer = true\ncheck = 'lrc'", "FF", None),
            (stx_etx, "0D", None),
            ("kind = 'ssi'", "0D 0A 02 FF", None),
            ("kind = 'length'", "0D", None),
        ] {
            for key in ["prefix", "suffix"] {
                let path = if key == "prefix" { "payload.prefix" } else { "payload.suffix" };
                let expect = foreign.map_or(Ok(()), |byte| Err(ProfileFault::Affix { key: path, byte }));
                assert_eq!(checked(framing, key, hex), expect, "{framing} {key} {hex}");
            }
        }
    }
}
