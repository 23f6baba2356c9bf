//! Finds a TCP port for a server that a test starts as a process and that cannot be asked which port it bound.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// A loopback address nothing listened on a moment ago. Servers within the test bind port 0 themselves instead: between
/// this call and the server's bind, somebody else can take the port.
pub fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port is free");
    listener.local_addr().expect("a bound listener has an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_can_be_bound() {
        let address = free();
        assert!(address.ip().is_loopback() && address.port() != 0);
        TcpListener::bind(address).expect("the port is free");
    }
}
