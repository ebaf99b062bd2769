//! Which line a reader is on: by path, or by what the USB device says of itself.
//!
//! `/dev/ttyUSB0` is whichever adapter was plugged in first, and `/dev/serial/by-id` exists only where udev makes it. The
//! vendor and product number of a USB device and its serial number stay with it in every socket. They are found where the
//! kernel shows them, by going up from the line to the device it belongs to:
//!
//! ```text
//! /sys/class/tty/ttyACM0/device ─▶ /sys/devices/../1-2/1-2:1.0
//!                                                  └── idVendor, idProduct, serial
//! ```

use crate::port::LostReason;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use thiserror::Error;

/// Where the kernel shows its devices.
pub(crate) const SYS: &str = "/sys";
/// Longest serial number of a USB device: a string descriptor has 255 bytes, of which 126 UTF-16 units are text.
const MAX_SERIAL: usize = 126;
/// Folders between a line and its USB device: interface, and port of an adapter that has several.
const MAX_UP: usize = 4;

/// Where a reader is plugged in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PortName {
    /// The device file of a line, or a link to it: `/dev/ttyS0`, `/dev/serial/by-id/...`.
    Path(PathBuf),
    /// The line of a USB device, in whichever socket: `usb:0c2e:0caa` or `usb:0c2e:0caa:SERIAL`.
    Usb {
        /// `idVendor`.
        vendor: u16,
        /// `idProduct`.
        product: u16,
        /// Its serial number, where several of one kind are plugged in.
        serial: Option<String>,
    },
}

/// A text that names no port.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} names no serial port; write /dev/.. or usb:VENDOR:PRODUCT or usb:VENDOR:PRODUCT:SERIAL, numbers in hexadecimal"
)]
pub struct PortNameError(String);

/// A serial line that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialPort {
    /// Its device file.
    pub path: PathBuf,
    /// The USB device that it belongs to, if it is one.
    pub usb: Option<UsbDevice>,
}

/// What a USB device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbDevice {
    /// `idVendor`.
    pub vendor: u16,
    /// `idProduct`.
    pub product: u16,
    /// Its serial number.
    pub serial: Option<String>,
    /// What it calls itself: maker and product.
    pub title: String,
}

/// The serial lines that are there now, by name. Empty too where the kernel does not show its devices.
pub fn serial_ports() -> Vec<SerialPort> {
    ports_in(Path::new(SYS))
}

impl SerialPort {
    /// The name that stays the same in another socket: that of the USB device, or else the path.
    pub fn name(&self) -> PortName {
        match &self.usb {
            None => PortName::Path(self.path.clone()),
            Some(usb) => PortName::Usb {
                vendor: usb.vendor,
                product: usb.product,
                serial: usb.serial.clone().filter(|serial| is_serial(serial)),
            },
        }
    }
}

impl PortName {
    /// The device file that the name means now, and how many lines it fits. The first by name is taken.
    pub(crate) fn resolve(&self, sys: &Path) -> Result<(PathBuf, usize), LostReason> {
        match self {
            Self::Path(path) => Ok((path.clone(), 1)),
            Self::Usb { vendor, product, serial } => {
                let fits = |usb: &UsbDevice| {
                    (usb.vendor, usb.product) == (*vendor, *product) && (serial.is_none() || usb.serial == *serial)
                };
                let mut found: Vec<_> =
                    ports_in(sys).into_iter().filter(|port| port.usb.as_ref().is_some_and(fits)).collect();
                let count = found.len();
                if count == 0 { Err(LostReason::NotFound) } else { Ok((found.swap_remove(0).path, count)) }
            }
        }
    }
}

impl FromStr for PortName {
    type Err = PortNameError;

