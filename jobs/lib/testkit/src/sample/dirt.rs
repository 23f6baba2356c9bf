//! Adds what the filters of a data set have to catch, each message labelled with why it is there.

use super::Error;
use super::chat::{Author, Draw};
use super::truth::{self, Kind};

/// Adds every kind of dirt to a chat that has its replies.
pub(super) fn add(draw: &mut Draw<'_>) -> Result<(), Error> {
    emotes(draw)?;
    bots(draw)?;
    spam(draw)?;
    let dirt = &draw.script.dirt;
    anytime(draw, &dirt.link, 4, Kind::Link)?;
    anytime(draw, &dirt.toxic, 4, Kind::Toxic)?;
    anytime(draw, &dirt.pii, 2, Kind::Pii)?;
    notices(draw);
    answers(draw, &dirt.injection, 2, Kind::Injection)?;
    answers(draw, &dirt.unicode, 6, Kind::Unicode)?;
    oddities(draw);
    Ok(())
}

/// Lines of emotes only, in answer to about half of the utterances.
fn emotes(draw: &mut Draw<'_>) -> Result<(), Error> {
    for (index, utterance) in draw.broadcast.utterance.iter().enumerate() {
        if draw.random.chance(55) {
            let times = draw.random.between(1, 3) as usize;
            let body = vec![draw.emote(&utterance.mood)?; times].join(" ");
            let author = Author::Viewer(draw.viewer());
            draw.answer(index, author, body, Kind::EmoteOnly);
        }
    }
    Ok(())
}

/// Bots on their own, and bots asked by a command: they answer within a second.
fn bots(draw: &mut Draw<'_>) -> Result<(), Error> {
    let dirt = &draw.script.dirt;
    for number in 0..4 {
        let (login, line) = nth(draw, &dirt.bot, number, "dirt.bot")?;
        let (at_ms, viewer) = (within(draw), draw.viewer());
        let body = line.replace("{u}", &draw.script.viewers.logins[viewer]);
        draw.say(at_ms, Author::Bot(login.clone()), body, Kind::Bot);
    }
    for (command, reply) in &dirt.command {
        let (at_ms, viewer) = (within(draw), draw.viewer());
        draw.say(at_ms, Author::Viewer(viewer), command.clone(), Kind::Command);
        let body = reply.replace("{u}", &draw.script.viewers.logins[viewer]);
        let at_ms = at_ms + draw.random.between(250, 900);
        draw.say(at_ms, Author::Bot("nightbot".to_owned()), body, Kind::BotReply);
    }
    Ok(())
}

/// One viewer with one line, and a wave of one text by many, two of whom change it a little.
fn spam(draw: &mut Draw<'_>) -> Result<(), Error> {
    let (start, viewer) = (within(draw), draw.viewer());
    for number in 0..6 {
        let at_ms = (start + number * 2_300 + draw.random.between(0, 400)).min(draw.timing.duration_ms - 500);
        draw.say(at_ms, Author::Viewer(viewer), draw.broadcast.spam.clone(), Kind::Repeat);
    }
    let start = draw.random.between(20_000, draw.timing.duration_ms - 25_000);
    let viewers = draw.viewers();
    for (number, viewer) in viewers.into_iter().take(6).enumerate() {
        let text = draw.broadcast.copypasta.clone();
        let body = match number {
            3 => text.to_lowercase(),
            5 => format!("{text} {}", draw.emote("hype")?),
            _ => text,
        };
        let at_ms = start + number as i64 * 1_500 + draw.random.between(0, 900);
        draw.say(at_ms, Author::Viewer(viewer), body, Kind::Copypasta);
    }
    Ok(())
}

/// `count` lines of a pool at any time; later broadcasts take later lines.
fn anytime(draw: &mut Draw<'_>, pool: &[String], count: usize, kind: Kind) -> Result<(), Error> {
    for number in 0..count {
        let body = nth(draw, pool, number, "dirt")?.clone();
        let (at_ms, viewer) = (within(draw), draw.viewer());
        draw.say(at_ms, Author::Viewer(viewer), body, kind);
    }
    Ok(())
}

/// `count` lines of a pool, each in answer to an utterance.
fn answers(draw: &mut Draw<'_>, pool: &[String], count: usize, kind: Kind) -> Result<(), Error> {
    for number in 0..count {
        let index = draw.random.below(draw.broadcast.utterance.len());
        let body = nth(draw, pool, number, "dirt")?.replace("{n}", &draw.broadcast.utterance[index].noun);
        let author = Author::Viewer(draw.viewer());
        draw.answer(index, author, body, kind);
    }
    Ok(())
}

/// A renewed and a given subscription.
fn notices(draw: &mut Draw<'_>) {
    for notice in ["resub", "subgift"] {
        let (at_ms, viewer, other) = (within(draw), draw.viewer(), draw.viewer());
        let logins = &draw.script.viewers.logins;
        let body = match notice {
            "resub" => format!("{} subscribed at Tier 1. They've subscribed for 7 months!", logins[viewer]),
            _ => format!("{} gifted a Tier 1 sub to {}!", logins[viewer], logins[other]),
        };
        let truth = truth::Message { kind: Kind::Notice, utterance: None, lag_ms: None };
        draw.push(at_ms, Author::Viewer(viewer), body, Some(notice), truth);
    }
}

/// A reply without an author, a reply the file has twice, and a message after the end.
fn oddities(draw: &mut Draw<'_>) {
    let index = draw.random.below(draw.broadcast.utterance.len());
    let body = format!("{} forever", draw.broadcast.utterance[index].noun);
    draw.answer(index, Author::Gone, body, Kind::NullCommenter);
    let replies: Vec<_> = draw.messages.iter().filter(|message| message.truth.kind == Kind::Reply).cloned().collect();
    let twice = draw.random.pick(&replies).clone();
    draw.messages.push(twice);
    let (at_ms, viewer) = (draw.timing.duration_ms + 20_000, draw.viewer());
    draw.say(at_ms, Author::Viewer(viewer), draw.script.dirt.late.clone(), Kind::Late);
}

/// Some time the media covers.
fn within(draw: &mut Draw<'_>) -> i64 {
    draw.random.between(2_000, draw.timing.duration_ms - 1_500)
}

/// An item of a pool, going around; each broadcast begins elsewhere, so that pools are used up evenly.
fn nth<'a, T>(draw: &Draw<'_>, pool: &'a [T], number: usize, name: &str) -> Result<&'a T, Error> {
    let before = draw.script.broadcast.iter().take_while(|broadcast| broadcast.id != draw.broadcast.id).count();
    pool.get((before * 4 + number) % pool.len().max(1)).ok_or_else(|| Error::Empty(name.to_owned()))
}
