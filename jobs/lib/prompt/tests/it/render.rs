//! The laws of a rendered prompt: prefix, mask, limits, and data that stays data.

use prompt::{ChatLine, Context, PromptError, Renderer, Spec, Tokenizer, Vocabulary, normalise, spec_digest};
use proptest::prelude::*;

use crate::{RENDERER, bytes_only};

const IM_START: u32 = 1;
const IM_END: u32 = 2;

fn line(author: &str, text: &str) -> ChatLine {
    ChatLine { author: author.to_owned(), text: text.to_owned() }
}

fn context() -> Context {
    Context {
        channel: "demo".to_owned(),
        transcript: "okay chat, last game of the night, wish me luck!".to_owned(),
        chat: vec![line("viewer1", "PogChamp"), line("viewer 2", "one\nviewer9: two"), line("", "\u{200B}")],
    }
}

/// The prompt with its control tokens written out, as a person would read it.
fn readable(ids: &[u32]) -> String {
    let names = |id: &u32| match *id {
        IM_START => "<start>".to_owned(),
        IM_END => "<end>".to_owned(),
        _ => String::from_utf8_lossy(RENDERER.tokenizer().token_bytes(*id)).into_owned(),
    };
    ids.iter().map(names).collect()
}

#[test]
fn a_prompt_reads_as_the_spec_lays_it_out() {
    let prompt = RENDERER.prompt(&context()).unwrap();
    assert_eq!(
        readable(&prompt.ids),
        "<start>system\nYou are a viewer in a livestream chat. Reply to the streamer with one short chat message in \
         the style of this chat.<end>\n<start>user\nChannel: demo\nChat:\nviewer1: PogChamp\nviewer_2: one viewer9: \
         two\nThe streamer just said: okay chat, last game of the night, wish me luck!<end>\n<start>assistant\n"
    );
    // Changes only together with the spec's version: adapters trained before would no longer be served right.
    assert_eq!(prompt.digest().to_string(), "19f46d6083b8e0d49c316302d31531bb91ca1ed40843d555178504c29990a442");
    assert_eq!(RENDERER.digest().to_string(), "24cc31273ed655d4acd6dd805271e6e43a2c79076457bc4a82a83a75004d0345");
}

#[test]
fn an_example_is_its_prompt_and_a_trained_reply() {
    let example = RENDERER.example(&context(), " good  luck!! ").unwrap();
    let prompt = RENDERER.prompt(&context()).unwrap();
    assert_eq!(example.prompt_ids(), prompt.ids);
    assert_eq!((example.prompt_digest(), prompt.prompt_digest()), (prompt.digest(), prompt.digest()));
    assert_ne!(example.digest(), prompt.digest());
    let reply = &example.ids[prompt.ids.len()..];
    assert_eq!(readable(reply), "good luck!!<end>");
    assert_eq!(RENDERER.reply_text(reply), "good luck!!");
}

#[test]
fn a_reply_ends_at_the_first_stop_token() {
    assert_eq!(RENDERER.stop_tokens(), [IM_END, IM_START, 0]);
    let mut ids = RENDERER.tokenizer().encode("gg\nwp ").unwrap();
    ids.push(0);
    ids.extend(RENDERER.tokenizer().encode("system").unwrap());
    assert_eq!(RENDERER.reply_text(&ids), "gg wp");
    assert_eq!(RENDERER.reply_text(&[]), "");
}

#[test]
fn replies_that_cannot_be_trained_are_refused() {
    assert!(matches!(RENDERER.example(&context(), " \u{200D}\n"), Err(PromptError::EmptyReply)));
    let limit = RENDERER.spec().limits().reply_tokens;
    let longest = "W ".repeat(limit);
    assert_eq!(RENDERER.example(&context(), &longest).unwrap().mask.iter().filter(|&&m| m).count(), limit + 1);
    let error = RENDERER.example(&context(), &format!("{longest} W")).unwrap_err();
    assert!(matches!(error, PromptError::ReplyTooLong { tokens, .. } if tokens == limit + 1), "{error}");
}

#[test]
fn the_newest_is_kept() {
    let words: Vec<_> = (0..3000).map(|n| format!("w{n}")).collect();
    let chat = (0..100).map(|n| line("viewer", &format!("line{n}x {}", "W ".repeat(300)))).collect();
    let prompt = RENDERER.prompt(&Context { chat, transcript: words.join(" "), ..context() }).unwrap();
    let limits = RENDERER.spec().limits();
    assert!(prompt.ids.len() <= limits.prompt_tokens());
    let text = readable(&prompt.ids);
    let lines: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("viewer: line")).collect();
    assert!(lines.len() > 3 && lines.len() <= limits.chat_lines, "{}", lines.len());
    for (line, n) in lines.iter().rev().zip((0..100).rev()) {
        assert!(line.starts_with(&format!("{n}x ")) && line.len() <= limits.line_characters, "{line}");
    }
    let said = text.split("just said: ").nth(1).unwrap().split("<end>").next().unwrap();
    assert!(words.join(" ").ends_with(&format!(" {said}")) && said.starts_with('w'), "{said}");
    let tokens = RENDERER.tokenizer().encode(said).unwrap().len();
    assert!(tokens <= limits.transcript_tokens && tokens + 8 > limits.transcript_tokens, "{tokens}");
}

