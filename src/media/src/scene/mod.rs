//! Pictures that the booth draws itself when no camera is configured. Public so that tests at the far end of a call can check
//! that what they decode is what the booth drew.

pub(crate) mod canvas;
pub(crate) mod document;
mod glyphs;
pub(crate) mod person;
pub mod strip;

pub use person::MARK_COLOUR;
