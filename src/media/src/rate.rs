//! How large, how fast and how fine the outgoing picture is. Pure.
//!
//! ```text
//!   Tier ──► ceiling ──┐
//!                      ├──► bitrate ──► step (size, frames/s) ──► EncoderPlan, only if it differs enough
//!   estimate of path ──┘
//! ```
//!
//! A picture that the path cannot carry at its size is better small and clear than large and torn, so below a bitrate the size
//! goes down, and the frame rate only where nothing else is left: delays that merely vary bring the estimate down too, and a
//! picture that jerks is noticed before one that is soft. Up again only with some room, so that an estimate at the edge does not
//! flap.

use crate::event::Tier;

/// Part of the estimate that is kept for the voice, retransmission and reports, in bit/s.
const RESERVED_BPS: u64 = 64_000;

/// The share of the rest that the encoder gets, in tenths.
const SHARE_TENTHS: u64 = 9;

/// How many times more than the streams need the path should be known to carry. The connection spreads its packets over time at
/// the rate that it believes in, so at the bare rate the last packet of each picture would leave when the next one is due, and a
/// keyframe several pictures later.
const HEADROOM: u64 = 3;

/// Changes below this many per cent are not worth reconfiguring an encoder.
const LEAST_CHANGE_PERCENT: u64 = 5;

/// Room, in per cent, that a larger step needs above its own least bitrate before it is taken again.
const ROOM_PERCENT: u64 = 25;

/// A size that the picture is sent in, and the least bitrate at which it still looks right.
struct Step {
    width: u32,
    height: u32,
    frames_per_second: u32,
    least_bps: u64,
}

/// From the largest to the smallest; the last one is taken at any bitrate.
const FOCUS_STEPS: [Step; 4] = [
    Step { width: 1280, height: 720, frames_per_second: 30, least_bps: 400_000 },
    Step { width: 640, height: 360, frames_per_second: 30, least_bps: 250_000 },
    Step { width: 480, height: 270, frames_per_second: 30, least_bps: 150_000 },
    Step { width: 320, height: 180, frames_per_second: 10, least_bps: 0 },
];
const TILE_STEPS: [Step; 1] = [Step { width: 320, height: 180, frames_per_second: 10, least_bps: 0 }];

/// Bounds of the encoder, in bit/s. Above the ceiling a head and shoulders do not get visibly better.
const FOCUS_BPS: (u64, u64) = (100_000, 2_500_000);
const TILE_BPS: (u64, u64) = (60_000, 250_000);

/// What the encoder is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EncoderPlan {
    pub width: u32,
    pub height: u32,
    pub frames_per_second: u32,
    /// Video only, in bit/s.
    pub bps: u64,
}

/// Remembers the plan in force, so that small changes of the estimate change nothing.
#[derive(Debug)]
pub(crate) struct RateControl {
    tier: Tier,
    estimate_bps: Option<u64>,
    plan: Option<EncoderPlan>,
}

impl RateControl {
    pub fn new() -> Self {
        Self { tier: Tier::Hold, estimate_bps: None, plan: None }
    }

    /// The plan in force; `None` while nothing is to be sent.
    pub fn plan(&self) -> Option<EncoderPlan> {
        self.plan
    }

    /// The rate that the connection should look for, in bit/s: what all streams together need, with headroom.
    pub fn wanted_bps(&self) -> u64 {
        match self.tier {
            Tier::Focus => (FOCUS_BPS.1 * 10 / SHARE_TENTHS + RESERVED_BPS) * HEADROOM,
            Tier::Tile => (TILE_BPS.1 * 10 / SHARE_TENTHS + RESERVED_BPS) * HEADROOM,
            Tier::Hold => 0,
        }
    }

    /// Changes the tier. Returns the new plan if it differs from the one in force.
    pub fn set_tier(&mut self, tier: Tier) -> Option<EncoderPlan> {
        if tier == self.tier {
            return None;
        }
        self.tier = tier;
        self.plan = None;
        self.replan()
    }

    /// Takes a new estimate of what the path carries, in bit/s. Returns the new plan if it differs enough from the one in force.
    pub fn set_estimate(&mut self, bps: u64) -> Option<EncoderPlan> {
        self.estimate_bps = Some(bps);
        self.replan()
    }

