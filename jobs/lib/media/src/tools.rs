//! Finds ffmpeg and ffprobe, and builds the arguments that every run of them shares.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use crate::child::{Ended, Job};
use crate::error::MediaError;

/// Containers that are opened. Playlists and anything that points at other files (hls, dash, concat, image sequences)
/// stay out, so that a file can only ever mean its own bytes.
const CONTAINERS: &str =
    "aac,ac3,aiff,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,ogg,w64,wav";
/// Largest single block ffmpeg may allocate.
const LARGEST_BLOCK: &str = "536870912";
/// Longest time a program may be silent on stdout.
const SILENCE: Duration = Duration::from_secs(120);

/// A working pair of ffmpeg and ffprobe.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    version: String,
}

impl Ffmpeg {
    /// Finds both programs: by `DOUGPT_FFMPEG` and `DOUGPT_FFPROBE`, else on PATH.
    pub fn find() -> Result<Ffmpeg, MediaError> {
        Ffmpeg::find_with(&|variable| env::var_os(variable))
    }

    /// The same, with an environment given by the caller.
    pub fn find_with(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Ffmpeg, MediaError> {
        let ffmpeg = locate("ffmpeg", "DOUGPT_FFMPEG", variable)?;
        let ffprobe = locate("ffprobe", "DOUGPT_FFPROBE", variable)?;
        version("ffprobe", "DOUGPT_FFPROBE", &ffprobe)?;
        let version = version("ffmpeg", "DOUGPT_FFMPEG", &ffmpeg)?;
        Ok(Ffmpeg { ffmpeg, ffprobe, version })
    }

    /// The release as ffmpeg states it, for manifests: another release may decode to other samples.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs ffprobe over one file.
    pub(crate) fn ffprobe(&self, input: &Path, questions: &[&str]) -> Result<(Ended, Vec<u8>), MediaError> {
        /// Far above any answer about one file's streams.
        const LONGEST_ANSWER: usize = 4 << 20;
        let mut arguments = vec![];
        arguments.extend(shared());
        arguments.extend(questions.iter().map(OsString::from));
        arguments.extend(source(input)?);
        let mut answer = Vec::new();
        let ended = self.job("ffprobe", input, arguments).run(|piece| {
            if answer.len() + piece.len() > LONGEST_ANSWER {
                let said = "its description is longer than 4 MiB".to_owned();
                return Err(MediaError::NotMedia { path: input.to_owned(), said });
            }
            answer.extend_from_slice(piece);
            Ok(())
        })?;
        Ok((ended, answer))
    }

    /// Runs ffmpeg over one file: `before` are options of the input, `after` say what to make of it.
    pub(crate) fn ffmpeg(
        &self,
        input: &Path,
        before: Vec<OsString>,
        after: Vec<OsString>,
        sink: impl FnMut(&[u8]) -> Result<(), MediaError>,
    ) -> Result<Ended, MediaError> {
        let mut arguments = vec!["-nostdin".into()];
        arguments.extend(shared());
        arguments.extend(["-threads", "1", "-flags:a", "+bitexact"].map(OsString::from));
        arguments.extend(before);
        arguments.push("-i".into());
        // ffprobe takes the input without -i, so the whitelists are put in front of it by `source`.
        let mut input_arguments = source(input)?;
        let name = input_arguments.pop().unwrap_or_default();
        let marker = arguments.len() - 1;
        arguments.splice(marker..marker, input_arguments);
        arguments.push(name);
        arguments.extend(after);
        self.job("ffmpeg", input, arguments).run(sink)
    }

    fn job<'a>(&'a self, tool: &'static str, input: &'a Path, arguments: Vec<OsString>) -> Job<'a> {
        let program = if tool == "ffmpeg" { &self.ffmpeg } else { &self.ffprobe };
        tracing::debug!(tool, ?arguments, "running");
        Job { tool, program, arguments, input, silence: SILENCE }
    }
}

/// Options of both programs. Processor-specific code rounds differently from machine to machine, so it is switched off.
fn shared() -> impl Iterator<Item = OsString> {
    ["-hide_banner", "-loglevel", "error", "-cpuflags", "0", "-max_alloc", LARGEST_BLOCK]
        .into_iter()
        .map(OsString::from)
}

/// The arguments that name an input: what may be opened, then the file itself.
fn source(input: &Path) -> Result<Vec<OsString>, MediaError> {
    let mut arguments =
        ["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS].map(OsString::from).to_vec();
    arguments.push(file_url(input)?);
    Ok(arguments)
}

/// A path as `file:` and absolute, so that no name can be taken for an option, a protocol or a pattern.
pub(crate) fn file_url(path: &Path) -> Result<OsString, MediaError> {
    let whole = absolute(path).map_err(|source| MediaError::Open { path: path.to_owned(), source })?;
    let mut url = OsString::from("file:");
    url.push(whole);
    Ok(url)
}

fn locate(
    tool: &'static str,
    name: &'static str,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, MediaError> {
    if let Some(path) = variable(name).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let folders = variable("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .map(|folder| folder.join(tool))
        .find(|path| path.is_file())
        .ok_or(MediaError::Missing { tool, variable: name })
}

/// The third word of `ffmpeg version 7.1 Copyright ...`.
fn version(tool: &'static str, variable: &'static str, program: &Path) -> Result<String, MediaError> {
    let mut banner = Vec::new();
    let job =
        Job { tool, program, arguments: vec!["-version".into()], input: program, silence: Duration::from_secs(20) };
    let ended = job.run(|piece| {
        banner.extend_from_slice(piece.get(..piece.len().min(4096)).unwrap_or_default());
        Ok(())
    })?;
    let banner = String::from_utf8_lossy(&banner);
    let mut words = banner.split_whitespace();
    let known = (words.next(), words.next()) == (Some(tool), Some("version"));
    match words.next().filter(|_| known && ended.good) {
        Some(version) => Ok(version.to_owned()),
        None => Err(MediaError::Broken { path: program.to_owned(), variable }),
    }
}
