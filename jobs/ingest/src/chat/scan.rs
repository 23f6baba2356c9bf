//! Finds where JSON values begin and end, without building them: the stream below every reader of exports.
//!
//! Strings and brackets are followed exactly, everything else is left to whoever parses the value. So one bad message
//! stays one bad message, a value that nobody wants costs no memory, and depth costs no stack. Comments and trailing
//! commas, which TwitchDownloader's reader allows, are left out of what is kept.

use std::fmt::Display;
use std::io::BufRead;
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
    /// A line within the limits of which only the end was looked for: [`line`] tells whether it is one value.
    unread: bool,
}

impl Shape {
    /// Whether [`line`] has something to say about it.
    pub(super) fn is_unread(self) -> bool {
        self.unread
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
    /// How much of what the source has at hand was consumed.
    start: usize,
    /// Bytes before that.
    before: u64,
    line: u64,
    /// Position of the first byte of the line.
    line_start: u64,
    /// Whether a line's end ends a value, whatever is open.
    lines: bool,
}

impl<'path, R: BufRead> Scanner<'path, R> {
    /// At the beginning of `source`; `path` is its name in errors.
    pub(super) fn new(source: R, path: &'path Path) -> Self {
        Self { source, path, start: 0, before: 0, line: 1, line_start: 0, lines: false }
    }

    /// From here on every line is a value of its own.
    pub(super) fn one_value_a_line(&mut self) {
        self.lines = true;
    }

    /// The file's name.
    pub(super) fn path(&self) -> &'path Path {
        self.path
    }

