//! Tells systemd that the booth serves and that its loop turns (sd_notify(3)): one datagram each, so no library.
//!
//! The sign of life comes from a timer of the event loop itself. A loop that hangs sends none, and the booth is started anew.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;
use tracing::warn;

/// The other end, if somebody wants to know.
pub struct Watchdog {
    socket: UnixDatagram,
    to: SocketAddr,
    timer: slint::Timer,
}

impl Watchdog {
    /// As the environment says; none outside of a service that asks for it.
    pub fn from_environment() -> Option<Self> {
        let to = std::env::var("NOTIFY_SOCKET").ok()?;
        match Self::new(&to) {
            Ok(watchdog) => Some(watchdog),
            Err(error) => {
                warn!(%error, "the service manager cannot be told anything");
                None
            }
        }
    }

    fn new(to: &str) -> io::Result<Self> {
        let to = match to.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(to)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that reads nothing must not stop the loop.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, to, timer: slint::Timer::default() })
    }

    /// The first page is shown. From now on the loop has to turn.
    pub fn ready(&self) {
        self.say("READY=1");
        let Some(every) = std::env::var("WATCHDOG_USEC").ok().and_then(|text| period(&text)) else { return };
        let (Ok(socket), to) = (self.socket.try_clone(), self.to.clone()) else { return };
        self.timer.start(slint::TimerMode::Repeated, every, move || send(&socket, &to, "WATCHDOG=1"));
    }

    fn say(&self, what: &str) {
        send(&self.socket, &self.to, what);
    }
}

/// A third of what the manager grants: two signs may be late. `text` is in microseconds.
fn period(text: &str) -> Option<Duration> {
    let granted: u64 = text.parse().ok().filter(|granted| *granted > 0)?;
    Some(Duration::from_micros(granted / 3))
}

fn send(socket: &UnixDatagram, to: &SocketAddr, what: &str) {
    if let Err(error) = socket.send_to_addr(what.as_bytes(), to) {
        warn!(%error, what, "the service manager was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Watchdog::new(&address).unwrap().say("READY=1");
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
