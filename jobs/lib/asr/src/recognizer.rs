//! Turns one chunk of speech into timed words with whisper.cpp.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use whisper_rs::{
    DtwMode, DtwModelPreset, DtwParameters, FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters,
    WhisperError, WhisperState, get_lang_id, get_lang_str,
};

use crate::chunks::CHUNK_LIMIT_MS;
use crate::error::AsrError;
use crate::words::{Token, Word, words};
use crate::{SAMPLE_RATE, SAMPLES_PER_MS, duration_ms};

/// Models whose alignment heads whisper.cpp knows.
const PRESETS: &[(&str, DtwModelPreset)] = &[
    ("tiny.en", DtwModelPreset::TinyEn),
    ("tiny", DtwModelPreset::Tiny),
    ("base.en", DtwModelPreset::BaseEn),
    ("base", DtwModelPreset::Base),
    ("small.en", DtwModelPreset::SmallEn),
    ("small", DtwModelPreset::Small),
    ("medium.en", DtwModelPreset::MediumEn),
    ("medium", DtwModelPreset::Medium),
    ("large-v1", DtwModelPreset::LargeV1),
    ("large-v2", DtwModelPreset::LargeV2),
    ("large-v3", DtwModelPreset::LargeV3),
    ("large-v3-turbo", DtwModelPreset::LargeV3Turbo),
];
/// Languages written without spaces between words.
const UNSPACED: &[&str] = &["zh", "ja", "th", "lo", "my", "yue", "bo", "km"];
/// Scratch memory of time warping; only what a chunk needs is touched, and the largest models need over 128 MiB.
const WARPING_BYTES: usize = 512 << 20;
/// Shorter input makes whisper.cpp read out of bounds or return nothing, so it is padded with silence.
const SHORTEST_SAMPLES: usize = SAMPLE_RATE as usize;

/// Bytes of a prompt that are looked at, more than its tokens hold of words. whisper.cpp takes words apart with `std::regex`,
/// which needs up to 500 bytes of stack for each of a word's, and a thread has 2 MiB.
const LONGEST_PROMPT: usize = 2_000;

/// Refuses a name that [`Recognizer::load`] does not take.
///
/// # Errors
/// [`AsrError::Model`], which names those that it takes.
pub fn check_model(name: &str) -> Result<(), AsrError> {
    preset(name).map(drop)
}

/// What whisper.cpp can be built for besides the processor, and whether it is.
const CARDS: [(&str, bool); 3] =
    [("cuda", cfg!(feature = "cuda")), ("metal", cfg!(feature = "metal")), ("vulkan", cfg!(feature = "vulkan"))];

/// The engine and its version, as tables and manifests name it. A graphics card adds up in another order and may hear another
/// word, so what this was built for is part of the name.
pub fn engine() -> String {
    let built_for = CARDS.iter().filter(|(_, built)| *built).map(|(card, _)| format!(" {card}"));
    format!("whisper.cpp {}{}", whisper_rs::WHISPER_CPP_VERSION, built_for.collect::<String>())
}

/// How words get their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// By time warping over cross-attention, which flash attention would not leave behind.
    Precise,
    /// Not at all, and by flash attention on a graphics card. [`spread`](crate::spread()) gives words times by their length.
    Fast,
}

impl Timing {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Timing::Precise => "precise",
            Timing::Fast => "fast",
        }
    }
}

/// What was recognised in one chunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// The words, timed from the chunk's start.
    pub words: Vec<Word>,
    /// Probability that nobody speaks in it, by the model's own token for that, 0 to 1.
    pub no_speech: f32,
}

/// A loaded speech model. Several threads may use it at once; each call has a state of its own.
#[derive(Debug)]
pub struct Recognizer {
    context: WhisperContext,
    threads: i32,
}

impl Recognizer {
    /// Loads a Whisper model in ggml form. `model` is its name, which picks the attention heads that time words.
    /// `threads` of one call change the speed and never the words.
    pub fn load(path: &Path, model: &str, timing: Timing, threads: usize) -> Result<Recognizer, AsrError> {
        whisper_rs::install_logging_hooks();
        let preset = preset(model)?;
        let mode = match timing {
            Timing::Precise => DtwMode::ModelPreset { model_preset: preset },
            Timing::Fast => DtwMode::None,
        };
        let parameters = WhisperContextParameters {
            // On a processor it takes half as long again as attention step by step.
            flash_attn: timing == Timing::Fast && CARDS.iter().any(|(_, built)| *built),
            dtw_parameters: DtwParameters { mode, dtw_mem_size: WARPING_BYTES },
            ..WhisperContextParameters::default()
        };
        let context = WhisperContext::new_with_params(path, parameters).map_err(|source| AsrError::Load {
            kind: "speech",
            path: path.to_owned(),
            source,
        })?;
        Ok(Recognizer { context, threads: i32::try_from(threads.max(1)).unwrap_or(i32::MAX) })
    }

