//! What the machine looks like, every two seconds, so that a status is answered at once.

use super::commands::Tool;
use super::disks::{self, StickPart};
use super::machine::Machine;
use super::{clock, jobs, network, sticks, update};
use bilik_device::{Clock, Disk, Mode, Network, Slot, Stick};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

pub const EVERY: Duration = Duration::from_secs(2);
/// Each so many looks also at what hardly changes.
const SELDOM: u32 = 15;

#[derive(Clone, Debug)]
pub struct Seen {
    pub disks: Vec<Disk>,
    pub sticks: Vec<Stick>,
    /// Names the sticks that have a provisioning file; empty for none.
    pub provisioning: String,
    pub network: Network,
    pub clock: Clock,
    pub slots: Vec<Slot>,
    /// How often the booth's program was restarted after it had ended by itself.
    pub restarts: Option<u32>,
}

pub struct Looker {
    machine: Arc<Machine>,
    parts: Vec<StickPart>,
    seen: Seen,
    looks: u32,
}

impl Looker {
    pub fn new(machine: Arc<Machine>) -> Self {
        let network = Network { interface: None, cable: false, addresses: vec![], gateway: None, dns: vec![] };
        let seen = Seen {
            disks: vec![],
            sticks: vec![],
            provisioning: String::new(),
            network,
            clock: Clock::Unsynchronised,
            slots: vec![],
            restarts: None,
        };
        Self { machine, parts: vec![], seen, looks: 0 }
    }

    /// `all`: also at what a piece of work may have changed. What cannot be seen stays as it was seen last.
    pub fn look(&mut self, all: bool) -> Seen {
        let all = all || self.looks.is_multiple_of(SELDOM);
        self.looks = self.looks.wrapping_add(1);
        let grumble = |error: super::refusal::Refusal| tracing::warn!(%error, "could not look");
        match disks::list() {
            Ok(found) => {
                let stick = self.machine.mode() == Mode::Stick;
                self.seen.disks = if stick { disks::candidates(&found) } else { vec![] };
                let parts = disks::sticks(&found);
                if all || parts != self.parts {
                    self.look_into(parts);
                }
            }
            Err(error) => grumble(error),
        }
        network::look(&self.machine).map_or_else(grumble, |network| self.seen.network = network);
        if all {
            update::slots(&self.machine).map_or_else(grumble, |slots| self.seen.slots = slots);
            self.seen.clock = if clock::is_synchronised() { Clock::Synchronised } else { Clock::Unsynchronised };
        }
        if self.machine.mode() == Mode::Booth {
            let show = ["show", jobs::BOOTH_UNIT, "--property=NRestarts", "--value"];
            self.seen.restarts = Tool::new("systemctl").args(show).run().ok().and_then(|said| said.trim().parse().ok());
        }
        self.seen.clone()
    }

    fn look_into(&mut self, parts: Vec<StickPart>) {
        self.seen.sticks = parts.iter().map(|part| sticks::inspect(&self.machine, part)).collect();
        let with_file = parts.iter().zip(&self.seen.sticks).filter(|(_, stick)| stick.provisioning);
        self.seen.provisioning = with_file.map(|(part, _)| format!("{} {}\n", part.path, part.uuid)).collect();
        self.parts = parts;
    }

    /// Looks until nobody listens. Whoever sends gets a whole look, at once.
    pub fn run<E: From<(Seen, bool)>>(mut self, asked: &Receiver<()>, events: &Sender<E>) {
        loop {
            let all = match asked.recv_timeout(EVERY) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let seen = self.look(all);
            if events.send((seen, all).into()).is_err() {
                return;
            }
        }
    }
}
