//! `infer serve`: the listener around the application. Connections are bounded in number and in the time their head may
//! take, which `axum::serve` cannot; an end is graceful and leaves no row of the log behind.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use job::{Exit, Job};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::args::ServeArgs;
use crate::http::{Keys, Peer, Server, Settings};
use crate::journal::{INTERVAL, Journal};
use crate::worker::Worker;
use crate::{Identity, NAME, load};

/// The longest time for a request's head to arrive, also between two requests of a connection.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// Longest time in which a client takes none of what is sent to it.
const WRITE_TIME: Duration = Duration::from_secs(10);

/// The largest head, bytes.
const HEAD_LIMIT: usize = 16 << 10;

/// Most header lines.
const HEADERS: usize = 64;

/// How often callers are forgotten and the like.
const TIDY: Duration = Duration::from_secs(60);

/// Serves until a signal comes.
///
/// # Errors
/// When the address is taken or not allowed, nothing is promoted, or the log cannot be written at the end.
pub(crate) async fn command(options: &ServeArgs, job: &Job) -> anyhow::Result<Exit> {
    // From here on an interrupt ends the server in good order.
    job.handles_interrupts();
    let stop = stop_signal()?;
    let keys = options.api_key_file.as_deref().map(Keys::read).transpose()?;
    if keys.is_none() && !options.addr.ip().is_loopback() {
        bail!(
            "{} can be reached from other machines, and there are no keys; give --api-key-file, or listen on 127.0.0.1",
            options.addr
        );
    }
    let listener = TcpListener::bind(options.addr).await.with_context(|| {
        format!("cannot listen on {}; end what listens there, or choose another address with --addr", options.addr)
    })?;
    let address = listener.local_addr()?;
    let load::Opened { engine, streamer } = load::open(&options.load, job).await?;
    let identity = Identity::new()?;
    let journal = Arc::new(Journal::new(job.store().await?.clone(), identity.server().clone()));
    let (worker, thread) = Worker::start(engine.clone(), options.queue.into()).context("no thread for the model")?;
    let settings = Settings {
        keys,
        rate: options.rate,
        deadline: Duration::from_secs(options.deadline.into()),
        shadow_share: options.shadow_share / 100.0,
        streamer,
        with_text: !options.load.no_log_text,
    };
    let drain = settings.deadline + INTERVAL;
    let server = Server::new(engine, worker, Arc::clone(&journal), identity, settings);
    job.say(&format!("{NAME}: listening on http://{address}"));
    let limits = Limits { connections: options.connections.into(), drain };
    run(listener, server, Arc::clone(&journal), limits, stop).await;
    journal.flush().await.context("the last rows of the log cannot be written")?;
    let dropped = journal.counts().1;
    if dropped > 0 {
        job.say(&format!("{NAME}: {dropped} rows of the log were lost because the store could not be written"));
    }
    // Nobody waits for an answer any more, so the thread ends at its next token.
    drop(thread);
    job.say(&format!("{NAME}: ended in good order"));
    Ok(Exit::Done)
}

/// What bounds a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Longest time for what was begun to end after `stop`.
    pub drain: Duration,
}

/// Serves `server` on `listener` until `stop` is done, then lets what was begun end. Rows of the log are written to the
/// store meanwhile; those of the last seconds are left to the caller's [`Journal::flush`].
pub async fn run(
    listener: TcpListener,
    server: Arc<Server>,
    journal: Arc<Journal>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let app = server.app();
    let connections = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let (stop_writing, stopped) = oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        let stopped = async {
            // Either way: said, or the sender is gone.
            let _ = stopped.await;
        };
        journal.keep_writing(stopped).await;
    });
    let tidying = tokio::spawn({
        let server = Arc::clone(&server);
        async move {
            loop {
                tokio::time::sleep(TIDY).await;
                server.tidy();
            }
        }
    });
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut stop => break,
        };
        if let Some((stream, peer, permit)) = accepted {
            let connection = graceful.watch(connection(stream, peer, app.clone()));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    // What clients do to connections is no trouble of ours.
                    tracing::debug!(%peer, error = crate::journal::chain(&error), "connection ended early");
                }
                drop(permit);
            });
        }
    }
    server.drain();
    drop(listener);
    tracing::info!(connections = graceful.count(), "ending");
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = limits.drain.as_secs(), "some connections did not end in time");
    }
    tidying.abort();
    drop(stop_writing);
    if let Err(error) = writing.await {
        tracing::error!(%error, "writing the log failed");
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            // Out of file descriptors, or a client that left again: trying at once would only burn time.
            tracing::warn!(%error, "a connection cannot be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// One HTTP/1.1 connection.
fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    // Replies are small; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME));
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        app.clone().oneshot(request)
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}

/// Done when the process is asked to end: SIGTERM, or SIGINT from a terminal.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let watch = |kind| signal(kind).context("signals cannot be watched");
    let (mut terminate, mut interrupt) = (watch(SignalKind::terminate())?, watch(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
