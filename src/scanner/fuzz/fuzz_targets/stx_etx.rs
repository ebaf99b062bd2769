//! Frames between STX and ETX, with every check and with answers.

#![no_main]

use bilik_scanner::Framing;
use bilik_scanner_fuzz::{decode, settings};

libfuzzer_sys::fuzz_target!(|data: &[u8]| decode(data, |u| settings::stx_etx(u).map(Framing::StxEtx)));
