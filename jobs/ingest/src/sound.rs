//! The sound of a broadcast as it is kept, and the rows that say what it was made of.

use std::path::Path;

use anyhow::Context;
use ids::{Digest, VodKey};
use media::{Demuxed, Probe, SAMPLE_RATE};
use schemas::Media;
use store::RunWriter;

use job::Scratch;

/// The demuxed sound, in a file that is gone when this is.
pub(crate) struct Sound {
    file: Scratch,
    size: u64,
    probe: Probe,
    /// What ffmpeg made.
    pub(crate) demuxed: Demuxed,
}

/// The media that a sound was made of.
pub(crate) struct Original {
    pub(crate) digest: Digest,
    /// Bytes.
    pub(crate) size: u64,
    /// Whether the store has it.
    pub(crate) stored: bool,
    pub(crate) duration_ms: u64,
}

impl Sound {
    /// The sound in `file`, made of what `probe` found in the media called `name`.
    pub(crate) fn new(file: Scratch, demuxed: Demuxed, probe: Probe, name: &Path) -> anyhow::Result<Self> {
        if demuxed.complaints > 0 {
            let complaints = demuxed.complaints;
            tracing::warn!(media = %name.display(), complaints, "ffmpeg found damage and went on");
        }
        let size = std::fs::metadata(file.path()).context("the demuxed sound cannot be read back")?.len();
        Ok(Self { file, size, probe, demuxed })
    }

    /// Keeps it as a blob of the run; its digest, and the rows of the original and of it.
    pub(crate) async fn keep(
        &self,
        vod: &VodKey,
        original: Original,
        run: &mut RunWriter<'_>,
    ) -> anyhow::Result<(Digest, Vec<Media>)> {
        let audio = run.blob_file("audio", self.file.path(), "audio/flac").await?;
        let stream = self.probe.audio.as_ref().context("the media lost its audio stream")?;
        let made = Media {
            platform: vod.platform,
            vod_id: vod.id.clone(),
            role: "audio".to_owned(),
            digest: audio,
            size: i64::try_from(self.size)?,
            stored: true,
            container: "flac".to_owned(),
            codec: "flac".to_owned(),
            sample_rate: i64::from(SAMPLE_RATE),
            channels: 1,
            duration_ms: i64::try_from(self.demuxed.duration_ms)?,
        };
        let source = Media {
            role: "source".to_owned(),
            digest: original.digest,
            size: i64::try_from(original.size)?,
            stored: original.stored,
            container: self.probe.container.clone(),
            codec: stream.codec.clone(),
            sample_rate: i64::from(stream.sample_rate),
            channels: i64::from(stream.channels),
            duration_ms: i64::try_from(original.duration_ms)?,
            ..made.clone()
        };
        Ok((audio, vec![source, made]))
    }
}
