//! The other end of the line.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::SOON;

/// A plugged-in reader. Dropping it is unplugging it: the line fails.
pub struct Device {
    master: OwnedFd,
}

impl Device {
    pub fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        // What is sent before the booth listens is not to come back as an echo.
        let mut termios = tcgetattr(&master).unwrap();
        termios.make_raw();
        tcsetattr(&master, OptionalActions::Now, &termios).unwrap();
        Self { master }
    }

    pub fn name(&self) -> PathBuf {
        ptsname(&self.master, Vec::new()).unwrap().into_string().unwrap().into()
    }

    /// The settings of the booth's end.
    pub fn termios(&self) -> Termios {
        tcgetattr(&self.master).unwrap()
    }

    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        assert!(self.try_send(bytes, SOON), "nobody reads");
    }

    /// Whether all was taken, each part within the time.
    pub fn try_send(&self, bytes: impl AsRef<[u8]>, within: Duration) -> bool {
        let (mut rest, mut end) = (bytes.as_ref(), Instant::now() + within);
        while !rest.is_empty() {
            match rustix::io::write(&self.master, rest) {
                Ok(count) => (rest, end) = (&rest[count..], Instant::now() + within),
                // Without anybody at the other end there is no waiting.
                Err(Errno::AGAIN) if Instant::now() < end && self.wait(PollFlags::OUT, within) => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// So many bytes, or those that came within the time.
    pub fn receive(&self, count: usize, within: Duration) -> Vec<u8> {
        let (mut bytes, end) = (Vec::new(), Instant::now() + within);
        while bytes.len() < count && self.wait(PollFlags::IN, end.saturating_duration_since(Instant::now())) {
            let mut buffer = vec![0; count - bytes.len()];
            match rustix::io::read(&self.master, &mut buffer) {
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(Errno::AGAIN) => {}
                // Nobody has the other end open at present.
                Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_millis(1)),
                Err(_) => break,
            }
        }
        bytes
    }

    fn wait(&self, what: PollFlags, within: Duration) -> bool {
        let within = Timespec::try_from(within).unwrap();
        poll(&mut [PollFd::new(&self.master, what)], Some(&within)).unwrap() > 0
    }
}
