//! What the machine says about itself. No personal data: ids, counts, names of parts.

use crate::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub mode: Mode,
    /// Of the running image, such as `0.2.0`.
    pub version: String,
    /// Root hash of the running image, hexadecimal: names its every byte.
    pub root_hash: String,
    /// Signed with keys that were made on the spot, not with the maker's.
    pub development: bool,
    /// `a` and `b` on a booth, none on the stick.
    pub slots: Vec<Slot>,
    pub data: Data,
    /// Why a booth runs with [`Data::Memory`]; none on the stick, and where something is kept.
    pub data_fault: Option<DataFault>,
    pub network: Network,
    pub clock: Clock,
    pub provisioning: Provisioning,
    /// Disks that could be installed on; the stick itself is not among them.
    pub disks: Vec<Disk>,
    pub sticks: Vec<Stick>,
    /// What is being done now.
    pub work: Option<Work>,
    /// How the last update, installation or rollback ended.
    pub last: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Runs from the stick, to install.
    Stick,
    /// Runs from a booth's disk.
    Booth,
    /// On a Debian of the office's own: no slots, no installation.
    Debian,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// `a` or `b`.
    pub name: String,
    /// Unknown when the slot holds nothing that was ever installed completely.
    pub version: Option<String>,
    pub running: bool,
    pub state: SlotState,
}

impl Slot {
    /// It runs, and is not proven.
    pub fn is_on_trial(&self) -> bool {
        self.running && self.state == SlotState::Trial
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    Empty,
    /// Installed and not yet proven: the next start tries it once.
    Trial,
    Good,
    /// Was tried and did not get well, or its blocks are not what was installed.
    Bad,
}

/// Where identity and queue lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Nothing is kept: the stick, or a booth whose data did not open ([`Status::data_fault`]). Such a booth must not take
    /// claims in.
    Memory,
    /// Encrypted, and only this machine's TPM opens it.
    Tpm,
    /// Encrypted without a secret, for want of a TPM: whoever has the disk can open it. Claims are sealed all the same.
    NoTpm,
    /// The office's own disk.
    Plain,
}

/// Why the data partition did not open. What was on it is left as it is; the service's log has the tool's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFault {
    /// The disk that the system started from has no such partition, or is gone. Check the disk and its cable.
    NotFound,
    /// Only the TPM opens it, and the machine shows none. Switch it on in the firmware (TPM, fTPM, PTT).
    TpmMissing,
    /// There is a TPM, and it does not give the key away: it was cleared, or it is another one (a new mainboard), or Secure
    /// Boot was changed. Undo that; else take the claims out with the recovery passphrase, and install anew.
    TpmRefuses,
    /// Header or file system are damaged beyond repair. Take out what can be read with the recovery passphrase, replace the
    /// disk, install anew.
    Damaged,
    /// Reading or writing failed, or took too long. Restart once; if it stays, replace the disk.
    DiskFails,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Name of the interface and whether a cable is in it; `None` without any interface.
    pub interface: Option<String>,
    pub cable: bool,
    pub addresses: Vec<Address>,
    pub gateway: Option<IpAddr>,
    pub dns: Vec<IpAddr>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    pub address: IpAddr,
    pub prefix: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Set by a time server or by the hub.
    Synchronised,
    /// As the mainboard had it.
    Unsynchronised,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Provisioning {
    /// Nobody has said yet which hub this booth belongs to.
    Missing,
    /// A file was found and is being carried out.
    Underway,
    Failed {
        why: Failure,
        detail: String,
    },
    /// Enrolled.
    Done {
        hub: String,
        booth: String,
        branch: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Names the disk in [`crate::Request::Install`]; stays the same while it is in.
    pub id: String,
    /// Maker and model, as the disk tells them.
    pub name: String,
    pub bytes: u64,
    /// A booth lives there already, or something else does: what will be lost. `None` for a blank disk.
    pub holds: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stick {
    pub name: String,
    /// It has a provisioning file.
    pub provisioning: bool,
    pub update: OnStick,
}

/// The update on a stick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OnStick {
    #[default]
    Nothing,
    /// Signed by this booth's maker.
    Version(String),
    /// There is one, and it is of no use.
    Unfit(Failure),
}

impl OnStick {
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Version(version) => Some(version),
            Self::Nothing | Self::Unfit(_) => None,
        }
    }
}

/// Something that takes its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    pub step: Step,
    /// Of a thousand, over all steps of this work; never falls.
    pub permille: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Looking at files and signatures.
    Checking,
    Partitioning,
    Writing,
    /// Reading back what was written.
    Verifying,
    Enrolling,
    Finishing,
}

/// How something ended that was not asked for over this connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "was", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The new version runs and is proven.
    Updated {
        from: String,
        to: String,
    },
    /// A version did not get well, or could not be started; the other one runs.
    RolledBack {
        failed: String,
        running: String,
        why: RollbackReason,
    },
    Failed {
        why: Failure,
        detail: String,
    },
}

/// Why a version was given up. `Display` is one English line, for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollbackReason {
    /// The booth's program ended again and again.
    CrashLoop,
    /// It ran, but screen, touch, camera, reader or queue were not there for a minute within the first five.
    NotWell,
    /// It came up, and then the power went, or it hung and the mainboard's watchdog ended it. Likely harmless: try it again.
    CutOff,
    /// A new version never came up: its blocks were not what was installed, or the firmware refused it, or the power went
    /// early. Install it again; if it happens again, the disk is failing.
    NotStarted,
    /// A proven version was not started any more: its blocks are not what was installed, or the firmware refused it. Install
    /// it again; if it happens again, the disk is failing.
    BlocksChanged,
}

impl fmt::Display for RollbackReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::CrashLoop => "the booth's program ended again and again",
            Self::NotWell => "it was not well within five minutes: screen, touch, camera, reader or queue",
            Self::CutOff => "it came up, and lost power or hung before it was proven",
            Self::NotStarted => "it never came up: refused by its signature or the firmware, or the power went early",
            Self::BlocksChanged => "it was not started any more: its blocks are not what was installed",
        })
    }
}
