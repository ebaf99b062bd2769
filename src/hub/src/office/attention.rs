//! How much of a booth an officer sees and hears, and whose turn it is. Pure.
//!
//! ```text
//!               connection lost ─► Lost
//!   officer looks at it         ─► InFocus        mode Focus
//!   asked to hold, no help      ─► OnHold         mode Hold
//!   waits for eyes or for help  ─► NeedsOfficer   mode Tile (Hold while on hold)
//!   otherwise                   ─► SelfServing    mode Tile
//! ```
//!
//! An officer who looks away in the middle of the verification has not said that the participant should wait: the booth
//! shows its hold page, but the participant needs the officer as before and keeps calling for attention.

use bilik_claim::wire::{Attention, CallMode, Step, Turn};

/// Whether a session is on hold, and by what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    #[default]
    No,
    /// The officer put it on hold.
    Asked,
    /// The officer looked away in the middle of the verification.
    LeftAlone,
}

/// What attention depends on.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub online: bool,
    pub focus: bool,
    pub hold: Hold,
    pub step: Step,
    pub turn: Turn,
}

impl View {
    pub fn attention(self) -> Attention {
        if !self.online {
            return Attention::Lost;
        }
        if self.focus {
            return Attention::InFocus;
        }
        match (self.turn, self.hold) {
            (Turn::Help, _) | (Turn::Officer, Hold::No | Hold::LeftAlone) => Attention::NeedsOfficer,
            (_, Hold::Asked | Hold::LeftAlone) => Attention::OnHold,
            (Turn::Participant | Turn::Correction | Turn::Done, Hold::No) => Attention::SelfServing,
        }
    }

    pub fn mode(self) -> CallMode {
        match (self.focus, self.hold) {
            (true, _) => CallMode::Focus,
            (false, Hold::Asked | Hold::LeftAlone) => CallMode::Hold,
            (false, Hold::No) => CallMode::Tile,
        }
    }

    /// The hold after the officer looked away.
    pub fn left(self) -> Hold {
        if self.in_verification() { Hold::LeftAlone } else { self.hold }
    }

    /// The hold after the session moved on: a participant who has something to do is not kept on the hold page.
    pub fn moved_on(self) -> Hold {
        match self.hold {
            Hold::LeftAlone if !self.in_verification() => Hold::No,
            Hold::LeftAlone | Hold::Asked | Hold::No => self.hold,
        }
    }

    /// Camera and microphone stay off until the participant has consented, unless help is asked for before.
    pub fn may_call(self) -> bool {
        self.online && (self.step != Step::Consent || self.turn == Turn::Help)
    }

    fn in_verification(self) -> bool {
        self.step == Step::Verification && self.turn == Turn::Officer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(focus: bool, hold: Hold, turn: Turn) -> View {
        View { online: true, focus, hold, step: Step::Verification, turn }
    }

    #[test]
    fn attention_and_mode_of_each_state() {
        let check = |focus, hold, turn, attention, mode| {
            let view = view(focus, hold, turn);
            assert_eq!((view.attention(), view.mode()), (attention, mode), "{view:?}");
            assert_eq!(View { online: false, ..view }.attention(), Attention::Lost);
        };
        use Attention::*;
        check(false, Hold::No, Turn::Participant, SelfServing, CallMode::Tile);
        check(false, Hold::No, Turn::Correction, SelfServing, CallMode::Tile);
        check(false, Hold::No, Turn::Done, SelfServing, CallMode::Tile);
        check(false, Hold::No, Turn::Help, NeedsOfficer, CallMode::Tile);
        check(false, Hold::No, Turn::Officer, NeedsOfficer, CallMode::Tile);
        check(true, Hold::No, Turn::Officer, InFocus, CallMode::Focus);
        check(true, Hold::No, Turn::Help, InFocus, CallMode::Focus);
        check(false, Hold::Asked, Turn::Participant, OnHold, CallMode::Hold);
        check(false, Hold::Asked, Turn::Officer, OnHold, CallMode::Hold);
        check(false, Hold::LeftAlone, Turn::Officer, NeedsOfficer, CallMode::Hold);
        check(false, Hold::Asked, Turn::Help, NeedsOfficer, CallMode::Hold);
    }

    #[test]
    fn looking_away_holds_only_the_verification() {
        let check = |step, turn, hold, left: Hold, later: Hold| {
            let view = View { online: true, focus: true, hold, step, turn };
            assert_eq!(view.left(), left, "{view:?}");
            assert_eq!(View { hold: left, ..view }.moved_on(), left);
            assert_eq!(View { hold: left, turn: Turn::Correction, ..view }.moved_on(), later);
        };
        check(Step::Verification, Turn::Officer, Hold::No, Hold::LeftAlone, Hold::No);
        check(Step::Verification, Turn::Correction, Hold::No, Hold::No, Hold::No);
        check(Step::Documents, Turn::Help, Hold::No, Hold::No, Hold::No);
        check(Step::Documents, Turn::Participant, Hold::Asked, Hold::Asked, Hold::Asked);
    }

    #[test]
    fn no_call_before_consent() {
        let check = |step, turn, online, expect| {
            assert_eq!(View { online, focus: false, hold: Hold::No, step, turn }.may_call(), expect);
        };
        check(Step::Consent, Turn::Participant, true, false);
        check(Step::Consent, Turn::Help, true, true);
        check(Step::Identify, Turn::Participant, true, true);
        check(Step::Identify, Turn::Participant, false, false);
    }
}
