//! Whether a device is there, and when to look again. Pure.

use std::time::{Duration, Instant};

use crate::event::Availability;

/// How soon a missing device is looked for again.
pub(super) const RETRY: Duration = Duration::from_secs(2);

/// What is known of one device.
#[derive(Debug, Default)]
pub(super) struct Watch {
    known: Option<Availability>,
    retry_at: Option<Instant>,
}

impl Watch {
    /// Notes that the device works. Returns what to report, if that is news.
    pub fn present(&mut self) -> Option<Availability> {
        self.retry_at = None;
        self.learn(Availability::Present)
    }

    /// Notes that the device does not work. Returns what to report, if that is news; another reason alone is none.
    pub fn missing(&mut self, reason: String, now: Instant) -> Option<Availability> {
        self.retry_at = Some(now + RETRY);
        if matches!(self.known, Some(Availability::Missing { .. })) {
            return None;
        }
        self.learn(Availability::Missing { reason })
    }

    /// Notes that there is none by design.
    pub fn not_configured(&mut self) -> Option<Availability> {
        self.retry_at = None;
        self.learn(Availability::NotConfigured)
    }

    /// Whether the device may be opened now.
    pub fn may_open(&self, now: Instant) -> bool {
        self.known != Some(Availability::NotConfigured) && self.retry_at.is_none_or(|at| at <= now)
    }

    /// Whether it is time to look for a missing device.
    pub fn must_look(&self, now: Instant) -> bool {
        self.retry_at.is_some_and(|at| at <= now)
    }

    /// When [`Watch::must_look`] becomes true.
    pub fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Why it is not there. `None` if it is, as far as known.
    pub fn absence(&self) -> Option<&str> {
        match self.known.as_ref()? {
            Availability::Present => None,
            Availability::Missing { reason } => Some(reason),
            Availability::NotConfigured => Some("not configured"),
        }
    }

    fn learn(&mut self, new: Availability) -> Option<Availability> {
        if self.known.as_ref() == Some(&new) {
            return None;
        }
        self.known = Some(new.clone());
        Some(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_told_once_and_a_missing_device_is_looked_for_again() {
        let now = Instant::now();
        let missing = Availability::Missing { reason: "unplugged".to_owned() };
        let mut watch = Watch::default();
        assert!(watch.may_open(now));
        assert_eq!(watch.missing("unplugged".to_owned(), now), Some(missing));
        assert_eq!(watch.missing("still unplugged".to_owned(), now), None);
        assert!(!watch.may_open(now) && !watch.must_look(now));
        assert_eq!(watch.absence(), Some("unplugged"));
        assert!(watch.may_open(now + RETRY) && watch.must_look(now + RETRY));
        assert_eq!(watch.present(), Some(Availability::Present));
        assert_eq!(watch.present(), None);
        assert_eq!((watch.retry_at(), watch.absence()), (None, None));
    }

    #[test]
    fn what_is_not_configured_is_never_opened() {
        let now = Instant::now();
        let mut watch = Watch::default();
        assert_eq!(watch.not_configured(), Some(Availability::NotConfigured));
        assert!(!watch.may_open(now) && !watch.must_look(now + RETRY));
    }
}
