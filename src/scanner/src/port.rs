//! The serial line itself: opening it, reading with a limit of time, noticing that it is gone.
//!
//! The port is opened for this process alone. Two readers of one line would each get some of the bytes, and a NIK that lost
//! five of its digits has the length of a KPJ. Linux releases the line with the last handle on it, so a killed booth leaves
//! nothing behind.
//!
//! A line is gone when reading says so, and also when its name is: `/dev/serial/by-id/...` is a link that moves when the reader
//! is plugged into another socket, while a driver may keep the old device alive as long as it is open.

use crate::profile::{DataBits, LineSettings, Parity, StopBits};
use serialport::{ClearBuffer, SerialPort, TTYPort};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// How long an answer to the reader may take: it is a byte or two, and the line's buffer holds thousands.
const ANSWER_WITHIN: Duration = Duration::from_millis(20);

/// Why there is no reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum LostReason {
    /// No device of this name: not plugged in, or the name is wrong.
    #[error("there is no such device")]
    NotFound,
    /// Another program has it open.
    #[error("another program uses the device")]
    Busy,
    /// This program's user may not use it.
    #[error("access to the device is denied")]
    Denied,
    /// There is something of this name, but it is no serial line.
    #[error("this is not a serial device")]
    NotSerial,
    /// It was there and is gone.
    #[error("the device was unplugged")]
    Unplugged,
    /// The line does not take its settings, or fails in another way.
    #[error("the device fails")]
    Failed,
}

/// What reading came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// So many bytes. None means that the waiting was cut short, which proves nothing about the line.
    Bytes(usize),
    /// The line was empty for the whole time.
    Nothing,
}

/// An open line.
#[derive(Debug)]
pub(crate) struct Port {
    tty: TTYPort,
    path: PathBuf,
    device: u64,
}

impl Port {
    /// Opens the line and drops what it received before: a card that nobody waited for must not appear later.
    pub(crate) fn open(path: &Path, line: &LineSettings) -> Result<Self, LostReason> {
        let device = device_number(path)?;
        let tty = serialport::new(path.to_string_lossy(), line.baud)
            .data_bits(match line.data_bits {
                DataBits::Seven => serialport::DataBits::Seven,
                DataBits::Eight => serialport::DataBits::Eight,
            })
            .parity(match line.parity {
                Parity::None => serialport::Parity::None,
                Parity::Even => serialport::Parity::Even,
                Parity::Odd => serialport::Parity::Odd,
                Parity::Space | Parity::Mark => serialport::Parity::None,
            })
            .stop_bits(match line.stop_bits {
                StopBits::One => serialport::StopBits::One,
                StopBits::Two => serialport::StopBits::Two,
            })
            .flow_control(serialport::FlowControl::None)
            .exclusive(true)
            .open_native()
            .map_err(|error| opening(&error))?;
        tty.clear(ClearBuffer::Input).map_err(|error| opening(&error))?;
        Ok(Self { tty, path: path.to_owned(), device })
    }

    /// Waits at most `wait` for bytes.
    pub(crate) fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<Arrived, LostReason> {
        self.tty.set_timeout(wait).map_err(|_| LostReason::Failed)?;
        match self.tty.read(buffer) {
            Ok(0) => Err(LostReason::Unplugged),
            Ok(count) => Ok(Arrived::Bytes(count)),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(Arrived::Nothing),
            // A signal or a wake-up without cause: not known to have been empty for the whole time, so not `Nothing`.
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {
                Ok(Arrived::Bytes(0))
            }
            Err(_) => Err(LostReason::Unplugged),
        }
    }

    /// Writes an answer to the reader, or gives up: a reader that heard nothing sends its frame again.
    pub(crate) fn answer(&mut self, bytes: &[u8]) {
        let written = self.tty.set_timeout(ANSWER_WITHIN).is_ok() && self.tty.write_all(bytes).is_ok();
        if !written {
            tracing::debug!(port = %self.path.display(), "reader does not take its answer");
        }
    }

    /// Whether the name under which the line was opened still means it.
    pub(crate) fn still_named(&self) -> bool {
        device_number(&self.path) == Ok(self.device)
    }
}

/// The number of the character device that `path` leads to.
fn device_number(path: &Path) -> Result<u64, LostReason> {
    match std::fs::metadata(path) {
        Ok(found) if found.file_type().is_char_device() => Ok(found.rdev()),
        Ok(_) => Err(LostReason::NotSerial),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(LostReason::Denied),
        Err(_) => Err(LostReason::NotFound),
    }
}

/// The reason behind a failure to open. The path has been found to be a character device just before.
fn opening(error: &serialport::Error) -> LostReason {
    match error.kind {
        serialport::ErrorKind::NoDevice => LostReason::Busy,
        serialport::ErrorKind::Io(ErrorKind::NotFound) => LostReason::NotFound,
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => LostReason::Denied,
        // ENOTTY has no kind of its own; this is its text in `serialport`.
        serialport::ErrorKind::Unknown if error.description == "Not a typewriter" => LostReason::NotSerial,
        serialport::ErrorKind::Io(_) | serialport::ErrorKind::InvalidInput | serialport::ErrorKind::Unknown => {
            LostReason::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_for_not_opening() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        for (path, expected) in [
            (folder.path().join("absent"), LostReason::NotFound),
            (folder.path().to_owned(), LostReason::NotSerial),
            (file.clone(), LostReason::NotSerial),
            (file.join("beyond"), LostReason::NotFound),
            ("/dev/null".into(), LostReason::NotSerial),
        ] {
            let opened = Port::open(&path, &LineSettings::default());
            assert_eq!(opened.map(|_| ()), Err(expected), "{}", path.display());
        }
    }
}
