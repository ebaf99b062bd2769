//! Counters for `/metrics`, in the Prometheus text format. Numbers only.

use crate::figures::Figures;
use crate::ledger::Health;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Something that is counted since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    FramesIn,
    FramesOut,
    FramesRefused,
    CutOff,
    PartsStored,
    ClaimsReceived,
    ClaimsRefused,
    LoginsFailed,
    AuditLost,
    BoothTrailsCut,
    BoothClaimsLost,
}

impl Counter {
    const ALL: [Counter; 11] = [
        Counter::FramesIn,
        Counter::FramesOut,
        Counter::FramesRefused,
        Counter::CutOff,
        Counter::PartsStored,
        Counter::ClaimsReceived,
        Counter::ClaimsRefused,
        Counter::LoginsFailed,
        Counter::AuditLost,
        Counter::BoothTrailsCut,
        Counter::BoothClaimsLost,
    ];

    fn name(self) -> &'static str {
        match self {
            Counter::FramesIn => "frames_received",
            Counter::FramesOut => "frames_sent",
            Counter::FramesRefused => "frames_refused",
            Counter::CutOff => "connections_cut_off",
            Counter::PartsStored => "parts_stored",
            Counter::ClaimsReceived => "claims_received",
            Counter::ClaimsRefused => "claims_refused",
            Counter::LoginsFailed => "logins_failed",
            Counter::AuditLost => "audit_entries_lost",
            Counter::BoothTrailsCut => "booth_trails_cut",
            Counter::BoothClaimsLost => "booth_claims_lost",
        }
    }
}

/// What the office counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub booths: usize,
    pub consoles: usize,
    pub sessions: usize,
    pub waiting: usize,
    pub calls: usize,
    /// Calls whose booth knows that the path carries too little.
    pub calls_narrow: usize,
    /// What the pictures of all booths take together, in kbit/s.
    pub pictures_kbps: u64,
    /// Calls since the hub's start.
    pub calls_begun: u64,
    /// Those of them that either end reported as broken.
    pub calls_broken: u64,
}

/// All counters, and what the ledger was last found to say.
#[derive(Default)]
pub struct Metrics {
    counts: [AtomicU64; Counter::ALL.len()],
    claims_missing: AtomicU64,
    figures: Mutex<Figures>,
}

impl Metrics {
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    pub fn add(&self, counter: Counter, count: u64) {
        self.counts[counter as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// Claims that booths have receipts of and that nobody has.
    pub fn set_claims_missing(&self, claims: u32) {
        self.claims_missing.store(claims.into(), Ordering::Relaxed);
    }

    /// What serving participants costs. Locked for a moment: one loop writes, and whoever asks reads.
    pub fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn get(&self, counter: Counter) -> u64 {
        self.counts[counter as usize].load(Ordering::Relaxed)
    }

    /// The whole text.
    pub fn render(&self, status: Status, ledger: Health) -> String {
        let mut text = String::new();
        for counter in Counter::ALL {
            let value = self.counts[counter as usize].load(Ordering::Relaxed);
            // Writing to a string does not fail.
            let _ = writeln!(text, "# TYPE bilik_{0}_total counter\nbilik_{0}_total {value}", counter.name());
        }
        for (name, value) in [("calls_begun", status.calls_begun), ("calls_broken", status.calls_broken)] {
            let _ = writeln!(text, "# TYPE bilik_{name}_total counter\nbilik_{name}_total {value}");
        }
        let gauges = [
            ("booths_online", status.booths),
            ("consoles_open", status.consoles),
            ("sessions", status.sessions),
            ("sessions_waiting", status.waiting),
            ("calls", status.calls),
            ("calls_narrow", status.calls_narrow),
            ("calls_pictures_kilobits_per_second", status.pictures_kbps as usize),
            ("ledger_healthy", usize::from(ledger == Health::Good)),
            ("ledger_full", usize::from(ledger == Health::Full)),
            ("claims_missing", self.claims_missing.load(Ordering::Relaxed) as usize),
        ];
        for (name, value) in gauges {
            let _ = writeln!(text, "# TYPE bilik_{name} gauge\nbilik_{name} {value}");
        }
        self.figures().render(&mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_has_its_own_place() {
        let metrics = Metrics::default();
        for (index, counter) in Counter::ALL.into_iter().enumerate() {
            (0..=index).for_each(|_| metrics.count(counter));
        }
        metrics.set_claims_missing(7);
        let text = metrics.render(
            Status {
                waiting: 3,
                calls_narrow: 2,
                pictures_kbps: 5,
                calls_begun: 9,
                calls_broken: 4,
                ..Status::default()
            },
            Health::Good,
        );
        for (index, counter) in Counter::ALL.into_iter().enumerate() {
            assert!(text.contains(&format!("\nbilik_{}_total {}\n", counter.name(), index + 1)), "{text}");
        }
        assert!(text.contains("bilik_sessions_waiting 3\n") && text.contains("bilik_ledger_healthy 1\n"));
        assert!(text.contains("bilik_claims_missing 7\n"), "{text}");
        let calls = "bilik_calls_begun_total 9\n# TYPE bilik_calls_broken_total counter\nbilik_calls_broken_total 4\n";
        assert!(text.contains(calls) && text.contains("bilik_calls_narrow 2\n"), "{text}");
        assert!(text.contains("bilik_calls_pictures_kilobits_per_second 5\n"), "{text}");
        let full = metrics.render(Status::default(), Health::Full);
        assert!(full.contains("bilik_ledger_healthy 0\n") && full.contains("bilik_ledger_full 1\n"), "{full}");
    }
}
