//! Tells systemd that the booth serves, and that frames still reach the screen (sd_notify(3)): one datagram each, so no library.
//!
//! A page that stands still needs no frame, so one is asked for: a pixel in the corner of the window gets a new number, and the
//! renderer asks [`Pulse`] for its colour while it draws it. A later turn of the loop finds the number there and says so; then
//! the next number is due.
//!
//! ```text
//!   timer: number n ──► draw: asks for n's colour ──► present ──► poll: input, timers ──► timer: n was drawn ──► WATCHDOG=1
//! ```
//!
//! What a sign proves on the bare screen (Slint's `linuxkms` with the software renderer): the loop turned; the renderer went
//! through the whole page to its last element; the frame was handed to the kernel, and the flip of the frame before it had been
//! reported by the kernel, for Slint waits for that before it hands over another; and the loop has polled since, libinput among
//! its sources. A renderer, a flip, an input source or a callback that hangs stops the signs; an error of theirs ends the
//! program. It does not prove that the panel is lit or that a finger is felt: the latter is told by [`crate::touchscreen`].
//! Slint's rendering notifier would say less, and the software renderer has none.

use bilik_ui::{AppWindow, Pulse};
use slint::ComponentHandle as _;
use std::cell::Cell;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::rc::Rc;
use std::time::Duration;
use tracing::warn;

/// How often the first frame is looked for.
const FIRST_FRAME: Duration = Duration::from_millis(50);

/// The numbers of frames: the one that was asked for, and the last that was drawn. Pure.
#[derive(Debug, Default)]
struct Frames {
    asked: Cell<i32>,
    drawn: Cell<i32>,
}

impl Frames {
    /// The next number.
    fn ask(&self) -> i32 {
        // Starts over after centuries.
        self.asked.set(self.asked.get().wrapping_add(1));
        self.asked.get()
    }

    /// The renderer stands at the pixel with this number.
    fn drawn(&self, number: i32) {
        self.drawn.set(number);
    }

    fn is_drawn(&self) -> bool {
        self.asked.get() != 0 && self.drawn == self.asked
    }
}

/// Asks for frames and tells of them, as long as it lives.
pub struct Heart {
    // Kept for its callback.
    _timer: Rc<slint::Timer>,
}

impl Heart {
    /// Begins with the window's first frame, of which `on_first` is told once. Afterwards frames are asked for only if somebody
    /// watches.
    pub fn start(window: &AppWindow, watchdog: Option<Watchdog>, on_first: impl Fn() + 'static) -> Self {
        let frames = Rc::new(Frames::default());
        let (seen, pulse) = (Rc::clone(&frames), window.as_weak());
        window.global::<Pulse>().on_colour_of(move |number| {
            seen.drawn(number);
            slint::Color::default()
        });
        let ask = move || {
            if let Some(window) = pulse.upgrade() {
                window.global::<Pulse>().set_number(frames.ask());
            }
            Rc::clone(&frames)
        };
        let frames = ask();
        let timer = Rc::new(slint::Timer::default());
        let own = Rc::downgrade(&timer);
        let first = Cell::new(true);
        timer.start(slint::TimerMode::Repeated, FIRST_FRAME, move || {
            let Some(timer) = own.upgrade().filter(|_| frames.is_drawn()) else { return };
            if first.take() {
                on_first();
                match watchdog.as_ref().and_then(Watchdog::ready) {
                    Some(every) => timer.set_interval(every),
                    None => return timer.stop(),
                }
            } else if let Some(watchdog) = &watchdog {
                watchdog.say("WATCHDOG=1");
            }
            ask();
        });
        Self { _timer: timer }
    }
}

/// The other end, if somebody wants to know.
pub struct Watchdog {
    socket: UnixDatagram,
    to: SocketAddr,
    every: Option<Duration>,
}

impl Watchdog {
    /// As the environment says; none outside of a service that asks for it.
    pub fn from_environment() -> Option<Self> {
        let to = std::env::var("NOTIFY_SOCKET").ok()?;
        let every = std::env::var("WATCHDOG_USEC").ok().and_then(|text| period(&text));
        match Self::new(&to, every) {
            Ok(watchdog) => Some(watchdog),
            Err(error) => {
                warn!(%error, "the service manager cannot be told anything");
                None
            }
        }
    }

