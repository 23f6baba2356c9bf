//! Finds where JSON values begin and end, without building them: the stream below every reader of exports.
//!
//! Strings and brackets are followed exactly, everything else is left to whoever parses the value. So one bad message
//! stays one bad message, a value that nobody wants costs no memory, and depth costs no stack. Comments and trailing
//! commas, which TwitchDownloader's reader allows, are left out of what is kept.

use std::fmt::Display;
use std::io::{self, Read};
use std::path::Path;

use super::draft::Reject;
use super::error::ChatError;

/// Deepest nesting inside one element.
const DEEPEST: u32 = 64;

/// Longest string inside one element, bytes: 1 MiB.
const LONGEST_STRING: usize = 1 << 20;

/// Largest element, bytes: 4 MiB.
pub(super) const LARGEST_ELEMENT: usize = 4 << 20;

/// What a value is besides its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shape {
    too_large: bool,
    too_deep: bool,
    string_too_long: bool,
    /// A line that ends inside of its value, or goes on behind it.
    broken: bool,
}

impl Shape {
    /// The same, for a line that goes on behind its value.
    pub(super) fn broken(self) -> Self {
        Self { broken: true, ..self }
    }

    /// Refuses a value beyond a limit. Of one that is too large only the beginning was kept.
    pub(super) fn check(self) -> Result<(), Reject> {
        match self {
            Self { too_large: true, .. } => {
                Err(Reject::new("too_large", format!("the element has more than {LARGEST_ELEMENT} bytes")))
            }
            Self { too_deep: true, .. } => {
                Err(Reject::new("too_deep", format!("the element is nested deeper than {DEEPEST}")))
            }
            Self { string_too_long: true, .. } => {
                Err(Reject::new("string_too_long", format!("a string has more than {LONGEST_STRING} bytes")))
            }
            Self { broken: true, .. } => {
                Err(Reject::new(Reject::MALFORMED, "the line is not one whole JSON value".to_owned()))
            }
            Self { .. } => Ok(()),
        }
    }
}

/// A position in a stream of JSON text.
pub(super) struct Scanner<'path, R> {
    source: R,
    path: &'path Path,
    buffer: Box<[u8]>,
    /// The part of the buffer that was not consumed yet.
    start: usize,
    end: usize,
    /// Bytes before the buffer.
    before: u64,
    line: u64,
    /// Position of the first byte of the line.
    line_start: u64,
    /// Whether a line's end ends a value, whatever is open.
    lines: bool,
}

impl<'path, R: Read> Scanner<'path, R> {
    /// At the beginning of `source`; `path` is its name in errors.
    pub(super) fn new(source: R, path: &'path Path) -> Self {
        let buffer = vec![0; 1 << 16].into_boxed_slice();
        Self { source, path, buffer, start: 0, end: 0, before: 0, line: 1, line_start: 0, lines: false }
    }

    /// From here on every line is a value of its own.
    pub(super) fn one_value_a_line(&mut self) {
        self.lines = true;
    }

