//! From what is wanted to what runs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Built, Engine, Input, Part};
use crate::config::{CameraSource, MicrophoneSource};
use crate::event::{MediaEvent, PhotoCamera, Tier};
use crate::pipeline::camera::{Camera, CameraParts};
use crate::pipeline::documents::Documents;
use crate::pipeline::officer::Officer;
use crate::pipeline::sound::{Manner, Sound, probe_microphone, probe_speaker};
use crate::pipeline::{BusNews, Place, probe_camera};

impl Engine {
    /// Starts what is wanted and does not run, stops what runs and is not wanted, and sets every gate.
    pub(super) fn reconcile(&mut self, now: Instant) {
        self.reconcile_camera(now);
        self.reconcile_documents(now);
        self.reconcile_sound(now);
        self.reconcile_officer(now);
    }

    /// Reports, once, which devices are there.
    pub(super) fn look_at_all_devices(&mut self, now: Instant) {
        self.look_for_camera(now);
        self.look_for_documents(now);
        self.look_for_microphone(now);
        self.look_for_speaker(now);
    }

    /// When a device must be looked for, or a photograph can be taken.
    pub(super) fn next_device_deadline(&self, now: Instant) -> Option<Instant> {
        let watches = [&self.camera_watch, &self.documents_watch, &self.microphone_watch, &self.speaker_watch];
        let officer = self.call.as_ref().and_then(|_| self.officer_watch.retry_at());
        let face = self.camera.as_ref().map(|built| built.pipeline.ready_from());
        let documents = self.documents.as_ref().map(|built| built.pipeline.ready_from());
        let ready = [face, documents].into_iter().flatten().filter(|ready| *ready > now);
        watches.into_iter().filter_map(|watch| watch.retry_at()).chain(officer).chain(ready).min()
    }

    /// Sets the encoder to the plan in force.
    pub(super) fn apply_rate(&self) {
        let plan = self.rate.plan().filter(|_| self.sends());
        self.counters.video_bps.store(plan.map_or(0, |plan| plan.bps), Ordering::Relaxed);
        if let Some(camera) = &self.camera {
            camera.pipeline.send(plan);
        }
    }

    /// Whether pictures may leave the booth.
    fn sends(&self) -> bool {
        self.tier != Tier::Hold && self.call.as_ref().is_some_and(|call| call.connected())
    }

    fn reconcile_camera(&mut self, now: Instant) {
        let face_photo = self.photos.wants(PhotoCamera::Face);
        let wanted = self.call.is_some() || self.preview_face || face_photo;
        if self.camera.as_ref().is_some_and(|built| !wanted || built.pipeline.codec() != self.codec) {
            self.camera = None;
        }
        if wanted && self.camera.is_none() && self.camera_watch.may_open(now) {
            self.start_camera(now);
        } else if self.camera.is_none() && self.camera_watch.must_look(now) {
            self.look_for_camera(now);
        }
        let shown = self.preview_face || (self.call.is_some() && self.tier != Tier::Hold);
        match &self.camera {
            Some(camera) => {
                camera.pipeline.show(shown);
                camera.pipeline.ask_for_still(face_photo && camera.pipeline.ready_from() <= now);
            }
            None => self.slots.self_view.close(),
        }
        if shown && self.camera.is_some() {
            self.slots.self_view.open();
        } else {
            self.slots.self_view.close();
        }
        let sending = self.counters.video_bps.load(Ordering::Relaxed) > 0;
        if sending != (self.sends() && self.rate.plan().is_some()) {
            self.apply_rate();
        }
    }

    fn start_camera(&mut self, now: Instant) {
        let run = self.next_run();
        let parts = CameraParts {
            camera: &self.config.camera,
            label: &self.config.label,
            codec: self.codec,
            slots: &self.slots,
            uplink: &self.uplink,
            run,
        };
        let still = self.still_taker(PhotoCamera::Face);
        match Camera::start(&parts, self.news(Part::Camera, run), still) {
            Ok(pipeline) => {
                self.camera = Some(Built { pipeline, run });
                self.camera_present();
                self.apply_rate();
            }
            Err(error) => self.camera_missing(with_source(&error), now),
        }
    }

