//! Card reader, cameras, microphone and the call.

use super::App;
use crate::cards;
use bilik_claim::identity::PhotoDoubt;
use bilik_claim::ids::CallId;
use bilik_claim::personal::PersonalBytes;
use bilik_claim::session::{CallNews, Device, Event, PhotoOutcome, ReaderNews};
use bilik_claim::wire::{BoothToHub, CallQuality, DeviceState, Signal};
use bilik_media::quality::Verdict;
use bilik_media::{Availability, CallState, EndReason, Media, MediaEvent, Tier};
use bilik_scanner::{ReaderEvent, Unreadable};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// A call that hears nothing for so long is made anew.
pub(super) const REJOIN_AFTER: Duration = Duration::from_secs(10);

/// A card that is read so soon after the booth has started its reader was not laid down by a person who has just been asked.
const LAY_THERE: Duration = Duration::from_millis(500);

impl App {
    pub(super) fn reader(&mut self, event: ReaderEvent) {
        let news = match event {
            ReaderEvent::Ready => {
                self.reader_doubted = false;
                ReaderNews::Ready
            }
            ReaderEvent::Lost { .. } => ReaderNews::Lost,
            ReaderEvent::Scan(scan) => {
                if std::mem::take(&mut self.reader_doubted) {
                    self.feed(Event::Reader(ReaderNews::Ready));
                }
                let lay_there = self.reader_started.is_some_and(|started| started.elapsed() < LAY_THERE);
                ReaderNews::Card { reading: cards::reading(&scan), lay_there }
            }
            // A reader that cannot be understood is as good as none: "try once more" would help nobody.
            ReaderEvent::Doubt(_) => {
                self.reader_doubted = true;
                ReaderNews::Lost
            }
            ReaderEvent::Reading | ReaderEvent::Unreadable(_) if self.reader_doubted => return,
            ReaderEvent::Reading => ReaderNews::Reading,
            // A reader that gives up waiting says so every few seconds: nobody has done anything wrong.
            ReaderEvent::Unreadable(Unreadable::NoRead) => ReaderNews::Ready,
            ReaderEvent::Unreadable(why) => {
                info!(%why, "card not readable");
                ReaderNews::Unreadable
            }
        };
        let state = match news {
            ReaderNews::Lost => DeviceState::Missing,
            ReaderNews::Ready | ReaderNews::Reading | ReaderNews::Card { .. } | ReaderNews::Unreadable => {
                DeviceState::Ready
            }
        };
        self.device(Device::Reader, state);
        self.feed(Event::Reader(news));
    }