    /// Whether the model knows more than English.
    pub fn is_multilingual(&self) -> bool {
        self.context.is_multilingual()
    }

    /// The language spoken in up to 30 s of samples, as a two-letter code, and its probability.
    pub fn detect_language(&self, samples: &[f32]) -> Result<(String, f32), AsrError> {
        if !self.is_multilingual() {
            return Ok(("en".to_owned(), 1.0));
        }
        let (samples, length_ms) = admitted(samples)?;
        let failed = |source| AsrError::Recognize { given_ms: length_ms, source };
        let mut state = self.context.create_state().map_err(failed)?;
        let threads = usize::try_from(self.threads).unwrap_or(1);
        state.pcm_to_mel(&samples, threads).map_err(failed)?;
        let (id, probabilities) = state.lang_detect(0, threads).map_err(failed)?;
        let code = get_lang_str(id).ok_or_else(|| failed(WhisperError::GenericError(id)))?;
        let probability = usize::try_from(id).ok().and_then(|id| probabilities.get(id)).copied().unwrap_or(0.0);
        Ok((code.to_owned(), probability))
    }

    /// Refuses a language that the model does not speak.
    pub fn speaks(&self, language: &str) -> Result<(), AsrError> {
        let known = !language.contains('\0') && get_lang_id(language).is_some();
        match known && (self.is_multilingual() || language == "en") {
            true => Ok(()),
            false => Err(AsrError::Language { language: language.to_owned() }),
        }
    }

    /// What is said in one chunk of at most 30 s. The same samples always give the same words, whatever was recognised
    /// before and whatever is recognised at the same time.
    ///
    /// `prompt` is text as it might stand before the chunk: names and spellings in it become more likely. See
    /// [`Recognizer::used_of`].
    pub fn recognize(&self, samples: &[f32], language: &str, prompt: Option<&str>) -> Result<Heard, AsrError> {
        self.speaks(language)?;
        if samples.is_empty() {
            return Ok(Heard { words: Vec::new(), no_speech: 1.0 });
        }
        let (samples, length_ms) = admitted(samples)?;
        let failed = |source| AsrError::Recognize { given_ms: length_ms, source };
        // A fresh state: whisper.cpp keeps the random generator of its first decoder from one chunk to the next, and
        // words would depend on what was recognised before.
        let mut state = self.context.create_state().map_err(failed)?;
        state.full(self.parameters(language, prompt), &samples).map_err(failed)?;
        let no_speech = state.get_segment(0).map_or(1.0, |segment| segment.no_speech_probability());
        let tokens = text_tokens(&state, self.context.token_eot()).map_err(failed)?;
        Ok(Heard { words: words(&tokens, !UNSPACED.contains(&language), length_ms), no_speech })
    }

    /// The end of a prompt that is used: whole words that fit into half of the model's text context.
    pub fn used_of<'a>(&self, prompt: &'a str) -> &'a str {
        let near = prompt.len() - end_of(prompt).len();
        // whisper.cpp puts a mark of its own before it.
        let most = usize::try_from(self.context.model_n_text_ctx() / 2).unwrap_or(1).saturating_sub(1);
        // A token has at least one byte; given room for fewer than there are, whisper-rs would read past them.
        let count =
            |text: &str| self.context.tokenize(&text.replace('\0', " "), text.len() + 1).map_or(0, |all| all.len());
        let starts: Vec<usize> = prompt[near..].char_indices().map(|(at, _)| near + at).collect();
        let first = starts.partition_point(|&at| count(&prompt[at..]) > most);
        let (before, rest) = prompt.split_at(starts.get(first).copied().unwrap_or(prompt.len()));
        let cut_through = !before.is_empty() && !before.ends_with(char::is_whitespace);
        let next = rest.find(char::is_whitespace).filter(|_| cut_through).unwrap_or(0);
        if before.is_empty() { rest } else { rest[next..].trim_start() }
    }

    /// One pass over the whole chunk: no context, no timestamps, one segment. whisper.cpp would otherwise move on by its
    /// own segment times and may hand time warping a window too short for it, which ends the process.
    fn parameters(&self, language: &str, prompt: Option<&str>) -> FullParams<'static, 'static> {
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 5 });
        parameters.set_n_threads(self.threads);
        // whisper-rs leaks these few bytes for each chunk; the parameters themselves cannot be kept across threads.
        parameters.set_language(Some(language_name(language)));
        if let Some(prompt) = prompt {
            parameters.set_initial_prompt(&end_of(prompt).replace('\0', " "));
        }
        parameters.set_no_context(true);
        parameters.set_no_timestamps(true);
        parameters.set_single_segment(true);
        parameters.set_suppress_nst(true);
        parameters.set_print_special(false);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        parameters
    }
}