    fn reconcile_documents(&mut self, now: Instant) {
        let photo = self.photos.wants(PhotoCamera::Documents);
        let wanted = self.preview_documents || photo;
        if !wanted {
            self.documents = None;
        }
        if wanted && self.documents.is_none() && self.documents_watch.may_open(now) {
            let run = self.next_run();
            let still = self.still_taker(PhotoCamera::Documents);
            let news = self.news(Part::Documents, run);
            let config = &self.config;
            match Documents::start(&config.document_camera, &config.label, &self.slots, news, still) {
                Ok(pipeline) => {
                    self.documents = Some(Built { pipeline, run });
                    self.documents_present();
                }
                Err(error) => self.documents_missing(with_source(&error), now),
            }
        } else if self.documents.is_none() && self.documents_watch.must_look(now) {
            self.look_for_documents(now);
        }
        match &self.documents {
            Some(documents) => {
                documents.pipeline.show(self.preview_documents);
                documents.pipeline.ask_for_still(photo && documents.pipeline.ready_from() <= now);
            }
            None => self.slots.documents.close(),
        }
        if self.preview_documents && self.documents.is_some() {
            self.slots.documents.open();
        } else {
            self.slots.documents.close();
        }
    }

    fn reconcile_sound(&mut self, now: Instant) {
        let in_call = self.call.as_ref().is_some_and(|call| call.connected());
        let in_focus = in_call && self.tier == Tier::Focus;
        // Both devices, opened as for a call: the echo canceller is part of what is listened to.
        let checks = self.sound_check && self.call.is_none();
        if !checks {
            self.tone = None;
        }
        if self.call.is_none() && !checks {
            self.sound = None;
        } else if self.sound.is_none() && (in_call || checks) {
            let run = self.next_run();
            match Sound::start(&self.voice_inlet, self.news(Part::Sound, run)) {
                Ok(pipeline) => self.sound = Some(Built { pipeline, run }),
                Err(error) => self.speaker_missing(with_source(&error), now),
            }
        }
        self.reconcile_speaker(in_call || checks, now);
        self.reconcile_microphone(in_focus || checks, now);
    }

    fn reconcile_speaker(&mut self, wanted: bool, now: Instant) {
        let running = self.sound.as_ref().is_some_and(|built| built.pipeline.has_speaker());
        if wanted
            && !running
            && self.speaker_watch.may_open(now)
            && let Some(sound) = &mut self.sound
        {
            match sound.pipeline.open_speaker(&self.config.speaker) {
                Ok(()) => {
                    // The echo canceller of a microphone that was opened without the speaker does not know it.
                    sound.pipeline.close_microphone();
                    self.speaker_present();
                }
                Err(error) => self.speaker_missing(with_source(&error), now),
            }
        } else if !running && self.speaker_watch.must_look(now) {
            self.look_for_speaker(now);
        }
    }

    fn reconcile_microphone(&mut self, wanted: bool, now: Instant) {
        let running = self.sound.as_ref().is_some_and(|built| built.pipeline.has_microphone());
        if running && !wanted {
            if let Some(sound) = &mut self.sound {
                sound.pipeline.close_microphone();
            }
        } else if wanted && !running && self.microphone_watch.may_open(now) {
            let run = self.next_run();
            let config = &self.config;
            let Some(sound) = &mut self.sound else { return };
            let manner = Manner { muted: self.muted, metered: self.sound_check };
            let opened = sound.pipeline.open_microphone(&config.microphone, &config.speaker, manner, &self.uplink, run);
            match opened {
                Ok(()) => self.microphone_present(),
                Err(error) => self.microphone_missing(with_source(&error), now),
            }
        } else if !running && self.microphone_watch.must_look(now) {
            self.look_for_microphone(now);
        }
    }

    fn reconcile_officer(&mut self, now: Instant) {
        let wanted = self.call.as_ref().and_then(|call| call.officer_codec);
        if self.officer.as_ref().is_some_and(|built| Some(built.pipeline.codec()) != wanted) {
            self.officer = None;
        }
        let Some(codec) = wanted else { return };
        if self.officer.is_some() || !self.officer_watch.may_open(now) {
            return;
        }
        let run = self.next_run();
        let (seen, inputs) = (Arc::clone(&self.officer_seen), self.inputs.clone());
        let decoded = move || {
            if !seen.swap(true, Ordering::AcqRel) {
                drop(inputs.send(Input::OfficerFrame));
            }
        };
        self.slots.officer.open();
        let news = self.news(Part::Officer, run);
        let started =
            Officer::start(codec, &self.slots, &self.officer_inlet, &self.uplink, &self.counters, news, decoded);
        match started {
            Ok(pipeline) => {
                self.officer = Some(Built { pipeline, run });
                self.officer_watch.present();
            }
            Err(error) => {
                tracing::warn!(%error, "cannot decode the officer's pictures");
                self.officer_watch.missing(with_source(&error), now);
            }
        }
    }

