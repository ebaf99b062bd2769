//! The machine under the booth: what only the administrator of a Linux system may do, and what the booth asks for.
//!
//! The booth's program talks to people, cameras and the network, so it runs as an ordinary user without any privilege.
//! What a technician does at its screen (install onto the disk, update, network, restart) is done by a small service of its
//! own, `bilik-device`. Both speak over one Unix socket that only the booth's group can open: one [`Request`] for each
//! connection, a line of JSON; then any number of [`Answer::Progress`], then one other [`Answer`], each a line. Whoever
//! closes the connection early has asked for nothing to be undone: an installation or an update goes on to its end, and
//! [`Status::work`] shows it to whoever asks next.
//!
//! The set of requests is closed, and none carries a path or a command: a booth that was taken over can restart the
//! machine, but not read it.

pub mod client;
mod status;

pub use status::{
    Address, Clock, Data, DataFault, Disk, Mode, Network, OnStick, Outcome, Provisioning, RollbackReason, Slot,
    SlotState, Status, Step, Stick, Work,
};

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Where `bilik-device` listens in the booth's image.
pub const SOCKET: &str = "/run/bilik-device/socket";

/// Where the booth puts the update that it has received from its hub, whole, before it asks for [`UpdateFrom::Hub`]. The
/// folder is the booth's own. The service works on a copy, so what happens to the file then does not matter, and removes
/// it once it was installed or refused for good; after [`Failure::Io`] and [`Failure::Full`] it stays, to be tried again.
pub const RECEIVED_UPDATE: &str = "/var/lib/bilik/update/bundle.raucb";

/// The longest line either side accepts, in bytes.
pub const MAX_LINE: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// What there is and what goes on. Answered by [`Answer::Status`], at once.
    Status,
    /// Erase this disk ([`Disk::id`]) and make a booth of it. Only when the machine runs from the stick.
    Install {
        disk: String,
    },
    /// Take in the provisioning file of an inserted stick: configuration, network, enrolment.
    Provision,
    /// Enrol with a code that somebody typed. `hub` is `host:port` of its console; `pin` is to open the service menu from then
    /// on ([`bilik_claim::provision::pin_fault`] has nothing against it).
    Enrol {
        hub: String,
        code: String,
        pin: String,
    },
    /// Replace how the machine gets its address, now and after each start.
    SetNetwork {
        addressing: Addressing,
    },
    /// Set which profile reads cards, and where: names as in the booth's configuration.
    SetReader {
        port: String,
        profile: String,
    },
    /// Put a signed update into the slot that is not running. It starts with the next restart.
    Update {
        from: UpdateFrom,
    },
    /// What the hub says the time is: milliseconds since 1970, UTC. Sets the machine's clock and the mainboard's, unless a
    /// time server has set it or it is right to two seconds. Done in each of these cases, and then [`Clock::Synchronised`].
    /// The nearer to its arrival it is asked, the better the clock.
    SetClock {
        unix_ms: u64,
    },
    /// This booth is well: screen, touch, camera, reader and queue were there for a minute. Ends the trial of a new slot.
    Healthy,
    /// Put what helps to find a fault onto an inserted stick, sealed to the hub's key. A booth that is not enrolled knows no
    /// such key: it writes less, unsealed (`bilik-diagnostics-unenrolled-N.txt`), and nothing personal.
    Diagnostics,
    /// Forget enrolment, configuration and queue. Refused while claims wait that no stick has a copy of.
    FactoryReset,
    /// Copy the sealed claims that wait onto an inserted stick.
    ExportQueue,
    Restart,
    PowerOff,
}

/// Where an update comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateFrom {
    /// The newest one of the inserted sticks.
    Stick,
    /// [`RECEIVED_UPDATE`].
    Hub,
}

/// How the machine gets its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Addressing {
    Dhcp,
    Fixed { address: IpAddr, prefix: u8, gateway: Option<IpAddr>, dns: Vec<IpAddr> },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    Progress {
        work: Work,
    },
    Status {
        status: Box<Status>,
    },
    /// It is done, and will survive a power cut.
    Done,
    Failed {
        why: Failure,
        detail: String,
    },
}

/// Why a request was not carried out. `detail` beside it is for the log: one line, in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The line was not a request of this version.
    NotUnderstood,
    /// Something else is being done; [`Status::work`] says what.
    Busy,
    /// Not while the machine runs in this way (installing on a booth, updating a stick).
    NotHere,
    NoStick,
    /// The stick holds no such file, or nothing came from the hub.
    NoFile,
    /// The file is damaged or has a key this version does not know; `detail` names line and key.
    BadFile,
    /// The update is not signed by this booth's maker.
    BadSignature,
    /// The update is older than what runs.
    Older,
    /// The disk is gone, too small, or carries the running system.
    BadDisk,
    /// Reading or writing failed; what was to be replaced is still in place.
    Io,
    /// There is no room where it is to be written; what was to be replaced is still in place.
    Full,
    /// The hub does not answer at the given address.
    HubUnreachable,
    /// The code is used, too old or not of this hub.
    CodeRefused,
    /// Claims wait that exist nowhere else.
    ClaimsWait,
    /// The hub's time is before this image was made, or far beyond: it is the hub's clock that is wrong.
    BadTime,
}
