//! The form in which a technician types where the hub is, the code that it gave out, and the PIN that is to open the service
//! menu from then on. Pure.
//!
//! The PIN is chosen here and not given by the hub, as the file of a stick does: so nobody has to read it out or write it
//! down, and whoever has a code that lets them in may choose it anyway. All of it is shown as it is typed: nobody else is at
//! a booth that is not enrolled, and a wrong PIN would be noticed only when the menu does not open.

use bilik_claim::enrolment::EnrolmentCode;
use bilik_claim::provision::{PIN_DIGITS, PinFault, pin_fault};
use bilik_device::Request;
use zeroize::Zeroizing;

/// Of the hub's console, if nothing else was set there.
const PORT: u16 = 8443;
/// The longest name of a host, a colon and a port.
const LONGEST_HUB: usize = 253 + 6;
/// Signs of a code without its dashes.
pub const CODE_SIGNS: usize = 52;
const GROUP: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolField {
    Hub,
    Code,
    Pin,
}

impl EnrolField {
    pub const ALL: [Self; 3] = [Self::Hub, Self::Code, Self::Pin];
}

/// What was typed. Code and PIN are secrets: they show in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolForm {
    hub: String,
    code: Zeroizing<String>,
    pin: Zeroizing<String>,
    pub field: EnrolField,
}

impl std::fmt::Debug for EnrolForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolForm").field("hub", &self.hub).field("field", &self.field).finish_non_exhaustive()
    }
}

/// What is wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolFault {
    /// No name and no address of a hub.
    Hub,
    /// What follows the colon is no port.
    Port,
    /// So many signs are there, and there should be [`CODE_SIGNS`].
    Length(usize),
    /// No code has this sign.
    Sign(char),
    Pin(PinFault),
}

impl Default for EnrolForm {
    fn default() -> Self {
        // Never grown, so that no copy is left behind.
        let code = Zeroizing::new(String::with_capacity(CODE_SIGNS));
        let pin = Zeroizing::new(String::with_capacity(*PIN_DIGITS.end()));
        Self { hub: String::new(), code, pin, field: EnrolField::Hub }
    }
}

impl EnrolForm {
    /// A field as it is read back: the code in groups, on two lines.
    pub fn text(&self, field: EnrolField) -> Zeroizing<String> {
        match field {
            EnrolField::Hub => Zeroizing::new(self.hub.clone()),
            EnrolField::Code => {
                let mut text = Zeroizing::new(String::with_capacity(2 * CODE_SIGNS));
                for (place, sign) in self.code.chars().enumerate() {
                    match place {
                        0 => {}
                        28 => text.push('\n'),
                        _ if place % GROUP == 0 => text.push('-'),
                        _ => {}
                    }
                    text.push(sign);
                }
                text
            }
            EnrolField::Pin => self.pin.clone(),
        }
    }

    /// How much of the code is there.
    pub fn code_signs(&self) -> usize {
        self.code.len()
    }

    /// There is something in every field, as long as it has to be.
    pub fn is_complete(&self) -> bool {
        self.hub().is_ok() && self.code_signs() == CODE_SIGNS && PIN_DIGITS.contains(&self.pin.len())
    }

    /// Takes a sign in if it fits. Dashes and spaces of a code are its looks; letters that look like digits are digits.
    ///
    /// # Errors
    /// The sign, if no code has it.
    pub fn push(&mut self, sign: char) -> Result<(), EnrolFault> {
        match self.field {
            EnrolField::Hub => {
                let fits = sign.is_ascii_alphanumeric() || ['.', '-', ':', '[', ']'].contains(&sign);
                if fits && self.hub.len() < LONGEST_HUB {
                    self.hub.push(sign.to_ascii_lowercase());
                }
            }
            EnrolField::Code => {
                let sign = match sign.to_ascii_uppercase() {
                    '-' | ' ' => return Ok(()),
                    'O' => '0',
                    'I' | 'L' => '1',
                    sign if sign.is_ascii_alphanumeric() && sign != 'U' => sign,
                    _ => return Err(EnrolFault::Sign(sign)),
                };
                if self.code.len() < CODE_SIGNS {
                    self.code.push(sign);
                }
            }
            EnrolField::Pin if sign.is_ascii_digit() && self.pin.len() < *PIN_DIGITS.end() => self.pin.push(sign),
            EnrolField::Pin => {}
        }
        Ok(())
    }

    pub fn pop(&mut self) {
        match self.field {
            EnrolField::Hub => drop(self.hub.pop()),
            EnrolField::Code => drop(self.code.pop()),
            EnrolField::Pin => drop(self.pin.pop()),
        }
    }

    pub fn clear(&mut self) {
        match self.field {
            EnrolField::Hub => self.hub.clear(),
            EnrolField::Code => self.code.clear(),
            EnrolField::Pin => self.pin.clear(),
        }
    }

