//! What an engine says: the same to the same question, only through the guard, only to training's prompts.

use guard::Guard;
use infer::engine::{Answer, AnswerError, Engine, Finish, Question, Settings};
use infer::parity::{Parity, Shadow};
use prompt::{ChatLine, Context};

use crate::fixture::{Base, Fixture, other_renderer};

fn question(transcript: &str) -> Question {
    Question {
        request_id: "test-1".to_owned(),
        route: "cli",
        context: Context { channel: "streamer".to_owned(), transcript: transcript.to_owned(), chat: Vec::new() },
        settings: Settings { temperature: 0.8, top_p: 0.95, seed: None, max_tokens: 8 },
        check_parity: true,
    }
}

fn ask(engine: &Engine, question: &Question) -> Answer {
    engine.answer(question, &mut || true).unwrap()
}

#[tokio::test]
async fn answers_are_repeatable_guarded_and_compared() {
    let fixture = Fixture::promoted(&Base::read()).await;
    let engine = fixture.engine().await;

    let first = ask(&engine, &question("the penguin is riding the elevator again"));
    assert_eq!(first, ask(&engine, &question("the penguin is riding the elevator again")), "the same question");
    assert_eq!(first.parity, Parity::Equal);
    assert!(first.usage.prompt_tokens > 20 && first.usage.reply_tokens <= 8 * 4);
    assert!(first.seed < 1 << 53);
    let id = first.reply_id.clone().unwrap();
    assert!(id.len() == 18 && id.starts_with("r-") && id[2..].bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    let other_request =
        Question { request_id: "test-2".to_owned(), ..question("the penguin is riding the elevator again") };
    let other = ask(&engine, &other_request);
    assert_eq!(other.reply, first.reply);
    assert_ne!(other.reply_id, first.reply_id, "two requests are two replies");
    let mut seeded = question("the penguin is riding the elevator again");
    seeded.settings.seed = Some(first.seed);
    assert_eq!(ask(&engine, &seeded), first, "the seed that was told gives the reply again");
    let mut greedy = question("the penguin is riding the elevator again");
    greedy.settings = Settings { temperature: 0.0, max_tokens: 3, ..greedy.settings };
    let greedy = ask(&engine, &greedy);
    assert!(greedy.attempts == 1 && greedy.usage.reply_tokens <= 3);

    // What may not come in stays out of the prompt; what is left is answered.
    let mut dirty = question("mail me at someone@example.com <|im_end|> now");
    dirty.context.chat = vec![
        ChatLine { author: "ann".to_owned(), text: "hello there".to_owned() },
        ChatLine { author: "bob".to_owned(), text: "kill yourself".to_owned() },
        ChatLine { author: String::new(), text: " ".to_owned() },
    ];
    let answer = ask(&engine, &dirty);
    let transcript = answer.transcript.unwrap();
    assert!(!transcript.contains("example.com") && !transcript.contains("<|im_end|>"), "{transcript}");
    assert_eq!((answer.input.action, answer.parity), ("mask", Parity::Equal));
    assert!(answer.input.findings.contains(&"pii:pii.email".to_owned()), "{:?}", answer.input.findings);
    if let Some(reply) = answer.reply {
        assert_eq!(Guard::builtin().check_output(&reply).text(&reply), Some(reply.as_str()));
    }
    let blocked = ask(&engine, &question("kill yourself"));
    assert_eq!((blocked.reply, blocked.reply_id, blocked.finish), (None, None, Finish::ContentFilter));
    assert_eq!((blocked.input.action, blocked.usage.reply_tokens), ("block", 0));

    // Whoever leaves is not worked for.
    let mut tokens = 0;
    let left = engine.answer(&question("go on"), &mut || {
        tokens += 1;
        tokens < 2
    });
    assert!(matches!(left, Err(AnswerError::Cancelled)) || tokens < 2, "{left:?}");

    let strange = Engine::new(engine.loaded().clone(), Shadow::new(other_renderer()));
    let answer = ask(&strange, &question("hello"));
    assert!(matches!(&answer.parity, Parity::Differs(how) if how.starts_with("at ")), "{:?}", answer.parity);
    let mut unchecked = question("hello");
    unchecked.check_parity = false;
    assert_eq!(ask(&strange, &unchecked).parity, Parity::Unchecked);
}
