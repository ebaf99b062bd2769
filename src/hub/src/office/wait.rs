//! How long one has to wait, from how long others were served. Pure.
//!
//! * **For an officer:** the seats that are taken become free as the newest services let expect of services that have gone
//!   on for so long; who stands in front takes the first of them, for as long as one of those services. That is played
//!   [`PLAYS`] times with services drawn from the newest ones, and the mean is told.
//! * **For one's officer's eyes:** what is left of the need that is being handled, and one handling for each in front.
//!   Attention per claim would tell too much: a claim needs the officer more than once (`make bench-capacity`: 1.8 times).
//!
//! Until there are a few, [`SERVICE`] and [`HANDLING`] are taken for the mean, and half as much more or less.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// So many services count.
const KEPT: usize = 40;
/// Fewer than this say nothing yet.
const ENOUGH: usize = 3;
/// Taken for a service before there is experience.
pub const SERVICE: Duration = Duration::from_secs(10 * 60);
/// Taken for an officer's handling of one need before there is experience.
pub const HANDLING: Duration = Duration::from_secs(2 * 60);
/// More is not said to anybody.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// Estimates are rounded to this, so that they do not flicker.
const GRAIN_S: u64 = 30;
const PLAYS: u32 = 32;

/// How long the newest of something took.
#[derive(Debug)]
pub struct Recent {
    newest: VecDeque<Duration>,
    assumed: [Duration; 3],
}

impl Recent {
    pub fn new(assumed: Duration) -> Self {
        Self { newest: VecDeque::new(), assumed: [assumed / 2, assumed, assumed * 3 / 2] }
    }

    pub fn add(&mut self, took: Duration) {
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(took.min(LONGEST));
    }

    fn times(&self) -> impl Iterator<Item = Duration> + Clone + '_ {
        let (known, assumed) =
            if self.newest.len() < ENOUGH { (None, Some(&self.assumed)) } else { (Some(&self.newest), None) };
        known.into_iter().flatten().chain(assumed.into_iter().flatten()).copied()
    }

    fn mean(&self) -> Duration {
        mean(self.times()).unwrap_or_default()
    }

    /// What may be left of one that has gone on for so long. One that outlasts all others ends at any moment.
    fn left(&self, gone: Duration) -> Vec<Duration> {
        let left: Vec<Duration> =
            self.times().filter(|time| *time > gone).map(|time| time.saturating_sub(gone)).collect();
        if left.is_empty() { vec![self.mean() / 4] } else { left }
    }
}

/// Seconds that each place of a line can expect to wait for a seat: the first of the line first. `free`: seats that nobody
/// has; `taken`: for how long each seat has been taken that will be free again.
pub fn for_a_seat_s(services: &Recent, free: usize, taken: &[Duration], places: usize) -> Vec<u32> {
    // Nobody waits; or nobody is on duty, and nothing can be said.
    if places <= free || (free == 0 && taken.is_empty()) {
        return vec![0; places];
    }
    let (all, left): (Vec<Duration>, Vec<Vec<Duration>>) =
        (services.times().collect(), taken.iter().map(|gone| services.left(*gone)).collect());
    let mut sums = vec![Duration::ZERO; places];
    for play in 0..PLAYS {
        // Each play its own chance: what a place is told does not change when the line behind it grows.
        let mut dice = Draw(u64::from(play) << 32);
        let mut seats: BinaryHeap<Reverse<Duration>> = (0..free).map(|_| Reverse(Duration::ZERO)).collect();
        seats.extend(left.iter().map(|left| Reverse(dice.of(left))));
        for sum in &mut sums {
            let Some(Reverse(at)) = seats.pop() else { break };
            *sum += at;
            seats.push(Reverse(at + dice.of(&all)));
        }
    }
    sums.into_iter().map(|sum| rounded_s(sum / PLAYS)).collect()
}