    /// The file's name.
    pub(super) fn path(&self) -> &'path Path {
        self.path
    }

    /// What was not consumed yet, read on if that is nothing; empty only at the end.
    fn available(&mut self) -> Result<&[u8], ChatError> {
        if self.start == self.end {
            self.before += self.end as u64;
            (self.start, self.end) = (0, 0);
            self.end = loop {
                match self.source.read(&mut self.buffer) {
                    Ok(count) => break count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(source) => return Err(ChatError::Read { path: self.path.to_owned(), source }),
                }
            };
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    /// The next byte, not consumed.
    fn peek(&mut self) -> Result<Option<u8>, ChatError> {
        Ok(self.available()?.first().copied())
    }

    /// Consumes the byte that was peeked.
    fn advance(&mut self, byte: u8) {
        self.start += 1;
        if byte == b'\n' {
            self.line += 1;
            self.line_start = self.before + self.start as u64;
        }
    }

    /// The next byte that is neither white space nor in a comment, not consumed.
    pub(super) fn next(&mut self) -> Result<Option<u8>, ChatError> {
        while let Some(byte) = self.peek()? {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.advance(byte),
                b'/' if !self.lines => {
                    self.advance(byte);
                    self.comment()?;
                }
                _ => return Ok(Some(byte)),
            }
        }
        Ok(None)
    }

    /// Consumes a comment after its first slash.
    fn comment(&mut self) -> Result<(), ChatError> {
        const EXPECTED: &str = "a value";
        let kind = self.peek()?;
        let block = match kind {
            Some(b'/') => false,
            Some(b'*') => true,
            _ => return Err(self.unexpected("the second '/' or '*' of a comment")),
        };
        let mut star = false;
        if block {
            self.advance(b'*');
        }
        while let Some(byte) = self.peek()? {
            self.advance(byte);
            if byte == b'\n' && !block || byte == b'/' && block && star {
                return Ok(());
            }
            star = byte == b'*';
        }
        if block { Err(self.unexpected(EXPECTED)) } else { Ok(()) }
    }

    /// Consumes the rest of the line. False when there was something on it.
    pub(super) fn end_of_line(&mut self) -> Result<bool, ChatError> {
        let mut blank = true;
        while let Some(byte) = self.peek()? {
            self.advance(byte);
            if byte == b'\n' {
                break;
            }
            blank &= matches!(byte, b' ' | b'\t' | b'\r');
        }
        Ok(blank)
    }

    /// Consumes the next byte that is not white space if it is `wanted`.
    pub(super) fn accept(&mut self, wanted: u8) -> Result<bool, ChatError> {
        let found = self.next()? == Some(wanted);
        if found {
            self.advance(wanted);
        }
        Ok(found)
    }

    /// Consumes the next byte that is not white space, which has to be `wanted`.
    pub(super) fn expect(&mut self, wanted: u8, expected: &str) -> Result<(), ChatError> {
        if self.accept(wanted)? { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// The error of finding something else than `expected` here.
    pub(super) fn unexpected(&mut self, expected: &str) -> ChatError {
        let found = match self.peek() {
            Err(error) => return error,
            Ok(None) => "the file ends".to_owned(),
            Ok(Some(byte)) if byte.is_ascii_graphic() => format!("{:?}", char::from(byte)),
            Ok(Some(byte)) => format!("byte 0x{byte:02x}"),
        };
        ChatError::Syntax {
            path: self.path.to_owned(),
            line: self.line,
            column: (self.before + self.start as u64).saturating_sub(self.line_start) + 1,
            found,
            expected: expected.to_owned(),
        }
    }

    /// Consumes the next value and appends its bytes to `out`, up to the largest element.
    pub(super) fn keep(&mut self, out: &mut Vec<u8>, what: &dyn Display) -> Result<Shape, ChatError> {
        self.value(Some(out), what)
    }

    /// Consumes the next value, whatever its size.
    pub(super) fn skip(&mut self, what: &str) -> Result<(), ChatError> {
        self.value(None, &what).map(drop)
    }

    fn value(&mut self, mut out: Option<&mut Vec<u8>>, what: &dyn Display) -> Result<Shape, ChatError> {
        let mut shape = Shape::default();
        let (mut depth, mut kinds) = (0_u32, 0_u64);
        match self.next()? {
            Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {}
            _ if self.lines => {
                shape.broken = true;
                return self.broken_line(out, shape);
            }
            _ => return Err(self.unexpected(&what.to_string())),
        }
        loop {
            let available = self.available()?;
            let plain = available.iter().position(|byte| means(*byte, depth == 0)).unwrap_or(available.len());
            let byte = available.get(plain).copied();
            append(out.as_deref_mut(), available.get(..plain).unwrap_or_default(), &mut shape);
            self.start += plain;
            let Some(byte) = byte else {
                if self.peek()?.is_some() {
                    continue;
                }
                return match depth {
                    0 => Ok(shape),
                    _ if self.lines => Ok(Shape { broken: true, ..shape }),
                    _ => Err(self.unexpected(&format!("the end of {what}"))),
                };
            };
            match byte {
                b'"' => {
                    if !self.string(out.as_deref_mut(), &mut shape, what)? {
                        return self.broken_line(out, shape);
                    }
                    if depth == 0 {
                        return Ok(shape);
                    }
                    continue;
                }
                b'{' | b'[' => {
                    // One bit tells the kind of bracket. Beyond the limit the element is refused anyway.
                    if depth < DEEPEST {
                        kinds = kinds & !(1 << depth) | u64::from(byte == b'{') << depth;
                    }
                    depth += 1;
                    shape.too_deep |= depth > DEEPEST;
                }
                b'}' | b']' if depth == 0 => return Ok(shape),
                b'}' | b']' => {
                    depth -= 1;
                    if depth < DEEPEST && (kinds >> depth & 1 == 1) != (byte == b'}') {
                        if self.lines {
                            return self.broken_line(out, shape);
                        }
                        return Err(self.unexpected(&format!("another bracket in {what}")));
                    }
                    without_last_comma(out.as_deref_mut());
                }
                b'\n' if self.lines && depth > 0 => return Ok(Shape { broken: true, ..shape }),
                b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return Ok(shape),
                b'/' if !self.lines => {
                    self.advance(byte);
                    if matches!(self.peek()?, Some(b'/' | b'*')) {
                        self.comment()?;
                        append(out.as_deref_mut(), b" ", &mut shape);
                    } else {
                        append(out.as_deref_mut(), b"/", &mut shape);
                    }
                    continue;
                }
                _ => {}
            }
            self.advance(byte);
            append(out.as_deref_mut(), &[byte], &mut shape);
            if depth == 0 && matches!(byte, b'}' | b']') {
                return Ok(shape);
            }
            if depth == u32::MAX {
                return Err(self.unexpected(&format!("the end of {what}")));
            }
        }
    }

    /// Consumes a string with both its quotes. False when its line ends before it does and lines are values.
    fn string(
        &mut self,
        mut out: Option<&mut Vec<u8>>,
        shape: &mut Shape,
        what: &dyn Display,
    ) -> Result<bool, ChatError> {
        self.start += 1;
        append(out.as_deref_mut(), b"\"", shape);
        let mut length = 0_usize;
        let mut escaped = false;
        let lines = self.lines;
        loop {
            let available = self.available()?;
            if available.is_empty() {
                return if lines { Ok(false) } else { Err(self.unexpected(&format!("the end of a string in {what}"))) };
            }
            // After a backslash one byte is taken whatever it is.
            let stops = |byte: &u8| matches!(byte, b'"' | b'\\') || lines && *byte == b'\n';
            let plain = match escaped && !(lines && available.first() == Some(&b'\n')) {
                true => 1,
                false => available.iter().position(stops).unwrap_or(available.len()),
            };
            let stop = available.get(plain).copied().filter(|_| !escaped);
            if lines && available.get(plain) == Some(&b'\n') {
                append(out.as_deref_mut(), available.get(..plain).unwrap_or_default(), shape);
                self.start += plain;
                return Ok(false);
            }
            let count = plain + usize::from(stop.is_some());
            append(out.as_deref_mut(), available.get(..count).unwrap_or_default(), shape);
            self.start += count;
            escaped = stop == Some(b'\\');
            length = length.saturating_add(count);
            shape.string_too_long |= length > LONGEST_STRING + 1;
            if stop == Some(b'"') {
                return Ok(true);
            }
        }
    }

    /// Keeps the rest of a line that is no value.
    fn broken_line(&mut self, mut out: Option<&mut Vec<u8>>, mut shape: Shape) -> Result<Shape, ChatError> {
        shape.broken = true;
        while let Some(byte) = self.peek()?.filter(|byte| *byte != b'\n') {
            self.advance(byte);
            append(out.as_deref_mut(), &[byte], &mut shape);
        }
        Ok(shape)
    }
}

/// Whether a byte outside of strings says where a value ends.
fn means(byte: u8, at_depth_0: bool) -> bool {
    match byte {
        b'"' | b'{' | b'}' | b'[' | b']' | b'/' | b'\n' => true,
        b',' | b' ' | b'\t' | b'\r' => at_depth_0,
        _ => false,
    }
}

/// Takes away the comma before a closing bracket, if something stands before it.
fn without_last_comma(out: Option<&mut Vec<u8>>) {
    let Some(out) = out else { return };
    let mut rest = out.iter().enumerate().rev().filter(|(_, byte)| !byte.is_ascii_whitespace());
    if let (Some((at, b',')), Some((_, before))) = (rest.next(), rest.next())
        && !matches!(before, b',' | b'[' | b'{' | b':')
    {
        out.truncate(at);
    }
}

/// Appends `bytes` within the limit.
fn append(out: Option<&mut Vec<u8>>, bytes: &[u8], shape: &mut Shape) {
    let Some(out) = out else { return };
    if out.len() + bytes.len() > LARGEST_ELEMENT {
        shape.too_large = true;
    } else if !shape.too_large {
        out.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value of the array in `text`.
    fn values(text: &str) -> Result<Vec<(String, Shape)>, String> {
        let mut scanner = Scanner::new(text.as_bytes(), Path::new("x.json"));
        let mut found = Vec::new();
        let mut all = || {
            scanner.expect(b'[', "'['")?;
            while !scanner.accept(b']')? {
                let mut out = Vec::new();
                let shape = scanner.keep(&mut out, &"a value")?;
                found.push((String::from_utf8(out).expect("text"), shape));
                if !scanner.accept(b',')? {
                    scanner.expect(b']', "',' or ']'")?;
                    break;
                }
            }
            Ok(())
        };
        all().map_err(|error: ChatError| error.to_string()).map(|()| found)
    }

    #[test]
    fn values_are_cut_where_they_end() {
        let texts = r#" [ {"a":[1,{"b":"]}\"\\"}]} , "x,]" ,-1.5e3,true,null , [] ,{}, ] "#;
        let found: Vec<_> = values(texts).unwrap().into_iter().map(|(text, _)| text).collect();
        assert_eq!(found, [r#"{"a":[1,{"b":"]}\"\\"}]}"#, r#""x,]""#, "-1.5e3", "true", "null", "[]", "{}"]);
    }

    #[test]
    fn values_that_do_not_end_are_told_with_their_place() {
        for (text, expect) in [
            ("[{\"a\":1", "line 1, column 8: the file ends where the end of a value was expected"),
            ("[\n \"a", "line 2, column 4: the file ends where the end of a string in a value was expected"),
            ("[{\"a\":[1}]", "column 9: '}' where another bracket in a value was expected"),
            ("[1 2]", "column 4: '2' where ']'"),
            ("[,]", "column 2: ',' where a value"),
            ("[\u{1}]", "column 2: byte 0x01 where a value"),
            ("", "line 1, column 1: the file ends where '['"),
        ] {
            let error = values(text).unwrap_err().replace("',' or ']'", "']'");
            assert!(error.contains(expect), "{text}: {error}");
        }
    }

    #[test]
    fn limits_mark_a_value_and_do_not_end_the_file() {
        let deep = |depth: usize| format!("[{}{},1]", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(values(&deep(64)).unwrap()[0].1, Shape::default());
        let found = values(&deep(65)).unwrap();
        assert!(found[0].1.too_deep && found[1].0 == "1");
        assert!(values(&deep(200_000)).unwrap()[0].1.too_deep);

        let long = |length: usize| format!("[\"{}\",1]", "x".repeat(length));
        assert_eq!(values(&long(LONGEST_STRING)).unwrap()[0].1, Shape::default());
        assert!(values(&long(LONGEST_STRING + 1)).unwrap()[0].1.string_too_long);
        let found = values(&long(LARGEST_ELEMENT)).unwrap();
        assert!(found[0].1.too_large && found[0].0.len() <= LARGEST_ELEMENT && found[1].0 == "1");
    }
}
