//! The form in which a technician types the machine's address, on a pad of digits and a dot. Pure.

use bilik_device::Addressing;
use std::net::{IpAddr, Ipv4Addr};

/// Longest input of a field: `255.255.255.255`.
const LONGEST: usize = 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkField {
    Address,
    Prefix,
    Gateway,
    Dns,
}

impl NetworkField {
    pub const ALL: [Self; 4] = [Self::Address, Self::Prefix, Self::Gateway, Self::Dns];
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkForm {
    texts: [String; 4],
    pub field: NetworkField,
}

/// What is wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// Four numbers from 0 to 255 with dots between them.
    NotAnAddress(NetworkField),
    /// No machine can have this address: 0.x, 127.x, from 224.0.0.0 on, or an end of its network.
    NotForAMachine(NetworkField),
    /// Not from 1 to 30.
    Prefix,
    /// The gateway lies in another network than the address, or is the address.
    GatewayElsewhere,
}

impl NetworkForm {
    /// Filled with what there is now.
    pub fn new(network: &bilik_device::Network) -> Self {
        let own = network.addresses.iter().find(|own| own.address.is_ipv4());
        let four =
            |address: Option<&IpAddr>| address.filter(|ip| ip.is_ipv4()).map_or(String::new(), IpAddr::to_string);
        let texts = [
            four(own.map(|own| &own.address)),
            own.map_or_else(|| "24".into(), |own| own.prefix.to_string()),
            four(network.gateway.as_ref()),
            four(network.dns.iter().find(|dns| dns.is_ipv4())),
        ];
        Self { texts, field: NetworkField::Address }
    }

    pub fn text(&self, field: NetworkField) -> &str {
        &self.texts[field as usize]
    }

    pub fn push(&mut self, character: char) {
        let longest = if self.field == NetworkField::Prefix { 2 } else { LONGEST };
        let fits = character.is_ascii_digit() || (character == '.' && self.field != NetworkField::Prefix);
        let text = &mut self.texts[self.field as usize];
        if fits && text.len() < longest {
            text.push(character);
        }
    }

    pub fn pop(&mut self) {
        self.texts[self.field as usize].pop();
    }

    pub fn clear(&mut self) {
        self.texts[self.field as usize].clear();
    }

    /// What was typed, as the machine takes it. Gateway and name server may be empty.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn addressing(&self) -> Result<Addressing, FormFault> {
        let address = self.machine(NetworkField::Address)?;
        let prefix: u8 = self.text(NetworkField::Prefix).parse().map_err(|_| FormFault::Prefix)?;
        if !(1..=30).contains(&prefix) {
            return Err(FormFault::Prefix);
        }
        let mask = u32::MAX << (32 - prefix);
        let host = u32::from(address) & !mask;
        if host == 0 || host == !mask {
            return Err(FormFault::NotForAMachine(NetworkField::Address));
        }
        let gateway = self.optional(NetworkField::Gateway)?;
        if gateway.is_some_and(|gateway| gateway == address || (u32::from(gateway) ^ u32::from(address)) & mask != 0) {
            return Err(FormFault::GatewayElsewhere);
        }
        let dns = self.optional(NetworkField::Dns)?.map(IpAddr::V4).into_iter().collect();
        Ok(Addressing::Fixed { address: IpAddr::V4(address), prefix, gateway: gateway.map(IpAddr::V4), dns })
    }

    fn optional(&self, field: NetworkField) -> Result<Option<Ipv4Addr>, FormFault> {
        if self.text(field).is_empty() { Ok(None) } else { self.machine(field).map(Some) }
    }

    fn machine(&self, field: NetworkField) -> Result<Ipv4Addr, FormFault> {
        let address: Ipv4Addr = self.text(field).parse().map_err(|_| FormFault::NotAnAddress(field))?;
        let first = address.octets()[0];
        if first == 0 || first == 127 || first >= 224 {
            return Err(FormFault::NotForAMachine(field));
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::specimen;

    fn typed(texts: [&str; 4]) -> NetworkForm {
        let mut form = NetworkForm::new(&specimen::booth().network);
        for (field, text) in NetworkField::ALL.into_iter().zip(texts) {
            form.field = field;
            form.clear();
            text.chars().for_each(|character| form.push(character));
        }
        form
    }

    #[test]
    fn what_is_typed_is_taken_or_named() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let check = |texts: [&str; 4], wanted: Result<(u8, Option<&str>, Option<&str>), FormFault>| {
            let wanted = wanted.map(|(prefix, gateway, dns)| Addressing::Fixed {
                address: ip(texts[0]),
                prefix,
                gateway: gateway.map(ip),
                dns: dns.map(ip).into_iter().collect(),
            });
            assert_eq!(typed(texts).addressing(), wanted, "{texts:?}");
        };
        use NetworkField::{Address, Dns, Gateway};
        check(["10.1.2.30", "24", "10.1.2.1", "10.1.2.2"], Ok((24, Some("10.1.2.1"), Some("10.1.2.2"))));
        check(["10.1.2.30", "24", "", ""], Ok((24, None, None)));
        check(["", "24", "", ""], Err(FormFault::NotAnAddress(Address)));
        check(["10.1.2", "24", "", ""], Err(FormFault::NotAnAddress(Address)));
        check(["10.1.2.300", "24", "", ""], Err(FormFault::NotAnAddress(Address)));
        check(["127.0.0.1", "8", "", ""], Err(FormFault::NotForAMachine(Address)));
        check(["10.1.2.255", "24", "", ""], Err(FormFault::NotForAMachine(Address)));
        check(["10.1.2.0", "24", "", ""], Err(FormFault::NotForAMachine(Address)));
        check(["10.1.2.30", "", "", ""], Err(FormFault::Prefix));
        check(["10.1.2.30", "31", "", ""], Err(FormFault::Prefix));
        check(["10.1.2.30", "24", "10.1.3.1", ""], Err(FormFault::GatewayElsewhere));
        check(["10.1.2.30", "24", "10.1.2.30", ""], Err(FormFault::GatewayElsewhere));
        check(["10.1.2.30", "24", "10.1", ""], Err(FormFault::NotAnAddress(Gateway)));
        check(["10.1.2.30", "24", "", "0.0.0.0"], Err(FormFault::NotForAMachine(Dns)));
    }

    #[test]
    fn a_field_takes_only_what_fits() {
        let form = typed(["1234567890123456789", "9.99", "a1b.", "-7"]);
        assert_eq!(form.texts, ["123456789012345", "99", "1.", "7"]);
    }
}
