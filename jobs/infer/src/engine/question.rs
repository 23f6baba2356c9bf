//! What is asked of an engine.

use prompt::Context;

/// One request for a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The request's id; part of the reply's.
    pub request_id: String,
    /// Which way it came: `cli`, `reply` or `chat_completions`.
    pub route: &'static str,
    /// What the reply answers.
    pub context: Context,
    /// How the reply is drawn.
    pub settings: Settings,
    /// Whether the prompt is rendered again the way training does.
    pub check_parity: bool,
}

/// How a reply is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// 0 takes the likeliest token; 1 samples from the model's own distribution.
    pub temperature: f32,
    /// Keeps the likeliest tokens until their probabilities reach this sum.
    pub top_p: f32,
    /// Seeds the draws; from the prompt when not given.
    pub seed: Option<u64>,
    /// Most tokens; the prompt spec's own limit holds as well.
    pub max_tokens: usize,
}

impl Settings {
    /// The highest temperature; beyond it replies are noise.
    pub const MAX_TEMPERATURE: f32 = 2.0;

    /// The first setting that is out of range, as a sentence.
    pub fn problem(&self) -> Option<String> {
        let max = Self::MAX_TEMPERATURE;
        if !(0.0..=max).contains(&self.temperature) {
            return Some(format!("temperature is {}; use a number from 0 to {max}", self.temperature));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Some(format!("top_p is {}; use a number above 0 and up to 1", self.top_p));
        }
        if self.max_tokens == 0 {
            return Some("max_tokens is 0; ask for at least 1".to_owned());
        }
        None
    }
}

/// Whether a request is among the `share` (0 to 1) whose prompt is rendered again. The request's id decides, so that a
/// log alone tells which were.
pub fn is_shadowed(request_id: &str, share: f64) -> bool {
    let digest = ids::Digest::of(format!("dougpt shadow 1\n{request_id}\n").as_bytes());
    let mut first = [0; 4];
    first.copy_from_slice(&digest.as_bytes()[..4]);
    f64::from(u32::from_be_bytes(first)) < share * 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_met_and_its_ends_are_exact() {
        let shadowed = |share| (0..4000).filter(|n| is_shadowed(&format!("q-{n}"), share)).count();
        assert_eq!((shadowed(0.0), shadowed(1.0)), (0, 4000));
        let twentieth = shadowed(0.05);
        assert!((140..260).contains(&twentieth), "{twentieth}");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let good = Settings { temperature: 0.0, top_p: 1.0, seed: None, max_tokens: 1 };
        assert_eq!(good.problem(), None);
        for (settings, named) in [
            (Settings { temperature: f32::NAN, ..good }, "temperature"),
            (Settings { temperature: -0.1, ..good }, "temperature"),
            (Settings { temperature: 2.1, ..good }, "temperature"),
            (Settings { top_p: 0.0, ..good }, "top_p"),
            (Settings { top_p: f32::NAN, ..good }, "top_p"),
            (Settings { max_tokens: 0, ..good }, "max_tokens"),
        ] {
            assert!(settings.problem().is_some_and(|problem| problem.starts_with(named)), "{settings:?}");
        }
    }
}