    /// Where the hub is: `host:port`, with the usual port if none was typed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn hub(&self) -> Result<String, EnrolFault> {
        let (host, port) = match self.hub.rsplit_once(':') {
            // An address of version 6 stands in brackets.
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| EnrolFault::Port)?),
            Some(_) | None => (self.hub.as_str(), PORT),
        };
        let name = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => is_host(host),
        };
        match (name, port) {
            (false, _) => Err(EnrolFault::Hub),
            (true, 0) => Err(EnrolFault::Port),
            (true, port) => Ok(format!("{host}:{port}")),
        }
    }

    /// What was typed, as the machine takes it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn request(&self) -> Result<Request, EnrolFault> {
        let hub = self.hub()?;
        // Only the length can be wrong: no other sign was taken in.
        let code: EnrolmentCode = self.code.parse().map_err(|_| EnrolFault::Length(self.code.len()))?;
        match pin_fault(&self.pin) {
            Some(fault) => Err(EnrolFault::Pin(fault)),
            None => Ok(Request::Enrol { hub, code: code.to_string(), pin: self.pin.to_string() }),
        }
    }
}

/// A name or an IPv4 address, as far as that can be seen from outside.
fn is_host(host: &str) -> bool {
    rustls_pki_types::ServerName::try_from(host).is_ok()
        // Figures and dots alone are meant as an address.
        && (host.parse::<std::net::Ipv4Addr>().is_ok() || host.contains(|sign: char| sign.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "135790";

    fn typed(hub: &str, code: &str) -> EnrolForm {
        typed_with(hub, code, PIN)
    }

    fn typed_with(hub: &str, code: &str, pin: &str) -> EnrolForm {
        let mut form = EnrolForm::default();
        hub.chars().for_each(|sign| form.push(sign).unwrap());
        form.field = EnrolField::Code;
        for sign in code.chars() {
            let _refused = form.push(sign);
        }
        form.field = EnrolField::Pin;
        pin.chars().for_each(|sign| form.push(sign).unwrap());
        form
    }

    #[test]
    fn what_is_typed_is_the_code_however_it_is_written() {
        let code = EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string();
        let hub = "hub.specimen.example:8443".into();
        let wanted = Request::Enrol { hub, code: code.clone(), pin: PIN.into() };
        let confused = code.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
        for written in [code.clone(), confused, code.replace('-', ""), format!("{code}-surplus")] {
            let form = typed("Hub.Specimen.Example", &written);
            assert_eq!(form.request(), Ok(wanted.clone()), "{written}");
            assert_eq!(form.text(EnrolField::Code).replace('\n', "-"), code);
            assert!(form.is_complete());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |hub: &str, code: &str, wanted: EnrolFault| {
            assert_eq!(typed(hub, code).request(), Err(wanted), "{hub:?} {code:?}");
        };
        check("", "", EnrolFault::Hub);
        check("10.1.2", "", EnrolFault::Hub);
        check("hub..example", "", EnrolFault::Hub);
        check("[2001:db8::g]", "", EnrolFault::Hub);
        check(":8443", "", EnrolFault::Hub);
        check("hub.example:", "", EnrolFault::Port);
        check("hub.example:0", "", EnrolFault::Port);
        check("hub.example:99999", "", EnrolFault::Port);
        check("10.1.2.3:8443", "", EnrolFault::Length(0));
        check("[2001:db8::1]", "ABCD", EnrolFault::Length(4));
        let code = EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string();
        for (pin, fault) in [
            ("", PinFault::Digits),
            ("13579", PinFault::Digits),
            ("13579x", PinFault::Digits),
            ("123456", PinFault::Row),
            ("111111", PinFault::Row),
        ] {
            assert_eq!(typed_with("hub.example", &code, pin).request(), Err(EnrolFault::Pin(fault)), "{pin}");
        }
        assert_eq!(typed_with("hub.example", &code, "1357902468000").text(EnrolField::Pin).as_str(), "1357902468");
        let mut form = typed("hub.example", "");
        form.field = EnrolField::Code;
        for sign in ['U', 'u', '!', 'é', ':'] {
            assert_eq!(form.push(sign), Err(EnrolFault::Sign(sign)));
        }
        assert_eq!(form.code_signs(), 0);
    }

    #[test]
    fn a_port_is_added_where_none_was_typed() {
        for (hub, wanted) in [
            ("hub.example", "hub.example:8443"),
            ("hub.example:9443", "hub.example:9443"),
            ("10.1.2.3", "10.1.2.3:8443"),
            ("[2001:db8::1]", "[2001:db8::1]:8443"),
            ("[2001:db8::1]:1", "[2001:db8::1]:1"),
        ] {
            assert_eq!(typed(hub, "").hub().as_deref(), Ok(wanted));
        }
    }

    #[test]
    fn code_and_pin_show_in_no_log() {
        let shown = format!("{:?}", typed("hub.example", "SECRET"));
        assert!(!shown.contains("SECRET") && !shown.contains(PIN), "{shown}");
    }
}
