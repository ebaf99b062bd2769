//! Frames that begin with their length, in every layout.

#![no_main]

use bilik_scanner::Framing;
use bilik_scanner_fuzz::{decode, settings};

libfuzzer_sys::fuzz_target!(|data: &[u8]| decode(data, |u| settings::length(u).map(Framing::Length)));