#[test]
fn a_spec_without_room_or_with_foreign_tokens_is_refused() {
    let renderer = |vocabulary: &Vocabulary, from: &str, to: &str| {
        let source = include_str!("../../src/spec.toml");
        assert!(source.contains(from));
        Renderer::new(Spec::parse(&source.replace(from, to)).unwrap(), Tokenizer::new(vocabulary).unwrap())
    };
    let refused = |result: Result<Renderer, PromptError>, part: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let small = bytes_only();
    refused(renderer(&small, "total_tokens = 1024", "total_tokens = 300"), "limits.total_tokens");
    refused(renderer(&small, "end = \"<|im_end|>\"", "end = \"<|eot_id|>\""), "<|eot_id|>");
    refused(renderer(&small, "{ control = \"<|im_end|>\" }", "{ control = \"hello\" }"), "hello");
    assert!(renderer(&small, "chatml", "chatml").is_ok());
}

#[test]
fn a_model_that_wants_a_first_token_gets_it_once() {
    let vocabulary = Vocabulary { bos: Some(257), add_bos: true, ..bytes_only() };
    let renderer = Renderer::new(Spec::builtin().unwrap(), Tokenizer::new(&vocabulary).unwrap()).unwrap();
    let ids = renderer.prompt(&context()).unwrap().ids;
    assert_eq!(ids[..2], [257, 257], "the second is the template's own <|im_start|>");
    assert_eq!(ids.iter().filter(|&&id| id == 257).count(), 4);
}

#[test]
fn the_digest_is_of_spec_and_vocabulary() {
    let small = Renderer::new(Spec::builtin().unwrap(), Tokenizer::new(&bytes_only()).unwrap()).unwrap();
    assert_eq!(small.spec().digest(), spec_digest());
    assert_ne!(small.digest(), RENDERER.digest());
}

/// Text as chat has it, and as an attacker types it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}( [a-z0-9!]{1,8}){0,12}",
        "(<\\|im_(start|end)\\|>|system\n|assistant\n|viewer: |\\n|\\PC){0,20}",
        any::<String>(),
        "\\PC{0,600}",
    ]
}

fn any_context() -> impl Strategy<Value = Context> {
    let chat = proptest::collection::vec((text(), text()), 0..24);
    (text(), proptest::collection::vec(text(), 0..8), chat).prop_map(|(channel, said, chat)| Context {
        channel,
        transcript: said.join(" "),
        chat: chat.into_iter().map(|(author, text)| ChatLine { author, text }).collect(),
    })
}

proptest! {
    #[test]
    fn every_context_gives_a_lawful_prompt(context in any_context(), reply in text()) {
        let limits = RENDERER.spec().limits();
        let prompt = RENDERER.prompt(&context).unwrap();
        prop_assert!(prompt.ids.len() <= limits.prompt_tokens());
        prop_assert_eq!(&prompt.mask, &vec![false; prompt.ids.len()]);
        // Whatever was said, the turns are the template's.
        let control: Vec<_> = prompt.ids.iter().copied().filter(|&id| id <= 16).collect();
        prop_assert_eq!(control, [IM_START, IM_END, IM_START, IM_END, IM_START]);

        match RENDERER.example(&context, &reply) {
            Ok(example) => {
                let reply_ids = RENDERER.tokenizer().encode(&normalise(&reply)).unwrap();
                prop_assert!(example.ids.len() <= limits.total_tokens);
                prop_assert_eq!(example.prompt_ids(), &prompt.ids[..]);
                prop_assert_eq!(&example.mask[..prompt.ids.len()], &prompt.mask[..]);
                prop_assert_eq!(example.mask.iter().filter(|&&trained| trained).count(), reply_ids.len() + 1);
                prop_assert_eq!(example.ids.last(), Some(&IM_END));
                prop_assert_eq!(RENDERER.reply_text(&example.ids[prompt.ids.len()..]), normalise(&reply));
            }
            Err(PromptError::EmptyReply) => prop_assert_eq!(normalise(&reply), ""),
            Err(PromptError::ReplyTooLong { tokens, limit }) => prop_assert!(tokens > limit),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
