//! The serial line itself: opening it with the profile's settings, reading with a limit of time, noticing that it is gone.
//!
//! The port is kept from whoever opens it later. A program that has it open by then and takes no lock on it goes on reading, so
//! there must be none (a modem manager, a login on the line): two readers of one line each get some of the bytes, and a NIK
//! that lost five of its digits has the length of a KPJ. Linux releases the line with the last handle on it, so a killed booth
//! leaves nothing behind.
//!
//! A driver takes what settings it can and reports success, so they are read back. Where it knows no seven data bits (and then
//! mostly no parity of them either), the line goes on with eight: a character has the same length, with the parity bit in
//! bit 7, where [`Marks`](crate::marks::Marks) check it and take it off and [`Port::write`] puts it in.
//!
//! A line is gone when reading says so, and also when its name is: `/dev/serial/by-id/...` is a link that moves when the reader
//! is plugged into another socket, while a driver may keep the old device alive as long as it is open.

use crate::profile::{DataBits, Flow, LineSettings, Parity, StopBits};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat};
use rustix::io::Errno;
use rustix::termios::{
    ControlModes, InputModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, ioctl_tiocexcl,
    ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr,
};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long writing to the reader may take: it is some bytes, and the line's buffer holds thousands.
const WRITE_WITHIN: Duration = Duration::from_millis(20);
/// How long closing waits for bytes on their way to the reader, e.g. the command that ends its reading.
const CLOSE_WITHIN: Duration = Duration::from_millis(50);
/// Bits of the longest character: start, 8 data, parity, 2 stop.
const CHARACTER_BITS: u32 = 12;
/// XON and XOFF.
const FLOW_CODES: [u8; 2] = [0x11, 0x13];

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
    tty: OwnedFd,
    path: PathBuf,
    device: u64,
    settings: LineSettings,
    /// The parity that the driver does not make: it goes into bit 7 of what is written.
    own_parity: Option<Parity>,
    /// When the last byte written will have left, as far as its length tells.
    written_until: Instant,
}

impl Port {
    /// Opens the line and drops what it received before: a card that nobody waited for must not appear later.
    pub(crate) fn open(path: &Path, line: &LineSettings) -> Result<Self, LostReason> {
        // Opening some other device could do anything.
        device_number(path)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let tty = rustix::fs::open(path, flags, Mode::empty()).map_err(opening)?;
        // The name may have moved in between.
        let device = fstat(&tty).map_err(opening)?.st_rdev;
        let termios = tcgetattr(&tty).map_err(opening)?;
        // The first keeps out whoever asks, the second whoever is not root.
        flock(&tty, FlockOperation::NonBlockingLockExclusive).map_err(opening)?;
        // From here on dropping it undoes the second, which would outlive this handle if somebody else had the line open.
        let mut port = Self {
            tty,
            path: path.to_owned(),
            device,
            settings: settings(&termios),
            own_parity: None,
            written_until: Instant::now(),
        };
        ioctl_tiocexcl(&port.tty).map_err(opening)?;
        (port.settings, port.own_parity) = apply(&port.tty, termios, line).map_err(opening)?;
        tcflush(&port.tty, QueueSelector::IFlush).map_err(opening)?;
        Ok(port)
    }

    /// The settings that the driver has taken, as read back from it.
    pub(crate) fn settings(&self) -> LineSettings {
        self.settings
    }

    /// The parity that the driver neither makes nor checks, if it knows no seven data bits.
    pub(crate) fn own_parity(&self) -> Option<Parity> {
        self.own_parity
    }

    /// The device file that was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits at most `wait` for bytes.
    pub(crate) fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<Arrived, LostReason> {
        match self.wait(PollFlags::IN, wait) {
            Ok(false) => return Ok(Arrived::Nothing),
            Ok(true) => {}
            // A signal: not known to have been empty for the whole time, so not `Nothing`.
            Err(Errno::INTR) => return Ok(Arrived::Bytes(0)),
            Err(_) => return Err(LostReason::Failed),
        }
        match rustix::io::read(&self.tty, buffer) {
            Ok(0) => Err(LostReason::Unplugged),
            Ok(count) => Ok(Arrived::Bytes(count)),
            // The same after a wake-up without cause.
            Err(Errno::INTR | Errno::AGAIN) => Ok(Arrived::Bytes(0)),
            Err(_) => Err(LostReason::Unplugged),
        }
    }