/// Seconds until an officer turns to somebody with so many `ahead` of them, while one need has been handled for `running`.
pub fn for_eyes_s(handlings: &Recent, ahead: usize, running: Option<Duration>) -> u32 {
    let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
    let rest = running.and_then(|gone| mean(handlings.left(gone).into_iter())).unwrap_or_default();
    rounded_s(handlings.mean().saturating_mul(ahead).saturating_add(rest))
}

fn mean(times: impl Iterator<Item = Duration> + Clone) -> Option<Duration> {
    times.clone().sum::<Duration>().checked_div(u32::try_from(times.count()).unwrap_or(u32::MAX))
}

/// To the nearest grain, but somebody who has to wait is not told that they have not.
fn rounded_s(wait: Duration) -> u32 {
    let seconds = wait.min(LONGEST).as_secs();
    let grains = if seconds == 0 { 0 } else { (seconds + GRAIN_S / 2).div_euclid(GRAIN_S).max(1) };
    u32::try_from(grains * GRAIN_S).unwrap_or(u32::MAX)
}

/// Chance that is the same each time: an estimate that is made again tells the same. SplitMix64, whose streams of neighbouring
/// seeds have nothing in common.
struct Draw(u64);

impl Draw {
    fn of(&mut self, times: &[Duration]) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let index = ((mixed ^ (mixed >> 31)) >> 33) as usize % times.len().max(1);
        times.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(assumed_s: u64, seconds: &[u64]) -> Recent {
        let mut recent = Recent::new(Duration::from_secs(assumed_s));
        seconds.iter().for_each(|seconds| recent.add(Duration::from_secs(*seconds)));
        recent
    }

    #[test]
    fn waiting_for_a_seat_follows_what_is_left() {
        let check = |services: &[u64], free, taken: &[u64], expect: &[u32]| {
            let taken: Vec<Duration> = taken.iter().copied().map(Duration::from_secs).collect();
            let told = for_a_seat_s(&recent(600, services), free, &taken, expect.len());
            assert_eq!(told, expect, "{services:?} {free} {taken:?}");
        };
        // Nobody on duty: nothing can be said.
        check(&[], 0, &[], &[0, 0]);
        check(&[60, 60, 60], 2, &[], &[0, 0, 60, 60, 120]);
        check(&[60, 60, 60], 0, &[0], &[60, 120, 180]);
        check(&[600, 600, 600], 0, &[570, 300], &[30, 300, 630]);
        check(&[600, 600, 600], 1, &[570], &[0, 30, 600]);
        // Longer than all before: at any moment.
        check(&[600, 600, 600], 0, &[900], &[150]);
        // Two say nothing; the third makes them count.
        check(&[60, 60], 1, &[], &[0]);
        check(&[7200; 30], 0, &[0], &[7200, 7200]);
        check(&[[6000; 40], [60; 40]].concat(), 0, &[0], &[60]);
        // Before there is experience: about ten minutes.
        let told = for_a_seat_s(&recent(600, &[]), 0, &[Duration::ZERO], 1)[0];
        assert!((480..=720).contains(&told), "{told}");
        // Of eight that differ, the first ends soon.
        let spread: Vec<u64> = (1..=20).map(|number| number * 60).collect();
        let told = for_a_seat_s(&recent(600, &spread), 0, &[Duration::ZERO; 8], 8);
        assert!(told[0] < 180 && told.is_sorted(), "{told:?}");
    }

    #[test]
    fn waiting_for_eyes_follows_the_line() {
        let check = |handlings: &[u64], ahead, running: Option<u64>, expect| {
            let told = for_eyes_s(&recent(120, handlings), ahead, running.map(Duration::from_secs));
            assert_eq!(told, expect, "{handlings:?} {ahead} {running:?}");
        };
        check(&[], 0, None, 0);
        check(&[], 2, None, 240);
        check(&[], 1, Some(0), 240);
        check(&[60, 60, 60], 0, Some(20), 30);
        check(&[60, 60, 60], 0, Some(60), 30);
        check(&[60, 120, 180], 2, Some(150), 270);
        check(&[7000; 3], 2, None, 7200);
    }
}
