//! The search on a real line: opens, sends, listens as the [`Detector`] says.

use super::{Detector, Fit, Step};
use crate::marks::{Mark, Marks};
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
/// minutes, so it asks `go_on` several times a second whether to go on; when it says no, nothing is found.
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
    let mut marks = Marks::new(DataBits::Eight);
    let mut buffer = [0; 256];
    while go_on() {
        match detector.step(Instant::now()) {
            Step::Open(settings) => {
                // The old one has the line for itself until it is closed.
                drop(line.take());
                line = Some(Port::open(&path, &settings)?);
                marks = Marks::new(DataBits::Eight);
                progress(Progress::Listening(settings.baud));
            }
            Step::Send { profile, bytes } => {
                if let Some(line) = &mut line {
                    line.write(bytes);
                }
                progress(Progress::Starting(profile));
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
    Ok(Vec::new())
}

/// Hands sound characters on and counts the others.
fn take(raw: &mut [u8], marks: &mut Marks, detector: &mut Detector) {
    let (mut kept, mut disturbed) = (0, 0);
    for index in 0..raw.len() {
        let mark = raw.get(index).and_then(|byte| marks.take(*byte));
        match mark {
            Some(Mark::Data(byte)) => {
                // Never more come out than went in.
                if let Some(slot) = raw.get_mut(kept) {
                    *slot = byte;
                    kept += 1;
                }
            }
            Some(Mark::Damaged) => disturbed += 1,
            Some(Mark::Break) | None => {}
        }
    }
    detector.push(raw.get(..kept).unwrap_or_default(), disturbed, Instant::now());
}
