//! Lines that CR, LF or silence ends.

#![no_main]

use bilik_scanner::Framing;
use bilik_scanner_fuzz::{decode, settings};

libfuzzer_sys::fuzz_target!(|data: &[u8]| decode(data, |u| settings::line(u).map(Framing::Line)));
