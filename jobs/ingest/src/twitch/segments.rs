//! The media of a broadcast: segments fetched in parallel, each checked and kept before the next one on its connection.
//!
//! An answer that breaks off is continued where it ended (HTTP ranges, RFC 9110 section 14). A segment that cannot be had
//! is a gap with a reason, never a silent stand-in; gaps beyond a share of the broadcast are an error.

mod check;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use ids::{Digest, VodId};
use job::Progress;
use reqwest::header::{CONTENT_RANGE, HeaderMap, RANGE};
use reqwest::{Method, StatusCode};
use store::BlobInfo;
use url::Url;

use super::TwitchError;
use super::playlist::{Entry, Playlist, Variant};
use super::stage::Stage;
use crate::net::{Net, NetError, host, retry_after, shown};
use crate::retries::Retries;

/// Largest segment, bytes: 64 MiB.
const LARGEST: usize = 64 << 20;

/// Bytes in one answer that count as progress. A server that gives one a connection would otherwise never be given up.
const PROGRESS: usize = 64 << 10;

/// How often bytes that are no media are fetched again before they are taken to be so at the server.
const CHECKED: u32 = 3;

/// A stage keeps the initialisation piece under this number, and segment N under N + 1.
const INIT: u64 = 0;

/// Added to the number of a silenced piece that stands in for sound that is not for everybody.
const SILENCED: u64 = 1 << 32;

/// How segments are fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Requests at once.
    pub(super) connections: usize,
    pub(super) retries: Retries,
    /// Most that may be missing, percent of the time that is taken.
    pub(super) max_gaps: u32,
    /// Bits a second at most, by the master playlist.
    pub(super) bandwidth: u64,
}

/// What became of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) entry: Entry,
    /// Its blob, or why there is none.
    pub(super) outcome: Result<BlobInfo, Gap>,
}

/// Why a segment is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    Missing,
    Forbidden,
    Corrupt,
}

impl Gap {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Forbidden => "forbidden",
            Self::Corrupt => "corrupt",
        }
    }
}

/// All that was fetched of a rendition.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) init: Option<BlobInfo>,
    pub(super) pieces: Vec<Piece>,
}

/// Fetches the `entries` of a playlist that is at `base`. What the stage has, and what an earlier generation had under the
/// same name (`known`), is not asked for.
pub(super) async fn fetch(
    net: &Net,
    (base, playlist): (&Url, &Playlist),
    entries: &[Entry],
    (stage, known): (&Stage<'_>, &BTreeMap<String, Digest>),
    (id, options, progress): (&VodId, Options, &Progress),
) -> anyhow::Result<Fetched> {
    let total_ms: u64 = entries.iter().map(|entry| entry.duration_ms).sum();
    // Twice of what the master playlist announces, and some for a short one.
    let most = (options.bandwidth / 8).saturating_mul(total_ms / 1000 + 60).saturating_mul(2).saturating_add(64 << 20);
    let (received, spare) = (AtomicU64::new(0), Mutex::default());
    let fetcher = Fetcher { net, base, stage, known, options, received, most, spare };
    let init = match &playlist.init {
        None => None,
        Some(name) => match fetcher.piece(INIT, name, check::Kind::Init).await? {
            Ok(blob) => Some(blob),
            Err(gap) => {
                let reason = format!("its initialisation piece {name} is {}", gap.name());
                return Err(TwitchError::Playlist { id: id.to_string(), reason }.classified());
            }
        },
    };
    let done = AtomicU64::new(0);
    let fetches = entries.iter().map(|entry| {
        let (fetcher, done) = (&fetcher, &done);
        async move {
            let piece = fetcher.segment(entry).await?;
            progress.set(done.fetch_add(1, Ordering::Relaxed) + 1);
            anyhow::Ok(piece)
        }
    });
    let fetches = stream::iter(fetches).buffer_unordered(options.connections);
    let mut pieces: Vec<Piece> = fetches.try_collect().await?;
    pieces.sort_by_key(|piece| piece.entry.index);
    few_gaps(id, &pieces, total_ms, options.max_gaps)?;
    Ok(Fetched { init, pieces })
}

/// Refuses a fetch of which too much is missing. What there is stays in the stage.
fn few_gaps(id: &VodId, pieces: &[Piece], total_ms: u64, percent: u32) -> anyhow::Result<()> {
    let gaps = || pieces.iter().filter_map(|piece| Some((&piece.entry, piece.outcome.as_ref().err()?)));
    let missing_ms: u64 = gaps().map(|(entry, _)| entry.duration_ms).sum();
    let Some((entry, gap)) = gaps().next() else { return Ok(()) };
    if missing_ms * 100 <= total_ms * u64::from(percent) {
        return Ok(());
    }
    let first = format!("the first is {} ({})", entry.name, gap.name());
    Err(TwitchError::Gaps { id: id.to_string(), missing_ms, total_ms, percent, first }.classified())
}

/// Checks bytes as either kind of piece.
#[cfg(feature = "fuzzing")]
pub(super) fn check_both(bytes: &[u8]) {
    for kind in [check::Kind::Segment, check::Kind::Init] {
        let _ = check::media(bytes, kind);
    }
}

struct Fetcher<'a> {
    net: &'a Net,
    base: &'a Url,
    stage: &'a Stage<'a>,
    known: &'a BTreeMap<String, Digest>,
    options: Options,
    received: AtomicU64,
    /// No more bytes than these are taken in all.
    most: u64,
    /// Buffers of segments that are kept: memory that was written once costs less than new memory.
    spare: Mutex<Vec<Vec<u8>>>,
}

