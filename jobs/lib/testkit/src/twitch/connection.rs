//! Connections that can be slow, trickle, hang up and reset, because a body alone cannot.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep_until};

/// How the next answer goes out. Bytes are those of the body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    /// Bytes per second, 0 without limit.
    pub(super) bandwidth: u64,
    /// After so many bytes, pieces of so many bytes, so far apart.
    pub(super) trickle: Option<(u64, u64, Duration)>,
    pub(super) end: End,
}

impl Manner {
    /// Whether not even the head of the answer goes out.
    pub(super) fn sends_nothing(&self) -> bool {
        self.end == End::Resets(None)
    }
}

/// Whether the connection outlives the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum End {
    #[default]
    Stays,
    /// Closes after so many bytes.
    HangsUp(u64),
    /// Resets after so many bytes; none: before the first byte of the head.
    Resets(Option<u64>),
}

/// What the handler of a request and its connection know of each other.
pub(super) struct Line {
    pub(super) number: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    manner: Manner,
    /// Length of the answer's head, once it is seen.
    head: Option<u64>,
    /// Bytes written of this answer, head included.
    written: u64,
}

impl Line {
    /// How the answer that is about to be written goes out.
    pub(super) fn answer(&self, manner: Manner) {
        *super::lock(&self.state) = State { manner, head: None, written: 0 };
    }
}

/// How much of a buffer may go out now.
enum Leave {
    Write(usize),
    End { reset: bool },
}

impl State {
    fn leave(&mut self, buffer: &[u8]) -> Leave {
        if self.head.is_none() {
            self.head = buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at as u64 + 4);
        }
        let head = self.head.unwrap_or(0);
        let mut most = buffer.len() as u64;
        let limit = match self.manner.end {
            End::Stays => None,
            End::HangsUp(at) => Some((head + at, false)),
            End::Resets(Some(at)) => Some((head + at, true)),
            End::Resets(None) => Some((0, true)),
        };
        if let Some((at, reset)) = limit {
            if self.written >= at {
                return Leave::End { reset };
            }
            most = most.min(at - self.written);
        }
        if let Some((free, bytes, _)) = self.manner.trickle {
            let free = (head + free).saturating_sub(self.written);
            most = most.min(if free > 0 { free } else { bytes.max(1) });
        }
        if self.manner.bandwidth > 0 {
            // A fiftieth of a second at a time.
            most = most.min((self.manner.bandwidth / 50).max(1));
        }
        Leave::Write(most as usize)
    }

    /// How long to wait after `written` bytes more.
    fn pause(&mut self, written: u64) -> Duration {
        self.written += written;
        let mut pause = Duration::ZERO;
        if self.manner.bandwidth > 0 {
            pause += Duration::from_secs_f64(written as f64 / self.manner.bandwidth as f64);
        }
        if let Some((free, _, every)) = self.manner.trickle
            && self.written >= self.head.unwrap_or(0) + free
        {
            pause += every;
        }
        pause
    }
}

/// Accepts connections and numbers them.
pub(super) struct Door {
    listener: TcpListener,
    next: AtomicU64,
}

impl Door {
    pub(super) fn new(listener: TcpListener) -> Door {
        Door { listener, next: AtomicU64::new(0) }
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = u64;

    async fn accept(&mut self) -> (Connection, u64) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        // Small answers go out at once: latency is the scenario's to say.
        let _ = stream.set_nodelay(true);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let line = Arc::new(Line { number, state: Mutex::default() });
        (Connection { stream, line, waits: None, free_at: Instant::now() }, number)
    }

    fn local_addr(&self) -> io::Result<u64> {
        Ok(0)
    }
}

/// The line of the connection a request came by.
#[derive(Clone)]
pub(super) struct Caller(pub(super) Arc<Line>);

impl Connected<IncomingStream<'_, Door>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Caller(stream.io().line.clone())
    }
}

/// A TCP connection that minds its manners.
pub(super) struct Connection {
    stream: TcpStream,
    line: Arc<Line>,
    waits: Option<Pin<Box<Sleep>>>,
    free_at: Instant,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(sleep) = &mut self.waits {
            std::task::ready!(sleep.as_mut().poll(context));
            self.waits = None;
        }
        let leave = super::lock(&self.line.state).leave(buffer);
        let most = match leave {
            Leave::Write(most) => most,
            Leave::End { reset } => {
                if reset {
                    // Closing without lingering sends RST in place of FIN.
                    let _ = self.stream.set_zero_linger();
                }
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
        };
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(context, &buffer[..most]))?;
        let pause = super::lock(&self.line.state).pause(written as u64);
        if !pause.is_zero() {
            // Counted from when the last piece should have gone, so that late timers do not add up.
            self.free_at = self.free_at.max(Instant::now() - Duration::from_millis(20)) + pause;
            self.waits = Some(Box::pin(sleep_until(self.free_at)));
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    // Said to be vectored, so that hyper keeps a body's bytes until they went out: they are counted as in flight.
    fn is_write_vectored(&self) -> bool {
        true
    }
}
