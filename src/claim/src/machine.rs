//! What booth and hub tell each other about the booth's machine: `POST /api/v1/machine`, each [`EVERY_SECONDS`] and after
//! each change.
//!
//! ```text
//! booth                                              hub
//! MachineReport: which image runs, its slots,    ──► remembers it for `bilik-hub update` and `booth list`
//!                how the last update ended
//! MachineAnswer: what time it is,                ◄── has one update to offer, or none
//!                which update is offered
//! GET /api/v1/update/DIGEST                      ──► its bytes, from any of them on (`Range`)
//! ```
//!
//! This is apart from the WebSocket's protocol ([`crate::wire`]) on purpose: a booth whose version the hub does not understand
//! any more has to be able to fetch the one that it does. So, unlike there, members that one side does not know are passed
//! over, and the hub answers with its offer whatever it makes of the report.
//!
//! Versions, digests and states only: nothing here tells who a participant is.

use crate::ids::{Digest, WallTime};
use crate::wire::{Bounded, MAX_VALUE, WireError, limit, limit_text};
use serde::{Deserialize, Serialize};

/// How often a booth says how its machine is.
pub const EVERY_SECONDS: u64 = 60;
/// The largest update that hub and booth handle, in bytes.
pub const MAX_UPDATE: u64 = 1 << 30;
/// Slots in a report, at most.
pub const MAX_SLOTS: usize = 4;

/// From the booth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineReport {
    /// Version of the booth's program.
    pub software: String,
    /// None where the machine is the office's own, or its service does not answer.
    #[serde(default)]
    pub image: Option<Image>,
    /// What has become of the update that the hub offers.
    #[serde(default)]
    pub update: Progress,
}

/// The image that a booth's machine runs from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub version: String,
    /// Hexadecimal: names its every byte.
    pub root_hash: String,
    pub slots: Vec<Slot>,
    /// How the last update ended.
    pub last: Option<Ended>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub name: String,
    pub version: Option<String>,
    pub running: bool,
    /// `empty`, `trial`, `good` or `bad`.
    pub state: String,
}

/// How an update ended. The reasons are one line, in English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "was", rename_all = "snake_case")]
pub enum Ended {
    Updated {
        from: String,
        to: String,
    },
    RolledBack {
        failed: String,
        running: String,
        why: String,
    },
    Failed {
        why: String,
    },
    /// Of a later version than this program.
    #[serde(other)]
    Unknown,
}

/// How far the offered update has come at a booth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Progress {
    /// Nothing is offered, or it runs already.
    #[default]
    None,
    /// So many bytes are at the booth.
    Fetching {
        bytes: u64,
    },
    /// It is at the booth whole, and waits to be installed.
    Received {
        hindrance: Hindrance,
    },
    Installing,
    /// It starts with the booth's next restart, which waits for this.
    Installed {
        hindrance: Hindrance,
    },
    /// It is not taken, for this reason: one line, in English.
    Refused {
        why: String,
    },
    #[serde(other)]
    Unknown,
}

/// What an update waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// Nothing: it goes on at once.
    None,
    /// A participant is, or was a moment ago, at the booth.
    Session,
    /// Claims are at the booth that the hub has not confirmed.
    ClaimsWait,
    /// The machine is busy, on trial itself, or a technician is at work.
    Machine,
    /// The night.
    Day,
    #[serde(other)]
    Unknown,
}

/// From the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineAnswer {
    /// The hub's clock when it answered.
    pub time: WallTime,
    pub offer: Option<Offer>,
}

/// An update that every booth of this hub is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub version: String,
    /// Of the file.
    pub digest: Digest,
    pub bytes: u64,
    /// Restart as soon as nobody is there, not only at night.
    #[serde(default)]
    pub now: bool,
}