impl Fetcher<'_> {
    async fn segment(&self, entry: &Entry) -> anyhow::Result<Piece> {
        let number = entry.index + 1;
        let outcome = self.piece(number, &entry.name, check::Kind::Segment).await?;
        // Sound that was kept is not for everybody; the silenced piece beside it is.
        if outcome.is_err() && entry.variant == Variant::Unmuted {
            let mut muted = entry.clone();
            muted.name = entry.name.replacen("-unmuted", "-muted", 1);
            muted.variant = Variant::Muted;
            let second = self.piece(number + SILENCED, &muted.name, check::Kind::Segment).await?;
            if second.is_ok() {
                return Ok(Piece { entry: muted, outcome: second });
            }
        }
        Ok(Piece { entry: entry.clone(), outcome })
    }

    /// The piece called `name`: from the stage, from an earlier generation, or from the server.
    async fn piece(&self, number: u64, name: &str, kind: check::Kind) -> anyhow::Result<Result<BlobInfo, Gap>> {
        for digest in [self.stage.found(number), self.known.get(name)].into_iter().flatten() {
            if let Some(size) = self.stage.store().blob_size(digest).await? {
                return Ok(Ok(BlobInfo { digest: *digest, size }));
            }
        }
        match self.download(name, kind).await.map_err(TwitchError::classified)? {
            Ok(bytes) => {
                let kept = self.stage.keep(number, bytes.clone()).await?;
                self.spare(bytes);
                Ok(Ok(kept))
            }
            Err(gap) => {
                tracing::warn!(segment = name, reason = gap.name(), "a segment cannot be had");
                Ok(Err(gap))
            }
        }
    }

    async fn download(&self, name: &str, kind: check::Kind) -> Result<Result<Bytes, Gap>, TwitchError> {
        let url = self
            .base
            .join(name)
            .map_err(|error| NetError::Refused { url: name.to_owned(), reason: format!("it is no URL ({error})") })?;
        let mut before = None;
        for _ in 0..CHECKED {
            let bytes = match self.whole(&url, name).await? {
                Ok(bytes) => bytes,
                Err(gap) => return Ok(Err(gap)),
            };
            let reason = match check::media(&bytes, kind) {
                Ok(()) => return Ok(Ok(bytes.into())),
                Err(reason) => reason,
            };
            tracing::debug!(segment = name, reason, "a segment is no media");
            // The same bytes twice: it is the server's copy that is damaged.
            let digest = Digest::of(&bytes);
            if before.replace(digest) == Some(digest) {
                break;
            }
        }
        Ok(Err(Gap::Corrupt))
    }

    /// All bytes at `url`, continued where an answer broke off.
    async fn whole(&self, url: &Url, name: &str) -> Result<Result<Vec<u8>, Gap>, TwitchError> {
        let (mut body, mut tries) = (self.buffer(), self.options.retries.start());
        loop {
            let have = body.len();
            let mut request = self.net.request(Method::GET, url)?;
            if have > 0 {
                request = request.header(RANGE, format!("bytes={have}-"));
            }
            let outcome = self.net.receive(request, LARGEST, &mut body).await;
            self.account((body.len() - have) as u64)?;
            let (reason, wait) = match outcome {
                Ok((StatusCode::OK, _)) => {
                    // A server that does not know ranges begins anew.
                    body.drain(..have);
                    return Ok(Ok(body));
                }
                Ok((StatusCode::PARTIAL_CONTENT, headers)) if begins_at(&headers, have) => return Ok(Ok(body)),
                Ok((StatusCode::NOT_FOUND | StatusCode::GONE, _)) => return Ok(Err(Gap::Missing)),
                Ok((StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED, _)) => return Ok(Err(Gap::Forbidden)),
                Ok((status, headers)) => {
                    // The body of any other answer is none of the segment, and after a wrong range nothing is sure.
                    let later = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                    body.truncate(if later { have } else { 0 });
                    (format!("it answers {status}"), retry_after(&headers))
                }
                Err(NetError::Broken { reason, .. }) => (reason, None),
                Err(error) => return Err(error.into()),
            };
            if body.len() >= have + PROGRESS {
                tries.progress();
            }
            let what = format!("segment {name} of {}", host(self.base));
            tries
                .again(&what, &reason, wait)
                .await
                .map_err(|given_up| TwitchError::given_up(given_up, &what, reason))?;
        }
    }

    fn buffer(&self) -> Vec<u8> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Takes back the buffer of a segment, if nobody else has it still.
    fn spare(&self, bytes: Bytes) {
        if bytes.is_unique() {
            let mut buffer = Vec::from(bytes);
            buffer.clear();
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }

    /// Notes bytes that came in, and refuses more than there can be.
    fn account(&self, count: u64) -> Result<(), TwitchError> {
        if self.received.fetch_add(count, Ordering::Relaxed) + count <= self.most {
            return Ok(());
        }
        Err(NetError::TooLarge { url: shown(self.base), limit: usize::try_from(self.most).unwrap_or(usize::MAX) }
            .into())
    }
}

/// Whether an answer to a range begins where it was asked to.
fn begins_at(headers: &HeaderMap, start: usize) -> bool {
    let told = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    told.is_some_and(|told| told.starts_with(&format!("bytes {start}-")))
}
