//! Puts the pieces of a message together: its text, its emotes, and the text without them.

use schemas::ChatMessage;

use super::draft::Reject;

/// Texts beyond this are not searched for emotes, bytes; chats allow a tenth of it.
pub(super) const LONGEST_MARKED: usize = 8192;

/// No message has more marked places.
pub(super) const MOST_MARKS: usize = 1000;

/// The pieces seen so far.
#[derive(Default)]
pub(super) struct Pieces {
    whole: String,
    without: String,
    emotes: Vec<String>,
    texts: Vec<String>,
    ids: Vec<String>,
}

impl Pieces {
    /// A piece of plain text.
    pub(super) fn plain(&mut self, text: &str) {
        self.whole.push_str(text);
        self.without.push_str(text);
        self.texts.push(text.to_owned());
        self.ids.push(String::new());
    }

    /// A piece that is drawn as an emote; one that lost its text has its id still.
    pub(super) fn emote(&mut self, text: &str, id: &str) {
        let name = match text.trim() {
            "" => id,
            name => name,
        };
        if !name.is_empty() {
            self.emotes.push(name.to_owned());
        }
        self.whole.push_str(text);
        self.texts.push(text.to_owned());
        self.ids.push(if id.is_empty() { name } else { id }.to_owned());
    }

    /// Cuts `text` at the emotes, given as id, first and last character. Places that make no sense are left out.
    pub(super) fn cut(text: &str, mut emotes: Vec<(String, usize, usize)>) -> Self {
        emotes.sort_by_key(|(_, first, _)| *first);
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (mut pieces, mut done) = (Self::default(), 0);
        for (id, first, last) in emotes {
            let place = ends.get(first).zip(last.checked_add(1).and_then(|end| ends.get(end)));
            if let Some((begin, end)) = place.filter(|(begin, end)| **begin >= done && begin < end) {
                if *begin > done {
                    pieces.plain(text.get(done..*begin).unwrap_or_default());
                }
                pieces.emote(text.get(*begin..*end).unwrap_or_default(), &id);
                done = *end;
            }
        }
        if done < text.len() {
            pieces.plain(text.get(done..).unwrap_or_default());
        }
        pieces
    }

    /// Whether there is no piece.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Fills in `row`. The text is `body`, or the pieces in a row when there is no body.
    pub(super) fn fill(self, body: Option<String>, row: &mut ChatMessage) -> Result<(), Reject> {
        row.text = body.unwrap_or(self.whole);
        // A notice says something without the sender's words, and so does an emote.
        if row.text.trim().is_empty() && self.emotes.is_empty() && row.notice.is_none() {
            return Err(Reject::new("empty_text", "the message has no text"));
        }
        // Taking out emotes leaves their spaces behind, so these are made single; a text without emotes stays as it is.
        row.text_without_emotes = match self.emotes.is_empty() {
            true => row.text.clone(),
            false => self.without.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        row.emotes = self.emotes;
        let one_plain = self.texts.len() == 1 && self.texts.first() == Some(&row.text);
        if self.ids.iter().any(|id| !id.is_empty()) || !(self.texts.is_empty() || one_plain) {
            (row.fragments, row.fragment_emotes) = (self.texts, self.ids);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_emotes_by_characters() {
        let cut = |text: &str, emotes: &[(&str, usize, usize)]| {
            let emotes = emotes.iter().map(|(id, first, last)| ((*id).to_owned(), *first, *last)).collect();
            let pieces = Pieces::cut(text, emotes);
            assert_eq!(pieces.whole, text);
            (pieces.texts, pieces.ids)
        };
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            cut("\u{e9}\u{1f600} Kappa x", &[("25", 3, 7)]),
            (list(&["\u{e9}\u{1f600} ", "Kappa", " x"]), list(&["", "25", ""]))
        );
        assert_eq!(cut("A B", &[("b", 2, 2), ("a", 0, 0)]), (list(&["A", " ", "B"]), list(&["a", "", "b"])));
        // Beyond the end, overlapping, backwards.
        for places in [[("x", 1, 9), ("y", 5, 4)], [("x", usize::MAX, usize::MAX), ("y", 9, 9)]] {
            assert_eq!(cut("abc", &places), (list(&["abc"]), list(&[""])));
        }
        assert_eq!(cut("abc", &[("x", 0, 1), ("y", 1, 2)]), (list(&["ab", "c"]), list(&["x", ""])));
    }
}
