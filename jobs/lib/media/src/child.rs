//! Runs one ffmpeg or ffprobe to its end, or ends it: bounded in time, never left behind.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::MediaError;

/// Lines of stderr that an error quotes.
const QUOTED_LINES: usize = 6;
/// Bytes of one stderr line that an error quotes.
const QUOTED_BYTES: usize = 300;
/// How long a program that closed its output may take to end.
const FAREWELL: Duration = Duration::from_secs(20);

/// A program, its arguments, and what bounds it.
pub(crate) struct Job<'a> {
    /// `ffmpeg` or `ffprobe`, for messages.
    pub(crate) tool: &'static str,
    /// Where the program is.
    pub(crate) program: &'a Path,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// The media file it works on, for messages.
    pub(crate) input: &'a Path,
    /// Longest time without a byte on stdout.
    pub(crate) silence: Duration,
}

/// A program that ended by itself.
pub(crate) struct Ended {
    /// Whether it ended well.
    pub(crate) good: bool,
    /// Lines it wrote to stderr.
    pub(crate) complaints: u64,
    /// The last of them.
    pub(crate) said: String,
}

/// Ends its program when it goes out of scope, whatever the way out, and takes its exit status, so that no zombie stays.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail only when the program is already gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Job<'_> {
    /// Runs the program, handing stdout to `sink` piece by piece; a sink that fails ends the program.
    pub(crate) fn run(self, mut sink: impl FnMut(&[u8]) -> Result<(), MediaError>) -> Result<Ended, MediaError> {
        let failed = |source| MediaError::Run { path: self.program.to_owned(), source };
        let child = Command::new(self.program)
            .args(&self.arguments)
            // FFREPORT would make ffmpeg write a log file of its own.
            .env_remove("FFREPORT")
            .env("AV_LOG_FORCE_NOCOLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut child = Reaped(child);
        let (Some(stdout), Some(stderr)) = (child.0.stdout.take(), child.0.stderr.take()) else {
            return Err(failed(std::io::Error::other("the program has no output pipes")));
        };
        let complaints = thread::spawn(move || listen(stderr));
        let pieces = pump(stdout);

        loop {
            match pieces.recv_timeout(self.silence) {
                Ok(Ok(piece)) => sink(&piece)?,
                Ok(Err(source)) => return Err(failed(source)),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return Err(self.stalled(self.silence)),
            }
        }
        let Some(status) = wait(&mut child.0, FAREWELL).map_err(failed)? else {
            return Err(self.stalled(FAREWELL));
        };
        let (complaints, said) = complaints.join().unwrap_or_default();
        Ok(Ended { good: status.success(), complaints, said })
    }

    fn stalled(&self, limit: Duration) -> MediaError {
        MediaError::Stalled { tool: self.tool, path: self.input.to_owned(), seconds: limit.as_secs() }
    }
}

/// Waits for the program's end, at most for `limit`.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Reads a pipe on a thread of its own, so that the receiver can time out; four pieces in flight bound the memory.
fn pump(mut pipe: impl Read + Send + 'static) -> Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(4);
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let piece = match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let last = piece.is_err();
            if sender.send(piece).is_err() || last {
                break;
            }
        }
    });
    receiver
}

/// Counts the lines of a pipe and keeps the last few, each cut to a bound: a hostile file can make ffmpeg talk forever.
fn listen(mut pipe: impl Read) -> (u64, String) {
    let (mut count, mut tail, mut line) = (0, VecDeque::new(), Vec::new());
    let mut buffer = vec![0; 1 << 14];
    let mut close = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line).trim().to_owned();
        line.clear();
        if !text.is_empty() {
            count += 1;
            tail.push_back(text);
            if tail.len() > QUOTED_LINES {
                tail.pop_front();
            }
        }
    };
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        for &byte in buffer.iter().take(read) {
            match byte {
                b'\n' | b'\r' => close(&mut line),
                _ if line.len() < QUOTED_BYTES => line.push(byte),
                _ => {}
            }
        }
    }
    close(&mut line);
    let said = tail.into_iter().collect::<Vec<_>>().join("; ");
    (count, if said.is_empty() { "it said nothing".to_owned() } else { said })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, silence: Duration) -> Job<'static> {
        Job {
            tool: "ffmpeg",
            program: Path::new("/bin/sh"),
            arguments: vec!["-c".into(), script.into()],
            input: Path::new("clip.mp4"),
            silence,
        }
    }

    #[test]
    fn a_silent_program_is_ended_and_reaped() {
        let mut pid = String::new();
        let job = shell("echo $$; exec sleep 60", Duration::from_millis(400));
        let error = job.run(|piece| {
            pid.push_str(&String::from_utf8_lossy(piece));
            Ok(())
        });
        assert!(matches!(error, Err(MediaError::Stalled { .. })), "{:?}", error.err());
        // A program that was ended but not waited for would still have its entry here.
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "process {pid} is still there");
    }

    #[test]
    fn a_failing_sink_ends_the_program_at_once() {
        let job = shell("yes", Duration::from_secs(60));
        let error = job.run(|_| Err(MediaError::NoAudio { path: "clip.mp4".into() }));
        assert!(matches!(error, Err(MediaError::NoAudio { .. })));
    }

    #[test]
    fn only_the_last_words_are_kept() {
        let job = shell("seq 1 1000 >&2; printf '%01000d' 7 >&2; exit 3", Duration::from_secs(60));
        let ended = job.run(|_| Ok(())).expect("the shell runs");
        assert!(!ended.good);
        assert_eq!(ended.complaints, 1001);
        assert!(ended.said.starts_with("996; 997; "), "{}", ended.said);
        assert!(ended.said.len() < 400, "{}", ended.said.len());
    }
}
