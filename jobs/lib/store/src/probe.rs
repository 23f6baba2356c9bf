//! One look at start-up whether the store really creates without overwriting.
//!
//! Some S3 look-alikes take `If-None-Match: *` and ignore it; two runs would then overwrite each other unseen.

use futures::future::join_all;
use object_store::{ObjectStoreExt, path::Path};

use crate::location::backend;
use crate::objects::Created;
use crate::{Store, StoreError};

/// How many writers race for one key.
const RACERS: usize = 4;

pub(crate) async fn probe(store: &Store) -> Result<(), StoreError> {
    let nonce = nonce();
    let serial = Path::from(format!("probe/{nonce}-serial"));
    let racing = Path::from(format!("probe/{nonce}-racing"));
    let outcome = observe(store, &serial, &racing).await;
    let mut removed = Ok(());
    for path in [&serial, &racing] {
        match store.objects().delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(source) => removed = Err(backend("deleting", path.as_ref(), source)),
        }
    }
    // What went wrong first is told, not that a key which was never written cannot be deleted either.
    match outcome? {
        None => removed,
        Some(observed) => Err(StoreError::NotCreateOnly { url: store.url().to_owned(), observed }),
    }
}

/// What contradicts create-only writes, if anything does.
async fn observe(store: &Store, serial: &Path, racing: &Path) -> Result<Option<String>, StoreError> {
    if store.try_create(serial, b"first".as_slice().into()).await? != Created::New {
        return Ok(Some("a new key was reported as taken".to_owned()));
    }
    if store.try_create(serial, b"second".as_slice().into()).await? == Created::New {
        return Ok(Some("a second write to one key was accepted".to_owned()));
    }
    let writers = (0..RACERS).map(|writer| store.try_create(racing, format!("writer {writer}").into()));
    let mut winners = 0;
    for outcome in join_all(writers).await {
        winners += usize::from(outcome? == Created::New);
    }
    Ok((winners != 1).then(|| format!("{winners} of {RACERS} racing writes to one key were accepted")))
}

/// A key nobody else uses: process, time and a counter. It decides nothing but its own name.
fn nonce() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{count}", std::process::id(), now.as_nanos())
}
