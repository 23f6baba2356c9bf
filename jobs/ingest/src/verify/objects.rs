//! Looking at objects, several at once, until all are done or the time is up.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::{StreamExt, stream};
use job::Progress;
use store::{Store, StoreError};

use super::Depth;
use super::findings::{Findings, sound};
use super::plan::Object;
use super::state::State;

/// Requests for sizes at once; they are all waiting.
const SIZES: usize = 16;

/// What is looked at, and how.
pub(super) struct Look<'a> {
    /// The store.
    pub(super) store: &'a Store,
    /// How much of each object is read.
    pub(super) depth: Depth,
    /// How many objects are read at once.
    pub(super) threads: usize,
    /// When no more are begun.
    pub(super) end: Option<Instant>,
    /// How far it is, in the units of [`Look::work`].
    pub(super) progress: &'a Progress,
}

impl Look<'_> {
    /// The work of looking at these objects: bytes, or objects where none are read.
    pub(super) fn work<'o>(depth: Depth, objects: impl Iterator<Item = &'o Object>) -> u64 {
        objects.map(|object| Self::cost(depth, object)).sum()
    }

    fn cost(depth: Depth, object: &Object) -> u64 {
        if depth == Depth::Full { object.size } else { 1 }
    }

    /// Whether the time is up.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// Looks at `objects`; what is sound is noted in `state`.
    pub(super) async fn at(&self, objects: Vec<Object>, state: &mut State) -> anyhow::Result<Findings> {
        let at_once = if self.depth == Depth::Full { self.threads } else { SIZES };
        let mut findings = Findings { left: objects.len() as u64, ..Findings::default() };
        // The longest first: else one of them, begun last, is waited for alone.
        let mut objects = objects;
        objects.sort_by_key(|object| (std::cmp::Reverse(object.size), object.digest));
        let depth = self.depth;
        let begun = stream::iter(objects).take_while(|_| std::future::ready(!self.is_over())).map(|object| {
            let store = self.store.clone();
            async move {
                let outcome = tokio::spawn(async move {
                    let outcome = look(&store, depth, &object).await;
                    (object, outcome)
                });
                outcome.await
            }
        });
        let mut begun = std::pin::pin!(begun.buffer_unordered(at_once));
        let mut done = 0;
        while let Some(outcome) = begun.next().await {
            let (object, outcome) = outcome?;
            findings.left -= 1;
            findings.objects += 1;
            done += Self::cost(depth, &object);
            self.progress.set(done);
            match sound(&mut findings, &object.path, outcome)? {
                Some((bytes, None)) => {
                    findings.bytes += bytes;
                    state.note(&object.path)?;
                }
                Some((bytes, Some(reason))) => {
                    findings.bytes += bytes;
                    findings.damage(&object.path, reason);
                }
                None => {}
            }
        }
        // In the order of paths, however they came.
        findings.damaged.sort_by(|a, b| a.object.cmp(&b.object));
        Ok(findings)
    }
}

/// Bytes read, and what is wrong if anything is.
async fn look(store: &Store, depth: Depth, object: &Object) -> Result<(u64, Option<String>), StoreError> {
    match depth {
        Depth::Quick => Ok(match store.object_size(&object.path).await? {
            None => (0, Some("it is missing".to_owned())),
            Some(found) if found != object.size => (0, Some(format!("{found} bytes instead of {}", object.size))),
            Some(_) => (0, None),
        }),
        Depth::Full => {
            let (found, bytes) = store.measure(&object.path).await?;
            let wrong =
                (found != object.digest).then(|| format!("its digest is {found}, it has to be {}", object.digest));
            Ok((bytes, wrong))
        }
    }
}

/// The objects among `all` that are looked at now, and how many an earlier run found sound.
pub(super) fn to_do(
    all: &BTreeMap<String, Object>,
    state: &State,
    wanted: impl Fn(&Object) -> bool,
) -> (Vec<Object>, u64) {
    let chosen: Vec<_> = all.values().filter(|object| wanted(object)).cloned().collect();
    let total = chosen.len();
    let left: Vec<_> = chosen.into_iter().filter(|object| !state.has(&object.path)).collect();
    let resumed = (total - left.len()) as u64;
    (left, resumed)
}
