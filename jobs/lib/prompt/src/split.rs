//! How text is cut into words before byte pairs merge; every model family has its own way and the file names it.

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

use crate::PromptError;

/// A way to cut text into words.
pub(crate) struct Splitter {
    /// The cuts, ending with the step from bytes to the byte alphabet.
    pub(crate) steps: Sequence,
    /// Whether a word that is a token is taken whole, without its merges (Llama 3).
    pub(crate) whole_words: bool,
}

/// Names by which `tokenizer.ggml.pre` calls the supported splitters.
const KNOWN: [&str; 4] = ["smollm", "gpt-2", "llama-bpe", "qwen2"];

/// The cl100k-like pattern of Llama 3 and Qwen 2, which differ only in how many digits make one word.
fn contraction_pattern(digits: &str) -> String {
    format!(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
}

impl Splitter {
    /// The splitter that a model file calls `name`.
    pub(crate) fn named(name: &str) -> Result<Self, PromptError> {
        let byte_level = |pattern| PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, true, pattern));
        let pattern = |digits| {
            Split::new(SplitPattern::Regex(contraction_pattern(digits)), SplitDelimiterBehavior::Isolated, false)
                .map(PreTokenizerWrapper::Split)
                .map_err(|source| PromptError::Encode { length: 0, source })
        };
        let steps = match name {
            "smollm" => vec![PreTokenizerWrapper::Digits(Digits::new(true)), byte_level(true)],
            "gpt-2" => vec![byte_level(true)],
            "llama-bpe" => vec![pattern(r"\p{N}{1,3}")?, byte_level(false)],
            "qwen2" => vec![pattern(r"\p{N}")?, byte_level(false)],
            _ => {
                return Err(PromptError::UnknownPreTokenizer {
                    name: name.chars().take(80).collect(),
                    known: KNOWN.join(", "),
                });
            }
        };
        Ok(Self { steps: Sequence::new(steps), whole_words: name == "llama-bpe" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    fn check(name: &str, text: &str, expect: &[&str]) {
        let splitter = Splitter::named(name).unwrap();
        let mut pieces = PreTokenizedString::from(text);
        splitter.steps.pre_tokenize(&mut pieces).unwrap();
        let words: Vec<_> = pieces.get_splits(OffsetReferential::Normalized, OffsetType::Byte);
        let words: Vec<_> = words.into_iter().map(|(word, _, _)| word.replace('Ġ', " ").replace('Ċ', "\n")).collect();
        assert_eq!(words, expect, "{name}");
    }

    #[test]
    fn families_cut_digits_newlines_and_contractions_differently() {
        let text = "I'LL  be 12345!\nok";
        check("smollm", text, &["I", "'", "LL", " ", " be", " ", "1", "2", "3", "4", "5", "!", "\n", "ok"]);
        check("gpt-2", text, &["I", "'", "LL", " ", " be", " 12345", "!", "\n", "ok"]);
        check("llama-bpe", text, &["I", "'LL", " ", " be", " ", "123", "45", "!\n", "ok"]);
        check("qwen2", text, &["I", "'LL", " ", " be", " ", "1", "2", "3", "4", "5", "!\n", "ok"]);
    }

    #[test]
    fn an_unknown_name_says_which_are_known() {
        let error = Splitter::named("deepseek-coder").err().unwrap().to_string();
        assert!(error.contains("deepseek-coder") && KNOWN.iter().all(|name| error.contains(name)), "{error}");
    }
}
