//! Renders a served prompt again the way training does, with a renderer of its own, and compares token by token.

use prompt::{Context, PromptError, Rendered, Renderer};

/// A renderer made from the stored base file for this purpose only: whatever happened to the one that serves cannot have
/// happened to it.
pub struct Shadow {
    renderer: Renderer,
}

/// What the comparison gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parity {
    /// It was not made.
    Unchecked,
    /// Every token is the same.
    Equal,
    /// The prompts part; says where and how.
    Differs(String),
}

impl Shadow {
    /// Checks against `renderer`.
    pub fn new(renderer: Renderer) -> Self {
        Self { renderer }
    }

    /// Compares `served` with what training would have shown for `context` and `reply`.
    pub fn check(&self, context: &Context, reply: Option<&str>, served: &Rendered) -> Parity {
        // A refusal has no reply, and a masked one can be longer than training takes; any reply shows the prompt.
        let example = match self.renderer.example(context, reply.unwrap_or(".")) {
            Err(PromptError::EmptyReply | PromptError::ReplyTooLong { .. }) => self.renderer.example(context, "."),
            other => other,
        };
        match example {
            Ok(example) => compare(&served.ids, example.prompt_ids()),
            Err(error) => Parity::Differs(format!("training cannot render it: {error}")),
        }
    }
}

fn compare(served: &[u32], training: &[u32]) -> Parity {
    let length = served.len().max(training.len());
    match (0..length).find(|&at| served.get(at) != training.get(at)) {
        None => Parity::Equal,
        Some(at) => {
            let token = |ids: &[u32]| ids.get(at).map_or_else(|| "nothing".to_owned(), |id| format!("token {id}"));
            Parity::Differs(format!("at {at}: served {}, training has {}", token(served), token(training)))
        }
    }
}

impl Parity {
    /// Whether the comparison was made.
    pub fn checked(&self) -> bool {
        *self != Self::Unchecked
    }

    /// Whether the prompts part.
    pub fn mismatch(&self) -> bool {
        matches!(self, Self::Differs(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_told() {
        let check = |served: &[u32], training: &[u32], expect: &str| match compare(served, training) {
            Parity::Equal => assert_eq!(expect, ""),
            Parity::Differs(how) => assert_eq!(how, expect),
            Parity::Unchecked => panic!("it was compared"),
        };
        check(&[1, 2], &[1, 2], "");
        check(&[1, 2], &[1, 3], "at 1: served token 2, training has token 3");
        check(&[1], &[1, 3], "at 1: served nothing, training has token 3");
        check(&[1, 2], &[], "at 0: served token 1, training has nothing");
    }
}
