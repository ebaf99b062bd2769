//! A pipeline from its description to its end, and what its bus says.

use gstreamer::prelude::*;
use gstreamer::{self as gst, glib};
use gstreamer_app::{AppSink, AppSrc};
use tracing::{debug, warn};

use super::BusNews;
use crate::error::PipelineError;

/// Where streaming threads run at best (`nice(2)`): the service gives the page a better place, so that a slow machine leaves pictures out
/// and the page goes on. Not the other way round: an encoder that stands back behind everybody else's programs
/// sends each picture up to 50 ms later. Of all pipelines, as GLib lends one's thread to the next, and nobody may take it back.
const NICE: i32 = 0;

/// A pipeline that is stopped when it is dropped.
pub(crate) struct Running {
    name: &'static str,
    pub(super) pipeline: gst::Pipeline,
}

impl Running {
    /// Builds a pipeline from its description. `news` is called on the bus's threads.
    pub(super) fn build(
        name: &'static str,
        description: &str,
        news: impl Fn(BusNews) + Send + Sync + 'static,
    ) -> Result<Self, PipelineError> {
        let failed = |source| PipelineError::Build { pipeline: name, source };
        let pipeline = if description.is_empty() {
            gst::Pipeline::new()
        } else {
            let built = gst::parse::launch(description).map_err(failed)?;
            built.downcast().map_err(|_| PipelineError::NoElement { pipeline: name, element: "pipeline" })?
        };
        let running = Self { name, pipeline };
        let bus = running.pipeline.bus().ok_or(PipelineError::NoElement { pipeline: name, element: "bus" })?;
        let root = running.pipeline.downgrade();
        bus.set_sync_handler(move |_, message| {
            if begins_thread(message) && rustix::process::getpriority_process(None).is_ok_and(|own| own < NICE) {
                // Of this thread, and of those that it starts, such as an encoder's. To stand back is allowed to everybody.
                let _ = rustix::process::setpriority_process(None, NICE);
            }
            if let Some(said) = read_message(&root, message) {
                news(said);
            }
            gst::BusSyncReply::Drop
        });
        Ok(running)
    }

    pub(super) fn element(&self, element: &'static str) -> Result<gst::Element, PipelineError> {
        self.pipeline.by_name(element).ok_or(PipelineError::NoElement { pipeline: self.name, element })
    }

    pub(super) fn sink(&self, element: &'static str) -> Result<AppSink, PipelineError> {
        let missing = |_| PipelineError::NoElement { pipeline: self.name, element };
        self.element(element)?.downcast().map_err(missing)
    }

    pub(super) fn source(&self, element: &'static str) -> Result<AppSrc, PipelineError> {
        let missing = |_| PipelineError::NoElement { pipeline: self.name, element };
        self.element(element)?.downcast().map_err(missing)
    }

    pub(super) fn play(&self) -> Result<(), PipelineError> {
        let state = "playing";
        self.pipeline
            .set_state(gst::State::Playing)
            .map(drop)
            .map_err(|_| PipelineError::State { pipeline: self.name, state })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(bus) = self.pipeline.bus() {
            bus.unset_sync_handler();
        }
        if self.pipeline.set_state(gst::State::Null).is_err() {
            warn!(pipeline = self.name, "failed to stop");
        }
    }
}

/// Whether it comes from a streaming thread's first step.
fn begins_thread(message: &gst::Message) -> bool {
    let gst::MessageView::StreamStatus(status) = message.view() else { return false };
    status.get().0 == gst::StreamStatusType::Enter
}

#[expect(clippy::wildcard_enum_match_arm, reason = "GStreamer's messages are open-ended")]
fn read_message(root: &glib::WeakRef<gst::Pipeline>, message: &gst::Message) -> Option<BusNews> {
    match message.view() {
        gst::MessageView::Error(error) => {
            let reason = error.error().to_string();
            Some(BusNews::Failed { part: part_of(root, message), reason })
        }
        gst::MessageView::Eos(_) => {
            Some(BusNews::Failed { part: part_of(root, message), reason: "the device stopped".to_owned() })
        }
        gst::MessageView::Warning(warning) => {
            debug!(warning = %warning.error(), "pipeline");
            None
        }
        gst::MessageView::Element(element) => {
            let structure = element.structure().filter(|structure| structure.name() == "level")?;
            let channels = structure.get::<glib::ValueArray>("rms").ok()?;
            let db = channels.iter().find_map(|value| value.get::<f64>().ok())?;
            Some(BusNews::Level { part: part_of(root, message), db: db as f32 })
        }
        _ => None,
    }
}

/// The name of the pipeline's child that a message comes from, however deep.
fn part_of(root: &glib::WeakRef<gst::Pipeline>, message: &gst::Message) -> String {
    let root = root.upgrade();
    let mut object = message.src().cloned();
    while let Some(current) = object {
        let parent = current.parent();
        if parent.is_none() || parent.as_ref() == root.as_ref().map(|pipeline| pipeline.upcast_ref()) {
            return current.name().to_string();
        }
        object = parent;
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstreamer_app::AppSinkCallbacks;
    use std::fs;
    use std::sync::mpsc::channel;

    /// Of this process' threads of this name.
    fn nice_of(name: &str) -> Vec<i32> {
        let nice = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).ok()?;
            let (head, fields) = stat.rsplit_once(')')?;
            head.ends_with(name).then(|| fields.split_whitespace().nth(16)?.parse().ok())?
        };
        fs::read_dir("/proc/self/task").unwrap().filter_map(|task| nice(task.unwrap())).collect()
    }

    #[test]
    fn streaming_threads_stand_back() {
        const PAGE: i32 = -10;
        // Started behind everything else (`nice make test`), all threads stand there already.
        if rustix::process::getpriority_process(None).unwrap() > NICE {
            return;
        }
        gst::init().unwrap();
        // What a thread starts has its place. Better ones are the system's to give: to root, as here, or by the service's file.
        let better = rustix::process::setpriority_process(None, PAGE).is_ok();
        let running = Running::build("pictures", "videotestsrc name=bars ! appsink name=out", |_| {}).unwrap();
        let (seen, pictures) = channel();
        let shown = AppSinkCallbacks::builder().new_sample(move |_| {
            let _ = seen.send(nice_of("bars:src"));
            Ok(gst::FlowSuccess::Ok)
        });
        running.sink("out").unwrap().set_callbacks(shown.build());
        running.play().unwrap();
        let own = rustix::process::getpriority_process(None).unwrap();
        assert_eq!(pictures.recv().unwrap(), [own.max(NICE)]);
        assert!(!better || own == PAGE, "the page's own place stays");
    }
}
