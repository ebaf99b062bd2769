//! Settings out of the first bytes of an input. Each choice takes one byte; only settings that a profile may have come out.

use arbitrary::{Result, Unstructured};
use bilik_scanner::profile::{ByteOrder, FrameCheck, LengthFraming, LengthWidth};
use bilik_scanner::profile::{LineFraming, PacketFraming, StxEtxFraming};

/// One byte: silence ends nothing, or a gap does.
pub fn line(u: &mut Unstructured<'_>) -> Result<LineFraming> {
    Ok(LineFraming { idle_gap_ms: *u.choose(&[100, 0, 30, 1000])? })
}

/// One byte: the timeout.
pub fn packet(u: &mut Unstructured<'_>) -> Result<PacketFraming> {
    Ok(PacketFraming { timeout_ms: timeout(u)? })
}

/// Three bytes: check, answers, timeout.
pub fn stx_etx(u: &mut Unstructured<'_>) -> Result<StxEtxFraming> {
    Ok(StxEtxFraming { check: check(u)?, answer: *u.choose(&[false, true])?, timeout_ms: timeout(u)? })
}

/// Five bytes: width, order, what is counted, check, timeout.
pub fn length(u: &mut Unstructured<'_>) -> Result<LengthFraming> {
    Ok(LengthFraming {
        width: *u.choose(&[LengthWidth::One, LengthWidth::Two])?,
        order: *u.choose(&[ByteOrder::Big, ByteOrder::Little])?,
        counts_all: *u.choose(&[false, true])?,
        check: check(u)?,
        timeout_ms: timeout(u)?,
    })
}

fn check(u: &mut Unstructured<'_>) -> Result<FrameCheck> {
    Ok(*u.choose(&[FrameCheck::None, FrameCheck::Lrc, FrameCheck::Bcc])?)
}

fn timeout(u: &mut Unstructured<'_>) -> Result<u16> {
    Ok(*u.choose(&[500, 30, 100, 1000])?)
}
