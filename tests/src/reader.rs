//! A card reader: the booth opens one end of a pseudo-terminal as its serial port, the test is the device at the other.

use anyhow::Context as _;
use serialport::{SerialPort as _, TTYPort};
use std::io::Write as _;
use std::path::{Path, PathBuf};

pub struct CardReader {
    master: TTYPort,
    /// A stable name for the booth's end, as udev gives one to a real reader.
    pub port: PathBuf,
}

impl CardReader {
    pub fn plug_in(folder: &Path) -> anyhow::Result<Self> {
        let (master, slave) = TTYPort::pair().context("failed to make a pseudo-terminal")?;
        let name = slave.name().context("pseudo-terminal has no name")?;
        // The booth is to be the only one at its end.
        drop(slave);
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
