//! What the pages show of it.

use super::enrol_form::{EnrolFault, EnrolForm};
use super::network_form::{FormFault, NetworkForm};
use super::sound::Hearing;
use super::touch::TouchTest;
use super::{Machine, Pin, Question, Service};
use crate::device::End;
use bilik_device::{Request, Status, Work};
use std::time::{Duration, Instant};

impl Service {
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    pub fn status(&self) -> Option<&Status> {
        match &self.machine {
            Machine::Known(status) => Some(status),
            Machine::Unknown | Machine::Absent => None,
        }
    }

    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    pub fn is_enrolled(&self) -> bool {
        self.enrolled
    }

    /// What is asked before it is done.
    pub fn question(&self) -> Option<Question> {
        self.question.as_ref().map(|(question, _)| *question)
    }

    /// What the machine does now, and how long it will still take where that can be told.
    pub fn work(&self, now: Instant) -> Option<(&Work, Option<Duration>)> {
        self.work.as_ref().map(|work| (work, self.pace.remaining(work.permille, now)))
    }

    /// Something runs: nothing else can be asked for.
    pub fn is_busy(&self) -> bool {
        self.running.is_some() || self.work.is_some()
    }

    pub fn running(&self) -> Option<&Request> {
        self.running.as_ref()
    }

    /// How the last request of this menu or installer ended.
    pub fn ended(&self) -> Option<&(Request, End)> {
        self.ended.as_ref()
    }

    pub fn form(&self) -> Option<(&NetworkForm, Option<FormFault>)> {
        self.form.as_ref().map(|(form, fault)| (form, *fault))
    }

    pub fn enrol_form(&self) -> Option<(&EnrolForm, Option<EnrolFault>)> {
        self.enrol_form.as_ref().map(|(form, fault)| (form, *fault))
    }

    pub fn touch(&self) -> &TouchTest {
        &self.touch
    }

    pub fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    /// The disk that would become a booth: the only one, or the chosen one.
    pub fn disk(&self) -> Option<&bilik_device::Disk> {
        let disks = &self.status()?.disks;
        match (&self.disk, disks.as_slice()) {
            (_, [only]) => Some(only),
            (chosen, disks) => disks.iter().find(|disk| chosen.as_ref() == Some(&disk.id)),
        }
    }
}
