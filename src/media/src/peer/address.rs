//! Which of this machine's addresses a call may use, and the sockets on them.
//!
//! The connection library leaves this to us: one UDP socket for each address, each one a host candidate (RFC 8445). Booth and
//! browser are on one office network, so there is neither STUN nor TURN server to ask.

use std::io;
use std::net::{IpAddr, SocketAddr};

use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use tracing::warn;

/// More candidates than this make connecting slower, not surer.
const MOST_SOCKETS: usize = 8;

/// The addresses to offer: the configured ones, else those of all interfaces, else loopback.
pub(crate) fn choose(configured: &[IpAddr], interfaces: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut chosen: Vec<IpAddr> = Vec::new();
    if configured.is_empty() {
        let mut loopback = Vec::new();
        for address in interfaces {
            let link_local_v6 = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
            if address.is_loopback() {
                loopback.push(address);
            } else if !link_local_v6 && !address.is_unspecified() && !chosen.contains(&address) {
                chosen.push(address);
            }
        }
        if chosen.is_empty() {
            chosen = loopback;
        }
    } else {
        chosen.extend_from_slice(configured);
    }
    chosen.truncate(MOST_SOCKETS);
    chosen
}

/// The addresses of this machine's interfaces that are up.
pub(crate) fn of_interfaces() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => {
            interfaces.into_iter().filter(if_addrs::Interface::is_oper_up).map(|found| found.ip()).collect()
        }
        Err(error) => {
            warn!(%error, "cannot list network interfaces");
            Vec::new()
        }
    }
}

/// A bound socket and the address that the peer sees.
pub(crate) struct Socket {
    pub socket: UdpSocket,
    pub local: SocketAddr,
}

/// Binds one socket for each address. An address that cannot be bound, as of an interface that just went away, is left out.
pub(crate) fn bind(addresses: &[IpAddr], registry: &Registry) -> Vec<Socket> {
    let bind_one = |index: usize, address: IpAddr| -> io::Result<Socket> {
        let mut socket = UdpSocket::bind(SocketAddr::new(address, 0))?;
        let local = socket.local_addr()?;
        registry.register(&mut socket, Token(index), Interest::READABLE)?;
        Ok(Socket { socket, local })
    };
    let mut sockets = Vec::with_capacity(addresses.len());
    for &address in addresses {
        match bind_one(sockets.len(), address) {
            Ok(socket) => sockets.push(socket),
            Err(error) => warn!(%address, %error, "cannot use an address for calls"),
        }
    }
    sockets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(configured: &[&str], interfaces: &[&str], expect: &[&str]) {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        assert_eq!(choose(&parse(configured), parse(interfaces)), parse(expect), "{configured:?} {interfaces:?}");
    }

    #[test]
    fn addresses_are_chosen() {
        check(&[], &["127.0.0.1", "192.0.2.7", "fe80::1", "2001:db8::7", "::1"], &["192.0.2.7", "2001:db8::7"]);
        check(&[], &["127.0.0.1", "::1"], &["127.0.0.1", "::1"]);
        check(&["127.0.0.1"], &["192.0.2.7"], &["127.0.0.1"]);
        check(&[], &[], &[]);
        check(&[], &["192.0.2.7", "192.0.2.7", "0.0.0.0"], &["192.0.2.7"]);
    }
}
