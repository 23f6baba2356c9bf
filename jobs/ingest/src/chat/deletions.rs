//! Which messages moderators took away, for captures that tell.

use std::collections::HashMap;

use schemas::ChatMessage;

use super::draft::{Deletion, Target};
use super::seen;

/// All deletions of a file.
#[derive(Default)]
pub(super) struct Deletions {
    messages: HashMap<u128, i64>,
    /// Ids and logins in 16 bytes each, as [`seen::short`] has them: in a file they may be of any length.
    senders: HashMap<u128, Vec<i64>>,
    everyone: Vec<i64>,
}

impl Deletions {
    /// Takes one more.
    pub(super) fn note(&mut self, deletion: Deletion) {
        let at_ms = deletion.at_ms.unwrap_or(i64::MAX);
        match deletion.target {
            Target::Message(id) => {
                let known = self.messages.entry(seen::short(&id)).or_insert(at_ms);
                *known = at_ms.min(*known);
            }
            Target::Sender(who) => self.senders.entry(seen::short(&who)).or_default().push(at_ms),
            Target::Everything => self.everyone.push(at_ms),
        }
    }

    /// Has to come after the last one was noted.
    pub(super) fn sort(&mut self) {
        self.senders.values_mut().for_each(|times| times.sort_unstable());
        self.everyone.sort_unstable();
    }

    /// When `row`, sent at `sent_ms`, was taken away.
    pub(super) fn of(&self, row: &ChatMessage, sent_ms: i64) -> Option<i64> {
        if self.messages.is_empty() && self.senders.is_empty() && self.everyone.is_empty() {
            return None;
        }
        let first = |times: &Vec<i64>| times.get(times.partition_point(|at_ms| *at_ms < sent_ms)).copied();
        let sent_by = |who: &str| (!self.senders.is_empty()).then(|| self.senders.get(&seen::short(who)))?;
        let sender = |who: &Option<String>| first(sent_by(&who.as_deref()?.to_lowercase())?);
        let message = self.messages.get(&seen::short(&row.message_id)).copied();
        // Ids keep their case, logins do not.
        let by_id = row.user_id.as_ref().and_then(|id| first(sent_by(id)?));
        let all = [message, by_id, sender(&row.user_id), sender(&row.user_login), first(&self.everyone)];
        all.into_iter().flatten().min()
    }
}
