//! Rows and problems as bytes, for the time they wait in temporary files.

use ids::VodKey;
use schemas::{ChatMessage, Problem};

/// A value that can be written and read back.
pub(super) trait Wire: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);
    /// Takes the value from the front; `None` when it is cut off.
    fn get(from: &mut &[u8]) -> Option<Self>;
}

impl Wire for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
    fn get(from: &mut &[u8]) -> Option<Self> {
        let (value, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self::from_le_bytes(*value))
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn get(from: &mut &[u8]) -> Option<Self> {
        let (value, rest) = from.split_first()?;
        *from = rest;
        Some(*value == 1)
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
    fn get(from: &mut &[u8]) -> Option<Self> {
        text(from).map(str::to_owned)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn get(from: &mut &[u8]) -> Option<Self> {
        match bool::get(from)? {
            true => T::get(from).map(Some),
            false => Some(None),
        }
    }
}

impl Wire for Vec<String> {
    fn put(&self, out: &mut Vec<u8>) {
        put_length(self.len(), out);
        self.iter().for_each(|item| item.put(out));
    }
    fn get(from: &mut &[u8]) -> Option<Self> {
        (0..get_length(from)?).map(|_| String::get(from)).collect()
    }
}

/// Writes and reads the named fields of a row; platform and VOD are those of the whole file.
macro_rules! row {
    ($row:ident, $put:ident, $get:ident, $($field:ident),+) => {
        pub(super) fn $put(row: &$row, out: &mut Vec<u8>) {
            $( row.$field.put(out); )+
        }
        pub(super) fn $get(from: &mut &[u8], vod: &VodKey) -> Option<$row> {
            // In the order in which they were written.
            $( let $field = Wire::get(from)?; )+
            Some($row { platform: vod.platform, vod_id: vod.id.clone(), $( $field ),+ })
        }
    };
}
row!(
    ChatMessage,
    put_message,
    get_message,
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
row!(Problem, put_problem, get_problem, input, position, reason, detail, raw);

#[cfg(test)]
mod tests {
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
        assert_eq!(get_message(&mut bytes.as_slice(), &vod), Some(row));
        for length in 0..bytes.len() {
            assert_eq!(get_message(&mut &bytes[..length], &vod), None);
        }
    }
}
