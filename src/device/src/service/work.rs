//! What is passed between a piece of work and the loop.

use bilik_device::Step;

/// Told of every step, with thousandths of the whole work.
pub type Report<'a> = &'a dyn Fn(Step, u16);

/// What must happen after the asker has its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Nothing,
    /// Let the booth's program take its new configuration.
    RestartBooth,
    Reboot,
    PowerOff,
}