    fn from_str(text: &str) -> Result<Self, PortNameError> {
        let refused = || PortNameError(text.chars().take(2 * MAX_SERIAL).collect());
        let Some(usb) = text.strip_prefix("usb:") else {
            let sound = text.starts_with('/') && !text.contains('\0');
            return if sound { Ok(Self::Path(text.into())) } else { Err(refused()) };
        };
        let mut parts = usb.splitn(3, ':');
        let mut number = || parts.next().and_then(hex4).ok_or_else(refused);
        let (vendor, product) = (number()?, number()?);
        match parts.next() {
            None => Ok(Self::Usb { vendor, product, serial: None }),
            Some(serial) if is_serial(serial) => Ok(Self::Usb { vendor, product, serial: Some(serial.to_owned()) }),
            Some(_) => Err(refused()),
        }
    }
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Usb { vendor, product, serial } => {
                write!(f, "usb:{vendor:04x}:{product:04x}")?;
                serial.as_ref().map_or(Ok(()), |serial| write!(f, ":{serial}"))
            }
        }
    }
}

impl From<PathBuf> for PortName {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl TryFrom<String> for PortName {
    type Error = PortNameError;

    fn try_from(text: String) -> Result<Self, PortNameError> {
        text.parse()
    }
}

impl From<PortName> for String {
    fn from(name: PortName) -> Self {
        name.to_string()
    }
}

fn hex4(text: &str) -> Option<u16> {
    let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(text, 16).ok().filter(|_| digits)
}

fn is_serial(text: &str) -> bool {
    (1..=MAX_SERIAL).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn ports_in(sys: &Path) -> Vec<SerialPort> {
    let Ok(entries) = std::fs::read_dir(sys.join("class/tty")) else { return Vec::new() };
    let mut ports: Vec<SerialPort> = entries.flatten().filter_map(|entry| port_at(&entry.path())).collect();
    // ttyUSB2 before ttyUSB10.
    ports.sort_by_cached_key(|port| (port.path.as_os_str().len(), port.path.clone()));
    ports
}

/// The line that a folder of `class/tty` stands for. Consoles and pseudo-terminals have no device behind them, and a UART of
/// type 0 is a place for one that this machine does not have.
fn port_at(folder: &Path) -> Option<SerialPort> {
    let device = std::fs::canonicalize(folder.join("device")).ok()?;
    if line_of(&folder.join("type")).is_some_and(|kind| kind == "0") {
        return None;
    }
    let usb = device.ancestors().take(MAX_UP).find_map(usb_at);
    Some(SerialPort { path: Path::new("/dev").join(folder.file_name().unwrap_or(OsStr::new(""))), usb })
}

fn usb_at(folder: &Path) -> Option<UsbDevice> {
    let number = |name: &str| line_of(&folder.join(name)).as_deref().and_then(hex4);
    let text = |name: &str| line_of(&folder.join(name)).filter(|text| !text.is_empty());
    let (vendor, product) = (number("idVendor")?, number("idProduct")?);
    let title = [text("manufacturer"), text("product")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(UsbDevice { vendor, product, serial: text("serial"), title })
}

/// An attribute of the kernel's: one line, a page at most. What a device says of itself may hold anything.
fn line_of(file: &Path) -> Option<String> {
    let bytes = std::fs::read(file).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim().chars().filter(|char| !char.is_control()).take(MAX_SERIAL).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    #[test]
    fn names() {
        let usb =
            |serial: Option<&str>| PortName::Usb { vendor: 0x0c2e, product: 0x0caa, serial: serial.map(Into::into) };
        let check = |text: &str, expected: Option<PortName>| {
            let name = text.parse::<PortName>();
            assert_eq!(name.as_ref().ok(), expected.as_ref(), "{text}");
            if let Ok(name) = name {
                assert_eq!(name.to_string(), text);
                assert_eq!(serde_json::from_str::<PortName>(&serde_json::to_string(&name).unwrap()).unwrap(), name);
            }
        };
        check("/dev/ttyUSB0", Some(PortName::Path("/dev/ttyUSB0".into())));
        check("usb:0c2e:0caa", Some(usb(None)));
        check("usb:0c2e:0caa:A5:01 x", Some(usb(Some("A5:01 x"))));
        for wrong in
            ["", "ttyUSB0", "usb:", "usb:0c2e", "usb:c2e:0caa", "usb:+c2e:0caa", "usb:0c2e:0caa:", "USB:0c2e:0caa"]
        {
            check(wrong, None);
        }
        check("usb:0c2e:0caa:a\nb", None);
        check(&format!("usb:0c2e:0caa:{}", "9".repeat(MAX_SERIAL + 1)), None);
        check("/dev/a\0b", None);
        assert_eq!("usb:0C2E:0CAA".parse(), Ok(usb(None)));
        assert!("com1".parse::<PortName>().unwrap_err().to_string().contains("\"com1\" names no serial port"));
    }

    /// A tree as the kernel shows it.
    struct Tree(TempDir);

    impl Tree {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, path: &str, text: &str) {
            let file = self.0.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }

        fn line(&self, name: &str, device: &str) {
            let class = self.0.path().join("class/tty").join(name);
            std::fs::create_dir_all(&class).unwrap();
            if !device.is_empty() {
                let device = self.0.path().join(device);
                std::fs::create_dir_all(&device).unwrap();
                symlink(device, class.join("device")).unwrap();
            }
        }

        fn usb(&self, socket: &str, ids: [&str; 2], serial: &str) {
            for (name, text) in [("idVendor", ids[0]), ("idProduct", ids[1]), ("serial", serial)] {
                if !text.is_empty() {
                    self.write(&format!("devices/usb1/{socket}/{name}"), &format!("{text}\n"));
                }
            }
        }
    }

    #[test]
    fn lines_are_found_by_their_usb_device() {
        let tree = Tree::new();
        tree.usb("1-1", ["0c2e", "0caa"], "A");
        tree.usb("1-2", ["0c2e", "0caa"], "B");
        tree.usb("1-3", ["067b", "2303"], "");
        tree.write("devices/usb1/1-3/manufacturer", "Prolific\n");
        tree.write("devices/usb1/1-3/product", "USB-Serial\x1b Controller\n");
        // The root hub is a USB device too, but not that of a line.
        tree.usb("", ["1d6b", "0002"], "0000:00:14.0");
        tree.line("ttyACM10", "devices/usb1/1-1/1-1:1.0");
        tree.line("ttyACM9", "devices/usb1/1-2/1-2:1.0");
        tree.line("ttyUSB0", "devices/usb1/1-3/1-3:1.0/ttyUSB0");
        tree.line("ttyS0", "devices/platform/serial8250");
        tree.write("class/tty/ttyS0/type", "4\n");
        tree.line("ttyS1", "devices/platform/serial8250");
        tree.write("class/tty/ttyS1/type", "0\n");
        tree.line("tty1", "");

        let ports = ports_in(tree.0.path());
        let listed: Vec<_> = ports.iter().map(|port| format!("{} {}", port.path.display(), port.name())).collect();
        assert_eq!(
            listed,
            [
                "/dev/ttyS0 /dev/ttyS0",
                "/dev/ttyACM9 usb:0c2e:0caa:B",
                "/dev/ttyUSB0 usb:067b:2303",
                "/dev/ttyACM10 usb:0c2e:0caa:A"
            ]
        );
        assert_eq!(ports[2].usb.as_ref().unwrap().title, "Prolific USB-Serial Controller");

        let check = |name: &str, expected: Result<(&str, usize), LostReason>| {
            let found = name.parse::<PortName>().unwrap().resolve(tree.0.path());
            assert_eq!(found, expected.map(|(path, count)| (path.into(), count)), "{name}");
        };
        check("usb:0c2e:0caa", Ok(("/dev/ttyACM9", 2)));
        check("usb:0c2e:0caa:A", Ok(("/dev/ttyACM10", 1)));
        check("usb:0c2e:0caa:C", Err(LostReason::NotFound));
        check("usb:067b:2303", Ok(("/dev/ttyUSB0", 1)));
        check("usb:1d6b:0002", Err(LostReason::NotFound));
        check("/dev/any", Ok(("/dev/any", 1)));
    }

    #[test]
    fn no_tree_no_lines() {
        assert_eq!(ports_in(Path::new("/nowhere")), []);
    }
}
