//! Placeholder.

use super::Output;
use crate::profile::LineFraming;
use std::time::Instant;

/// Decoder.
#[derive(Debug)]
pub struct NewlandDecoder;

impl NewlandDecoder {
    /// A decoder at rest.
    pub fn new(_settings: &LineFraming) -> Self {
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
