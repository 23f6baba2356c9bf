//! Numbered create-only records: generations of a VOD, versions of a name, releases of a channel.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use ids::{Digest, IdError, Name, VodKey};
use manifest::{SignedRelease, SplitAssignment, VersionRecord, VodGeneration};
use object_store::path::Path;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::objects::Created;
use crate::{Run, Store, StoreError, layout};

/// No record may be larger: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// What kinds of things have versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A dataset.
    Dataset,
    /// An adapter.
    Adapter,
}

impl Named {
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Dataset => "datasets",
            Self::Adapter => "adapters",
        }
    }

    fn job(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Adapter => "train",
        }
    }
}

/// `NAME` (the newest version) or `NAME@V`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The name.
    pub name: Name,
    /// The version, or the newest.
    pub version: Option<u64>,
}

impl fmt::Display for Versioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => self.name.fmt(f),
        }
    }
}

impl FromStr for Versioned {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split_once('@') {
            None => Ok(Self { name: text.parse()?, version: None }),
            Some((name, version)) => match version.parse() {
                Ok(version) if version > 0 => Ok(Self { name: name.parse()?, version: Some(version) }),
                _ => Err(IdError::new("version", text, "write NAME or NAME@V with V from 1")),
            },
        }
    }
}

impl Store {
    /// Every VOD with its newest generation, sorted by platform and id.
    ///
    /// # Errors
    /// When a record is not valid, or the backend fails.
    pub async fn vods(&self) -> Result<Vec<VodGeneration>, StoreError> {
        let mut found = Vec::new();
        for platform in self.folders(&layout::vods()).await? {
            for id in self.folders(&Path::from(format!("vods/{platform}"))).await? {
                let Ok(vod) = format!("{platform}/{id}").parse::<VodKey>() else { continue };
                found.extend(self.vod(&vod).await?);
            }
        }
        Ok(found)
    }

    /// The newest generation of a VOD, if it was taken in.
    ///
    /// # Errors
    /// When the record is not valid, or the backend fails.
    pub async fn vod(&self, vod: &VodKey) -> Result<Option<VodGeneration>, StoreError> {
        Ok(self.newest::<VodGeneration>(&layout::vod(vod)).await?.map(|(_, record, _)| record))
    }

