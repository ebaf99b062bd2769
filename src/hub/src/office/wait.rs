//! How long one has to wait, from how long others were served. Pure.
//!
//! With `S` places at the desks of those on duty, all taken, and a service of `T` on average, a place becomes free every
//! `T / S`; so the one at place `p` of the line waits `p * T / S`. `T` is the mean of the newest services, or
//! [`ASSUMED`] until there are a few.

use std::collections::VecDeque;
use std::time::Duration;

/// So many services count.
const KEPT: usize = 20;
/// Fewer than this say nothing yet.
const ENOUGH: usize = 3;
/// Taken for a service before there is experience.
const ASSUMED: Duration = Duration::from_secs(10 * 60);
/// Taken for an officer's attention to one claim before there is experience.
const ASSUMED_ATTENTION: Duration = Duration::from_secs(3 * 60);
/// More is not said to anybody.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// Estimates are rounded up to this, so that they do not flicker.
const GRAIN_S: u64 = 30;

/// The newest service times.
#[derive(Debug, Default)]
pub struct ServiceTimes {
    newest: VecDeque<Duration>,
}

impl ServiceTimes {
    pub fn add(&mut self, service: Duration) {
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(service.min(LONGEST));
    }

    /// Seconds that the one at `place` (from 1) of the line can expect; `seats` is the capacity of all on duty, `free`
    /// the part of it that is not taken. Without seats: 0, nothing can be said.
    pub fn expected_s(&self, place: usize, seats: usize, free: usize) -> u32 {
        if seats == 0 || place <= free {
            return 0;
        }
        let ahead = u32::try_from(place - free).unwrap_or(u32::MAX);
        let per_seat = self.mean() / u32::try_from(seats).unwrap_or(u32::MAX);
        rounded_s(per_seat.saturating_mul(ahead))
    }

    fn mean(&self) -> Duration {
        if self.newest.len() < ENOUGH {
            return ASSUMED;
        }
        let count = u32::try_from(self.newest.len()).unwrap_or(u32::MAX);
        self.newest.iter().sum::<Duration>() / count
    }
}

/// Seconds until an officer turns to somebody with so many `ahead` of them; `attention`: what a claim took today on
/// average.
pub fn in_officers_line_s(ahead: usize, attention: Option<Duration>) -> u32 {
    let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
    rounded_s(attention.unwrap_or(ASSUMED_ATTENTION).saturating_mul(ahead))
}

fn rounded_s(wait: Duration) -> u32 {
    let seconds = wait.min(LONGEST).as_secs();
    u32::try_from(seconds.div_ceil(GRAIN_S) * GRAIN_S).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_follows_place_seats_and_experience() {
        let check = |services: &[u64], place, seats, free, expect| {
            let mut times = ServiceTimes::default();
            services.iter().for_each(|seconds| times.add(Duration::from_secs(*seconds)));
            assert_eq!(times.expected_s(place, seats, free), expect, "{services:?} {place} {seats} {free}");
        };
        check(&[], 1, 0, 0, 0);
        check(&[], 1, 4, 1, 0);
        check(&[], 1, 4, 0, 150);
        check(&[], 2, 4, 1, 150);
        check(&[60, 60], 1, 1, 0, 600);
        check(&[60, 60, 60], 1, 1, 0, 60);
        check(&[60, 60, 60], 1, 4, 0, 30);
        check(&[60, 120, 180], 3, 1, 0, 360);
        check(&[7200; 30], 50, 1, 0, 7200);
        assert_eq!(in_officers_line_s(0, None), 0);
        assert_eq!(in_officers_line_s(2, None), 360);
        assert_eq!(in_officers_line_s(1, Some(Duration::from_secs(61))), 90);
        check(&[[6000; 20], [60; 20]].concat(), 1, 1, 0, 60);
    }
}