    fn new(to: &str, every: Option<Duration>) -> io::Result<Self> {
        let to = match to.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(to)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that reads nothing must not stop the loop.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, to, every })
    }

    /// The first page is on the screen. How often a sign of life is wanted from now on.
    fn ready(&self) -> Option<Duration> {
        self.say("READY=1");
        self.every
    }

    fn say(&self, what: &str) {
        if let Err(error) = self.socket.send_to_addr(what.as_bytes(), &self.to) {
            warn!(%error, what, "the service manager was not told");
        }
    }
}

/// A third of what the manager grants: two signs may be late. `text` is in microseconds.
fn period(text: &str) -> Option<Duration> {
    let granted: u64 = text.parse().ok().filter(|granted| *granted > 0)?;
    Some(Duration::from_micros(granted / 3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType, Rgb565Pixel};
    use slint::platform::{Platform, PlatformError, WindowAdapter};

    /// A screen that is drawn when the test says so, and a clock that goes when it says so.
    struct Screen {
        surface: Rc<MinimalSoftwareWindow>,
        clock: Rc<Cell<Duration>>,
    }

    impl Platform for Screen {
        fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
            Ok(self.surface.clone())
        }

        fn duration_since_start(&self) -> Duration {
            self.clock.get()
        }
    }

    #[test]
    fn a_sign_follows_each_frame_and_no_frame_no_sign() {
        let surface = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        let clock = Rc::new(Cell::new(Duration::ZERO));
        let screen = Screen { surface: Rc::clone(&surface), clock: Rc::clone(&clock) };
        slint::platform::set_platform(Box::new(screen)).unwrap();
        surface.set_size(slint::PhysicalSize::new(1280, 800));
        let window = AppWindow::new().unwrap();

        let name = format!("bilik-specimen-heart-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        manager.set_nonblocking(true).unwrap();
        let watchdog = Watchdog::new(&format!("@{name}"), Some(Duration::from_secs(3))).unwrap();
        let first = Rc::new(Cell::new(0));
        let counted = Rc::clone(&first);
        let _heart = Heart::start(&window, Some(watchdog), move || counted.set(counted.get() + 1));
        window.show().unwrap();

        let mut pixels = vec![Rgb565Pixel::default(); 1280 * 800];
        let mut redrawn = 0;
        let mut check = |millis: u64, draws: bool, wanted: &[&str]| {
            clock.set(clock.get() + Duration::from_millis(millis));
            slint::platform::update_timers_and_animations();
            let mut heard = Vec::new();
            let mut buffer = [0; 64];
            while let Ok(length) = manager.recv(&mut buffer) {
                heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
            assert_eq!(heard, wanted, "at {:?}", clock.get());
            if draws {
                surface.draw_if_needed(|renderer| {
                    let region = renderer.render(&mut pixels, 1280);
                    redrawn = region.iter().map(|(_, size)| size.width * size.height).sum();
                });
            }
            redrawn
        };
        check(60, false, &[]);
        check(5_000, true, &[]);
        check(60, true, &["READY=1"]);
        for _ in 0..3 {
            let redrawn = check(3_000, true, &["WATCHDOG=1"]);
            assert!(redrawn <= 4, "a frame of a page that stands still draws {redrawn} pixels");
        }
        // The loop turns, and nothing is drawn.
        check(3_000, false, &["WATCHDOG=1"]);
        check(3_000, false, &[]);
        check(30_000, true, &[]);
        check(3_000, true, &["WATCHDOG=1"]);
        assert_eq!(first.get(), 1);
    }

    #[test]
    fn both_kinds_of_address_hear_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("bilik-specimen-{}", std::process::id());
        let abstract_one = SocketAddr::from_abstract_name(&name).unwrap();
        for (address, listener) in [
            (path.to_str().unwrap().to_owned(), UnixDatagram::bind(&path).unwrap()),
            (format!("@{name}"), UnixDatagram::bind_addr(&abstract_one).unwrap()),
        ] {
            Watchdog::new(&address, None).unwrap().say("READY=1");
            let mut heard = [0; 64];
            let length = listener.recv(&mut heard).unwrap();
            assert_eq!(&heard[..length], b"READY=1", "{address}");
        }
    }

    #[test]
    fn signs_come_three_times_as_often_as_they_must() {
        assert_eq!(period("10000000"), Some(Duration::from_micros(3_333_333)));
        for odd in ["", "0", "-1", "soon"] {
            assert_eq!(period(odd), None, "{odd:?}");
        }
    }
}
