//! How the next token is chosen from its logits.

use rand::RngCore;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::error::RunError;
use crate::numerics::exp;

/// Settings of one generation. Filters apply in the order of the fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Divides logits that are positive and multiplies those that are not, for every token seen so far
    /// (Keskar et al. 2019); 1 is off.
    pub repetition_penalty: f32,
    /// 0 takes the likeliest token; 1 samples from the model's own distribution.
    pub temperature: f32,
    /// Keeps this many likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the likeliest tokens until their probabilities reach this sum; 1 keeps all.
    pub top_p: f32,
    /// Keeps tokens with at least this share of the likeliest one's probability; 0 keeps all.
    pub min_p: f32,
    /// Seeds the draws; the same seed gives the same tokens.
    pub seed: u64,
    /// Most tokens to generate.
    pub max_tokens: usize,
    /// Tokens that end the generation and are not part of it.
    pub stop: Vec<u32>,
}

impl Sampling {
    /// The temperature of replies when none is asked for, the same where they are judged and where they are served.
    pub const TEMPERATURE: f32 = 0.8;
    /// The share of probability replies are drawn from when none is asked for, likewise.
    pub const TOP_P: f32 = 0.95;

    /// Always the likeliest token.
    pub fn greedy(max_tokens: usize, stop: Vec<u32>) -> Sampling {
        Sampling {
            repetition_penalty: 1.0,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed: 0,
            max_tokens,
            stop,
        }
    }

    fn check(&self) -> Result<(), RunError> {
        let refuse = |name, found, expected| Err(RunError::Sampling { name, found, expected });
        if !(self.temperature >= 0.0 && self.temperature <= 100.0) {
            return refuse("temperature", self.temperature, "use a number from 0 to 100");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return refuse("top_p", self.top_p, "use a number above 0 and up to 1");
        }
        if !(self.min_p >= 0.0 && self.min_p <= 1.0) {
            return refuse("min_p", self.min_p, "use a number from 0 to 1");
        }
        if !(self.repetition_penalty >= 0.1 && self.repetition_penalty <= 10.0) {
            return refuse("repetition_penalty", self.repetition_penalty, "use a number from 0.1 to 10");
        }
        Ok(())
    }
}

/// The state of one generation's choices.
pub(crate) struct Sampler<'a> {
    settings: &'a Sampling,
    random: ChaCha8Rng,
}

impl<'a> Sampler<'a> {
    pub(crate) fn new(settings: &'a Sampling) -> Result<Sampler<'a>, RunError> {
        settings.check()?;
        Ok(Sampler { settings, random: ChaCha8Rng::seed_from_u64(settings.seed) })
    }

    /// Chooses a token. `seen` are the tokens before it, prompt included.
    pub(crate) fn choose(&mut self, mut logits: Vec<f32>, seen: &[u32]) -> Result<u32, RunError> {
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(RunError::NotFinite);
        }
        self.penalise(&mut logits, seen);
        if self.settings.temperature == 0.0 {
            // The first of equals, as every greedy decoder does.
            let best = logits.iter().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
            return Ok(best.map_or(0, |(id, _)| id as u32));
        }
        let candidates = self.candidates(&logits);
        let total: f64 = candidates.iter().map(|candidate| candidate.1).sum();
        let mut left = (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * total;
        for &(id, weight) in &candidates {
            if left < weight {
                return Ok(id);
            }
            left -= weight;
        }
        // Rounding may leave a crumb; the likeliest token takes it.
        Ok(candidates.first().map_or(0, |candidate| candidate.0))
    }

    fn penalise(&self, logits: &mut [f32], seen: &[u32]) {
        let penalty = self.settings.repetition_penalty;
        if penalty == 1.0 {
            return;
        }
        let mut seen = seen.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for id in seen {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    /// Tokens that may be drawn with their unnormalised probabilities, likeliest first.
    fn candidates(&self, logits: &[f32]) -> Vec<(u32, f64)> {
        let mut order: Vec<u32> = (0..logits.len() as u32).collect();
        let by_logit = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b));
        if self.settings.top_k > 0 && self.settings.top_k < order.len() {
            order.select_nth_unstable_by(self.settings.top_k - 1, by_logit);
            order.truncate(self.settings.top_k);
        }
        order.sort_unstable_by(by_logit);
        let largest = order.first().map_or(0.0, |&id| logits[id as usize]);
        let weight = |id: u32| f64::from(exp((logits[id as usize] - largest) / self.settings.temperature));
        let mut candidates: Vec<(u32, f64)> = order.into_iter().map(|id| (id, weight(id))).collect();
        let total: f64 = candidates.iter().map(|candidate| candidate.1).sum();
        let mut kept = 0.0;
        let enough = candidates.iter().position(|candidate| {
            kept += candidate.1;
            kept >= total * f64::from(self.settings.top_p)
        });
        candidates.truncate(enough.map_or(candidates.len(), |last| last + 1));
        let least = f64::from(self.settings.min_p);
        candidates.retain(|candidate| candidate.1 >= least);
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling() -> Sampling {
        Sampling { temperature: 1.0, ..Sampling::greedy(1, Vec::new()) }
    }

    fn drawn(settings: &Sampling, logits: &[f32], seen: &[u32]) -> Vec<u32> {
        let mut sampler = Sampler::new(settings).expect("settings");
        let mut out: Vec<u32> = (0..200).map(|_| sampler.choose(logits.to_vec(), seen).expect("finite")).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    #[test]
    fn each_filter_keeps_what_it_says() {
        let logits = [3.0, 2.9, 2.0, 1.9, -1.0];
        let check = |settings: Sampling, seen: &[u32], expect: &[u32]| {
            assert_eq!(drawn(&settings, &logits, seen), expect, "{settings:?}");
        };
        check(Sampling { temperature: 0.0, ..sampling() }, &[], &[0]);
        check(Sampling { top_k: 2, ..sampling() }, &[], &[0, 1]);
        check(Sampling { top_p: 0.6, ..sampling() }, &[], &[0, 1]);
        check(Sampling { min_p: 0.3, ..sampling() }, &[], &[0, 1, 2, 3]);
        check(Sampling { temperature: 0.0, repetition_penalty: 2.0, ..sampling() }, &[0, 0], &[1]);
    }

    #[test]
    fn draws_follow_the_distribution_and_repeat_with_the_seed() {
        let settings = sampling();
        let logits = [0.0, 1.0_f32.ln(), 3.0_f32.ln()];
        let draw = || {
            let mut sampler = Sampler::new(&settings).expect("settings");
            (0..5000).map(|_| sampler.choose(logits.to_vec(), &[]).expect("finite")).collect::<Vec<_>>()
        };
        let first = draw();
        assert_eq!(first, draw());
        let share = first.iter().filter(|&&id| id == 2).count() as f64 / first.len() as f64;
        assert!((share - 0.6).abs() < 0.03, "{share}");
    }

    #[test]
    fn settings_out_of_range_and_broken_logits_are_refused() {
        for settings in [
            Sampling { temperature: -1.0, ..sampling() },
            Sampling { temperature: f32::NAN, ..sampling() },
            Sampling { top_p: 0.0, ..sampling() },
            Sampling { min_p: 1.5, ..sampling() },
            Sampling { repetition_penalty: 0.0, ..sampling() },
        ] {
            assert!(Sampler::new(&settings).is_err(), "{settings:?}");
        }
        let settings = sampling();
        let mut sampler = Sampler::new(&settings).expect("settings");
        assert!(sampler.choose(vec![0.0, f32::NAN], &[]).is_err());
    }
}
