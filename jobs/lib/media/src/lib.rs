//! Probe, demux and decode through ffmpeg.
