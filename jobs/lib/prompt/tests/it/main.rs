//! Tests of the renderer with the vocabulary of a real model, and of the tokenizer with made-up ones.

mod render;
mod tokenizer;

use std::sync::LazyLock;

use prompt::{Renderer, Spec, Tokenizer, Vocabulary};

/// The vocabulary of SmolLM2-135M-Instruct, read from the model file itself.
static SMOLLM2: LazyLock<Vocabulary> = LazyLock::new(|| {
    let bytes = std::fs::read(testkit::models::cached("smollm2-135m-instruct")).unwrap();
    llm::Gguf::parse(bytes).unwrap().vocabulary().unwrap()
});

/// The renderer as every job builds it.
static RENDERER: LazyLock<Renderer> =
    LazyLock::new(|| Renderer::new(Spec::builtin().unwrap(), Tokenizer::new(&SMOLLM2).unwrap()).unwrap());

/// A vocabulary of the 256 bytes, one merge (`a b`) and the control tokens of ChatML.
fn bytes_only() -> Vocabulary {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut hidden = 0x100..;
    let mut tokens: Vec<String> = (0..=u8::MAX)
        .map(|byte| if printable(&byte) { u32::from(byte) } else { hidden.next().unwrap() })
        .map(|point| char::from_u32(point).unwrap().to_string())
        .collect();
    tokens.extend(["ab", "<|im_start|>", "<|im_end|>"].map(str::to_owned));
    Vocabulary {
        tokens,
        merges: vec![("a".to_owned(), "b".to_owned())],
        pre_tokenizer: "gpt-2".to_owned(),
        control: vec![257, 258],
        bos: None,
        eos: Some(258),
        add_bos: false,
    }
}