    /// Forgets the path of the last call. The plan in force stays until the new path is known.
    pub fn forget_path(&mut self) {
        self.estimate_bps = None;
    }

    fn replan(&mut self) -> Option<EncoderPlan> {
        let (steps, (least, most)): (&[Step], _) = match self.tier {
            Tier::Focus => (&FOCUS_STEPS, FOCUS_BPS),
            Tier::Tile => (&TILE_STEPS, TILE_BPS),
            Tier::Hold => {
                self.plan = None;
                return None;
            }
        };
        let carried = self.estimate_bps.map_or(most, |bps| bps.saturating_sub(RESERVED_BPS) / 10 * SHARE_TENTHS);
        let bps = carried.clamp(least, most);
        let step = steps.iter().find(|step| {
            let larger = self.plan.is_some_and(|plan| step.width > plan.width);
            bps >= if larger { step.least_bps * (100 + ROOM_PERCENT) / 100 } else { step.least_bps }
        })?;
        let plan =
            EncoderPlan { width: step.width, height: step.height, frames_per_second: step.frames_per_second, bps };
        if self.plan.is_some_and(|current| !differs(current, plan)) {
            return None;
        }
        self.plan = Some(plan);
        Some(plan)
    }
}

fn differs(current: EncoderPlan, new: EncoderPlan) -> bool {
    current.width != new.width || current.bps.abs_diff(new.bps) * 100 > current.bps * LEAST_CHANGE_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds estimates in kbit/s to a booth in focus and compares width and bitrate (kbit/s) of the plan in force after each.
    fn check(tier: Tier, steps: &[(u64, u32, u64)]) {
        let mut rate = RateControl::new();
        rate.set_tier(tier);
        for (index, &(estimate, width, kbps)) in steps.iter().enumerate() {
            rate.set_estimate(estimate * 1000);
            let plan = rate.plan().unwrap();
            assert_eq!((plan.width, plan.bps / 1000), (width, kbps), "step {index}: {estimate} kbit/s");
        }
    }

    #[test]
    fn the_estimate_decides_bitrate_and_size() {
        check(
            Tier::Focus,
            &[
                (10_000, 1280, 2500),
                (1064, 1280, 900),
                (464, 640, 360),
                (304, 480, 216),
                (100, 320, 100),
                (0, 320, 100),
            ],
        );
        check(Tier::Tile, &[(10_000, 320, 250), (164, 320, 90), (10, 320, 60)]);
    }

    #[test]
    fn the_picture_moves_evenly_as_long_as_the_path_carries_any() {
        let mut rate = RateControl::new();
        rate.set_tier(Tier::Focus);
        for (kbps, frames_per_second) in
            [(10_000, 30), (500, 30), (400, 30), (300, 30), (240, 30), (150, 10), (500, 30)]
        {
            rate.set_estimate(kbps * 1000);
            assert_eq!(rate.plan().unwrap().frames_per_second, frames_per_second, "{kbps} kbit/s");
        }
    }

    #[test]
    fn small_changes_change_nothing() {
        check(Tier::Focus, &[(1064, 1280, 900), (1100, 1280, 900), (1030, 1280, 900), (1264, 1280, 1080)]);
    }

    #[test]
    fn a_larger_picture_needs_room() {
        check(Tier::Focus, &[(464, 640, 360), (564, 640, 450), (664, 1280, 540), (564, 1280, 450), (464, 640, 360)]);
    }

    #[test]
    fn tiers_have_their_sizes_and_hold_has_no_plan() {
        let mut rate = RateControl::new();
        assert_eq!(rate.plan(), None);
        assert_eq!(rate.set_estimate(1_000_000), None);
        let focus = rate.set_tier(Tier::Focus).unwrap();
        assert_eq!((focus.width, focus.height, focus.frames_per_second), (1280, 720, 30));
        assert_eq!(rate.set_tier(Tier::Focus), None);
        let tile = rate.set_tier(Tier::Tile).unwrap();
        assert_eq!((tile.width, tile.height, tile.frames_per_second), (320, 180, 10));
        assert_eq!(rate.set_tier(Tier::Hold), None);
        assert_eq!((rate.plan(), rate.wanted_bps()), (None, 0));
    }
}
