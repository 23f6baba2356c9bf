//! Rows and problems as bytes, for the time they wait in temporary files.

use schemas::{ChatMessage, Problem};

/// A row as it is put together: its numbers, and all its texts in a row, so that one check of them is enough.
#[derive(Default)]
pub(super) struct Writer {
    numbers: Vec<u8>,
    texts: String,
}

/// A row as it is taken apart.
struct Reader<'row> {
    numbers: &'row [u8],
    texts: &'row str,
}

/// A value that can be written and read back.
trait Wire {
    /// Appends the value.
    fn put(&self, to: &mut Writer);
    /// Becomes the value at the front; `None` when it is cut off. Memory that the old value had is used again: millions
    /// of rows pass through one.
    fn fill(&mut self, from: &mut Reader<'_>) -> Option<()>;
}

impl Writer {
    /// Appends the row to `out` and begins another.
    fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&length(self.numbers.len()));
        out.extend_from_slice(&self.numbers);
        out.extend_from_slice(self.texts.as_bytes());
        self.numbers.clear();
        self.texts.clear();
    }
}

impl<'row> Reader<'row> {
    fn of(row: &'row [u8]) -> Option<Self> {
        let (numbers, texts) = halves(row)?;
        Some(Self { numbers, texts: std::str::from_utf8(texts).ok()? })
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.numbers.split_first_chunk()?;
        self.numbers = rest;
        Some(*bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.bytes()?)).ok()
    }

    fn text(&mut self) -> Option<&'row str> {
        let (text, rest) = self.texts.split_at_checked(self.length()?)?;
        self.texts = rest;
        Some(text)
    }
}

/// A length that fits, for nothing here is larger than an element.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

/// The numbers and the texts of a row.
fn halves(row: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = row.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// The first text of a row that begins with one.
pub(super) fn first_text(row: &[u8]) -> Option<&[u8]> {
    let (numbers, texts) = halves(row)?;
    texts.get(..usize::try_from(u32::from_le_bytes(*numbers.first_chunk()?)).ok()?)
}

impl Wire for i64 {
    fn put(&self, to: &mut Writer) {
        to.numbers.extend_from_slice(&self.to_le_bytes());
    }
    fn fill(&mut self, from: &mut Reader<'_>) -> Option<()> {
        *self = Self::from_le_bytes(from.bytes()?);
        Some(())
    }
}

impl Wire for bool {
    fn put(&self, to: &mut Writer) {
        to.numbers.push(u8::from(*self));
    }
    fn fill(&mut self, from: &mut Reader<'_>) -> Option<()> {
        *self = from.bytes()? == [1];
        Some(())
    }
}

impl Wire for String {
    fn put(&self, to: &mut Writer) {
        to.numbers.extend_from_slice(&length(self.len()));
        to.texts.push_str(self);
    }
    fn fill(&mut self, from: &mut Reader<'_>) -> Option<()> {
        self.clear();
        self.push_str(from.text()?);
        Some(())
    }
}

impl<T: Wire + Default> Wire for Option<T> {
    fn put(&self, to: &mut Writer) {
        self.is_some().put(to);
        if let Some(value) = self {
            value.put(to);
        }
    }
    fn fill(&mut self, from: &mut Reader<'_>) -> Option<()> {
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
    fn put(&self, to: &mut Writer) {
        to.numbers.extend_from_slice(&length(self.len()));
        self.iter().for_each(|item| item.put(to));
    }
    fn fill(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let length = from.length()?;
        self.truncate(length);
        self.iter_mut().try_for_each(|item| item.fill(from))?;
        for _ in self.len()..length {
            self.push(from.text()?.to_owned());
        }
        Some(())
    }
}

/// Writes and reads the named fields of a row; platform and VOD are those of the whole file.
macro_rules! row {
    ($row:ident, $put:ident, $fill:ident, $($field:ident),+) => {
        /// Appends a row; `writer` is only there to be used again.
        pub(super) fn $put(row: &$row, writer: &mut Writer, out: &mut Vec<u8>) {
            $( row.$field.put(writer); )+
            writer.finish(out);
        }
        /// Makes `row` the one in `bytes`; `None` when that is cut off.
        pub(super) fn $fill(row: &mut $row, bytes: &[u8]) -> Option<()> {
            let from = &mut Reader::of(bytes)?;
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
        put_message(&row, &mut Writer::default(), &mut bytes);
        assert_eq!(first_text(&bytes), Some(&b"a"[..]));
        let empty = ChatMessage::plain(vod.platform, vod.id.clone(), String::new());
        // What was there before does not show.
        let full = ChatMessage {
            badges: vec!["x".into(), "y".into(), "z".into()],
            user_id: Some("before".into()),
            created_at_us: Some(7),
            ..empty.clone()
        };
        for mut before in [empty, full] {
            assert_eq!(fill_message(&mut before, &bytes), Some(()));
            assert_eq!(before, row);
            for length in 0..bytes.len() {
                assert_eq!(fill_message(&mut before, &bytes[..length]), None);
            }
        }
    }
}
