//! What digests cannot tell: whether the tables of a run fit together, its counts reconcile, and time is covered.

use ids::VodKey;
use schemas::{ChatMessage, Media, Problem, Vod};
use store::{Run, Store};

use super::findings::{Findings, Note, sound};

/// Sound that ends so much before the recording is worth a note, ms: containers round their length.
const SHORT: i64 = 1000;

/// Reads the tables of a run; `object` is the path of its manifest.
pub(super) async fn check(store: &Store, object: &str, run: &Run, vod: &VodKey) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let vods = sound(&mut findings, object, store.rows::<Vod>(run).await)?;
    let media = sound(&mut findings, object, store.rows::<Media>(run).await)?;
    let rows = sound(&mut findings, object, store.rows::<ChatMessage>(run).await)?;
    let problems = sound(&mut findings, object, store.rows::<Problem>(run).await)?;
    let (Some(vods), Some(media), Some(rows), Some(problems)) = (vods, media, rows, problems) else {
        return Ok(findings);
    };
    let mut wrong = Vec::new();
    match vods.as_slice() {
        [row] if row.platform == vod.platform && row.vod_id == vod.id => {
            counts(run, row, rows.len(), problems.len(), &mut wrong);
            digests(run, row, &media, &mut wrong);
            let notes = time_axis(run, row, &media, &rows);
            findings.notes.extend(notes.into_iter().map(|note| Note { object: object.to_owned(), note }));
        }
        others => wrong.push(format!("its table vod has {} rows and has to have one, of {vod}", others.len())),
    }
    let in_order = (0..).zip(&rows).all(|(ordinal, row)| row.ordinal == ordinal)
        && rows.is_sorted_by_key(|row| (row.offset_ms, row.created_at_us));
    if !in_order {
        wrong.push("its messages are not numbered in the order of time".to_owned());
    }
    for reason in wrong {
        findings.damage(object, format!("{vod}: {reason}"));
    }
    Ok(findings)
}

/// Rows plus problems are the messages, in the tables as in the manifest.
fn counts(run: &Run, vod: &Vod, rows: usize, problems: usize, wrong: &mut Vec<String>) {
    if i64::try_from(rows + problems) != Ok(vod.messages) {
        wrong.push(format!("{rows} rows and {problems} problems are not {} messages", vod.messages));
    }
    let messages = u64::try_from(vod.messages).unwrap_or_default();
    for (name, found) in [("messages", messages), ("rows", rows as u64), ("problems", problems as u64)] {
        if let Some(count) = run.manifest.counts.get(name).filter(|count| **count != found) {
            wrong.push(format!("its manifest counts {count} {name}, its tables have {found}"));
        }
    }
}

/// The tables name the blobs that the manifest names.
fn digests(run: &Run, vod: &Vod, media: &[Media], wrong: &mut Vec<String>) {
    let blob = |role: &str| run.manifest.blobs.get(role).map(|blob| blob.digest);
    for (role, named) in [("audio", vod.audio_digest), ("chat", vod.chat_digest)] {
        if blob(role) != named {
            wrong.push(format!("its table vod names another {role} than its manifest"));
        }
    }
    for (role, kept) in [("audio", "audio"), ("source", "media")] {
        let row = media.iter().find(|row| row.role == role && row.stored);
        if row.map(|row| row.digest) != blob(kept) {
            wrong.push(format!("its table media names another {role} than its manifest"));
        }
    }
}

/// Whether sound and chat cover the time that was taken in; what does not is how it was recorded, so no damage.
fn time_axis(run: &Run, vod: &Vod, media: &[Media], rows: &[ChatMessage]) -> Vec<String> {
    let mut notes = Vec::new();
    let length = |role: &str| media.iter().find(|row| row.role == role).map(|row| row.duration_ms);
    let range = &run.manifest.key.params["range"];
    let at = |name: &str| range[name].as_i64();
    if let (Some(source), Some(audio)) = (length("source"), length("audio")) {
        let expected = at("to_ms").unwrap_or(i64::MAX).min(source) - at("from_ms").unwrap_or(0);
        if audio < expected - SHORT {
            notes.push(format!("the sound covers {audio} of {expected} ms"));
        }
    }
    let late = rows.iter().filter(|row| row.offset_ms > vod.duration_ms).count();
    if vod.duration_ms > 0 && late > 0 {
        notes.push(format!("{late} of {} messages come after the end at {} ms", rows.len(), vod.duration_ms));
    }
    notes
}
