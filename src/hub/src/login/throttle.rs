//! What guessing costs: after a few failures an account waits, twice as long each time.
//!
//! Counted for the login as typed, whether it exists or not, so the answer tells nobody which logins there are.

use super::MAX_LOGIN;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// This many failures are free: people mistype.
const FREE: u32 = 5;
/// The first wait. It doubles with each further failure.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten after this long without another one.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// At most this many logins are counted; beyond it the one that failed longest ago is forgotten.
const MAX_KEYS: usize = 10_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn wait(self) -> Duration {
        match self.count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(beyond) => FIRST_WAIT.saturating_mul(1 << beyond.min(16)).min(LONGEST_WAIT),
        }
    }
}

/// Failed attempts by login.
#[derive(Default)]
pub struct Throttle {
    failures: HashMap<String, Failures>,
}

impl Throttle {
    /// How long this login has to wait before the next attempt, if at all.
    pub fn wait(&self, login: &str, now: Instant) -> Option<Duration> {
        let failures = self.failures.get(&key(login))?;
        let wait = failures.wait().checked_sub(now.saturating_duration_since(failures.last))?;
        (!wait.is_zero()).then_some(wait)
    }

    pub fn failed(&mut self, login: &str, now: Instant) {
        let key = key(login);
        if !self.failures.contains_key(&key) && self.failures.len() >= MAX_KEYS {
            self.failures.retain(|_, failures| now.saturating_duration_since(failures.last) < FORGET);
            if self.failures.len() >= MAX_KEYS {
                let oldest = self.failures.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone());
                oldest.map(|key| self.failures.remove(&key));
            }
        }
        let failures = self.failures.entry(key).or_insert(Failures { count: 0, last: now });
        if now.saturating_duration_since(failures.last) >= FORGET {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    pub fn succeeded(&mut self, login: &str) {
        self.failures.remove(&key(login));
    }
}

/// Logins do not differ by case or by blanks around them; what is longer than any login is cut.
fn key(login: &str) -> String {
    login.trim().chars().take(MAX_LOGIN).flat_map(char::to_lowercase).collect()
}

/// At most so many events a minute from everybody together; for things that nobody does often, such as enrolment.
pub struct PerMinute {
    limit: u32,
    count: u32,
    since: Instant,
}

impl PerMinute {
    pub fn new(limit: u32, now: Instant) -> Self {
        Self { limit, count: 0, since: now }
    }

    /// Counts one; false if it is one too many.
    pub fn admit(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(60) {
            (self.count, self.since) = (0, now);
        }
        self.count = self.count.saturating_add(1);
        self.count <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_a_bound_and_is_forgotten() {
        let start = Instant::now();
        let check = |failures: u32, later: u64, expect: Option<u64>| {
            let mut throttle = Throttle::default();
            (0..failures).for_each(|_| throttle.failed("Sari", start));
            let wait = throttle.wait(" sari ", start + Duration::from_secs(later));
            assert_eq!(wait, expect.map(Duration::from_secs), "{failures} failures, {later} s later");
            assert_eq!(throttle.wait("budi", start), None);
        };
        check(0, 0, None);
        check(4, 0, None);
        check(5, 0, Some(30));
        check(5, 29, Some(1));
        check(5, 30, None);
        check(6, 0, Some(60));
        check(9, 0, Some(480));
        check(100, 0, Some(900));
        check(u32::from(u16::MAX), 900, None);

        let mut throttle = Throttle::default();
        (0..5).for_each(|_| throttle.failed("sari", start));
        throttle.failed("sari", start + FORGET);
        assert_eq!(throttle.wait("sari", start + FORGET), None, "an hour later it counts anew");
        (0..5).for_each(|_| throttle.failed("sari", start));
        throttle.succeeded("SARI");
        assert_eq!(throttle.wait("sari", start), None);
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        for number in 0..MAX_KEYS + 10 {
            throttle.failed(&format!("guess{number}"), start + Duration::from_millis(number as u64));
        }
        assert_eq!(throttle.failures.len(), MAX_KEYS);
        assert!(!throttle.failures.contains_key("guess0"));
        assert!(throttle.failures.contains_key(&format!("guess{}", MAX_KEYS + 9)));
    }

    #[test]
    fn per_minute_starts_anew_each_minute() {
        let start = Instant::now();
        let mut limit = PerMinute::new(2, start);
        let mut check = |seconds, expect| assert_eq!(limit.admit(start + Duration::from_secs(seconds)), expect);
        check(0, true);
        check(1, true);
        check(59, false);
        check(60, true);
        check(61, true);
        check(62, false);
    }
}
