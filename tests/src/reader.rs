//! A card reader: the booth opens one end of a pseudo-terminal as its serial port, the test is the device at the other.

use anyhow::Context as _;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

pub struct CardReader {
    master: File,
    /// A stable name for the booth's end, as udev gives one to a real reader.
    pub port: PathBuf,
}

impl CardReader {
    pub fn plug_in(folder: &Path) -> anyhow::Result<Self> {
        let (master, name) = pseudo_terminal().context("failed to make a pseudo-terminal")?;
        let port = folder.join("card-reader");
        let _ = std::fs::remove_file(&port);
        std::os::unix::fs::symlink(&name, &port).with_context(|| format!("failed to link {}", port.display()))?;
        Ok(Self { master, port })
    }

    /// Holds a card to the reader: the line that a reader sends for it.
    pub fn present(&mut self, digits: &str) -> anyhow::Result<()> {
        self.send(format!("{digits}\r\n").as_bytes())
    }

    pub fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.master.write_all(bytes).context("failed to send from the card reader")
    }
}

/// The device's end, and the name of the booth's. Only the booth opens that.
fn pseudo_terminal() -> rustix::io::Result<(File, OsString)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    // What is sent before the booth listens is not to come back as an echo.
    let mut termios = tcgetattr(&master)?;
    termios.make_raw();
    tcsetattr(&master, OptionalActions::Now, &termios)?;
    let name = ptsname(&master, Vec::new())?;
    Ok((master.into(), OsString::from_vec(name.into_bytes())))
}
