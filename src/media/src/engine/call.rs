//! The engine's side of a call: what its events change.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::device::Watch;
use super::{Engine, Input};
use crate::event::{CallId, CallState, EndReason, MediaEvent};
use crate::peer::{Peer, PeerEvent, VideoCodec};

/// How long devices stay open after a call ended by itself, so that a re-join finds them running.
const LINGER: Duration = Duration::from_secs(30);

/// The call of the moment, or, for a while, what is left of the last.
pub(super) struct ActiveCall {
    id: CallId,
    peer: Option<Peer>,
    state: CallState,
    ended_at: Option<Instant>,
    /// How the officer's pictures are coded, once the first arrived.
    pub officer_codec: Option<VideoCodec>,
}

impl ActiveCall {
    /// Whether media may pass.
    pub fn connected(&self) -> bool {
        match self.state {
            CallState::Live | CallState::Interrupted => true,
            CallState::Connecting | CallState::Ended(_) => false,
        }
    }

    /// Whether it is over, and kept only for somebody to join again.
    pub fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Whether it ended so long ago that nobody will join again.
    pub fn lingered(&self, now: Instant) -> bool {
        self.ended_at.is_some_and(|ended| ended + LINGER <= now)
    }

    pub fn answer(&self, sdp: String) {
        if let Some(peer) = &self.peer {
            peer.answer(sdp);
        }
    }

    pub fn candidate(&self, candidate: String) {
        if let Some(peer) = &self.peer {
            peer.candidate(candidate);
        }
    }

    pub fn want_bitrate(&self, bps: u64) {
        if let Some(peer) = &self.peer {
            peer.want_bitrate(bps);
        }
    }
}

impl Engine {
    pub(super) fn start_call(&mut self, id: CallId, now: Instant) {
        if let Some(replaced) = self.hang_up() {
            self.tell_state(replaced, CallState::Ended(EndReason::Replaced));
        }
        self.rate.forget_path();
        self.tell_state(id, CallState::Connecting);
        let (inputs, officer, voice) = (self.inputs.clone(), self.officer_inlet.clone(), self.voice_inlet.clone());
        let report = move |event| match event {
            // Packets take the short way: the loop has nothing to decide about them.
            PeerEvent::Packet(stream, packet) => match stream {
                crate::peer::Stream::Audio => voice.push(stream, &packet),
                crate::peer::Stream::Video => officer.push(stream, &packet),
            },
            PeerEvent::Offer(_)
            | PeerEvent::Negotiated(_)
            | PeerEvent::Live
            | PeerEvent::Interrupted
            | PeerEvent::KeyframeWanted
            | PeerEvent::Estimate(_)
            | PeerEvent::OfficerCodec(_)
            | PeerEvent::Ended(_) => drop(inputs.send(Input::Peer(id, event))),
        };
        let counters = std::sync::Arc::clone(&self.counters);
        let started = Peer::start(id, &self.config.ice_addresses, counters, report);
        let (peer, state, ended_at) = match started {
            Ok(peer) => (Some(peer), CallState::Connecting, None),
            Err(error) => {
                let state = CallState::Ended(EndReason::Failed(error.to_string()));
                self.tell_state(id, state.clone());
                (None, state, Some(now))
            }
        };
        let call = ActiveCall { id, peer, state, ended_at, officer_codec: None };
        call.want_bitrate(self.rate.wanted_bps());
        self.call = Some(call);
    }

    pub(super) fn end_call(&mut self, id: CallId) {
        if self.call.as_ref().is_none_or(|call| call.id != id) {
            return;
        }
        if let Some(ended) = self.hang_up() {
            self.tell_state(ended, CallState::Ended(EndReason::Local));
        }
    }

    /// Ends a call and keeps what is left of it, so that devices linger.
    pub(super) fn suspend_call(&mut self, id: CallId, now: Instant) {
        if let Some(mut call) = self.call.take_if(|call| call.id == id && call.ended_at.is_none()) {
            self.disconnect(&mut call);
            call.state = CallState::Ended(EndReason::Local);
            call.ended_at = Some(now);
            self.call = Some(call);
            self.tell_state(id, CallState::Ended(EndReason::Local));
        }
    }

    /// Ends the call, if any. Returns its id if its owner does not yet know that it ended.
    pub(super) fn hang_up(&mut self) -> Option<CallId> {
        let mut call = self.call.take()?;
        self.disconnect(&mut call);
        call.ended_at.is_none().then_some(call.id)
    }

    pub(super) fn with_call(&self, id: CallId, act: impl FnOnce(&ActiveCall)) {
        if let Some(call) = self.call.as_ref().filter(|call| call.id == id) {
            act(call);
        }
    }

    pub(super) fn peer(&mut self, id: CallId, event: PeerEvent, now: Instant) {
        let Some(call) = self.call.as_mut().filter(|call| call.id == id && call.ended_at.is_none()) else { return };
        match event {
            PeerEvent::Offer(sdp) => self.tell(MediaEvent::Offer { call: id, sdp }),
            PeerEvent::Negotiated(codec) => self.codec = codec.unwrap_or(self.codec),
            PeerEvent::Live => {
                call.state = CallState::Live;
                let sender = call.peer.as_ref().map(Peer::sender);
                self.uplink.connect(sender);
                self.tell_state(id, CallState::Live);
            }
            PeerEvent::Interrupted => {
                call.state = CallState::Interrupted;
                self.tell_state(id, CallState::Interrupted);
            }
            PeerEvent::KeyframeWanted => {
                if self.keyframes.request(now) {
                    self.force_keyframe();
                }
            }
            PeerEvent::Estimate(bps) => {
                self.counters.estimate_bps.store(bps, Relaxed);
                if self.rate.set_estimate(bps).is_some() {
                    self.apply_rate();
                }
            }
            PeerEvent::OfficerCodec(codec) => call.officer_codec = Some(codec),
            PeerEvent::Packet(..) => {}
            PeerEvent::Ended(reason) => {
                call.state = CallState::Ended(reason.clone());
                call.ended_at = Some(now);
                if let Some(mut call) = self.call.take() {
                    self.disconnect(&mut call);
                    self.call = Some(call);
                }
                self.tell_state(id, CallState::Ended(reason));
            }
        }
    }

    /// Takes the wires off: nothing goes out or comes in any more.
    fn disconnect(&mut self, call: &mut ActiveCall) {
        self.uplink.connect(None);
        call.peer = None;
        call.officer_codec = None;
        self.officer = None;
        // A decoder that failed is of no interest any more: its next try would be due for ever.
        self.officer_watch = Watch::default();
        self.slots.officer.close();
        if let Some(sound) = &mut self.sound {
            sound.pipeline.close_speaker();
        }
        self.counters.set_audio_level(None);
        self.officer_gone();
    }

    fn tell_state(&self, call: CallId, state: CallState) {
        self.tell(MediaEvent::Call { call, state });
    }
}