    /// A given generation of a VOD.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn vod_generation(&self, vod: &VodKey, generation: u64) -> Result<VodGeneration, StoreError> {
        Ok(self.numbered(&layout::numbered(&layout::vod(vod), generation)).await?.0)
    }

    /// Makes `run` the newest generation of `vod`, unless it is already.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn add_generation(&self, vod: &VodKey, run: &Run, fetched_at: &str) -> Result<VodGeneration, StoreError> {
        let folder = layout::vod(vod);
        self.append(&folder, |number, newest: Option<(&VodGeneration, Digest)>| match newest {
            Some((newest, _)) if newest.run_id == run.id() => None,
            newest => Some(VodGeneration {
                vod: vod.clone(),
                generation: number,
                run_id: run.id(),
                manifest_digest: run.digest,
                previous: newest.map(|(_, digest)| digest),
                fetched_at: fetched_at.to_owned(),
            }),
        })
        .await
    }

    /// The run that a dataset's or adapter's name and version stand for, with the version.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none; [`StoreError::Damaged`] when the run is not the one recorded.
    pub async fn named(&self, kind: Named, which: &Versioned) -> Result<(VersionRecord, Run), StoreError> {
        let folder = layout::named(kind, &which.name);
        let record: VersionRecord = match which.version {
            Some(version) => self.numbered(&layout::numbered(&folder, version)).await?.0,
            None => match self.newest(&folder).await? {
                Some((_, record, _)) => record,
                None => return Err(StoreError::Missing { path: format!("{}/{}", kind.folder(), which) }),
            },
        };
        let run = self.run(kind.job(), &record.run_id).await?;
        if run.digest != record.manifest_digest {
            let path = layout::manifest(kind.job(), &record.run_id).to_string();
            return Err(StoreError::Damaged { path, expected: record.manifest_digest, found: run.digest });
        }
        Ok((record, run))
    }

    /// Every name of a kind with its versions in order.
    ///
    /// # Errors
    /// When a record is not valid, or the backend fails.
    pub async fn versions(&self, kind: Named) -> Result<Vec<VersionRecord>, StoreError> {
        let mut found = Vec::new();
        for name in self.folders(&Path::from(kind.folder())).await? {
            let Ok(name) = name.parse::<Name>() else { continue };
            let folder = layout::named(kind, &name);
            for number in self.numbers(&folder).await? {
                found.push(self.numbered(&layout::numbered(&folder, number)).await?.0);
            }
        }
        Ok(found)
    }

    /// Gives `run` the next version of `name`, unless a version of it stands for that run already.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn add_version(&self, kind: Named, name: &Name, run: &Run) -> Result<VersionRecord, StoreError> {
        let folder = layout::named(kind, name);
        for number in self.numbers(&folder).await? {
            let (record, _) = self.numbered::<VersionRecord>(&layout::numbered(&folder, number)).await?;
            if record.run_id == run.id() {
                return Ok(record);
            }
        }
        self.append(&folder, |number, newest: Option<(&VersionRecord, Digest)>| match newest {
            Some((newest, _)) if newest.run_id == run.id() => None,
            newest => Some(VersionRecord {
                name: name.clone(),
                version: number,
                run_id: run.id(),
                manifest_digest: run.digest,
                previous: newest.map(|(_, digest)| digest),
            }),
        })
        .await
    }

    /// The split of a broadcast in a dataset: the one given first, or `assignment` if there is none yet.
    ///
    /// # Errors
    /// When the record is not valid, or the backend fails.
    pub async fn assign_split(&self, assignment: &SplitAssignment) -> Result<SplitAssignment, StoreError> {
        let path = layout::split(&assignment.dataset, &assignment.vod);
        let bytes = Bytes::from(manifest::to_canonical_json(assignment)?);
        match self.try_create(&path, bytes).await? {
            Created::New => Ok(assignment.clone()),
            Created::Taken => Ok(self.numbered(&path).await?.0),
        }
    }

    /// Every release channel, sorted.
    ///
    /// # Errors
    /// The backend's failure.
    pub async fn channels(&self) -> Result<Vec<Name>, StoreError> {
        let names = self.folders(&Path::from("releases")).await?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Every record of a channel in order, each with its digest.
    ///
    /// # Errors
    /// When a record is not valid, or the backend fails.
    pub async fn releases(&self, channel: &Name) -> Result<Vec<(SignedRelease, Digest)>, StoreError> {
        let folder = layout::releases(channel);
        let mut found = Vec::new();
        for number in self.numbers(&folder).await? {
            found.push(self.numbered(&layout::numbered(&folder, number)).await?);
        }
        Ok(found)
    }

    /// Appends a release at the sequence it names.
    ///
    /// # Errors
    /// [`StoreError::Differs`] when that sequence is taken; the backend's failure.
    pub async fn add_release(&self, release: &SignedRelease) -> Result<(), StoreError> {
        let folder = layout::releases(&release.release.channel);
        let path = layout::numbered(&folder, release.release.sequence);
        self.create(&path, Bytes::from(manifest::to_canonical_json(release)?)).await?;
        Ok(())
    }

    async fn numbers(&self, folder: &Path) -> Result<Vec<u64>, StoreError> {
        let mut numbers: Vec<_> = self.files(folder).await?.iter().filter_map(|file| layout::number(file)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    async fn newest<T: DeserializeOwned>(&self, folder: &Path) -> Result<Option<(u64, T, Digest)>, StoreError> {
        match self.numbers(folder).await?.last() {
            None => Ok(None),
            Some(&number) => {
                let (record, digest) = self.numbered(&layout::numbered(folder, number)).await?;
                Ok(Some((number, record, digest)))
            }
        }
    }

    async fn numbered<T: DeserializeOwned>(&self, path: &Path) -> Result<(T, Digest), StoreError> {
        let bytes = self.get(path, LIMIT).await?;
        let record = serde_json::from_slice(&bytes).map_err(|error| StoreError::Invalid {
            path: path.to_string(),
            what: "record",
            reason: error.to_string(),
        })?;
        Ok((record, Digest::of(&bytes)))
    }

    /// Appends what `next` makes of the next number and the newest record; `None` means the newest is good as it is.
    /// A writer that loses the race for a number looks again.
    async fn append<T: DeserializeOwned + Serialize>(
        &self,
        folder: &Path,
        next: impl Fn(u64, Option<(&T, Digest)>) -> Option<T>,
    ) -> Result<T, StoreError> {
        loop {
            let newest = self.newest::<T>(folder).await?;
            let number = newest.as_ref().map_or(1, |(number, _, _)| number + 1);
            let Some(record) = next(number, newest.as_ref().map(|(_, record, digest)| (record, *digest))) else {
                match newest {
                    Some((_, record, _)) => return Ok(record),
                    None => return Err(StoreError::Missing { path: folder.to_string() }),
                }
            };
            let bytes = Bytes::from(manifest::to_canonical_json(&record)?);
            if self.try_create(&layout::numbered(folder, number), bytes).await? == Created::New {
                return Ok(record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_name_and_a_number() {
        let parse = |text: &str| text.parse::<Versioned>().map(|v| v.to_string());
        assert_eq!(parse("demo").as_deref(), Ok("demo"));
        assert_eq!(parse("demo@3").as_deref(), Ok("demo@3"));
        for bad in ["", "@1", "demo@", "demo@0", "demo@x", "demo@1@2", "De@1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
