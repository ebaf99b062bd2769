//! The reader: one thread that owns the line, feeds the decoder, triggers and reports events.
//!
//! ```text
//!              opened: Ready
//!   Missing ─────────────────▶ Listening ──▶ Reading, Scan, Unreadable, Doubt
//!    │   ▲                        │
//!    └───┘ every REOPEN_EVERY     │ read fails, or the name is gone: Lost
//!    ▲                            │
//!    └────────────────────────────┘
//! ```
//!
//! `Lost` is reported once per loss, and at the start if the line cannot be opened; every `Lost` and every `Ready` marks a
//! change. A frame under way when the line is lost has no other end than `Lost`.
//!
//! Events go to a closure, which runs on the reader's thread: it passes them on and returns. Dropping the [`Reader`] ends the
//! thread within [`STOP_WITHIN`].
//!
//! Cards are reported whenever they come. [`Reader::want`] only tells a host-triggered reader when to look for one; a
//! continuous one looks always, and whoever gets the events knows whether a card was asked for.

mod worker;

use crate::framing::Output;
use crate::gate::Gate;
use crate::health::LineDoubt;
use crate::port::LostReason;
use crate::profile::{LineSettings, Profile, ProfileError};
use crate::scan::{Scan, Unreadable};
use crate::usb::PortName;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use worker::{Stopped, Worker};

/// Pause between two attempts to open a line that is missing. A replugged reader is back within this and its own start.
pub const REOPEN_EVERY: Duration = Duration::from_millis(500);
/// Longest time that dropping a [`Reader`] takes. A thread that is stuck in the kernel then is left to itself.
pub const STOP_WITHIN: Duration = Duration::from_millis(200);

/// Which reader, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderConfig {
    /// The line it is on.
    pub port: PortName,
    /// How the reader speaks.
    pub profile: Profile,
}

/// What happens at the reader. `Debug` shows no digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderEvent {
    /// The line is open; cards can be read.
    Ready,
    /// The line is gone, or could not be opened at the start. It is tried again until the reader is dropped.
    Lost {
        /// Why.
        reason: LostReason,
    },
    /// A frame has begun. `Scan`, `Unreadable` or `Lost` follows.
    Reading,
    /// A card was read.
    Scan(Scan),
    /// Something was read, but no card.
    Unreadable(Unreadable),
    /// Several frames in a row were disturbed: a matter for a technician. Once until a good frame comes.
    Doubt(LineDoubt),
}

/// What passes on the line, for a technician who looks at it. Personal data: shown to one person, kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Watch<'a> {
    /// The line was opened.
    Opened {
        /// The device file that the name meant.
        path: &'a Path,
        /// The settings as read back from the driver. Where they differ from the profile's, the driver knows no others.
        settings: LineSettings,
    },
    /// Bytes were read, with marks and bit 7 taken off; [`Watch::Errors`] of the same read follows.
    Received(&'a [u8]),
    /// Bytes were written.
    Sent(&'a [u8]),
    /// So many characters arrived damaged: parity, stop bit, break.
    Errors(u32),
    /// The decoder has found this. All of it, while events are held back when they come too fast.
    Framed(Output<'a>),
}

/// Counts only.
impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { path, settings } => write!(f, "Opened({}, {settings})", path.display()),
            Self::Received(bytes) => write!(f, "Received({} bytes)", bytes.len()),
            Self::Sent(bytes) => write!(f, "Sent({} bytes)", bytes.len()),
            Self::Errors(count) => write!(f, "Errors({count})"),
            Self::Framed(output) => write!(f, "Framed({output:?})"),
        }
    }
}

/// Why a reader could not be started. A missing device is no such reason: it is awaited.
#[derive(Debug, Error)]
pub enum ReaderError {
    /// The profile describes no reader.
    #[error("failed to start card reader")]
    Profile(#[from] ProfileError),
    /// The system gives no thread.
    #[error("failed to start card reader thread")]
    Thread(#[source] std::io::Error),
}

/// A running reader. Dropping it stops it and releases the line.
#[derive(Debug)]
pub struct Reader {
    wanted: Arc<AtomicBool>,
    /// Dropped to stop the thread.
    stop: Option<mpsc::Sender<()>>,
    /// Closed by the end of the thread.
    ended: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts the thread and returns at once; what becomes of the line is told by events. `sink` must not block: it is called
    /// on the thread that reads.
    ///
    /// # Errors
    /// If the profile is out of bounds or the system gives no thread.
    pub fn spawn(config: ReaderConfig, sink: impl FnMut(ReaderEvent) + Send + 'static) -> Result<Self, ReaderError> {
        Self::spawn_watched(config, sink, |_| {})
    }

    /// The same, with a view of the line for a technician. `watch` must not block either, and is called for every read.
    ///
    /// # Errors
    /// As [`Reader::spawn`].
    pub fn spawn_watched(
        config: ReaderConfig,
        sink: impl FnMut(ReaderEvent) + Send + 'static,
        watch: impl FnMut(Watch<'_>) + Send + 'static,
    ) -> Result<Self, ReaderError> {
        config.profile.check()?;
        let (stop, stopped) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let wanted = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&wanted);
        let thread = std::thread::Builder::new()
            .name("card-reader".into())
            .spawn(move || {
                let gate = Gate::new(config.profile.payload.clone());
                Worker { config, sink, watch, stopped: Stopped(stopped), wanted: asked, gate, differing: None }.run();
                drop(end);
            })
            .map_err(ReaderError::Thread)?;
        Ok(Self { wanted, stop: Some(stop), ended, thread: Some(thread) })
    }

    /// Whether a card is wanted, which it is from the start. A host-triggered reader looks for one only then.
    pub fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.stop.take());
        match (self.ended.recv_timeout(STOP_WITHIN), self.thread.take()) {
            (Err(RecvTimeoutError::Disconnected), Some(thread)) => {
                // A panic in the sink has been reported by the panic hook and concerns the sink's owner.
                let _ = thread.join();
            }
            (Ok(()) | Err(_), _) => tracing::warn!("card reader thread does not end, it is left to itself"),
        }
    }
}