    fn look_for_camera(&mut self, now: Instant) {
        match &self.config.camera {
            CameraSource::None => {
                let news = self.camera_watch.not_configured();
                self.tell_if(news, MediaEvent::Camera);
            }
            camera @ (CameraSource::Test(_) | CameraSource::V4l2(_)) => match probe_camera(camera, Place::Face) {
                Ok(()) => self.camera_present(),
                Err(error) => self.camera_missing(error.to_string(), now),
            },
        }
    }

    fn look_for_documents(&mut self, now: Instant) {
        match &self.config.document_camera {
            CameraSource::None => {
                let news = self.documents_watch.not_configured();
                self.tell_if(news, MediaEvent::DocumentCamera);
            }
            camera @ (CameraSource::Test(_) | CameraSource::V4l2(_)) => match probe_camera(camera, Place::Documents) {
                Ok(()) => self.documents_present(),
                Err(error) => self.documents_missing(error.to_string(), now),
            },
        }
    }

    fn look_for_microphone(&mut self, now: Instant) {
        if self.config.microphone == MicrophoneSource::None {
            let news = self.microphone_watch.not_configured();
            self.tell_if(news, MediaEvent::Microphone);
            return;
        }
        match probe_microphone(&self.config.microphone) {
            Ok(()) => self.microphone_present(),
            Err(error) => self.microphone_missing(error.to_string(), now),
        }
    }

    fn look_for_speaker(&mut self, now: Instant) {
        match probe_speaker(&self.config.speaker) {
            Ok(()) => self.speaker_present(),
            Err(error) => self.speaker_missing(error.to_string(), now),
        }
    }

    fn camera_present(&mut self) {
        let news = self.camera_watch.present();
        self.tell_if(news, MediaEvent::Camera);
    }

    pub(super) fn camera_missing(&mut self, reason: String, now: Instant) {
        let news = self.camera_watch.missing(reason, now);
        self.tell_if(news, MediaEvent::Camera);
    }

    fn documents_present(&mut self) {
        let news = self.documents_watch.present();
        self.tell_if(news, MediaEvent::DocumentCamera);
    }

    pub(super) fn documents_missing(&mut self, reason: String, now: Instant) {
        let news = self.documents_watch.missing(reason, now);
        self.tell_if(news, MediaEvent::DocumentCamera);
    }

    fn microphone_present(&mut self) {
        let news = self.microphone_watch.present();
        self.tell_if(news, MediaEvent::Microphone);
    }

    pub(super) fn microphone_missing(&mut self, reason: String, now: Instant) {
        let news = self.microphone_watch.missing(reason, now);
        self.tell_if(news, MediaEvent::Microphone);
    }

    fn speaker_present(&mut self) {
        let news = self.speaker_watch.present();
        self.tell_if(news, MediaEvent::Speaker);
    }

    pub(super) fn speaker_missing(&mut self, reason: String, now: Instant) {
        let news = self.speaker_watch.missing(reason, now);
        self.tell_if(news, MediaEvent::Speaker);
    }

    fn tell_if(
        &self,
        news: Option<crate::event::Availability>,
        event: impl FnOnce(crate::event::Availability) -> MediaEvent,
    ) {
        if let Some(news) = news {
            self.tell(event(news));
        }
    }

    fn next_run(&mut self) -> u32 {
        self.runs = self.runs.wrapping_add(1);
        self.runs
    }

    fn news(&self, part: Part, run: u32) -> impl Fn(BusNews) + Send + Sync + 'static {
        let inputs = self.inputs.clone();
        move |news| drop(inputs.send(Input::Bus { part, run, news }))
    }

    /// A function that hands a camera's sample to the loop.
    fn still_taker(&self, camera: PhotoCamera) -> impl Fn(gstreamer::Sample) + Send + 'static {
        let inputs = self.inputs.clone();
        move |sample| drop(inputs.send(Input::Still(camera, sample)))
    }
}

/// An error with what lies below it, in one line.
fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
