//! When a booth that is not enrolled tries by itself: pure.
//!
//! A file is tried as soon as it is seen. While the hub does not answer it is tried again, later and later; any other failure
//! stands until another file comes, or the stick was out in between.

use bilik_device::Failure;
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub struct Retry {
    /// The stick whose file was tried last; empty for the file that was kept.
    tried: Option<String>,
    failure: Option<Failure>,
    failures: u32,
    next: Duration,
}

impl Retry {
    /// `stick` names the stick with a provisioning file, empty for none; `waits`: one was kept.
    pub fn is_due(&mut self, now: Duration, stick: &str, waits: bool) -> bool {
        if stick.is_empty() && !waits {
            self.tried = self.tried.take().map(|_| String::new());
            return false;
        }
        let same = self.tried.as_deref() == Some(stick);
        if stick.is_empty() && self.tried.is_some() {
            self.tried = Some(String::new());
        }
        match self.failure {
            None => self.tried.is_none() || !same,
            Some(Failure::HubUnreachable | Failure::Io | Failure::Full | Failure::Busy) => now >= self.next,
            Some(
                Failure::NotUnderstood
                | Failure::NotHere
                | Failure::NoStick
                | Failure::NoFile
                | Failure::BadFile
                | Failure::BadSignature
                | Failure::Older
                | Failure::BadDisk
                | Failure::CodeRefused
                | Failure::ClaimsWait
                | Failure::BadTime,
            ) => !same && !stick.is_empty(),
        }
    }

    /// It was tried, by whomever.
    pub fn ended(&mut self, now: Duration, stick: &str, failure: Option<Failure>) {
        self.tried = Some(stick.to_owned());
        self.failures = if failure.is_some() { self.failures.saturating_add(1) } else { 0 };
        self.failure = failure;
        self.next = now + FIRST.saturating_mul(1 << self.failures.saturating_sub(1).min(16)).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_hub_that_is_away_is_asked_again_later_and_later() {
        let mut retry = Retry::default();
        let (mut now, mut gaps) = (at(0), Vec::new());
        assert!(retry.is_due(now, "", true));
        for _ in 0..10 {
            retry.ended(now, "", Some(Failure::HubUnreachable));
            let before = now;
            while !retry.is_due(now, "", true) {
                now += at(1);
            }
            gaps.push((now - before).as_secs());
        }
        assert_eq!(gaps, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn a_file_that_is_refused_is_tried_once() {
        let mut retry = Retry::default();
        assert!(!retry.is_due(at(0), "", false));
        assert!(retry.is_due(at(1), "stick 1", false));
        for failure in [Failure::CodeRefused, Failure::BadFile] {
            retry.ended(at(1), "stick 1", Some(failure));
            assert!(!retry.is_due(at(1000), "stick 1", false));
            assert!(retry.is_due(at(1000), "stick 2", false));
            // It was taken out, perhaps with a new file put onto it.
            assert!(!retry.is_due(at(1000), "", false));
            assert!(retry.is_due(at(1001), "stick 1", false));
        }
        // What was kept before is no reason.
        retry.ended(at(1), "", Some(Failure::BadFile));
        assert!(!retry.is_due(at(1000), "", true));
    }
}
