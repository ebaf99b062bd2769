//! The search on a real line: opens, sends, listens as the [`Detector`] says.

use super::{Command, Detector, Fit, Step};
use crate::marks::{DAMAGED, Mark, Marks};
use crate::port::{Arrived, LostReason, Port};
use crate::profile::{DataBits, Profile};
use crate::usb::{PortName, SYS};
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroize;

/// Longest wait for bytes: how long `go_on` is not asked.
const LISTEN_FOR: Duration = Duration::from_millis(50);

/// How far the search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The line is open at so many bits per second: a card should be presented now.
    Listening(u32),
    /// The start command of this profile was sent: a card should be presented now.
    Starting(&'a str),
}

/// Searches for the profiles that fit the reader at a port, the best first; none if nothing was understood. Takes up to three
/// minutes, so it asks `go_on` several times a second whether to go on; when it says no, nothing is found. However it ends, a
/// reader that it has started is stopped.
///
/// # Errors
/// Why there is no reader at the port.
pub fn search(
    port: &PortName,
    profiles: Vec<Profile>,
    mut progress: impl FnMut(Progress<'_>),
    mut go_on: impl FnMut() -> bool,
) -> Result<Vec<Fit>, LostReason> {
    let (path, _) = port.resolve(Path::new(SYS))?;
    let mut detector = Detector::new(profiles, Instant::now());
    let mut line: Option<Port> = None;
    let mut marks = Marks::new(DataBits::Eight, None);
    let mut buffer = [0; 256];
    loop {
        if !go_on() {
            detector.give_up();
        }
        match detector.step(Instant::now()) {
            Step::Open(settings) => {
                // The old one has the line for itself until it is closed.
                drop(line.take());
                line = Some(Port::open(&path, &settings)?);
                marks = Marks::new(DataBits::Eight, None);
                progress(Progress::Listening(settings.baud));
            }
            Step::Send { profile, command, bytes } => {
                if let Some(line) = &mut line {
                    line.write(bytes);
                }
                match command {
                    Command::Start => progress(Progress::Starting(profile)),
                    Command::Wake | Command::Stop => {}
                }
            }
            Step::Wait(until) => {
                let Some(line) = &mut line else { return Ok(Vec::new()) };
                let asked = Instant::now();
                let wait = until.saturating_duration_since(asked).min(LISTEN_FOR);
                match line.read(&mut buffer, wait)? {
                    Arrived::Nothing => detector.poll(asked + wait),
                    Arrived::Bytes(count) => {
                        let raw = buffer.get_mut(..count).unwrap_or_default();
                        take(raw, &mut marks, &mut detector);
                        raw.zeroize();
                    }
                }
            }
            Step::Found | Step::NothingHeard => return Ok(detector.fits()),
        }
    }
}

/// Takes marks apart. A damaged character stays one: without it, what is left of a card would look like a whole one. So does a
/// break, which at another speed than the reader's is what its characters look like.
fn take(raw: &mut [u8], marks: &mut Marks, detector: &mut Detector) {
    let mut kept = 0;
    for index in 0..raw.len() {
        let byte = match raw.get(index).and_then(|byte| marks.take(*byte)) {
            Some(Mark::Data(byte)) => byte,
            Some(Mark::Damaged | Mark::Break) => DAMAGED,
            None => continue,
        };
        // Never more come out than went in.
        if let Some(slot) = raw.get_mut(kept) {
            *slot = byte;
            kept += 1;
        }
    }
    detector.push(raw.get(..kept).unwrap_or_default(), Instant::now());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profiles;

    /// The speeds of the profiles that fit these bytes, as the kernel hands them over.
    fn fits(raw: &[u8]) -> usize {
        let begun = Instant::now();
        let mut detector = Detector::new(Profiles::shipped().iter().cloned().collect(), begun);
        let mut marks = Marks::new(DataBits::Eight, None);
        assert!(matches!(detector.step(begun), Step::Open(_)));
        take(&mut raw.to_vec(), &mut marks, &mut detector);
        for after in [1, 10] {
            detector.poll(Instant::now() + Duration::from_secs(after));
        }
        detector.fits().len()
    }

    #[test]
    fn a_damaged_card_proves_nothing() {
        assert!(fits(b"3171011708450001\r") > 0);
        // Fifteen digits are left, as many as a number may have.
        assert_eq!(fits(b"31710117\xff\x0008450001\r"), 0);
        assert_eq!(fits(b"31710117\xff\x00\x008450001\r"), 0);
    }
}
