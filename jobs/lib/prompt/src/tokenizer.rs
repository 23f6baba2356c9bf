//! Byte-level BPE over a model's own vocabulary, with no way from text to a control token.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use ids::{Digest, Hasher};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::{Model, OffsetType, PreTokenizedString, PreTokenizer};

use crate::split::Splitter;
use crate::{PromptError, Vocabulary, alphabet};

/// More tokens than any model has; a larger vocabulary is a damaged file.
const MAX_TOKENS: usize = 1 << 22;

/// Turns text into token ids and back (byte-level BPE: Sennrich et al. 2016, Radford et al. 2019).
pub struct Tokenizer {
    model: BPE,
    splitter: Splitter,
    /// Bytes of each token; empty for control tokens, so that they never show in decoded text.
    bytes: Vec<Box<[u8]>>,
    /// Which bytes have a token of their own; a few vocabularies leave out bytes no text uses.
    known: [bool; 256],
    control: BTreeMap<String, u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    digest: Digest,
}

impl Tokenizer {
    /// A tokenizer for `vocabulary`.
    ///
    /// # Errors
    /// The pre-tokenizer is unknown, or tokens, merges and ids contradict each other.
    pub fn new(vocabulary: &Vocabulary) -> Result<Self, PromptError> {
        let count = vocabulary.tokens.len();
        if count == 0 || count > MAX_TOKENS {
            return Err(broken(format!("it has {count} tokens")));
        }
        let mut control_ids = BTreeSet::new();
        let mut control = BTreeMap::new();
        for &id in &vocabulary.control {
            control.insert(token(vocabulary, id)?.to_owned(), id);
            control_ids.insert(id);
        }
        for id in [vocabulary.bos, vocabulary.eos].into_iter().flatten() {
            token(vocabulary, id)?;
        }
        let splitter = Splitter::named(&vocabulary.pre_tokenizer)?;

        // Control tokens are not part of what BPE may produce: the law "text never becomes control" holds by
        // construction, whatever the merges say.
        let mut ids = Vocab::default();
        let mut bytes = Vec::with_capacity(count);
        let mut known = [false; 256];
        for (id, text) in (0_u32..).zip(&vocabulary.tokens) {
            if control_ids.contains(&id) {
                bytes.push(Box::default());
                continue;
            }
            let raw = token_bytes(text);
            if let [byte] = *raw {
                known[usize::from(byte)] = true;
            }
            bytes.push(raw);
            if ids.insert(text.clone(), id).is_some() {
                return Err(broken(format!("token {text:?} stands in it twice")));
            }
        }
        let needed = (b' '..=b'~').chain([b'\n']).chain("\u{FFFD}".bytes());
        if let Some(missing) = needed.into_iter().find(|&byte| !known[usize::from(byte)]) {
            return Err(broken(format!("byte {missing:#04x} has no token")));
        }
        let model = BPE::builder()
            .vocab_and_merges(ids, vocabulary.merges.clone())
            .ignore_merges(splitter.whole_words)
            .build()
            .map_err(PromptError::Merges)?;
        Ok(Self {
            model,
            splitter,
            bytes,
            known,
            control,
            bos: vocabulary.bos.filter(|_| vocabulary.add_bos),
            eos: vocabulary.eos,
            digest: digest(vocabulary),
        })
    }

    /// The token ids of `text`, with special-token parsing off and nothing added.
    ///
    /// A character for whose bytes the vocabulary has no token becomes U+FFFD; nothing is dropped in silence.
    ///
    /// # Errors
    /// The text is too long for the splitting pattern (a run of about a million spaces).
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, PromptError> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |source| PromptError::Encode { length: text.len(), source };
        let mut pieces = PreTokenizedString::from(&*self.encodable(text));
        self.splitter.steps.pre_tokenize(&mut pieces).map_err(failed)?;
        pieces.tokenize(|piece| self.model.tokenize(piece.get())).map_err(failed)?;
        let encoding = pieces.into_encoding(None, 0, OffsetType::None).map_err(failed)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of `ids`. Control tokens and ids outside the vocabulary are dropped; bytes that are not UTF-8 become
    /// U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.token_bytes(id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes of one token: what decoding token by token needs, since a character may span several tokens. Empty
    /// for control tokens and unknown ids.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        usize::try_from(id).ok().and_then(|id| self.bytes.get(id)).map_or(&[], |bytes| bytes)
    }

    /// The id of the control token written `name`, e.g. `<|im_end|>`.
    pub fn control(&self, name: &str) -> Option<u32> {
        self.control.get(name).copied()
    }

    /// The token every sequence has to begin with, if the model wants one.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The token that ends a sequence, if the model has one.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// How many tokens there are; ids are below this.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never true: a vocabulary without tokens is refused.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The digest of the whole vocabulary: tokens, merges, pre-tokenizer and special ids.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    fn encodable<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.bytes().all(|byte| self.known[usize::from(byte)]) {
            return Cow::Borrowed(text);
        }
        let mut buffer = [0; 4];
        let replace = |character: char| {
            let known = character.encode_utf8(&mut buffer).bytes().all(|byte| self.known[usize::from(byte)]);
            if known { character } else { char::REPLACEMENT_CHARACTER }
        };
        Cow::Owned(text.chars().map(replace).collect())
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer").field("tokens", &self.bytes.len()).field("digest", &self.digest).finish()
    }
}

fn broken(reason: String) -> PromptError {
    PromptError::Vocabulary { reason }
}

fn token(vocabulary: &Vocabulary, id: u32) -> Result<&str, PromptError> {
    let index = usize::try_from(id).ok();
    let text = index.and_then(|index| vocabulary.tokens.get(index));
    text.map(String::as_str)
        .ok_or_else(|| broken(format!("special token {id} is outside its {} tokens", vocabulary.tokens.len())))
}

/// The bytes that a token's text stands for; text outside the byte alphabet stands for itself (added tokens).
fn token_bytes(text: &str) -> Box<[u8]> {
    let bytes: Option<Vec<u8>> = text.chars().map(alphabet::byte).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec()).into_boxed_slice()
}

/// Every part is preceded by its length, so that no two vocabularies share their bytes.
fn digest(vocabulary: &Vocabulary) -> Digest {
    let mut hasher = Hasher::default();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part("dougpt vocabulary 1");
    part(&vocabulary.pre_tokenizer);
    part(&format!("{:?} {:?} {}", vocabulary.bos, vocabulary.eos, vocabulary.add_bos));
    part(&format!("{:?}", vocabulary.control.iter().collect::<BTreeSet<_>>()));
    part(&vocabulary.tokens.len().to_string());
    vocabulary.tokens.iter().for_each(|token| part(token));
    for (left, right) in &vocabulary.merges {
        part(left);
        part(right);
    }
    hasher.digest()
}