impl Bounded for MachineReport {
    fn check(&self) -> Result<(), WireError> {
        limit_text("software", &self.software, MAX_VALUE)?;
        if let Some(image) = &self.image {
            limit_text("version", &image.version, MAX_VALUE)?;
            limit_text("root_hash", &image.root_hash, MAX_VALUE)?;
            limit("slots", image.slots.len(), MAX_SLOTS)?;
            for slot in &image.slots {
                let version = slot.version.iter();
                [&slot.name, &slot.state]
                    .into_iter()
                    .chain(version)
                    .try_for_each(|t| limit_text("slot", t, MAX_VALUE))?;
            }
            match &image.last {
                Some(Ended::Updated { from, to }) => {
                    [from, to].into_iter().try_for_each(|text| limit_text("last", text, MAX_VALUE))?;
                }
                Some(Ended::RolledBack { failed, running, why }) => {
                    [failed, running, why].into_iter().try_for_each(|text| limit_text("last", text, MAX_VALUE))?;
                }
                Some(Ended::Failed { why }) => limit_text("last", why, MAX_VALUE)?,
                Some(Ended::Unknown) | None => {}
            }
        }
        match &self.update {
            Progress::Refused { why } => limit_text("why", why, MAX_VALUE),
            Progress::None
            | Progress::Fetching { .. }
            | Progress::Received { .. }
            | Progress::Installing
            | Progress::Installed { .. }
            | Progress::Unknown => Ok(()),
        }
    }
}

impl Bounded for MachineAnswer {
    fn check(&self) -> Result<(), WireError> {
        let Some(offer) = &self.offer else { return Ok(()) };
        limit_text("version", &offer.version, MAX_VALUE)?;
        if offer.bytes > MAX_UPDATE {
            return Err(WireError::TooLong { what: "update", limit: 1 << 30 });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    fn report() -> MachineReport {
        let slot = |name: &str, running| Slot {
            name: name.into(),
            version: Some("0.2.0".into()),
            running,
            state: "good".into(),
        };
        let last = Ended::RolledBack { failed: "0.3.0".into(), running: "0.2.0".into(), why: "not well".into() };
        let image = Image {
            version: "0.2.0".into(),
            root_hash: "5ec1be00".repeat(8),
            slots: vec![slot("a", true), slot("b", false)],
            last: Some(last),
        };
        let update = Progress::Received { hindrance: Hindrance::ClaimsWait };
        MachineReport { software: "0.2.0".into(), image: Some(image), update }
    }

    #[test]
    fn versions_apart_understand_each_other() {
        assert_eq!(decode::<MachineReport>(&encode(&report())).unwrap(), report());
        let check = |text: &str, expect: MachineReport| assert_eq!(decode::<MachineReport>(text).unwrap(), expect);
        check(r#"{"software":"9"}"#, MachineReport { software: "9".into(), ..MachineReport::default() });
        check(
            r#"{"software":"9","mood":"fine","update":{"is":"teleported","by":"beam"}}"#,
            MachineReport { software: "9".into(), image: None, update: Progress::Unknown },
        );
        check(
            r#"{"software":"9","update":{"is":"installed","hindrance":"full_moon"}}"#,
            MachineReport {
                software: "9".into(),
                image: None,
                update: Progress::Installed { hindrance: Hindrance::Unknown },
            },
        );
        let offer = r#"{"time":5,"offer":{"version":"0.3.0","digest":"DIGEST","bytes":7,"mirror":"x"},"more":1}"#;
        let answer: MachineAnswer = decode(&offer.replace("DIGEST", &Digest::of(b"x").to_string())).unwrap();
        assert_eq!(
            answer.offer,
            Some(Offer { version: "0.3.0".into(), digest: Digest::of(b"x"), bytes: 7, now: false })
        );
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let long = "x".repeat(MAX_VALUE + 1);
        let check = |change: &dyn Fn(&mut MachineReport)| {
            let mut report = report();
            change(&mut report);
            assert!(decode::<MachineReport>(&encode(&report)).is_err(), "{report:?}");
        };
        check(&|report| report.software.clone_from(&long));
        check(&|report| report.update = Progress::Refused { why: long.clone() });
        check(&|report| report.image.as_mut().unwrap().version.clone_from(&long));
        check(&|report| report.image.as_mut().unwrap().slots[0].state.clone_from(&long));
        check(&|report| {
            let image = report.image.as_mut().unwrap();
            image.slots = vec![image.slots[0].clone(); MAX_SLOTS + 1];
        });
        check(&|report| report.image.as_mut().unwrap().last = Some(Ended::Failed { why: long.clone() }));
        let offer = Offer { version: "1".into(), digest: Digest::of(b"x"), bytes: MAX_UPDATE + 1, now: false };
        assert!(decode::<MachineAnswer>(&encode(&MachineAnswer { time: WallTime(0), offer: Some(offer) })).is_err());
    }
}