    /// Writes to the reader, or gives up after [`WRITE_WITHIN`]: a reader that heard nothing sends its frame again, and one
    /// that was not started is started again. Returns whether all was written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        let mut coded = [0; crate::profile::MAX_COMMAND];
        let Some(coded) = coded.get_mut(..bytes.len()) else { return false };
        for (coded, byte) in coded.iter_mut().zip(bytes) {
            *coded = self.own_parity.map_or(*byte, |parity| with_parity(*byte, parity));
        }
        let (mut rest, end) = (&*coded, Instant::now() + WRITE_WITHIN);
        while !rest.is_empty() {
            match rustix::io::write(&self.tty, rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Errno::INTR | Errno::AGAIN) => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() || matches!(self.wait(PollFlags::OUT, left), Ok(false)) {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        let written = u32::try_from(coded.len() - rest.len()).unwrap_or(u32::MAX);
        let time = Duration::from_secs(1) * CHARACTER_BITS * written / self.settings.baud.max(1);
        self.written_until = self.written_until.max(Instant::now()) + time;
        if !rest.is_empty() {
            tracing::debug!(port = %self.path.display(), bytes = rest.len(), "reader does not take what is sent to it");
        }
        rest.is_empty()
    }

    /// Whether the name under which the line was opened still means it.
    pub(crate) fn still_named(&self) -> bool {
        device_number(&self.path) == Ok(self.device)
    }

    /// Whether something of `what` is possible within the time, or the line has failed, which the attempt then tells.
    fn wait(&self, what: PollFlags, within: Duration) -> Result<bool, Errno> {
        let within = Timespec::try_from(within).map_err(|_| Errno::INVAL)?;
        poll(&mut [PollFd::new(&self.tty, what)], Some(&within)).map(|ready| ready > 0)
    }
}

impl Drop for Port {
    /// Closing a line waits for its output, for half a minute if the reader pauses it. So the output is waited for here, and
    /// what is left then is dropped.
    fn drop(&mut self) {
        std::thread::sleep(self.written_until.saturating_duration_since(Instant::now()).min(CLOSE_WITHIN));
        // Both fail on a line that is gone, where they are not needed.
        let _ = tcflush(&self.tty, QueueSelector::OFlush);
        let _ = ioctl_tiocnxcl(&self.tty);
    }
}

/// Sets the line and reads the settings back. The second is the parity that is left to [`Port::write`].
fn apply(tty: &OwnedFd, mut termios: Termios, line: &LineSettings) -> Result<(LineSettings, Option<Parity>), Errno> {
    prepare(&mut termios, line)?;
    tcsetattr(tty, OptionalActions::Now, &termios)?;
    let taken = settings(&tcgetattr(tty)?);
    if line.data_bits == DataBits::Eight || (taken.data_bits, taken.parity) == (line.data_bits, line.parity) {
        return Ok((taken, None));
    }
    prepare(&mut termios, &LineSettings { data_bits: DataBits::Eight, parity: Parity::None, ..*line })?;
    tcsetattr(tty, OptionalActions::Now, &termios)?;
    Ok((settings(&tcgetattr(tty)?), Some(line.parity)))
}

/// Raw bytes in both directions, with marks, at the given settings.
fn prepare(termios: &mut Termios, line: &LineSettings) -> Result<(), Errno> {
    termios.make_raw();
    termios.input_modes -= InputModes::IGNBRK | InputModes::IGNPAR | InputModes::IXOFF | InputModes::IXANY;
    termios.input_modes |= InputModes::INPCK | InputModes::PARMRK;
    termios.control_modes -= ControlModes::CSIZE
        | ControlModes::PARENB
        | ControlModes::PARODD
        | ControlModes::CMSPAR
        | ControlModes::CSTOPB
        | ControlModes::CRTSCTS;
    termios.control_modes |= ControlModes::CREAD | ControlModes::CLOCAL;
    termios.control_modes |= match line.data_bits {
        DataBits::Seven => ControlModes::CS7,
        DataBits::Eight => ControlModes::CS8,
    };
    termios.control_modes |= match line.parity {
        Parity::None => ControlModes::empty(),
        Parity::Even => ControlModes::PARENB,
        Parity::Odd => ControlModes::PARENB | ControlModes::PARODD,
        Parity::Space => ControlModes::PARENB | ControlModes::CMSPAR,
        Parity::Mark => ControlModes::PARENB | ControlModes::CMSPAR | ControlModes::PARODD,
    };
    termios.control_modes |= match line.stop_bits {
        StopBits::One => ControlModes::empty(),
        StopBits::Two => ControlModes::CSTOPB,
    };
    match line.flow {
        Flow::None => {}
        Flow::Hardware => termios.control_modes |= ControlModes::CRTSCTS,
        Flow::Software => termios.input_modes |= InputModes::IXON | InputModes::IXOFF,
    }
    [termios.special_codes[SpecialCodeIndex::VSTART], termios.special_codes[SpecialCodeIndex::VSTOP]] = FLOW_CODES;
    // Reading never waits, since the line is opened so, and with at least one byte it can tell "nothing" from "gone".
    termios.special_codes[SpecialCodeIndex::VMIN] = 1;
    termios.special_codes[SpecialCodeIndex::VTIME] = 0;
    termios.set_speed(line.baud)
}

/// What the kernel's settings come to.
fn settings(termios: &Termios) -> LineSettings {
    let control = termios.control_modes;
    let has = |mode| control.contains(mode);
    let size = control & ControlModes::CSIZE;
    LineSettings {
        baud: termios.output_speed(),
        data_bits: if size == ControlModes::CS8 { DataBits::Eight } else { DataBits::Seven },
        parity: match (has(ControlModes::PARENB), has(ControlModes::CMSPAR), has(ControlModes::PARODD)) {
            (false, _, _) => Parity::None,
            (true, false, false) => Parity::Even,
            (true, false, true) => Parity::Odd,
            (true, true, false) => Parity::Space,
            (true, true, true) => Parity::Mark,
        },
        stop_bits: if has(ControlModes::CSTOPB) { StopBits::Two } else { StopBits::One },
        flow: if has(ControlModes::CRTSCTS) {
            Flow::Hardware
        } else if termios.input_modes.contains(InputModes::IXON) {
            Flow::Software
        } else {
            Flow::None
        },
    }
}

/// A character of seven bits with its parity in bit 7. Without parity the stop bit is there.
pub(crate) fn with_parity(byte: u8, parity: Parity) -> u8 {
    let (byte, odd) = (byte & 0x7f, (byte & 0x7f).count_ones() % 2 == 1);
    let set = match parity {
        Parity::Even => odd,
        Parity::Odd => !odd,
        Parity::Space => false,
        Parity::None | Parity::Mark => true,
    };
    byte | (u8::from(set) << 7)
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
fn opening(error: Errno) -> LostReason {
    match error {
        // A UART that the kernel has a number for but this machine has not answers EIO.
        Errno::NOENT | Errno::NOTDIR | Errno::NXIO | Errno::NODEV | Errno::IO => LostReason::NotFound,
        Errno::ACCESS | Errno::PERM => LostReason::Denied,
        Errno::BUSY | Errno::AGAIN => LostReason::Busy,
        Errno::NOTTY => LostReason::NotSerial,
        _ => LostReason::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, openpt};

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

    #[test]
    fn parity_in_bit_7() {
        for (byte, parity, expected) in [
            (0x06, Parity::Even, 0x06),
            (0x15, Parity::Even, 0x95),
            (0x06, Parity::Odd, 0x86),
            (0x15, Parity::Odd, 0x15),
            (0x06, Parity::Space, 0x06),
            (0x06, Parity::Mark, 0x86),
            (0x06, Parity::None, 0x86),
        ] {
            assert_eq!(with_parity(byte, parity), expected, "{byte:02x} {parity:?}");
        }
    }

    #[test]
    fn settings_are_written_and_read() {
        let master = openpt(OpenptFlags::RDWR).unwrap();
        let fresh = tcgetattr(&master).unwrap();
        for baud in [300, 9600, 12_345, 921_600] {
            for data_bits in [DataBits::Seven, DataBits::Eight] {
                for parity in [Parity::None, Parity::Even, Parity::Odd, Parity::Space, Parity::Mark] {
                    for (stop_bits, flow) in
                        [(StopBits::One, Flow::None), (StopBits::Two, Flow::Hardware), (StopBits::One, Flow::Software)]
                    {
                        let line = LineSettings { baud, data_bits, parity, stop_bits, flow };
                        let mut termios = fresh.clone();
                        prepare(&mut termios, &line).unwrap();
                        assert_eq!(settings(&termios), line);
                    }
                }
            }
        }
    }
}
