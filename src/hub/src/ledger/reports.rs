//! What booths tell of themselves and the hub remembers for them.

use super::{AuditEvent, LedgerError};
use bilik_claim::audit::AuditHead;
use bilik_claim::ids::{BoothId, WallTime};
use bilik_claim::machine::MachineReport;

/// All that is remembered of a booth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoothReport {
    /// Serial of the hub's keys that it went by when it last asked, and when that was. 0: those of its enrolment.
    pub keys: Option<(u64, WallTime)>,
    pub trail: BoothTrail,
}

/// A booth's audit trail and disk, from its own words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoothTrail {
    /// The end of its trail, and when it was noted.
    pub head: Option<(AuditHead, WallTime)>,
    /// The end that had been noted when the trail was last found shorter or changed, and when that was.
    pub cut: Option<(AuditHead, WallTime)>,
    /// Claims that its disk has lost since its program was started.
    pub lost: u32,
}

pub trait Reports {
    fn note_keys(&self, booth: BoothId, serial: u64, now: WallTime) -> Result<(), LedgerError>;

    /// Remembers a trail, together with the entries that are about it.
    fn note_trail(
        &self,
        booth: BoothId,
        trail: &BoothTrail,
        events: &[AuditEvent],
        now: WallTime,
    ) -> Result<(), LedgerError>;

    /// Remembers what a booth tells of its machine.
    fn note_machine(&self, booth: BoothId, report: &MachineReport, now: WallTime) -> Result<(), LedgerError>;

    /// What booths told last of their machines, and when. What this version cannot read is left out.
    fn machines(&self) -> Result<Vec<(BoothId, WallTime, MachineReport)>, LedgerError>;

    /// Of the booths that have told anything.
    fn reports(&self) -> Result<Vec<(BoothId, BoothReport)>, LedgerError>;
}
