//! A prompt from a VOD's own title and chat, so that names come out as its viewers write them.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ChatMessage;

/// So many viewers make a word one of the broadcast's, not of a viewer.
const USERS: usize = 3;

/// Most words taken.
const WORDS: usize = 40;

/// Most characters of the prompt: well below the 224 tokens that whisper.cpp keeps of it, of which the last ones.
const CHARACTERS: usize = 400;

/// The prompt, or nothing when neither title nor chat has any name.
///
/// A word counts when at least three viewers write it capitalised and more of them than write it in lower case: `Malenia`,
/// not `The`. More viewers come first, then the alphabet.
pub(crate) fn prompt(title: Option<&str>, chat: &[ChatMessage]) -> Option<String> {
    let mut written: BTreeMap<String, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for message in chat {
        let Some(user) = message.user_login.as_deref().or(message.user_id.as_deref()) else { continue };
        // The first word of a message is capitalised for its place.
        for word in message.text_without_emotes.split_whitespace().skip(1) {
            let word = word.trim_matches(|character: char| !character.is_alphanumeric());
            let letters = word.chars().filter(|character| character.is_alphabetic()).count();
            if letters >= 3 && letters == word.chars().count() {
                written.entry(word.to_lowercase()).or_default().entry(word).or_default().insert(user);
            }
        }
    }
    let mut names: Vec<(usize, &str)> = Vec::new();
    for (lower, forms) in &written {
        let plain = forms.get(lower.as_str()).map_or(0, BTreeSet::len);
        // Shouting is no name.
        let named = forms.iter().filter(|(form, _)| is_name(form));
        let Some((form, users)) = named.max_by_key(|(form, users)| (users.len(), std::cmp::Reverse(**form))) else {
            continue;
        };
        if users.len() >= USERS && users.len() > plain {
            names.push((users.len(), form));
        }
    }
    names.sort_by_key(|(users, form)| (std::cmp::Reverse(*users), *form));
    let title = title.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut prompt: String = title.chars().take(CHARACTERS / 2).collect();
    for (_, name) in names.into_iter().take(WORDS) {
        if prompt.chars().count() + name.chars().count() + 2 > CHARACTERS {
            break;
        }
        prompt.push_str(if prompt.is_empty() { "" } else { ", " });
        prompt.push_str(name);
    }
    (!prompt.is_empty()).then(|| prompt + ".")
}

/// Whether only the first letter is a capital.
fn is_name(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use ids::VodKey;

    use super::*;

    #[test]
    fn names_of_many_viewers_become_the_prompt() {
        let VodKey { platform, id } = "file/x".parse().unwrap();
        let mut ordinal = 0;
        let mut said = |user: &str, text: &str| {
            ordinal += 1;
            let mut message = ChatMessage::plain(platform, id.clone(), text.to_owned());
            message.ordinal = ordinal;
            message.user_login = Some(user.to_owned());
            message.text_without_emotes = text.to_owned();
            message
        };
        let mut chat = Vec::new();
        for user in ["ada", "bob", "cy", "di"] {
            chat.push(said(user, "fight Malenia! SHOUT the Boss"));
        }
        for user in ["ada", "bob", "cy"] {
            chat.push(said(user, "with Torrent, the boss"));
        }
        for _ in 0..9 {
            chat.push(said("ada", "my Alone word"));
            chat.push(said("di", "a boss"));
        }
        chat.push(said("di", "Malenia first and x Malenia"));
        let found = prompt(Some("Elden  Ring\nday 3"), &chat);
        assert_eq!(found.as_deref(), Some("Elden Ring day 3, Malenia, Torrent."));
        assert_eq!(prompt(None, &chat[..0]), None);
    }
}
