//! Whether there is a touch screen: without one nobody can use a booth.
//!
//! By the word of libinput, through which Slint's back end for the bare screen gets its touches: a device counts once libinput
//! has opened it, and one that is plugged in again is found the same way. But of those that were there at the start libinput
//! tells only once it has something to read, which is at the first touch; so those are asked for of udev, as libinput asks.
//! On a desktop there is nothing to tell, for the window system has the devices there, and a mouse will do.

use input::event::{DeviceEvent, EventTrait as _};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;

/// The touch screens that are there, by their names in sysfs (`event5`). Pure.
#[derive(Debug, Default)]
pub struct Touchscreens {
    names: BTreeSet<String>,
}

impl Touchscreens {
    /// Those that are plugged in now and can be opened.
    ///
    /// # Errors
    /// If udev's devices cannot be listed.
    pub fn plugged_in() -> io::Result<Self> {
        let mut found = udev::Enumerator::new()?;
        found.match_subsystem("input")?;
        found.match_property("ID_INPUT_TOUCHSCREEN", "1")?;
        let felt = found.scan_devices()?.filter(|device| device.devnode().is_some_and(|node| File::open(node).is_ok()));
        Ok(Self { names: felt.map(|device| device.sysname().to_string_lossy().into_owned()).collect() })
    }

    pub fn is_any(&self) -> bool {
        !self.names.is_empty()
    }

    /// What an event of libinput changes: whether there is a touch screen, if that is news.
    pub fn hear(&mut self, event: &input::Event) -> Option<bool> {
        let input::Event::Device(event) = event else { return None };
        let device = event.device();
        let feels = device.has_capability(input::DeviceCapability::Touch);
        if matches!(event, DeviceEvent::Removed(_)) {
            self.went(device.sysname())
        } else if feels {
            self.came(device.sysname())
        } else {
            None
        }
    }

    fn came(&mut self, name: &str) -> Option<bool> {
        let first = self.names.is_empty();
        self.names.insert(name.to_owned());
        first.then_some(true)
    }

    fn went(&mut self, name: &str) -> Option<bool> {
        (self.names.remove(name) && self.names.is_empty()).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_comes_and_the_last_that_goes_are_news() {
        let mut screens = Touchscreens::default();
        let mut check = |comes: bool, name: &str, wanted: Option<bool>| {
            let told = if comes { screens.came(name) } else { screens.went(name) };
            assert_eq!(told, wanted, "{name} comes: {comes}");
        };
        // A mouse that goes.
        check(false, "event1", None);
        check(true, "event5", Some(true));
        // The same one, told of twice.
        check(true, "event5", None);
        check(true, "event6", None);
        check(false, "event5", None);
        check(false, "event1", None);
        check(false, "event6", Some(false));
        // Plugged in again it has another name.
        check(true, "event9", Some(true));
    }
}
