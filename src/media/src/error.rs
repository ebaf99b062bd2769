//! What can go wrong before the engine runs, and with a single photograph. Everything later is a [`crate::MediaEvent`].

use thiserror::Error;

/// A device string or a combination of devices that cannot work.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The string names no kind of device that this booth knows.
    #[error("unknown {role} {device:?}")]
    UnknownDevice {
        /// Which device it was to be.
        role: &'static str,
        /// The start of the rejected string.
        device: String,
    },
    /// Both cameras are the same device.
    #[error("camera and document_camera are the same device {device}")]
    SameCamera {
        /// The device in question.
        device: String,
    },
}

/// The engine could not be started.
#[derive(Debug, Error)]
pub enum MediaError {
    /// The configuration contradicts itself.
    #[error("the media configuration cannot work")]
    Config(#[from] ConfigError),
    /// GStreamer itself did not start.
    #[error("failed to initialise GStreamer")]
    Initialise(#[source] gstreamer::glib::Error),
    /// A GStreamer element that every booth needs is not installed.
    #[error("GStreamer element {element} is missing; it comes with the package {package}")]
    MissingElement {
        /// The element's factory name.
        element: &'static str,
        /// The Debian package that carries it.
        package: &'static str,
    },
    /// The operating system refused a thread.
    #[error("failed to start the {name} thread")]
    Thread {
        /// The thread's name.
        name: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The engine's thread is gone.
    #[error("the media engine has stopped")]
    Stopped,
}

/// Why a photograph was not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PhotoError {
    /// The camera is not configured, unplugged or held by another program.
    #[error("the camera is not available: {0}")]
    Unavailable(String),
    /// The camera delivered no picture in time.
    #[error("the camera delivered no picture within {0} ms")]
    TimedOut(u64),
    /// More photographs were asked for than are worth keeping in line.
    #[error("too many photographs are waiting")]
    Busy,
    /// The picture could not be turned into a JPEG file.
    #[error("failed to encode the picture: {0}")]
    Encode(String),
    /// [`crate::Media::wipe`] was called before the picture was ready.
    #[error("the photograph was wiped")]
    Wiped,
}

/// A part of the media path could not be built or driven. Reported to the caller as the device's absence.
#[derive(Debug, Error)]
pub(crate) enum PipelineError {
    #[error("failed to build the {pipeline} pipeline")]
    Build {
        pipeline: &'static str,
        #[source]
        source: gstreamer::glib::Error,
    },
    #[error("the {pipeline} pipeline has no {element}")]
    NoElement { pipeline: &'static str, element: &'static str },
    #[error("failed to set the {pipeline} pipeline {state}")]
    State { pipeline: &'static str, state: &'static str },
    #[error("device {device} cannot be opened")]
    Open { device: String },
    #[error("device {device} offers no usable picture format")]
    NoFormat { device: String },
    #[error("failed to start the {name} thread")]
    Thread {
        name: &'static str,
        #[source]
        source: std::io::Error,
    },
}
