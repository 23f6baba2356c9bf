//! A relay to a server that cuts connections in the middle of an answer, as networks do.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// A running relay. It lives until the process ends.
pub struct Cutting {
    address: SocketAddr,
    cuts: Arc<AtomicU32>,
}

impl Cutting {
    /// Relays to `server`. The first `times` connections are cut after `after` bytes of answers.
    ///
    /// # Panics
    /// When no port is free.
    pub fn new(server: SocketAddr, times: u32, after: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let cuts = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&cuts);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    let cut = counter.load(Ordering::SeqCst) < times;
                    let full = relay(client, server, if cut { after } else { u64::MAX }).unwrap_or(false);
                    if cut && full {
                        counter.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self { address, cuts }
    }

    /// The address to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were cut so far.
    pub fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::SeqCst)
    }
}

/// Relays until one side ends or `most` bytes of answers went through; whether it was the latter.
fn relay(mut client: TcpStream, server: SocketAddr, most: u64) -> io::Result<bool> {
    let mut server = TcpStream::connect(server)?;
    let (mut asking, mut asked) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut asking, &mut asked);
        let _ = asked.shutdown(Shutdown::Write);
    });
    let mut buffer = [0; 1 << 13];
    let mut left = most;
    loop {
        let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = if room == 0 { 0 } else { server.read(&mut buffer[..room])? };
        if count == 0 {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
            return Ok(left == 0);
        }
        client.write_all(&buffer[..count])?;
        left -= count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_connections_are_cut() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let _ = (&client).write_all(&[7; 50_000]);
            }
        });
        let cutting = Cutting::new(server, 2, 20_000);
        let read = || {
            let mut bytes = Vec::new();
            let _ = TcpStream::connect(cutting.address()).unwrap().read_to_end(&mut bytes);
            bytes.len()
        };
        let mut lengths = Vec::new();
        for _ in 0..3 {
            lengths.push(read());
            while lengths.len() < 3 && cutting.cuts() < u32::try_from(lengths.len()).unwrap() {
                thread::yield_now();
            }
        }
        assert_eq!(lengths, [20_000, 20_000, 50_000]);
    }
}
