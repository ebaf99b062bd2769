//! The booth's machine in the words of [`bilik_claim::machine`].

use bilik_claim::machine::{Ended, Image, MAX_SLOTS, MachineReport, Progress, Slot};
use bilik_claim::wire::MAX_VALUE;
use bilik_device::{Mode, Outcome, SlotState, Status};

pub(super) fn report(software: &str, status: Option<&Status>, update: Progress) -> MachineReport {
    let image = status.filter(|status| status.mode == Mode::Booth).map(|status| Image {
        version: line(&status.version),
        root_hash: line(&status.root_hash),
        slots: status.slots.iter().take(MAX_SLOTS).map(slot).collect(),
        last: status.last.as_ref().map(ended),
    });
    MachineReport { software: line(software), image, update }
}

/// Whether the hub has to hear it at once. How many bytes have come it hears in its turn.
pub(super) fn differ(told: &MachineReport, report: &MachineReport) -> bool {
    let both_fetch = matches!((&told.update, &report.update), (Progress::Fetching { .. }, Progress::Fetching { .. }));
    told.software != report.software || told.image != report.image || (told.update != report.update && !both_fetch)
}

/// What fits into a report: one line, not too long.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_VALUE).collect()
}

fn slot(slot: &bilik_device::Slot) -> Slot {
    let state = match slot.state {
        SlotState::Empty => "empty",
        SlotState::Trial => "trial",
        SlotState::Good => "good",
        SlotState::Bad => "bad",
    };
    let version = slot.version.as_deref().map(line);
    Slot { name: line(&slot.name), version, running: slot.running, state: state.into() }
}

fn ended(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Updated { from, to } => Ended::Updated { from: line(from), to: line(to) },
        Outcome::RolledBack { failed, running, why } => {
            Ended::RolledBack { failed: line(failed), running: line(running), why: line(&why.to_string()) }
        }
        Outcome::Failed { why, detail } => Ended::Failed { why: line(&format!("{why:?}: {detail}")) },
    }
}
