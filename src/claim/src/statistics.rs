//! What a day brought to a branch and to each of its officers, in figures: no participant can be told from them.

use crate::ids::OfficerId;
use crate::sentence::Code;
use serde::Serialize;
use ts_rs::TS;

/// How long a participant may wait for an officer's eyes before the console raises its alarm, in milliseconds.
pub const ALARM_MS: i64 = 30_000;

/// One local day.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct DayStatistics {
    /// `2026-11-23`, in the branch's time zone.
    pub day: String,
    /// Of all officers together; for an officer who does not oversee others, the own figures.
    pub total: Figures,
    /// In the order of the names; one alone for an officer who does not oversee others.
    pub officers: Vec<OfficerFigures>,
    /// The hours in which anything happened, in order.
    pub hours: Vec<HourFigures>,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct OfficerFigures {
    pub officer: OfficerId,
    pub name: String,
    pub figures: Figures,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct HourFigures {
    /// 0 to 23, in the branch's time zone.
    pub hour: u8,
    pub figures: Figures,
}

/// What is counted. A visit counts where it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
pub struct Figures {
    pub visits: u32,
    pub verified: u32,
    pub returned: u32,
    /// Kept without an officer's word.
    pub unverified: u32,
    /// The participant went, or was sent away, before there was a claim.
    pub left: u32,
    /// Claims decided after a call on the phone.
    pub phoned: u32,
    /// Officers' time on duty, in seconds.
    pub duty_s: u32,
    /// Decided claims per hour on duty; none without any duty.
    pub per_hour: Option<f64>,
    /// Mean of an officer's attention per claim decided in a call, in seconds.
    pub attention_s: Option<f64>,
    /// From the consent to an officer.
    pub seat: Waits,
    /// From needing an officer to the officer's eyes.
    pub eyes: Waits,
    /// Needs that waited beyond [`ALARM_MS`].
    pub alarms: u32,
    pub reasons: Vec<ReasonCount>,
    /// How many participants gave 1 (bad), 2, 3 and 4 (very good).
    pub ratings: [u32; 4],
}

/// How long was waited, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
pub struct Waits {
    pub count: u32,
    pub median_s: Option<f64>,
    /// Ninety-five of a hundred waited no longer.
    pub p95_s: Option<f64>,
}

/// How many claims went back for this reason; one claim may have several. The most frequent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ReasonCount {
    pub reason: Code,
    pub count: u32,
}

impl Waits {
    /// Of waits in milliseconds, in any order.
    pub fn of(mut waits_ms: Vec<i64>) -> Self {
        waits_ms.sort_unstable();
        // Nearest rank: the smallest that so many of a hundred do not exceed.
        let rank = |percent: usize| {
            let index = (waits_ms.len() * percent).div_ceil(100).saturating_sub(1);
            waits_ms.get(index).map(|wait| *wait as f64 / 1000.0)
        };
        Self { count: u32::try_from(waits_ms.len()).unwrap_or(u32::MAX), median_s: rank(50), p95_s: rank(95) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_by_nearest_rank() {
        let check = |seconds: &[i64], median_s: Option<f64>, p95_s: Option<f64>| {
            let waits = Waits::of(seconds.iter().map(|wait| wait * 1000).collect());
            assert_eq!((waits.count as usize, waits.median_s, waits.p95_s), (seconds.len(), median_s, p95_s));
        };
        check(&[], None, None);
        check(&[7], Some(7.0), Some(7.0));
        check(&[3, 1, 2], Some(2.0), Some(3.0));
        check(&(1..=100).rev().collect::<Vec<_>>(), Some(50.0), Some(95.0));
        check(&(1..=20).collect::<Vec<_>>(), Some(10.0), Some(19.0));
    }
}
