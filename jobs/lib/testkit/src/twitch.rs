//! A fake Twitch on loopback: GQL, usher and the content network in one server, for tests and to try `ingest` by hand.
//!
//! What it serves and what goes wrong is a [`Scenario`], most often one of `scenarios/*.toml`. It writes down what
//! it was asked, so that tests see what was fetched twice and how politely.
//!
//! ```no_run
//! use testkit::twitch::{Fault, Kind, Scenario, Trouble, Twitch};
//!
//! let twitch = Twitch::start(Scenario::named("short"));
//! // ... run `ingest --vod 1087079172` with twitch.environment() ...
//! assert!(twitch.asked().iter().any(|asked| matches!(asked.kind, Kind::Segment { .. })));
//! twitch.forget();
//! let missing = Fault { index: vec![3], ..Fault::new("segment", Trouble::NotFound) };
//! twitch.change(|scenario| scenario.faults.push(missing));
//! ```

mod asked;
mod chat;
mod clock;
mod connection;
mod fault;
mod fmp4;
mod gql;
mod gzip;
mod operations;
mod paging;
mod piece;
mod playlist;
mod reply;
mod sample_chat;
pub mod scenario;
mod segment;
mod server;
mod spoil;
#[cfg(test)]
mod tests;
mod ts;
mod usher;

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::random::Random;
pub use asked::{Asked, Kind};
pub use chat::Message;
pub use fault::{Fault, On, Trouble};
pub use scenario::Scenario;
pub use usher::{DEVICE_ID, SERVING_ID, USER_IP};

/// A running server. Dropping it ends it, with all connections.
pub struct Twitch {
    world: Arc<server::World>,
    address: SocketAddr,
    /// Some until the server is dropped.
    runtime: Option<Runtime>,
}

impl Twitch {
    /// Starts a server of its own, on a free port of loopback.
    ///
    /// # Panics
    /// When there is no port or no thread to be had, or when the scenario cannot be played.
    pub fn start(scenario: Scenario) -> Twitch {
        Twitch::start_at(scenario, 0)
    }

    /// Starts a server on that port of loopback.
    ///
    /// # Panics
    /// As [`Twitch::start`] does, and when the port is taken.
    pub fn start_at(scenario: Scenario, port: u16) -> Twitch {
        let seconds = scenario.media.segment_seconds;
        assert!((1..=30).contains(&seconds), "segments of {seconds} seconds; they last 1 to 30");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("fake-twitch")
            .enable_all()
            .build();
        let runtime = runtime.expect("threads can be started");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        let listener = listener.unwrap_or_else(|error| panic!("cannot listen on port {port}: {error}"));
        let address = listener.local_addr().expect("a bound listener has an address");
        let world = Arc::new(server::World::new(scenario, format!("http://{address}")));
        let service: IntoMakeServiceWithConnectInfo<_, connection::Caller> =
            server::app(world.clone()).into_make_service_with_connect_info();
        runtime.spawn(async move { axum::serve(connection::Door::new(listener), service).await });
        Twitch { world, address, runtime: Some(runtime) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The GQL end point.
    pub fn gql_url(&self) -> String {
        format!("http://{}/gql", self.address)
    }

    /// What stands before `/vod/v2/<id>.m3u8` and `/vod/<id>.m3u8`.
    pub fn usher_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The playlist of a quality, which needs no token: for tools that know nothing of GQL.
    pub fn playlist_url(&self, quality: &str) -> String {
        let scenario = self.scenario();
        format!("{}/{}/{quality}/{}", self.usher_url(), scenario.folder(), playlist::name(&scenario))
    }

    /// The variables that lead `ingest` here.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DOUGPT_TWITCH_GQL_URL", self.gql_url()),
            ("DOUGPT_TWITCH_USHER_URL", self.usher_url()),
            ("DOUGPT_ALLOW_HOSTS", self.address.ip().to_string()),
        ]
    }

    /// Everything asked since the start or since [`Twitch::forget`], in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.world.book.read()
    }

    /// Forgets what was asked so far.
    pub fn forget(&self) {
        self.world.book.forget();
    }

    /// Changes the scenario under the running server, between two requests. Faults count anew when they are changed.
    pub fn change(&self, edit: impl FnOnce(&mut Scenario)) {
        self.world.change(edit);
    }

    /// The scenario as it is now.
    pub fn scenario(&self) -> Arc<Scenario> {
        self.world.scenario()
    }

    /// The chat as it is now, deleted messages left out: what a client has to come by.
    pub fn chat(&self) -> Arc<Vec<Message>> {
        self.world.chat()
    }
}

impl Drop for Twitch {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// The lock, also after a panic: nothing behind any of these locks is left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many hexadecimal digits that depend on the text: no digest, but as good as one for a name.
fn hex(text: &str, digits: usize) -> String {
    // FNV-1a makes the seed.
    let seed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut random = Random::new(seed);
    let mut hex = String::new();
    while hex.len() < digits {
        let _ = write!(hex, "{:016x}", random.next());
    }
    hex.truncate(digits);
    hex
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}
