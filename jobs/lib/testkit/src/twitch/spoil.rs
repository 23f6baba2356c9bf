//! Does to a good answer what a fault wants done, short of GQL's own errors.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::Uri;
use serde_json::json;

use super::connection::{End, Manner};
use super::fault::{Fault, Trouble};
use super::gzip;
use super::reply::Reply;
use super::usher;

/// Where an answer comes from.
pub(super) struct Place<'a> {
    pub(super) uri: &'a Uri,
    pub(super) origin: &'a str,
}

/// Whether a trouble is one of GQL's own, told within a well-formed answer.
pub(super) fn is_told(trouble: Trouble) -> bool {
    use Trouble::{
        CommentsNull, DataNull, DuplicatePage, Integrity, NullNode, PersistedQueryNotFound, SchemaDrift, ServiceError,
        TokenNull, VideoNull,
    };
    matches!(
        trouble,
        CommentsNull
            | DataNull
            | DuplicatePage
            | Integrity
            | NullNode
            | PersistedQueryNotFound
            | SchemaDrift
            | ServiceError
            | TokenNull
            | VideoNull
    )
}

/// The answer after the fault.
pub(super) fn content(reply: Reply, fault: &Fault, place: &Place) -> Reply {
    let retry = |reply: Reply| match &fault.retry_after {
        Some(after) => reply.with("retry-after", after.clone()),
        None => reply,
    };
    let middle = reply.body.len() / 2;
    match fault.kind {
        Trouble::Unauthorized => unauthorized(),
        Trouble::SubOnly => usher::restricted(place.uri),
        Trouble::Forbidden => super::segment::denied(),
        Trouble::NotFound => Reply::text(404, "404 page not found\n"),
        Trouble::RateLimited => {
            let body = json!({"error": "Too Many Requests", "status": 429, "message": "too many requests"});
            retry(Reply::json(429, &body))
        }
        Trouble::ServerError => {
            let status = fault.status.unwrap_or(503);
            let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
            retry(Reply::new(status, "text/html", page))
        }
        Trouble::Html => Reply::new(200, "text/html", "<!doctype html><title>Sign in to this network</title>\n"),
        Trouble::Empty => Reply { body: Bytes::new(), ..reply },
        Trouble::Truncated => {
            // Odd, so that no half of a transport stream is one.
            let at = fault.at.unwrap_or(middle | 1).min(reply.body.len());
            Reply { body: reply.body.slice(..at), ..reply }
        }
        Trouble::Redirect => {
            let to = fault.to.as_deref().unwrap_or("{origin}{path}");
            let path = place.uri.path_and_query().map_or("/", |path| path.as_str());
            let location = to.replace("{origin}", place.origin).replace("{path}", path);
            Reply::text(fault.status.unwrap_or(302), "").with("location", location)
        }
        Trouble::GzipBomb => {
            let body = gzip::bomb(fault.bytes.unwrap_or(1 << 30));
            Reply { body: body.into(), ..reply }.with("content-encoding", "gzip")
        }
        Trouble::Padded => change(reply, |body| pad(body, fault.bytes.unwrap_or(188) as usize)),
        Trouble::BadSync => change(reply, |body| bad_sync(body, fault.at)),
        Trouble::BitFlip => change(reply, |body| {
            if let Some(byte) = body.get_mut(fault.at.unwrap_or(middle)) {
                *byte ^= 1;
            }
        }),
        _ => match fault.status {
            Some(status) => Reply { status, ..reply },
            None => reply,
        },
    }
}

/// How an answer of `length` bytes goes out.
pub(super) fn manner(bandwidth: u64, faults: &[Fault], length: usize) -> Manner {
    let mut manner = Manner { bandwidth, ..Manner::default() };
    for fault in faults {
        let at = fault.at.map(|at| at as u64);
        match fault.kind {
            Trouble::Trickle => {
                let every = Duration::from_millis(fault.ms.unwrap_or(200));
                manner.trickle = Some((at.unwrap_or(0), fault.bytes.unwrap_or(1), every));
            }
            Trouble::HangUp => manner.end = End::HangsUp(at.unwrap_or(length as u64 / 2)),
            Trouble::Reset => manner.end = End::Resets(at),
            _ => {}
        }
    }
    manner
}

/// What the service says of an OAuth token it does not know.
pub(super) fn unauthorized() -> Reply {
    let message = "The \"Authorization\" token is invalid.";
    Reply::json(401, &json!({"error": "Unauthorized", "status": 401, "message": message}))
}

fn change(reply: Reply, edit: impl FnOnce(&mut Vec<u8>)) -> Reply {
    let mut body = reply.body.to_vec();
    edit(&mut body);
    Reply { body: body.into(), ..reply }
}

fn pad(body: &mut Vec<u8>, bytes: usize) {
    if body.first() == Some(&0x47) {
        // PID 0x1fff is there to be skipped.
        let mut packet = [0xff; 188];
        packet[..4].copy_from_slice(&[0x47, 0x1f, 0xff, 0x10]);
        body.extend(packet.iter().cycle().take(bytes));
    } else {
        body.resize(body.len() + bytes, b'\n');
    }
}

/// Every sync byte of a transport stream from byte `at` on; the size of the first box of MP4.
fn bad_sync(body: &mut [u8], at: Option<usize>) {
    if body.first() == Some(&0x47) {
        let at = at.unwrap_or(body.len() / 2);
        for packet in body.chunks_mut(188).skip(at.div_ceil(188)) {
            packet[0] = 0x46;
        }
    } else if let Some(size) = body.get_mut(..4) {
        size.copy_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
    }
}
