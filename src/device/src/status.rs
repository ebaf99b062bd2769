//! What the machine says about itself. No personal data: ids, counts, names of parts.

use crate::Failure;
use serde::{Deserialize, Serialize};
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
    /// Nothing is kept: the stick.
    Memory,
    /// Encrypted, and only this machine's TPM opens it.
    Tpm,
    /// Encrypted without a secret, for want of a TPM: whoever has the disk can open it. Claims are sealed all the same.
    NoTpm,
    /// The office's own disk.
    Plain,
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
    /// Version of the update on it.
    pub update: Option<String>,
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
    /// The new version did not get well; the old one runs.
    RolledBack {
        failed: String,
        running: String,
        why: String,
    },
    Failed {
        why: Failure,
        detail: String,
    },
}
