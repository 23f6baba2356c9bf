//! Half an hour in which hardly anybody speaks: what is heard has to be speech.

use schemas::{Utterance, Word};
use testkit::recording::{self, Sound};

use crate::{MODELS, Stage};

/// Five minutes, six times: speech, music, silence, music, and speech that the platform muted.
const MINUTES: [Sound; 5] = [Sound::Speech, Sound::Music, Sound::Silence, Sound::Music, Sound::Speech];
const MUTED: usize = 4;

#[tokio::test]
async fn no_word_is_heard_where_nobody_speaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let media = folder.path().join("quiet.wav");
    recording::write(&media, &MINUTES.repeat(6));
    let every_fifth = |first: usize| {
        let minutes = (first..30).step_by(MINUTES.len());
        minutes.map(|number| (number as i64 * 60_000, (number as i64 + 1) * 60_000)).collect::<Vec<_>>()
    };
    let stage = Stage::with(MODELS, &media, &every_fifth(MUTED)).await;
    stage.transcribe(&["--vod", "demo-1"]).await.expect("a transcript");
    let run = stage.only().await;
    let words: Vec<Word> = stage.store.rows(&run).await.expect("words");
    let spoken: Vec<_> = recording::utterances(&MINUTES.repeat(6))
        .into_iter()
        .filter(|said| every_fifth(0).iter().any(|(from, to)| (*from..*to).contains(&said.start_ms)))
        .collect();
    // Voice activity is known in windows of 32 ms and a little padding.
    let inside = |word: &&Word| {
        spoken.iter().any(|said| said.start_ms - 200 <= word.start_ms && word.end_ms <= said.end_ms + 200)
    };
    assert_eq!(words.iter().find(|word| !inside(word)), None, "a word where nobody speaks");
    let mut errors: Vec<i64> = spoken
        .iter()
        .map(|said| words.iter().map(|word| (word.start_ms - said.start_ms).abs()).min().unwrap_or(i64::MAX))
        .collect();
    errors.sort_unstable();
    assert!(errors[errors.len() / 2] <= 80 && errors[errors.len() * 9 / 10] <= 200, "{errors:?}");
    let utterances: Vec<Utterance> = stage.store.rows(&run).await.expect("utterances");
    let stuck: Vec<_> = utterances
        .iter()
        .filter(|row| row.suspect.iter().any(|it| it == "repeat_loop" || it == "low_entropy"))
        .collect();
    assert!(stuck.is_empty(), "{stuck:?}");
}
