//! The participant's screens: the Slint window of the booth and the globals through which a presenter drives it.
//!
//! The crate holds no decision. Every page is a `.slint` file that shows the properties of its adapter global and calls
//! its callbacks; what a tap means is decided by whoever sets the properties. It is a crate of its own so that the
//! generated code, by far the slowest part of the build, is compiled again only when a screen changes.
//!
//! Texts that never change are translated here (`lang/`); texts that carry numbers, names or choices arrive translated.

// The generated code is not ours to lint.
#[allow(clippy::all, clippy::restriction, clippy::pedantic)]
mod screens {
    slint::include_modules!();
}

pub use screens::*;
