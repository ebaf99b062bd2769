//! What serving participants costs, for `/metrics`: the figures of `make bench-capacity`, from real use.

use crate::clock::HOUR_MS;
use crate::ledger::{Duty, Visit};
use bilik_claim::statistics::ALARM_MS;
use std::fmt::Write as _;

/// Upper bounds, in seconds.
const WAIT_BOUNDS: [u32; 9] = [5, 10, 20, 30, 60, 120, 300, 600, 1200];
const ATTENTION_BOUNDS: [u32; 8] = [30, 60, 90, 120, 180, 240, 360, 600];

/// Since the start.
#[derive(Debug)]
pub struct Figures {
    eyes: Histogram<9>,
    seat: Histogram<9>,
    attention: Histogram<8>,
    decided: u64,
    alarms: u64,
    duty_ms: i64,
    /// Spent on visits that led to no decision.
    other_attention_ms: i64,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            eyes: Histogram::new(WAIT_BOUNDS),
            seat: Histogram::new(WAIT_BOUNDS),
            attention: Histogram::new(ATTENTION_BOUNDS),
            decided: 0,
            alarms: 0,
            duty_ms: 0,
            other_attention_ms: 0,
        }
    }
}

impl Figures {
    pub fn visit(&mut self, visit: &Visit) {
        visit.waits_ms.iter().for_each(|wait| self.eyes.add(*wait));
        self.alarms += visit.waits_ms.iter().filter(|wait| **wait > ALARM_MS).count() as u64;
        visit.unseated_ms.iter().for_each(|wait| self.seat.add(*wait));
        if visit.outcome.is_decided() {
            self.decided += 1;
            self.attention.add(visit.attention_ms);
        } else {
            self.other_attention_ms += visit.attention_ms;
        }
    }

    pub fn duty(&mut self, duty: &Duty) {
        self.duty_ms += duty.lasted_ms;
    }

    /// In the Prometheus text format. Writing to a string does not fail.
    pub fn render(&self, text: &mut String) {
        self.attention.render(text, "attention_per_claim_seconds");
        self.eyes.render(text, "wait_for_eyes_seconds");
        self.seat.render(text, "wait_for_officer_seconds");
        let counter = |text: &mut String, name, value: String| {
            let _ = writeln!(text, "# TYPE bilik_{name} counter\nbilik_{name} {value}");
        };
        counter(text, "claims_decided_total", self.decided.to_string());
        counter(text, "alarms_total", self.alarms.to_string());
        counter(text, "officer_duty_seconds_total", seconds(self.duty_ms));
        counter(text, "attention_without_decision_seconds_total", seconds(self.other_attention_ms));
        if self.duty_ms > 0 {
            let per_hour = self.decided as f64 * HOUR_MS as f64 / self.duty_ms as f64;
            let _ = writeln!(
                text,
                "# TYPE bilik_claims_per_officer_hour gauge\nbilik_claims_per_officer_hour {per_hour:.2}"
            );
        }
    }
}

#[derive(Debug)]
struct Histogram<const N: usize> {
    bounds_s: [u32; N],
    counts: [u64; N],
    count: u64,
    sum_ms: i64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds_s: [u32; N]) -> Self {
        Self { bounds_s, counts: [0; N], count: 0, sum_ms: 0 }
    }

    fn add(&mut self, ms: i64) {
        self.count += 1;
        self.sum_ms += ms;
        let bound = self.bounds_s.iter().position(|bound| ms <= i64::from(*bound) * 1000);
        if let Some(count) = bound.and_then(|index| self.counts.get_mut(index)) {
            *count += 1;
        }
    }

    fn render(&self, text: &mut String, name: &str) {
        let _ = writeln!(text, "# TYPE bilik_{name} histogram");
        let mut below = 0;
        for (bound, count) in self.bounds_s.iter().zip(&self.counts) {
            below += count;
            let _ = writeln!(text, "bilik_{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(text, "bilik_{name}_bucket{{le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "bilik_{name}_sum {}\nbilik_{name}_count {}", seconds(self.sum_ms), self.count);
    }
}

fn seconds(ms: i64) -> String {
    format!("{:.3}", ms as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::VisitOutcome;
    use bilik_claim::ids::{BoothId, OfficerId, SessionId, WallTime};
    use uuid::Uuid;

    #[test]
    fn visits_and_duty_are_told_as_histograms_and_counters() {
        let mut figures = Figures::default();
        let visit = |outcome, waits_ms: &[i64], attention_ms| Visit {
            session: SessionId(Uuid::nil()),
            booth: BoothId(Uuid::nil()),
            officer: None,
            began_at: WallTime(0),
            ended_at: WallTime(0),
            outcome,
            reasons: vec![],
            unseated_ms: Some(0),
            waits_ms: waits_ms.to_vec(),
            attention_ms,
        };
        figures.visit(&visit(VisitOutcome::Verified, &[0, 30_000], 90_000));
        figures.visit(&visit(VisitOutcome::Returned, &[30_001], 700_500));
        figures.visit(&visit(VisitOutcome::Left, &[1_300_000], 5_000));
        figures.duty(&Duty { officer: OfficerId(Uuid::nil()), until: WallTime(0), lasted_ms: 1_800_000 });
        let mut text = String::new();
        figures.render(&mut text);
        for line in [
            "# TYPE bilik_wait_for_eyes_seconds histogram",
            "bilik_wait_for_eyes_seconds_bucket{le=\"5\"} 1",
            "bilik_wait_for_eyes_seconds_bucket{le=\"30\"} 2",
            "bilik_wait_for_eyes_seconds_bucket{le=\"60\"} 3",
            "bilik_wait_for_eyes_seconds_bucket{le=\"1200\"} 3",
            "bilik_wait_for_eyes_seconds_bucket{le=\"+Inf\"} 4",
            "bilik_wait_for_eyes_seconds_sum 1360.001",
            "bilik_wait_for_officer_seconds_count 3",
            "bilik_attention_per_claim_seconds_bucket{le=\"90\"} 1",
            "bilik_attention_per_claim_seconds_count 2",
            "bilik_claims_decided_total 2",
            "bilik_alarms_total 2",
            "bilik_officer_duty_seconds_total 1800.000",
            "bilik_attention_without_decision_seconds_total 5.000",
            "bilik_claims_per_officer_hour 4.00",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
