//! The camera above the desk: a preview to lay the document straight, and photographs at its full resolution.

use std::time::Instant;

use gstreamer as gst;
use gstreamer::prelude::*;

use super::source::{self, Attached, Place};
use super::{BusNews, NEWEST_ONLY, Running, SAMPLE_SINK, StillGate, fill_slot};
use crate::config::CameraSource;
use crate::error::PipelineError;
use crate::frame::FrameSlots;

/// A running document camera.
pub(crate) struct Documents {
    _source: Attached,
    preview: gst::Element,
    still: StillGate,
    ready_from: Instant,
    running: Running,
}

impl Documents {
    /// Opens the camera. Its gates are closed.
    ///
    /// # Errors
    ///
    /// If the device cannot be opened. Later failures come as `news`.
    pub fn start(
        camera: &CameraSource,
        label: &str,
        slots: &FrameSlots,
        news: impl Fn(BusNews) + Send + Sync + 'static,
        still: impl Fn(gst::Sample) + Send + 'static,
    ) -> Result<Self, PipelineError> {
        let source = source::prepare(camera, Place::Documents)?;
        let description = format!(
            "{} ! tee name=capture allow-not-linked=true \
             capture. ! {NEWEST_ONLY} ! valve name=shown drop=true ! videorate drop-only=true max-rate=10 \
             ! videoscale add-borders=true ! videoconvert \
             ! video/x-raw,format=RGB,width=960,height=540,pixel-aspect-ratio=1/1 ! appsink name=view {SAMPLE_SINK} \
             capture. ! {NEWEST_ONLY} ! {} {SAMPLE_SINK}",
            source.description,
            StillGate::BRANCH,
        );
        let running = Running::build("document camera", &description, news)?;
        fill_slot(&running.sink("view")?, slots.documents.clone(), false, || {});
        let attached = source.attach(&running, label)?;
        let documents = Self {
            _source: attached,
            preview: running.element("shown")?,
            still: StillGate::attach(&running, still)?,
            ready_from: Instant::now() + source.warm_up(),
            running,
        };
        documents.running.play()?;
        Ok(documents)
    }

    /// From when on its pictures are good enough for a photograph.
    pub fn ready_from(&self) -> Instant {
        self.ready_from
    }

    /// Shows or hides the preview.
    pub fn show(&self, shown: bool) {
        self.preview.set_property("drop", !shown);
    }

    /// Asks for a full-size picture for a photograph, or no longer.
    pub fn ask_for_still(&self, asked: bool) {
        self.still.ask(asked);
    }
}
