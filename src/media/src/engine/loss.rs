//! What a failing pipeline changes: it, or only the failed branch of it, is taken out, its owner is told, and the rest goes on.

use std::time::Instant;

use tracing::warn;

use super::{Engine, Part};
use crate::event::MediaEvent;
use crate::pipeline::{BusNews, sound};

impl Engine {
    /// Hears a pipeline's bus. The last words of a build that was replaced are passed over.
    pub(super) fn bus(&mut self, part: Part, run: u32, news: BusNews, now: Instant) {
        let current = match part {
            Part::Camera => self.camera.as_ref().map(|built| built.run),
            Part::Documents => self.documents.as_ref().map(|built| built.run),
            Part::Sound => self.sound.as_ref().map(|built| built.run),
            Part::Officer => self.officer.as_ref().map(|built| built.run),
        };
        if current != Some(run) {
            return;
        }
        match news {
            BusNews::Level { part, db } if part == sound::MICROPHONE => {
                if self.sound_check {
                    self.tell(MediaEvent::MicrophoneLevel(db));
                }
            }
            BusNews::Level { part: _, db } => self.counters.set_audio_level(Some(db)),
            BusNews::Failed { part: element, reason } => {
                warn!(?part, element, reason, "pipeline failed");
                self.lose(part, &element, reason, now);
            }
        }
    }

    /// Takes a failed pipeline, or a failed branch of it, out.
    fn lose(&mut self, part: Part, element: &str, reason: String, now: Instant) {
        match part {
            Part::Camera => {
                self.camera = None;
                self.slots.self_view.close();
                self.camera_missing(reason, now);
            }
            Part::Documents => {
                self.documents = None;
                self.slots.documents.close();
                self.documents_missing(reason, now);
            }
            Part::Sound => {
                let Some(sound) = &mut self.sound else { return };
                if element == sound::MICROPHONE {
                    sound.pipeline.close_microphone();
                    self.microphone_missing(reason, now);
                } else {
                    sound.pipeline.close_speaker();
                    self.counters.set_audio_level(None);
                    self.speaker_missing(reason, now);
                }
            }
            Part::Officer => {
                self.officer = None;
                // The decoder is no device: nobody is told, it is only built again a little later.
                self.officer_watch.missing(reason, now);
            }
        }
    }
}
