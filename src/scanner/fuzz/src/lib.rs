//! What the fuzz targets share: how an input becomes a session with a reader, and what must hold whatever it is.
//!
//! Inputs stay legible, so that a seed can be written by hand and a finding be read: a few bytes choose settings, the rest is
//! what arrives, byte for byte (see [`session`]).

pub mod session;
pub mod settings;
pub mod shape;

pub use session::decode;