    pub(super) fn media(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Camera(state) => self.device(Device::Camera, device_state("camera", &state)),
            MediaEvent::DocumentCamera(state) => {
                self.device(Device::DocumentCamera, device_state("document camera", &state))
            }
            MediaEvent::Microphone(state) => self.device(Device::Microphone, device_state("microphone", &state)),
            MediaEvent::Speaker(state) => self.speaker = device_state("speaker", &state),
            MediaEvent::MicrophoneLevel(db) => self.care.service.heard(db, Instant::now()),
            MediaEvent::Offer { call, sdp } => {
                if let Some(call) = self.current_call(call) {
                    self.send(BoothToHub::Signal { call, signal: Signal::Offer { sdp } });
                }
            }
            MediaEvent::Call { call, state } => {
                let Some(call) = self.current_call(call) else { return };
                info!(call = call.0, ?state, "call");
                self.interrupted = None;
                match state {
                    CallState::Connecting => self.feed(Event::Call(CallNews::Connecting)),
                    // After a short gap the pictures have not been missed for long enough to be announced again.
                    CallState::Live if self.officer_video => self.feed(Event::Call(CallNews::Live)),
                    CallState::Live => {}
                    CallState::Interrupted => {
                        self.interrupted = Some(Instant::now());
                        self.feed(Event::Call(CallNews::Interrupted));
                    }
                    CallState::Ended(reason) => {
                        self.call = None;
                        self.officer_video = false;
                        self.feed(Event::Call(CallNews::Ended));
                        match reason {
                            EndReason::Local | EndReason::Replaced => {}
                            EndReason::Remote
                            | EndReason::TimedOut
                            | EndReason::Lost
                            | EndReason::BadAnswer(_)
                            | EndReason::Failed(_) => self.send(BoothToHub::CallFailed { call }),
                        }
                    }
                }
            }
            MediaEvent::OfficerVideo(arrives) => {
                self.officer_video = arrives;
                let news = if arrives { CallNews::Live } else { CallNews::Interrupted };
                self.feed(Event::Call(news));
            }
            MediaEvent::Photo { request, result } => {
                let outcome = match result {
                    Ok(photo) => {
                        let doubt = doubt(photo.quality.verdict);
                        PhotoOutcome::Taken { jpeg: PersonalBytes::new(photo.jpeg), doubt }
                    }
                    Err(error) => {
                        warn!(error = %crate::courier::chain(&error), "no photograph");
                        PhotoOutcome::Failed
                    }
                };
                // The engine gives back the number it was given.
                self.feed(Event::Photo { request: u32::try_from(request).unwrap_or(u32::MAX), outcome });
            }
        }
    }

    pub(super) fn device(&mut self, device: Device, state: DeviceState) {
        let known = match device {
            Device::Reader => &mut self.state.reader,
            Device::Camera => &mut self.state.camera,
            Device::DocumentCamera => &mut self.state.document_camera,
            Device::Microphone => &mut self.state.microphone,
        };
        if *known != state {
            *known = state;
            self.send(BoothToHub::State { state: self.state.clone() });
        }
        self.feed(Event::Device { device, state });
    }

    pub(super) fn with_media(&self, act: impl FnOnce(&Media)) {
        if let Some(media) = &self.media {
            act(media);
        }
    }

    pub(super) fn set_tier(&self, tier: Tier) {
        self.with_media(|media| media.set_tier(tier));
    }

    pub(super) fn end_call(&mut self) {
        self.interrupted = None;
        if let Some(call) = self.call.take() {
            self.with_media(|media| media.end_call(bilik_media::CallId(u64::from(call.0))));
        }
    }

    /// Ends a call that the hub will have made anew: after an outage, or when the officer's page comes back.
    pub(super) fn suspend_call(&mut self) {
        self.interrupted = None;
        if let Some(call) = self.call.take() {
            self.with_media(|media| media.suspend_call(bilik_media::CallId(u64::from(call.0))));
        }
    }

    /// The wire's name of a call of the engine, while it is the running one.
    pub(super) fn current_call(&self, call: bilik_media::CallId) -> Option<CallId> {
        self.call.filter(|current| u64::from(current.0) == call.0)
    }

    /// How the running call does.
    pub(super) fn call_quality(&self) -> Option<CallQuality> {
        let stats = self.media.as_ref().filter(|_| self.call.is_some())?.stats();
        let kbps = |bps: u64| u32::try_from(bps / 1000).unwrap_or(u32::MAX);
        Some(CallQuality { carried_kbps: kbps(stats.estimate_bps), picture_kbps: kbps(stats.video_bps) })
    }

    /// A call that stays silent is given up: the hub starts a new one.
    pub(super) fn rejoin(&mut self) {
        if self.interrupted.is_some_and(|since| since.elapsed() >= REJOIN_AFTER)
            && let Some(call) = self.call
        {
            self.suspend_call();
            self.send(BoothToHub::CallFailed { call });
        }
    }
}

fn device_state(device: &str, availability: &Availability) -> DeviceState {
    match availability {
        Availability::Present => DeviceState::Ready,
        Availability::Missing { reason } => {
            warn!(device, %reason, "device missing");
            DeviceState::Missing
        }
        Availability::NotConfigured => DeviceState::Absent,
    }
}

fn doubt(verdict: Verdict) -> Option<PhotoDoubt> {
    match verdict {
        Verdict::Sharp => None,
        Verdict::Blurred => Some(PhotoDoubt::Blurred),
        Verdict::Glare => Some(PhotoDoubt::Glare),
        Verdict::Dark => Some(PhotoDoubt::Dark),
    }
}
