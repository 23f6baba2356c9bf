//! Says what becomes of a VOD when its newest generation changes: the jobs read the newest, whatever it lacks.

use ids::VodKey;
use job::{Done, Job};
use store::{Run, Store};

use crate::{NAME, report};

/// The newest generation before something was taken in.
pub(crate) struct Newest {
    generation: u64,
    run: Run,
}

/// The newest generation of `vod`, if there is one that can be read.
pub(crate) async fn of(vod: &VodKey, job: &Job) -> Option<Newest> {
    let store = Store::open_to_read(&job.flags().store).ok()?;
    let newest = store.vod(vod).await.ok()??;
    Some(Newest { generation: newest.generation, run: report::run_of(&store, &newest).await.ok()? })
}

/// Says on stderr what the run that is the newest now lacks of the one `before`.
pub(crate) async fn compare(vod: &VodKey, before: &Newest, done: &Done, job: &Job) -> anyhow::Result<()> {
    let Some(now) = job.store().await?.vod(vod).await?.filter(|now| now.generation != before.generation) else {
        return Ok(());
    };
    let (old, new) = (before.generation, now.generation);
    if !done.worked {
        job.say(&format!("{NAME} {vod}: what was taken in earlier is the newest again, as generation {new}"));
    }
    for lack in lacks(&before.run, &done.run) {
        job.say(&format!(
            "{NAME} {vod}: generation {new} {lack} generation {old}, and the other jobs read the newest; the command that \
             made generation {old} makes it the newest again"
        ));
    }
    Ok(())
}

/// What of `before` is not in `after`.
fn lacks(before: &Run, after: &Run) -> Vec<&'static str> {
    let has = |run: &Run, role: &str| run.manifest.blobs.contains_key(role);
    let is_whole = |run: &Run| run.manifest.key.params["broadcast"]["range"].is_null();
    let lost = |role: &str| has(before, role) && !has(after, role);
    let mut lacks = Vec::new();
    lacks.extend(lost("audio").then_some("has no media, unlike"));
    lacks.extend(lost("chat").then_some("has no chat, unlike"));
    lacks.extend((is_whole(before) && !is_whole(after)).then_some("is only a part of the broadcast, unlike"));
    lacks
}
