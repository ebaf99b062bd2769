//! What goes wrong, and how often: each seed has a climate of its own, in which some faults never come and others often.

use super::Office;
use super::disks::Crash;
use super::scheduler::{Happening, Scene};
use crate::sim::Dice;
use std::time::Duration;

/// What happens to booths and hub. Each brings about its own end and its next time.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    BoothStops(usize),
    BoothStarts(usize),
    BoothDisk {
        booth: usize,
        full: bool,
    },
    Line {
        booth: usize,
        up: bool,
    },
    BoothClock(usize),
    HubStops {
        restore: bool,
    },
    HubStarts,
    HubDisk {
        full: bool,
    },
    HubClock,
    /// No fault: the operator replaces a key.
    NewKey,
    /// No fault either: what the hub's operator does by the hour.
    BackUp,
}

/// Minutes between two faults of a kind, on average; none where they never come.
#[derive(Clone, Copy, Debug)]
pub struct Climate {
    /// When the office closes: nobody comes any more, and nothing goes wrong any more.
    pub closes: Duration,
    /// Milliseconds until somebody else comes, at the most.
    pub arrivals: usize,
    booth_stops: Option<usize>,
    booth_disk: Option<usize>,
    line: Option<usize>,
    clocks: Option<usize>,
    hub_stops: Option<usize>,
    hub_disk: Option<usize>,
    restore: Option<usize>,
    new_key: Option<usize>,
}

impl Climate {
    pub fn by_chance(dice: &mut Dice) -> Self {
        let mut often = |from: &[usize]| {
            let one = from[dice.below(from.len())];
            dice.percent(65).then_some(one)
        };
        let (booth_stops, hub_stops) = (often(&[4, 15, 45]), often(&[5, 20, 60]));
        let (booth_disk, hub_disk) = (often(&[10, 45]), often(&[10, 60]));
        let (line, clocks, restore) = (often(&[3, 15, 60]), often(&[10, 60]), often(&[40, 90]));
        let new_key = often(&[20, 60]);
        let minutes = 60 + dice.below(120) as u64;
        let arrivals = [180_000, 900_000, 2_400_000][dice.below(3)];
        let closes = Duration::from_secs(60 * minutes);
        Self { closes, arrivals, booth_stops, booth_disk, line, clocks, hub_stops, hub_disk, restore, new_key }
    }
}

impl Scene {
    fn next_fault(&mut self, minutes: Option<usize>, fault: Fault) {
        if let Some(minutes) = minutes {
            let pause = self.pause(1_000, minutes * 120_000);
            // None comes after the office has closed; what is broken then is mended.
            if self.now + pause < self.climate.closes {
                self.after(pause, Happening::Fault(fault));
            }
        }
    }

    /// Mended after a while, at the latest when the office closes.
    fn mended(&mut self, longest: usize, fault: Fault) {
        let pause = self.pause(1_000, longest);
        let end = (self.now + pause).min(self.climate.closes.max(self.now));
        self.at(end, Happening::Fault(fault));
    }
}

impl Office {
    pub fn first_faults(&mut self) {
        let scene = &mut self.scene;
        let climate = scene.climate;
        for booth in 0..self.booths.len() {
            scene.next_fault(climate.booth_stops, Fault::BoothStops(booth));
            scene.next_fault(climate.booth_disk, Fault::BoothDisk { booth, full: true });
            scene.next_fault(climate.line, Fault::Line { booth, up: false });
            scene.next_fault(climate.clocks, Fault::BoothClock(booth));
        }
        scene.next_fault(climate.hub_stops, Fault::HubStops { restore: false });
        scene.next_fault(climate.hub_disk, Fault::HubDisk { full: true });
        scene.next_fault(climate.clocks, Fault::HubClock);
        scene.next_fault(climate.restore, Fault::HubStops { restore: true });
        scene.next_fault(climate.new_key, Fault::NewKey);
        scene.next_fault(Some(20), Fault::BackUp);
    }

