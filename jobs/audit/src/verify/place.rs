//! What an object is, by its path.

use ids::{Digest, Name, RunId, VodKey};

/// What an object is, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Blob(Digest),
    Part {
        run: RunId,
    },
    Manifest {
        job: String,
        run: RunId,
    },
    Record {
        job: String,
        run: RunId,
    },
    Checkpoint {
        job: String,
        run: RunId,
    },
    Generation {
        vod: VodKey,
        number: u64,
    },
    Dataset {
        name: Name,
        number: u64,
    },
    Adapter {
        name: Name,
        number: u64,
    },
    Split {
        dataset: Name,
        vod: VodKey,
    },
    Release {
        channel: Name,
        number: u64,
    },
    Log,
    /// Left behind by a probe of the store that was stopped.
    Probe,
    Unknown,
}

impl Place {
    pub(super) fn of(path: &str) -> Self {
        Self::parse(path).unwrap_or(Self::Unknown)
    }

    fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        Some(match parts.as_slice() {
            ["blobs", "sha256", start, digest] if digest.get(..2) == Some(start) => Self::Blob(digest.parse().ok()?),
            ["tables", _, version, run, "part-0.parquet"] => {
                version.strip_prefix('v')?.parse::<u32>().ok()?;
                Self::Part { run: run.strip_prefix("run=")?.parse().ok()? }
            }
            ["runs", job, run, file] => {
                let (job, run) = ((*job).to_owned(), run.parse().ok()?);
                match *file {
                    "manifest.json" => Self::Manifest { job, run },
                    file if numbered(file, "record-").is_some() => Self::Record { job, run },
                    file if numbered(file, "checkpoint-").is_some() => Self::Checkpoint { job, run },
                    _ => return None,
                }
            }
            ["vods", platform, id, file] => Self::Generation { vod: vod(platform, id)?, number: numbered(file, "")? },
            ["datasets", name, "splits", platform, id] => {
                Self::Split { dataset: name.parse().ok()?, vod: vod(platform, id.strip_suffix(".json")?)? }
            }
            ["datasets", name, file] => Self::Dataset { name: name.parse().ok()?, number: numbered(file, "")? },
            ["adapters", name, file] => Self::Adapter { name: name.parse().ok()?, number: numbered(file, "")? },
            ["releases", name, file] => Self::Release { channel: name.parse().ok()?, number: numbered(file, "")? },
            ["logs", "infer", day, file] if day.starts_with("date=") && file.ends_with(".parquet") => Self::Log,
            ["probe", _] => Self::Probe,
            _ => return None,
        })
    }
}

fn vod(platform: &str, id: &str) -> Option<VodKey> {
    Some(VodKey { platform: platform.parse().ok()?, id: id.parse().ok()? })
}

/// The number in `<prefix>N.json`.
fn numbered(file: &str, prefix: &str) -> Option<u64> {
    let digits = file.strip_prefix(prefix)?.strip_suffix(".json")?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_layout_are_known_and_others_are_not() {
        let digest = Digest::of(b"").to_string();
        let known = [
            format!("blobs/sha256/e3/{digest}"),
            format!("tables/word/v1/run={digest}/part-0.parquet"),
            format!("runs/align/{digest}/manifest.json"),
            format!("runs/align/{digest}/record-12.json"),
            format!("runs/align/{digest}/checkpoint-0.json"),
            "vods/file/demo-1/1.json".to_owned(),
            "datasets/demo/3.json".to_owned(),
            "datasets/demo/splits/file/demo-1.json".to_owned(),
            "adapters/demo/1.json".to_owned(),
            "releases/stable/1.json".to_owned(),
            "logs/infer/date=2026-01-01/server-00000001.parquet".to_owned(),
            "probe/1-2-3-serial".to_owned(),
        ];
        for path in known {
            assert_ne!(Place::of(&path), Place::Unknown, "{path}");
        }
        let unknown = [
            format!("blobs/sha256/00/{digest}"),
            format!("tables/word/v1/run={digest}/part-1.parquet"),
            format!("runs/align/{digest}/record-01.json"),
            "vods/vimeo/x/1.json".to_owned(),
            "datasets/demo/x.json".to_owned(),
            "notes.txt".to_owned(),
            String::new(),
        ];
        for path in unknown {
            assert_eq!(Place::of(&path), Place::Unknown, "{path}");
        }
    }
}
