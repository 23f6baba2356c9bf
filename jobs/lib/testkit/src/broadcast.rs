//! Makes up broadcasts of any length whose truth is known, without their sound: a streamer who talks, and a chat that takes
//! up some of the words.

use crate::random::Random;

/// What to make up.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Seed of everything.
    pub seed: u64,
    /// Length, ms.
    pub duration_ms: i64,
    /// Messages a minute.
    pub rate: f64,
    /// How many of a hundred messages take up a word; the others are noise.
    pub echoing: usize,
    /// How many of a hundred noise messages are nothing but emotes.
    pub emotes: usize,
    /// Chat time less word time, ms.
    pub lag_ms: i64,
    /// How far a single message may be from that, ms.
    pub spread_ms: i64,
    /// Interruptions, in order of time.
    pub steps: Vec<Step>,
}

/// The stream was interrupted: from here on chat is later, or earlier, than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When, in media time, ms.
    pub at_ms: i64,
    /// How much longer it was away than the recording says, ms.
    pub away_ms: i64,
}

/// A broadcast that was made up.
#[derive(Debug, Clone)]
pub struct Broadcast {
    /// What is said, in order of time.
    pub words: Vec<Spoken>,
    /// What is written, in order of time.
    pub chat: Vec<Line>,
}

/// A spoken word. Times are ms of the media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// Number of the utterance it is in.
    pub utterance: usize,
    /// Its start.
    pub start_ms: i64,
    /// Its end.
    pub end_ms: i64,
    /// The word. One that chat takes up begins with `rare`.
    pub text: String,
}

/// A chat message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// When it was seen, in ms of the media and with the lag.
    pub at_ms: i64,
    /// What it says.
    pub text: String,
    /// Index of the word it takes up; `None` is noise.
    pub answers: Option<usize>,
}

impl Plan {
    /// A quarter of an hour with a chat of 20 messages a minute.
    pub fn new(seed: u64, lag_ms: i64) -> Self {
        let steps = Vec::new();
        Self { seed, duration_ms: 900_000, rate: 20.0, echoing: 35, emotes: 10, lag_ms, spread_ms: 1_500, steps }
    }

    /// The lag of a message that takes up a word said at this moment, ms.
    pub fn lag_at(&self, at_ms: i64) -> i64 {
        self.lag_ms + self.steps.iter().filter(|step| step.at_ms <= at_ms).map(|step| step.away_ms).sum::<i64>()
    }

    /// Makes it up.
    pub fn make(&self) -> Broadcast {
        let mut random = Random::new(self.seed);
        let words = self.speech(&mut random);
        let chat = self.chat(&words, &mut random);
        Broadcast { words, chat }
    }

    /// Sentences of 4 to 14 words with pauses between; every few words a rare one.
    fn speech(&self, random: &mut Random) -> Vec<Spoken> {
        let mut words = Vec::new();
        let (mut at, mut utterance) = (1_000, 0);
        while at < self.duration_ms - 5_000 {
            for _ in 0..random.between(4, 14) {
                let text = common_or_rare(random, 20);
                let end_ms = at + random.between(180, 449);
                words.push(Spoken { utterance, start_ms: at, end_ms, text });
                at = end_ms + 20;
            }
            utterance += 1;
            at += random.between(300, 6_000);
        }
        words
    }

    /// Messages at random times; an echoing one comes a reaction after one of the words.
    fn chat(&self, words: &[Spoken], random: &mut Random) -> Vec<Line> {
        let count = (self.duration_ms as f64 / 60_000.0 * self.rate) as usize;
        let taken_up: Vec<usize> = (0..words.len()).filter(|index| words[*index].text.starts_with("rare")).collect();
        let mut lines = Vec::with_capacity(count);
        while lines.len() < count {
            lines.push(if !taken_up.is_empty() && random.chance(self.echoing) {
                let answers = *random.pick(&taken_up);
                let word = &words[answers];
                let at_ms =
                    word.start_ms + self.lag_at(word.start_ms) + random.between(-self.spread_ms, self.spread_ms);
                Line { at_ms, text: format!("{} {}", common(random), word.text), answers: Some(answers) }
            } else {
                Line { at_ms: random.between(0, self.duration_ms - 1), text: self.noise(random), answers: None }
            });
        }
        lines.sort();
        lines
    }

    fn noise(&self, random: &mut Random) -> String {
        let count = random.between(1, 5) as usize;
        if random.chance(self.emotes) {
            return [*random.pick(&["KEKW", "LUL", "PogChamp"])].repeat(count).join(" ");
        }
        (0..count).map(|_| common_or_rare(random, 10)).collect::<Vec<_>>().join(" ")
    }
}

fn common_or_rare(random: &mut Random, rare_of_hundred: usize) -> String {
    if random.chance(rare_of_hundred) { format!("rare{:03}", skewed(random, 400)) } else { common(random) }
}

fn common(random: &mut Random) -> String {
    format!("so{}", ["and", "that", "just", "chat", "really", "going"][skewed(random, 6)])
}

/// A number below `end`, small ones more often: in any vocabulary some of the rare words are rarer than others.
fn skewed(random: &mut Random, end: usize) -> usize {
    let draw = random.below(1_000_000);
    (draw as u64 * draw as u64 * end as u64 / 1_000_000_000_000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_is_as_planned() {
        let steps = vec![Step { at_ms: 300_000, away_ms: 20_000 }, Step { at_ms: 600_000, away_ms: -5_000 }];
        let plan = Plan { steps, ..Plan::new(1, 7_000) };
        let made = plan.make();
        assert_eq!(made.chat.len(), 300);
        assert_eq!((plan.lag_at(299_999), plan.lag_at(300_000), plan.lag_at(899_999)), (7_000, 27_000, 22_000));
        assert!(made.words.windows(2).all(|pair| pair[0].end_ms < pair[1].start_ms));
        let answers: Vec<_> = made.chat.iter().filter_map(|line| Some((line, &made.words[line.answers?]))).collect();
        assert!((80..130).contains(&answers.len()), "{}", answers.len());
        for (line, word) in answers {
            assert!(line.text.ends_with(&word.text));
            assert!((line.at_ms - word.start_ms - plan.lag_at(word.start_ms)).abs() <= plan.spread_ms);
        }
        assert!(made.chat.iter().any(|line| line.text.starts_with("KEKW")));
    }
}
