//! Rows and problems as bytes, for the time they wait in temporary files.

use schemas::{ChatMessage, Problem};

/// A value that can be written and read back.
pub(super) trait Wire {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);
    /// Becomes the value at the front of `from`; `None` when it is cut off. Memory that the old value had is used again:
    /// millions of rows pass through one.
    fn fill(&mut self, from: &mut &[u8]) -> Option<()>;
}

impl Wire for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
    fn fill(&mut self, from: &mut &[u8]) -> Option<()> {
        *self = number(from)?;
        Some(())
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn fill(&mut self, from: &mut &[u8]) -> Option<()> {
        let (value, rest) = from.split_first()?;
        (*self, *from) = (*value == 1, rest);
        Some(())
    }
}

/// A length that fits, for nothing here is larger than an element.
fn put_length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn get_length(from: &mut &[u8]) -> Option<usize> {
    let (length, rest) = from.split_first_chunk()?;
    *from = rest;
    usize::try_from(u32::from_le_bytes(*length)).ok()
}

/// The number at the front.
pub(super) fn number(from: &mut &[u8]) -> Option<i64> {
    let (value, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(i64::from_le_bytes(*value))
}

/// The text at the front, where it lies.
pub(super) fn text<'bytes>(from: &mut &'bytes [u8]) -> Option<&'bytes str> {
    let length = get_length(from)?;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    std::str::from_utf8(text).ok()
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_length(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }
    fn fill(&mut self, from: &mut &[u8]) -> Option<()> {
        self.clear();
        self.push_str(text(from)?);
        Some(())
    }
}

impl<T: Wire + Default> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn fill(&mut self, from: &mut &[u8]) -> Option<()> {
        let mut is_some = false;
        is_some.fill(from)?;
        match is_some {
            true => self.get_or_insert_default().fill(from),
            false => {
                *self = None;
                Some(())
            }
        }
    }
}

impl Wire for Vec<String> {
    fn put(&self, out: &mut Vec<u8>) {
        put_length(self.len(), out);
        self.iter().for_each(|item| item.put(out));
    }
    fn fill(&mut self, from: &mut &[u8]) -> Option<()> {
        let length = get_length(from)?;
        self.truncate(length);
        self.iter_mut().try_for_each(|item| item.fill(from))?;
        for _ in self.len()..length {
            self.push(text(from)?.to_owned());
        }
        Some(())
    }
}

/// Writes and reads the named fields of a row; platform and VOD are those of the whole file.
macro_rules! row {
    ($row:ident, $put:ident, $fill:ident, $($field:ident),+) => {
        pub(super) fn $put(row: &$row, out: &mut Vec<u8>) {
            $( row.$field.put(out); )+
        }
        pub(super) fn $fill(row: &mut $row, from: &mut &[u8]) -> Option<()> {
            // In the order in which they were written.
            $( row.$field.fill(from)?; )+
            Some(())
        }
    };
}
row!(
    ChatMessage,
    put_message,
    fill_message,
    message_id,
    ordinal,
    offset_ms,
    restoration,
    offset_raw_ms,
    created_at_us,
    deleted_at_ms,
    user_id,
    user_login,
    display_name,
    user_color,
    text,
    emotes,
    text_without_emotes,
    fragments,
    fragment_emotes,
    badges,
    notice,
    system_text,
    reply_to,
    reply_to_login,
    is_action,
    bits
);
row!(Problem, put_problem, fill_problem, input, position, reason, detail, raw);

#[cfg(test)]
mod tests {
    use ids::VodKey;

    use super::*;

    #[test]
    fn rows_come_back_and_cut_ones_do_not() {
        let vod: VodKey = "file/x".parse().unwrap();
        let row = ChatMessage {
            message_id: "a".into(),
            offset_raw_ms: Some(-5),
            badges: vec![String::new(), "b/1".into()],
            is_action: true,
            bits: i64::MIN,
            ..ChatMessage::plain(vod.platform, vod.id.clone(), "caf\u{e9}".into())
        };
        let mut bytes = Vec::new();
        put_message(&row, &mut bytes);
        let empty = ChatMessage::plain(vod.platform, vod.id.clone(), String::new());
        // What was there before does not show.
        let full = ChatMessage {
            badges: vec!["x".into(), "y".into(), "z".into()],
            user_id: Some("before".into()),
            created_at_us: Some(7),
            ..empty.clone()
        };
        for mut before in [empty, full] {
            assert_eq!(fill_message(&mut before, &mut bytes.as_slice()), Some(()));
            assert_eq!(before, row);
            for length in 0..bytes.len() {
                assert_eq!(fill_message(&mut before, &mut &bytes[..length]), None);
            }
        }
    }
}
