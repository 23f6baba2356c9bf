//! Pseudonyms: viewers' names leave the texts before anything learns from them.

use std::collections::BTreeMap;

use ids::Platform;
use schemas::ChatMessage;

use crate::keyed;

/// A login of fewer characters is replaced only behind an `@`: it may well be a word.
const BARE: usize = 5;

/// Nobody's login is shorter; what is behind an `@` and shorter is no mention.
const MENTION: usize = 3;

/// The names of one broadcast's chat.
pub struct Names {
    key: String,
    platform: Platform,
    /// Lower-case login to pseudonym.
    logins: BTreeMap<String, String>,
    channel: String,
}

impl Names {
    /// The names that appear in `messages`. The channel's own name is public and stays.
    pub fn new(key: &str, platform: Platform, channel: &str, messages: &[ChatMessage]) -> Self {
        let senders =
            messages.iter().filter_map(|message| Some((message.user_login.as_ref()?, message.user_id.as_ref()?)));
        let logins = senders.map(|(login, id)| (login.to_lowercase(), pseudonym(key, platform, id)));
        Self { key: key.to_owned(), platform, logins: logins.collect(), channel: channel.to_lowercase() }
    }

    /// The pseudonym of the viewer with that id.
    pub fn author(&self, user_id: &str) -> String {
        pseudonym(&self.key, self.platform, user_id)
    }

    /// `text` as one visible line in which every name is a pseudonym: each `@mention`, and each login of this chat.
    pub fn clean(&self, text: &str) -> String {
        let text = prompt::normalise(text);
        let mut clean = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let mentioned = rest.strip_prefix('@').map(|behind| &behind[..run(behind, char::is_alphanumeric)]);
            if let Some(name) = mentioned.filter(|name| name.chars().count() >= MENTION) {
                clean.push('@');
                clean.push_str(&self.mention(name));
                rest = &rest[1 + name.len()..];
            } else if is_word(first) {
                let (word, behind) = rest.split_at(run(rest, |character| character.is_ascii_alphanumeric()));
                clean.push_str(self.bare(word));
                rest = behind;
            } else {
                clean.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        clean
    }

    fn mention(&self, name: &str) -> String {
        let login = name.to_lowercase();
        if login == self.channel {
            return name.to_owned();
        }
        // Somebody who is not in this chat has no id here; `@` keeps such names apart from ids.
        let stranger = || pseudonym(&self.key, self.platform, &format!("@{login}"));
        self.logins.get(&login).cloned().unwrap_or_else(stranger)
    }

    fn bare<'a>(&'a self, word: &'a str) -> &'a str {
        let login = word.to_lowercase();
        if word.len() < BARE || login == self.channel {
            return word;
        }
        self.logins.get(&login).map_or(word, String::as_str)
    }
}

fn pseudonym(key: &str, platform: Platform, id: &str) -> String {
    format!("viewer_{:06x}", keyed::number(key, &format!("{platform}/{id}")) >> 40)
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Length in bytes of the letters at the beginning of `text`.
fn run(text: &str, letter: impl Fn(char) -> bool) -> usize {
    text.find(|character| !letter(character) && character != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(login: &str, id: &str) -> ChatMessage {
        ChatMessage {
            message_id: login.into(),
            user_id: Some(id.into()),
            user_login: Some(login.into()),
            ..ChatMessage::plain(Platform::File, "v".parse().unwrap(), String::new())
        }
    }

    #[test]
    fn names_become_pseudonyms_and_words_stay() {
        let names = Names::new("key", Platform::File, "Doug", &[message("Bean_Wizard", "1"), message("kim", "2")]);
        let (wizard, kim) = (names.author("1"), names.author("2"));
        assert_eq!(wizard.len(), "viewer_000000".len());
        assert_ne!(wizard, kim);
        let check = |text: &str, expect: &str| assert_eq!(names.clean(text), expect, "{text}");
        check("  hi\u{200B} @bean_wizard! ", &format!("hi @{wizard}!"));
        check("BEAN_WIZARD lol", &format!("{wizard} lol"));
        check("bean_wizards beans", "bean_wizards beans");
        check("ask kim or @kim", &format!("ask kim or @{kim}"));
        check("@doug @Doug doug", "@doug @Doug doug");
        check("5 @ 3 @x", "5 @ 3 @x");
        check("äbean_wizardä", &format!("ä{wizard}ä"));
        let strange = names.clean("@somebody_else @日本語の名前");
        assert!(!strange.contains("somebody") && !strange.contains('日'), "{strange}");
        assert_eq!(names.clean("@Somebody_Else"), names.clean("@somebody_else"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(\\PC|@|bean_wizard| ){0,40}") {
            let names = Names::new("key", Platform::File, "doug", &[message("bean_wizard", "1")]);
            let clean = names.clean(&text).to_lowercase();
            let words: Vec<_> = clean.split(|c: char| !is_word(c)).collect();
            proptest::prop_assert!(!words.contains(&"bean_wizard"), "{}", clean);
        }
    }
}
