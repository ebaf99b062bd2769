//! Placeholder.

use super::Output;
use crate::profile::PacketFraming;
use std::time::Instant;

/// Decoder.
#[derive(Debug)]
pub struct SsiDecoder;

impl SsiDecoder {
    /// A decoder at rest.
    pub fn new(_settings: &PacketFraming) -> Self {
        Self
    }

    /// See [`Decoder::push`](super::Decoder::push).
    pub fn push(&mut self, _bytes: &[u8], _now: Instant, _out: &mut impl FnMut(Output<'_>)) {}

    /// See [`Decoder::poll`](super::Decoder::poll).
    pub fn poll(&mut self, _now: Instant, _out: &mut impl FnMut(Output<'_>)) {}

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        None
    }
}
