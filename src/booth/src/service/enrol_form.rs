//! The form in which a technician types where the hub is and the code that it gave out. Pure.

use bilik_claim::enrolment::EnrolmentCode;
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
}

impl EnrolField {
    pub const ALL: [Self; 2] = [Self::Hub, Self::Code];
}

/// What was typed. The code is a secret: it shows in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolForm {
    hub: String,
    code: Zeroizing<String>,
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
}

impl Default for EnrolForm {
    fn default() -> Self {
        // Never grown, so that no copy is left behind.
        let code = Zeroizing::new(String::with_capacity(CODE_SIGNS));
        Self { hub: String::new(), code, field: EnrolField::Hub }
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
        }
    }

    /// How much of the code is there.
    pub fn code_signs(&self) -> usize {
        self.code.len()
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
        }
        Ok(())
    }

    pub fn pop(&mut self) {
        match self.field {
            EnrolField::Hub => drop(self.hub.pop()),
            EnrolField::Code => drop(self.code.pop()),
        }
    }

    pub fn clear(&mut self) {
        match self.field {
            EnrolField::Hub => self.hub.clear(),
            EnrolField::Code => self.code.clear(),
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
        Ok(Request::Enrol { hub, code: code.to_string() })
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

    fn typed(hub: &str, code: &str) -> EnrolForm {
        let mut form = EnrolForm::default();
        hub.chars().for_each(|sign| form.push(sign).unwrap());
        form.field = EnrolField::Code;
        for sign in code.chars() {
            let _refused = form.push(sign);
        }
        form
    }

    #[test]
    fn what_is_typed_is_the_code_however_it_is_written() {
        let code = EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string();
        let wanted = Request::Enrol { hub: "hub.specimen.example:8443".into(), code: code.clone() };
        let confused = code.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
        for written in [code.clone(), confused, code.replace('-', ""), format!("{code}-surplus")] {
            let form = typed("Hub.Specimen.Example", &written);
            assert_eq!(form.request(), Ok(wanted.clone()), "{written}");
            assert_eq!(form.text(EnrolField::Code).replace('\n', "-"), code);
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
        let mut form = typed("hub.example", "");
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
    fn a_code_shows_in_no_log() {
        assert!(!format!("{:?}", typed("hub.example", "SECRET")).contains("SECRET"));
    }
}