    /// What is at hand and was not consumed yet; more is read when that is nothing, and it is empty only at the end.
    fn available(&mut self) -> Result<&[u8], ChatError> {
        let read = |source| ChatError::Read { path: self.path.to_owned(), source };
        if self.source.fill_buf().map_err(read)?.len() == self.start {
            self.before += self.start as u64;
            self.source.consume(std::mem::take(&mut self.start));
        }
        let at_hand = self.source.fill_buf().map_err(read)?;
        Ok(at_hand.get(self.start..).unwrap_or_default())
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

    /// Consumes the next value; its bytes, which may lie in `out`, up to the largest element.
    pub(super) fn keep<'bytes>(
        &'bytes mut self,
        out: &'bytes mut Vec<u8>,
        what: &dyn Display,
    ) -> Result<(&'bytes [u8], Shape), ChatError> {
        out.clear();
        self.next()?;
        let lines = self.lines;
        let available = self.available()?;
        let found = if lines { short_line(available) } else { plain(available) };
        let Some(Plain { length, newlines, line_start }) = found else {
            let shape = self.value(Some(out), what)?;
            let shape = if lines { self.rest_of_line(out, shape)? } else { shape };
            return Ok((out, shape));
        };
        let from = self.start;
        self.start += length;
        if newlines > 0 {
            self.line += newlines;
            self.line_start = self.before + (from + line_start) as u64;
        }
        let read = |source| ChatError::Read { path: self.path.to_owned(), source };
        let at_hand = self.source.fill_buf().map_err(read)?;
        Ok((at_hand.get(from..self.start).unwrap_or_default(), Shape { unread: lines, ..Shape::default() }))
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

    /// Keeps what is on the line behind its value, which there should be nothing of.
    fn rest_of_line(&mut self, out: &mut Vec<u8>, shape: Shape) -> Result<Shape, ChatError> {
        let end = out.len();
        let broken = self.broken_line(Some(out), shape)?;
        let blank = out.get(end..).unwrap_or_default().trim_ascii_start().is_empty();
        out.truncate(out.trim_ascii_end().len());
        Ok(if blank { shape } else { broken })
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

/// An object or list that lies whole in a buffer and has nothing unusual in it.
struct Plain {
    /// Bytes.
    length: usize,
    newlines: u64,
    /// Where its last line begins.
    line_start: usize,
}

/// The value that `bytes` begin with, if all of it is plain. Nearly every element is, and is found here without a copy;
/// what is not is left to [`Scanner::value`], which knows every case.
fn plain(bytes: &[u8]) -> Option<Plain> {
    if !matches!(bytes.first(), Some(b'{' | b'[')) {
        return None;
    }
    let (mut at, mut depth, mut kinds) = (0, 0_u32, 0_u64);
    let (mut newlines, mut line_start) = (0, 0);
    // The last byte that is no white space.
    let mut last = 0;
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        match byte {
            b'"' => {
                let from = at;
                loop {
                    at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
                    if bytes.get(at) == Some(&b'"') {
                        break;
                    }
                    // The byte after a backslash, whatever it is.
                    at += 2;
                }
                if at - from > LONGEST_STRING {
                    return None;
                }
                at += 1;
            }
            b'{' | b'[' => {
                if depth == DEEPEST {
                    return None;
                }
                kinds = kinds & !(1 << depth) | u64::from(byte == b'{') << depth;
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if (kinds >> depth & 1 == 1) != (byte == b'}') || last == b',' {
                    return None;
                }
                if depth == 0 {
                    return Some(Plain { length: at, newlines, line_start });
                }
            }
            b'\n' => {
                newlines += 1;
                line_start = at;
                continue;
            }
            b' ' | b'\t' | b'\r' => continue,
            b'/' => return None,
            _ => {}
        }
        last = byte;
    }
}

/// The rest of the line that `bytes` begin with, if it is an object or list that is within the limits whatever is in it:
/// a short line has no long string, and few brackets are not deep.
fn short_line(bytes: &[u8]) -> Option<Plain> {
    let line = bytes.get(..memchr::memchr(b'\n', bytes)?)?.trim_ascii_end();
    // The two opening brackets differ in this bit alone.
    let opens = |byte: &u8| u32::from(byte | 0x20 == b'{');
    let fits = line.len() <= LONGEST_STRING && line.iter().map(opens).sum::<u32>() <= DEEPEST;
    (fits && matches!(line.first(), Some(b'{' | b'['))).then_some(Plain {
        length: line.len(),
        newlines: 0,
        line_start: 0,
    })
}

/// The value of an unread line without what is superfluous in it, and what it is besides.
pub(super) fn line(text: &str) -> Result<(Vec<u8>, Shape), ChatError> {
    let mut scanner = Scanner::new(text.as_bytes(), Path::new("a line"));
    scanner.one_value_a_line();
    let mut out = Vec::new();
    let shape = scanner.value(Some(&mut out), &"a line")?;
    let shape = scanner.rest_of_line(&mut out, shape)?;
    Ok((out, shape))
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
    use std::io::BufReader;

    use super::*;

    /// Every value of the array in `text`.
    fn values(text: &str) -> Result<Vec<(String, Shape)>, String> {
        let found = values_of(text.as_bytes());
        // No value is whole in a buffer of one byte, so none is plain there. Of a large one only the beginning is kept.
        let told = |found: &Result<Vec<(String, Shape)>, String>| {
            let text = |(text, shape): &(String, Shape)| (*shape, (!shape.too_large).then(|| text.clone()));
            found.as_ref().map(|found| found.iter().map(text).collect::<Vec<_>>()).map_err(String::clone)
        };
        assert_eq!(told(&found), told(&values_of(BufReader::with_capacity(1, text.as_bytes()))));
        found
    }

    fn values_of(source: impl BufRead) -> Result<Vec<(String, Shape)>, String> {
        let mut scanner = Scanner::new(source, Path::new("x.json"));
        let mut found = Vec::new();
        let mut all = || {
            scanner.expect(b'[', "'['")?;
            while !scanner.accept(b']')? {
                let mut out = Vec::new();
                let (bytes, shape) = scanner.keep(&mut out, &"a value")?;
                found.push((String::from_utf8(bytes.to_vec()).expect("text"), shape));
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
            ("[{\n\"a\":1\n}, [2\n 3}", "line 4, column 3: '}' where another bracket in a value"),
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

    /// Every line of `source`; those that were not read are read.
    fn lines_of(source: impl BufRead) -> Vec<(String, Shape)> {
        let mut scanner = Scanner::new(source, Path::new("x.jsonl"));
        scanner.one_value_a_line();
        let (mut found, mut out) = (Vec::new(), Vec::new());
        while scanner.next().unwrap().is_some() {
            let (bytes, shape) = scanner.keep(&mut out, &"a line").unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let (bytes, shape) = if shape.is_unread() { line(&text).unwrap() } else { (text.into_bytes(), shape) };
            found.push((String::from_utf8(bytes).unwrap(), shape));
            assert!(scanner.end_of_line().unwrap());
        }
        found
    }

    #[test]
    fn a_line_is_the_same_whether_it_lies_whole_in_a_buffer_or_not() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let long = |length: usize| format!(r#"["{}"]"#, "x".repeat(length));
        let whole = [r#"{"a":"}\n"}"#, r#"[[1,"\\"],{}]"#, &deep(64), &long(LONGEST_STRING)].map(str::to_owned);
        let broken = [r#"{"a":1} {"b":2}"#, r#"{"a":1} x"#, r#"{"a"#, "[1", "[1}", "]", r#"["\"#].map(str::to_owned);
        let all =
            [whole.as_slice(), &broken, &[r#"{"a":[1,],}"#.to_owned(), deep(65), long(LONGEST_STRING + 1)]].concat();
        let text = all.iter().map(|line| format!(" {line}\t\r\n\n")).collect::<String>();
        let found = lines_of(text.as_bytes());
        let slowly = lines_of(BufReader::with_capacity(1, text.as_bytes()));
        for (at, line) in all.iter().enumerate() {
            assert!(found[at] == slowly[at], "{}", &line[..line.len().min(80)]);
        }
        assert_eq!([found.len(), slowly.len()], [all.len(); 2]);
        for (line, (text, shape)) in whole.iter().zip(&found) {
            assert!(text == line && *shape == Shape::default(), "{}: {shape:?}", &line[..line.len().min(80)]);
        }
        let (_, rest) = found.split_at(whole.len());
        for (line, (text, shape)) in broken.iter().zip(rest) {
            assert!(text == line && shape.broken, "{text}: {shape:?}");
        }
        let (_, [comma, deep, long]) = rest.split_at(broken.len()) else { panic!("{rest:?}") };
        assert_eq!(comma, &(r#"{"a":[1]}"#.to_owned(), Shape::default()));
        assert!(deep.1.too_deep && long.1.string_too_long);
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
