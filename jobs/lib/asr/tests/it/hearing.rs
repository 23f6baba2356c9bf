//! The whole way from samples to utterances, against what was really said and when.

use asr::{CHUNK_LIMIT_MS, Span, Utterance, Word, chunks, utterances};

use crate::speech::{Sentence, stream};
use crate::{recognizer, vad};

/// Utterances of some samples, by the stages a job runs.
fn hear(samples: &[f32], recognizer: &asr::Recognizer, order: impl Fn(&mut Vec<asr::Chunk>)) -> Vec<Utterance> {
    let spans = vad().speech(samples).expect("voice activity");
    let mut pieces = chunks(&spans, CHUNK_LIMIT_MS);
    order(&mut pieces);
    let mut heard = Vec::new();
    for piece in pieces {
        let samples = &samples[piece.start_ms as usize * 16..piece.end_ms as usize * 16];
        let asr::Heard { words, no_speech } = recognizer.recognize(samples, "en", None).expect("recognition");
        let words: Vec<Word> = words.into_iter().map(|word| word.shifted(piece.start_ms)).collect();
        heard.extend(utterances(&words, &piece.spans, no_speech));
    }
    heard.sort_by_key(|said| said.start_ms);
    heard
}

fn plain(word: &str) -> String {
    word.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Pairs of (heard, said) for words found in the same order in both: the longest common subsequence.
fn common(heard: &[(String, &Word)], said: &[(String, u64)]) -> Vec<(usize, usize)> {
    let mut best = vec![vec![0_usize; said.len() + 1]; heard.len() + 1];
    for (row, (left, _)) in heard.iter().enumerate().rev() {
        for (column, (right, _)) in said.iter().enumerate().rev() {
            best[row][column] = match left == right {
                true => best[row + 1][column + 1] + 1,
                false => best[row + 1][column].max(best[row][column + 1]),
            };
        }
    }
    let (mut row, mut column, mut pairs) = (0, 0, Vec::new());
    while row < heard.len() && column < said.len() {
        if heard[row].0 == said[column].0 {
            pairs.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if best[row + 1][column] >= best[row][column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

fn said_words(sentences: &[Sentence]) -> Vec<(String, u64)> {
    let each = |sentence: &Sentence| {
        let words = sentence.words.iter().cloned();
        words.zip(sentence.word_ends_ms.iter().copied()).collect::<Vec<_>>()
    };
    sentences.iter().flat_map(each).collect()
}

#[test]
fn words_and_times_are_those_of_the_stream() {
    let (samples, sentences) = stream();
    let recognizer = recognizer();
    let heard = hear(&samples, &recognizer, |_| {});

    // Voice activity: every sentence starts and ends with a span, within 0.15 s and 0.35 s.
    for sentence in &sentences {
        let start = heard.iter().map(|said| said.start_ms.abs_diff(sentence.start_ms)).min();
        let end = heard.iter().map(|said| said.end_ms.abs_diff(sentence.end_ms)).min();
        let text = sentence.words.join(" ");
        assert!(start.is_some_and(|error| error <= 150), "{text}: start is off by {start:?} ms: {heard:#?}");
        assert!(end.is_some_and(|error| error <= 350), "{text}: end is off by {end:?} ms: {heard:#?}");
    }

    // Text: nearly every word, and hardly any that was not said.
    let said = said_words(&sentences);
    let words: Vec<(String, &Word)> =
        heard.iter().flat_map(|said| &said.words).map(|word| (plain(&word.text), word)).collect();
    let pairs = common(&words, &said);
    let text = heard.iter().map(|said| said.text.as_str()).collect::<Vec<_>>().join(" | ");
    assert!(pairs.len() * 100 >= said.len() * 85, "{} of {} words: {text}", pairs.len(), said.len());
    assert!(words.len() <= said.len() + 4, "{} words for {}: {text}", words.len(), said.len());

    // Times: every word that was heard right ends within 0.7 s of the truth, most far closer.
    let mut errors: Vec<u64> =
        pairs.iter().map(|&(row, column)| words[row].1.end_ms.abs_diff(said[column].1)).collect();
    errors.sort_unstable();
    assert!(errors.last().is_some_and(|error| *error <= 700), "word times are off by {errors:?} ms: {text}");
    assert!(errors[errors.len() / 2] <= 200, "the median word is off by {} ms", errors[errors.len() / 2]);
    assert!(words.iter().all(|(_, word)| (0.0..=1.0).contains(&word.probability)));
    assert!(heard.iter().all(|said| said.suspect.is_empty()), "{heard:#?}");

    // The same samples give the same bits, whatever was heard before and in whatever order.
    let again = hear(&samples, &recognizer, |pieces| pieces.reverse());
    assert_eq!(format!("{heard:?}"), format!("{again:?}"));
}

#[test]
fn silence_and_noise_say_nothing() {
    let mut vad = vad();
    let noise: Vec<f32> = (0..160_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 * 0.01 - 0.01)
        .collect();
    for samples in [&[][..], &[0.0; 10], &[0.0; 400], &vec![0.0; 160_000], &noise] {
        assert_eq!(vad.speech(samples).expect("voice activity"), [], "{} samples", samples.len());
    }
}

#[test]
fn windows_of_a_recording_find_the_same_speech() {
    let (samples, _) = stream();
    let mut vad = vad();
    let whole = vad.speech(&samples).expect("voice activity");
    let read = |from: u64, to: u64| Ok::<_, asr::AsrError>(samples[from as usize * 16..to as usize * 16].to_vec());
    let found = vad.speech_in_windows(samples.len() as u64 / 16, read).expect("voice activity");
    assert_eq!(found, whole);
    assert!(whole.iter().all(|Span { start_ms, end_ms }| start_ms < end_ms) && whole.is_sorted());
}