    pub fn fault(&mut self, fault: Fault) -> Result<(), String> {
        let climate = self.scene.climate;
        let scene = &mut self.scene;
        scene.tell(format_args!("{fault:?}"));
        match fault {
            Fault::BoothStops(number) => {
                let booth = &mut self.booths[number];
                let crash = if scene.dice.percent(50) { Crash::Killed } else { Crash::PowerCut };
                if scene.dice.percent(60) {
                    // In the middle of what the courier does next.
                    booth.doomed = Some(crash);
                } else {
                    booth.crash(crash, scene);
                }
                scene.mended(1_200_000, Fault::BoothStarts(number));
                scene.next_fault(climate.booth_stops, fault);
            }
            Fault::BoothStarts(number) => {
                let booth = &mut self.booths[number];
                booth.doomed = booth.doomed.filter(|_| scene.now < climate.closes);
                booth.start(scene)?;
                if booth.doomed.is_some() {
                    // It has not happened yet.
                    scene.mended(1_200_000, fault);
                } else if scene.now < climate.closes && scene.dice.percent(10) {
                    // It is cut again while it starts.
                    booth.doomed = Some(Crash::PowerCut);
                    scene.mended(60_000, fault);
                }
            }
            Fault::BoothDisk { booth, full } => {
                self.booths[booth].set_full(full);
                if full {
                    scene.promises.full.insert(booth);
                }
                scene.count.full_disks += u64::from(full);
                match full {
                    true => scene.mended(1_800_000, Fault::BoothDisk { booth, full: false }),
                    false => scene.next_fault(climate.booth_disk, Fault::BoothDisk { booth, full: true }),
                }
            }
            Fault::Line { booth, up } => {
                self.booths[booth].line = up;
                match up {
                    false => scene.mended(1_200_000, Fault::Line { booth, up: true }),
                    true => scene.next_fault(climate.line, Fault::Line { booth, up: false }),
                }
                scene.signals(booth);
            }
            Fault::BoothClock(number) => {
                self.booths[number].wall += jump(scene);
                scene.next_fault(climate.clocks, fault);
            }
            Fault::HubClock => {
                self.hub.wall += jump(scene);
                scene.next_fault(climate.clocks, fault);
            }
            Fault::HubStops { restore } => {
                let crash = if scene.dice.percent(50) { Crash::Killed } else { Crash::PowerCut };
                if restore {
                    // What is held now has to come back.
                    self.booths.iter_mut().try_for_each(|booth| booth.check(false, scene))?;
                }
                if restore || scene.dice.percent(50) {
                    self.hub.crash(crash, restore, scene);
                } else {
                    self.hub.doomed = Some(crash);
                }
                scene.mended(900_000, Fault::HubStarts);
                scene.next_fault(if restore { climate.restore } else { climate.hub_stops }, fault);
                (0..self.booths.len()).for_each(|booth| scene.signals(booth));
            }
            Fault::HubStarts => {
                self.hub.doomed = self.hub.doomed.filter(|_| scene.now < climate.closes);
                if !self.hub.start(scene)? || self.hub.doomed.is_some() {
                    scene.mended(60_000, fault);
                }
                (0..self.booths.len()).for_each(|booth| scene.signals(booth));
            }
            Fault::HubDisk { full } => {
                self.hub.set_full(full);
                scene.count.full_disks += u64::from(full);
                if self.hub.has_failed() {
                    // Its operator starts it again.
                    self.hub.crash(Crash::Killed, false, scene);
                    scene.mended(60_000, Fault::HubStarts);
                }
                match full {
                    true => scene.mended(1_800_000, Fault::HubDisk { full: false }),
                    false => scene.next_fault(climate.hub_disk, Fault::HubDisk { full: true }),
                }
            }
            Fault::NewKey => {
                self.hub.rotate(scene);
                scene.next_fault(climate.new_key, fault);
            }
            Fault::BackUp => {
                self.hub.back_up(scene);
                self.hub.clean_up(scene);
                scene.next_fault(Some(30), fault);
            }
        }
        Ok(())
    }
}

impl Scene {
    /// The signalling link notices after a while.
    fn signals(&mut self, booth: usize) {
        let pause = self.pause(10, 15_000);
        self.after(pause, Happening::Signalling { booth });
    }
}

/// Seconds, hours, or years, forth or back; in milliseconds.
fn jump(scene: &mut Scene) -> i64 {
    scene.count.clock_jumps += 1;
    let most = [10_000, 7_200_000, 40 * 86_400_000, 10 * 365 * 86_400_000_i64][scene.dice.below(4)];
    let far = (scene.dice.next() >> 1) as i64 % most;
    if scene.dice.percent(50) { far } else { -far }
}
