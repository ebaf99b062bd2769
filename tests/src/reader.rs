//! A card reader: the booth opens one end of a pseudo-terminal as its serial port, the test is the device at the other.

use crate::process::until;
use anyhow::Context as _;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

pub struct CardReader {
    master: File,
    /// A stable name for the booth's end, as udev gives one to a real reader.
    pub port: PathBuf,
}

impl CardReader {
    pub fn plug_in(folder: &Path) -> anyhow::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .and_then(|master| grantpt(&master).and_then(|()| unlockpt(&master)).map(|()| master))
            .context("failed to make a pseudo-terminal")?;
        let name = ptsname(&master, Vec::new()).context("pseudo-terminal has no name")?;
        let port = folder.join("card-reader");
        let _ = std::fs::remove_file(&port);
        let name = name.to_str().context("pseudo-terminal has a strange name")?;
        std::os::unix::fs::symlink(name, &port).with_context(|| format!("failed to link {}", port.display()))?;
        Ok(Self { master: File::from(master), port })
    }

    /// Holds a card to the reader: the line that a reader sends for it.
    pub fn present(&mut self, digits: &str) -> anyhow::Result<()> {
        self.send(format!("{digits}\r\n").as_bytes())
    }

    pub fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.master.write_all(bytes).context("failed to send from the card reader")
    }

    /// Waits until the booth's end has sent these bytes, whatever it sends before.
    pub fn hears(&mut self, expected: &[u8]) -> anyhow::Result<()> {
        let mut heard = Vec::new();
        while !heard.ends_with(expected) {
            let mut byte = [0];
            until("the card reader hears its command", || match self.master.read_exact(&mut byte) {
                Ok(()) => Ok(Some(())),
                // Nobody has the other end open just now.
                Err(error) if error.raw_os_error() == Some(libc::EIO) => Ok(None),
                Err(error) => Err(error).context("failed to listen at the card reader"),
            })?;
            heard.push(byte[0]);
        }
        Ok(())
    }
}
