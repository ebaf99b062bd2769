//! Serial readers for identity cards: bytes on a line become a card, or a reason why there is none.
//!
//! No published standard says how a card reader in the field speaks, so a reader is described by data, a [`Profile`]: the
//! line's settings and the framing of its answers. What a reader sends passes three stages, each blind to the others:
//!
//! ```text
//! serial line ──bytes──▶ framing::Decoder ──payload──▶ Scan::read ──▶ Scan | Unreadable
//!      ▲ ▲                 │ (pure, time is an argument)   (pure)
//!      │ └─── ACK / NAK ───┤
//!      └── wake, start, stop: trigger, while a card is wanted
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`framing`] | where a frame begins and ends: one decoder per framing, no clock, no port |
//! | [`scan`], [`mrz`] | what a payload says: a number, a travel document, named fields |
//! | [`profile`] | the description of a reader, as it stands in configuration |
//! | `port`, `marks`, [`usb`] | the line: its settings, what the kernel says of single characters, its name |
//! | `trigger` | when a host-triggered reader is told to read (pure) |
//! | [`health`] | whether the line's settings fit what arrives (pure) |
//! | `gate` | events at a pace that a person could cause (pure) |
//! | [`reader`] | the only thread: opens, listens, answers, triggers, reopens, stops |
//!
//! A new family of readers is a new profile; only a framing that none of the present ones covers needs code, and that code is
//! one decoder. Decoders neither own a port nor ask for the time, so several can be fed the same bytes to find out which fits.
//!
//! Two invariants hold throughout. Whatever arrives on the line is bounded and cannot panic. A number read from a card is
//! never logged and never shown by `Debug`, and the buffers of this crate that it passed through are overwritten.
//!
//! # Example
//!
//! ```no_run
//! use bilik_scanner::{Profile, Reader, ReaderConfig, ReaderEvent};
//! use std::sync::mpsc;
//!
//! let (events, inbox) = mpsc::channel();
//! let config = ReaderConfig { port: "usb:0c2e:0caa".parse()?, profile: Profile::line() };
//! let reader = Reader::spawn(config, move |event| {
//!     // The booth's loop may have ended before the reader: then nobody is left to tell.
//!     let _ = events.send(event);
//! })?;
//! for event in inbox {
//!     match event {
//!         ReaderEvent::Ready => { /* light the card slot */ }
//!         ReaderEvent::Lost { reason: _ } => { /* "please type your number" */ }
//!         ReaderEvent::Reading => { /* "hold the card still" */ }
//!         ReaderEvent::Scan(scan) => drop(scan.content),
//!         ReaderEvent::Unreadable(_) => { /* "please try again" */ }
//!         ReaderEvent::Doubt(doubt) => println!("call a technician: {doubt}"),
//!     }
//! }
//! drop(reader); // stops the thread and lets go of the port
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod detect;
pub mod framing;
mod gate;
pub mod health;
mod marks;
pub mod mrz;
mod port;
pub mod profile;
pub mod reader;
pub mod scan;
pub mod symbology;
mod trigger;
pub mod usb;

pub use health::LineDoubt;
pub use mrz::Mrz;
pub use port::LostReason;
pub use profile::{Framing, LineSettings, Profile, ProfileError, Profiles};
pub use reader::{Reader, ReaderConfig, ReaderError, ReaderEvent, Watch};
pub use scan::{Content, Scan, Unreadable};
pub use symbology::Symbology;
pub use usb::{PortName, PortNameError, SerialPort, UsbDevice, serial_ports};
