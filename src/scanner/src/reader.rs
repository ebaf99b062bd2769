//! The reader: one thread that owns the line, feeds the decoder and reports events.
//!
//! ```text
//!              opened: Ready
//!   Missing ─────────────────▶ Listening ──▶ Reading, Scan, Unreadable
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

use crate::framing::{Decoder, Output};
use crate::gate::Gate;
use crate::port::{Arrived, LostReason, Port};
use crate::profile::{Profile, ProfileError};
use crate::scan::{Scan, Unreadable};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;
use zeroize::Zeroize;

/// Pause between two attempts to open a line that is missing. A replugged reader is back within this and its own start.
pub const REOPEN_EVERY: Duration = Duration::from_millis(500);
/// Longest time that dropping a [`Reader`] takes. A thread that is stuck in the kernel then is left to itself.
pub const STOP_WITHIN: Duration = Duration::from_millis(200);

/// Longest wait for bytes: how long the wish to stop may go unnoticed.
const LISTEN_FOR: Duration = Duration::from_millis(50);
/// How often the line is asked whether it is still there under its name.
const NAME_CHECK_EVERY: Duration = Duration::from_millis(500);
/// Bytes taken from the line at once.
const READ_BYTES: usize = 256;

/// Which reader, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderConfig {
    /// The line's device, e.g. `/dev/ttyUSB0`, or better a link that follows the reader: `/dev/serial/by-id/...`.
    pub port: PathBuf,
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
        config.profile.check()?;
        let (stop, stopped) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("card-reader".into())
            .spawn(move || {
                let gate = Gate::new(config.profile.payload.clone());
                Worker { config, sink, stopped: Stopped(stopped), gate }.run();
                drop(end);
            })
            .map_err(ReaderError::Thread)?;
        Ok(Self { stop: Some(stop), ended, thread: Some(thread) })
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

/// Becomes true when the [`Reader`] is dropped.
struct Stopped(mpsc::Receiver<()>);

impl Stopped {
    fn now(&self) -> bool {
        matches!(self.0.try_recv(), Err(TryRecvError::Disconnected))
    }

    fn within(&self, wait: Duration) -> bool {
        matches!(self.0.recv_timeout(wait), Err(RecvTimeoutError::Disconnected))
    }
}

/// Why listening ended.
enum Ended {
    Stopped,
    Lost(LostReason),
}

/// The thread's state.
struct Worker<S> {
    config: ReaderConfig,
    sink: S,
    stopped: Stopped,
    gate: Gate,
}

impl<S: FnMut(ReaderEvent)> Worker<S> {
    fn run(mut self) {
        let path = self.config.port.display().to_string();
        let mut lost = None;
        while !self.stopped.now() {
            let reason = match Port::open(&self.config.port, &self.config.profile.line) {
                Err(reason) => reason,
                Ok(port) => {
                    tracing::info!(port = path, profile = self.config.profile.name, "card reader ready");
                    lost = None;
                    (self.sink)(ReaderEvent::Ready);
                    match self.listen(port) {
                        Ended::Stopped => return,
                        Ended::Lost(reason) => reason,
                    }
                }
            };
            if lost != Some(reason) {
                tracing::warn!(port = path, %reason, "card reader lost");
            }
            if lost.replace(reason).is_none() {
                (self.sink)(ReaderEvent::Lost { reason });
            }
            if self.stopped.within(REOPEN_EVERY) {
                return;
            }
        }
    }

    /// Reads until the line is lost or the reader is dropped. The port is closed on return.
    fn listen(&mut self, mut port: Port) -> Ended {
        let mut decoder = Decoder::new(&self.config.profile.framing);
        let mut buffer = [0; READ_BYTES];
        let mut name_checked = Instant::now();
        self.gate.reset_frame();
        while !self.stopped.now() {
            let asked = Instant::now();
            let wait = decoder.deadline().map_or(LISTEN_FOR, |at| at.saturating_duration_since(asked).min(LISTEN_FOR));
            match port.read(&mut buffer, wait) {
                Ok(Arrived::Bytes(count)) => {
                    let bytes = buffer.get_mut(..count).unwrap_or_default();
                    self.decode(&mut port, |mut out| decoder.push(bytes, Instant::now(), &mut out));
                    bytes.zeroize();
                }
                Ok(Arrived::Nothing) => {
                    // Empty up to here for certain, whatever the clock says by now.
                    self.decode(&mut port, |mut out| decoder.poll(asked + wait, &mut out));
                }
                Err(reason) => return Ended::Lost(reason),
            }
            if name_checked.elapsed() >= NAME_CHECK_EVERY {
                name_checked = Instant::now();
                self.log_held_back();
                if !port.still_named() {
                    return Ended::Lost(LostReason::Unplugged);
                }
            }
        }
        Ended::Stopped
    }

    /// Runs one step of the decoder and passes on what comes out.
    ///
    /// Of several answers only the last is written: a reader that waits for its answer has caused one at most, and one that
    /// does not wait must not be able to keep this thread writing.
    fn decode(&mut self, port: &mut Port, step: impl FnOnce(&mut dyn FnMut(Output<'_>))) {
        let (gate, sink) = (&mut self.gate, &mut self.sink);
        let mut answer = None;
        step(&mut |output| {
            if let Output::Answer(bytes) = output {
                answer = Some(bytes);
            }
            if let Some(event) = gate.pass(output, Instant::now()) {
                sink(event);
            }
        });
        if let Some(bytes) = answer {
            port.answer(bytes);
        }
    }

    fn log_held_back(&mut self) {
        let frames = self.gate.take_held_back();
        if frames > 0 {
            tracing::debug!(frames, "card reader sends faster than anybody can use, frames were held back");
        }
    }
}
