//! Draws a broadcast's chat: replies in one consistent style, a known lag after what they answer.

use std::collections::BTreeSet;

use super::script::{self, Script};
use super::truth::{self, Kind};
use super::{Error, Timing, dirt};
use crate::random::Random;

/// How far a single reply strays from the broadcast's lag.
const JITTER_MS: i64 = 600;

/// One message, before it takes an export's shape.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) at_ms: i64,
    pub(super) author: Author,
    pub(super) body: String,
    /// The platform's name of the notice this message belongs to.
    pub(super) notice: Option<&'static str>,
    pub(super) truth: truth::Message,
}

/// Who wrote a message.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Author {
    /// Index into the script's logins.
    Viewer(usize),
    /// A bot's login.
    Bot(String),
    /// An account that is gone.
    Gone,
}

/// A chat under construction.
pub(super) struct Draw<'a> {
    pub(super) script: &'a Script,
    pub(super) broadcast: &'a script::Broadcast,
    pub(super) timing: &'a Timing,
    pub(super) random: Random,
    pub(super) messages: Vec<Message>,
}

/// The chat of one broadcast in order of time. `given` holds the texts of all replies so far.
pub(super) fn draw(
    script: &Script,
    broadcast: &script::Broadcast,
    timing: &Timing,
    given: &mut BTreeSet<String>,
) -> Result<Vec<Message>, Error> {
    let random = Random::new(broadcast.seed);
    let mut draw = Draw { script, broadcast, timing, random, messages: Vec::new() };
    for (index, utterance) in broadcast.utterance.iter().enumerate() {
        draw.replies(index, utterance, given)?;
    }
    draw.chatter();
    dirt::add(&mut draw)?;
    let mut messages = draw.messages;
    messages.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
    Ok(messages)
}

/// Ids two messages have.
pub(super) fn duplicated(messages: &[Message]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    messages.iter().filter(|message| !seen.insert(&message.id)).map(|message| message.id.clone()).collect()
}

impl Draw<'_> {
    /// Answers to one utterance: two or three lines of its own, the rest from the templates of its mood.
    fn replies(
        &mut self,
        index: usize,
        utterance: &script::Utterance,
        given: &mut BTreeSet<String>,
    ) -> Result<(), Error> {
        let mut own: Vec<&String> = utterance.says.iter().collect();
        let mut shared: Vec<&String> = [&utterance.mood, "any"]
            .into_iter()
            .map(|list| self.script.templates.get(list).ok_or_else(|| Error::Empty(format!("templates.{list}"))))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        self.random.shuffle(&mut own);
        self.random.shuffle(&mut shared);
        own.truncate(self.random.between(2, 3) as usize);
        shared.truncate(self.random.between(5, 8) as usize);
        let mut viewers = self.viewers();
        for template in own.into_iter().chain(shared) {
            let plain = template.replace("{n}", &utterance.noun);
            let body = self.decorate(plain, &utterance.mood)?;
            if given.insert(body.clone()) {
                let author = viewers.pop().map_or(Author::Gone, Author::Viewer);
                self.answer(index, author, body, Kind::Reply);
            }
        }
        Ok(())
    }

    /// Puts an emote after about a third of the replies, and before a few.
    fn decorate(&mut self, text: String, mood: &str) -> Result<String, Error> {
        let emote = self.emote(mood)?;
        Ok(match self.random.below(100) {
            0..35 => format!("{text} {emote}"),
            35..43 => format!("{emote} {text}"),
            _ => text,
        })
    }

    pub(super) fn emote(&self, mood: &str) -> Result<String, Error> {
        self.script.emotes.get(mood).cloned().ok_or_else(|| Error::Empty(format!("emotes.{mood}")))
    }

    /// Harmless lines that answer nothing, most of them before there is anything to answer.
    fn chatter(&mut self) {
        let mut lines: Vec<&String> = self.script.viewers.chatter.iter().collect();
        self.random.shuffle(&mut lines);
        for (number, line) in lines.into_iter().take(6).enumerate() {
            let end = if number < 4 { 5_500 } else { self.timing.duration_ms };
            let at_ms = self.random.between(400, end);
            let viewer = self.viewer();
            self.say(at_ms, Author::Viewer(viewer), line.clone(), Kind::Chatter);
        }
    }

    /// All viewers in a random order.
    pub(super) fn viewers(&mut self) -> Vec<usize> {
        let mut viewers: Vec<usize> = (0..self.script.viewers.logins.len()).collect();
        self.random.shuffle(&mut viewers);
        viewers
    }

    /// Any viewer.
    pub(super) fn viewer(&mut self) -> usize {
        self.random.below(self.script.viewers.logins.len())
    }

    /// A message that answers utterance `index` after the broadcast's lag.
    pub(super) fn answer(&mut self, index: usize, author: Author, body: String, kind: Kind) {
        let lag_ms = self.broadcast.lag_ms + self.random.jitter(JITTER_MS);
        let at_ms = self.timing.utterances[index].noun_ms + lag_ms;
        let truth = truth::Message { kind, utterance: Some(index), lag_ms: Some(lag_ms) };
        self.push(at_ms, author, body, None, truth);
    }

    /// A message that answers nothing.
    pub(super) fn say(&mut self, at_ms: i64, author: Author, body: String, kind: Kind) {
        self.push(at_ms, author, body, None, truth::Message { kind, utterance: None, lag_ms: None });
    }

    pub(super) fn push(
        &mut self,
        at_ms: i64,
        author: Author,
        body: String,
        notice: Option<&'static str>,
        truth: truth::Message,
    ) {
        let (high, low) = (self.random.next(), self.random.next());
        let id = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0xfff,
            low & 0xffff_ffff_ffff
        );
        self.messages.push(Message { id, at_ms, author, body, notice, truth });
    }
}