/// What is looked at of a prompt.
fn end_of(prompt: &str) -> &str {
    &prompt[prompt.ceil_char_boundary(prompt.len().saturating_sub(LONGEST_PROMPT))..]
}

/// whisper.cpp's own copy of a known language's name.
fn language_name(language: &str) -> &'static str {
    get_lang_id(language).and_then(get_lang_str).unwrap_or("en")
}

/// Samples as whisper.cpp may be given them, and the length of what was said.
fn admitted(samples: &[f32]) -> Result<(Cow<'_, [f32]>, u64), AsrError> {
    let given_ms = duration_ms(samples);
    if samples.len() as u64 > CHUNK_LIMIT_MS * SAMPLES_PER_MS {
        return Err(AsrError::TooLong { given_ms: given_ms.max(CHUNK_LIMIT_MS + 1), limit_ms: CHUNK_LIMIT_MS });
    }
    let sound = samples.iter().all(|sample| (-1.0..=1.0).contains(sample));
    if sound && samples.len() >= SHORTEST_SAMPLES {
        return Ok((Cow::Borrowed(samples), given_ms));
    }
    // What is no sound becomes silence: a NaN would go through the network and crash the sampling behind it.
    let heard = |sample: &f32| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
    let mut padded: Vec<f32> = samples.iter().map(heard).collect();
    padded.resize(padded.len().max(SHORTEST_SAMPLES), 0.0);
    Ok((Cow::Owned(padded), given_ms))
}

fn text_tokens(state: &WhisperState, end_of_text: i32) -> Result<Vec<Token>, WhisperError> {
    let mut tokens = Vec::new();
    for segment in state.as_iter() {
        for token in (0..segment.n_tokens()).filter_map(|index| segment.get_token(index)) {
            // Everything from the end-of-text token on is a mark and not text.
            if token.token_id() >= end_of_text {
                continue;
            }
            let data = token.token_data();
            tokens.push(Token {
                bytes: token.to_bytes()?.to_vec(),
                // Centiseconds, -1 where there is none.
                end_ms: u64::try_from(data.t_dtw).ok().map(|time| time.saturating_mul(10)),
                probability: data.p,
            });
        }
    }
    Ok(tokens)
}

fn preset(model: &str) -> Result<DtwModelPreset, AsrError> {
    let name = model.split_once("-q").map_or(model, |(name, _)| name);
    let found = PRESETS.iter().find(|(known, _)| *known == name);
    match found {
        Some((_, preset)) => Ok(preset.clone()),
        None => {
            let known = PRESETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            Err(AsrError::Model { name: model.to_owned(), known })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pick_alignment_heads() {
        for (name, _) in PRESETS {
            assert!(preset(name).is_ok() && preset(&format!("{name}-q5_1")).is_ok(), "{name}");
        }
        for name in ["", "large", "tiny.de", "../tiny.en"] {
            assert!(matches!(preset(name), Err(AsrError::Model { .. })), "{name}");
        }
    }

    #[test]
    fn chunks_are_padded_and_bounded() {
        let (padded, length_ms) = admitted(&[0.5; 160]).expect("a short chunk");
        assert_eq!((padded.len(), length_ms), (SHORTEST_SAMPLES, 10));
        let (clean, _) = admitted(&[f32::NAN, f32::NEG_INFINITY, 3.0, -0.5]).expect("a strange chunk");
        assert_eq!(clean[..4], [0.0, 0.0, 1.0, -0.5]);
        assert!(admitted(&vec![0.0; 480_000]).is_ok());
        assert!(matches!(admitted(&vec![0.0; 480_001]), Err(AsrError::TooLong { given_ms: 30_001, .. })));
    }
}
