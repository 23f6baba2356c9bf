//! Which recorded broadcast something belongs to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{IdError, serde_as_text};

/// Where a broadcast was published.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Platform {
    /// A video on Twitch.
    Twitch,
    /// A video on YouTube.
    Youtube,
    /// A local media file with an exported chat.
    File,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Twitch => "twitch",
            Self::Youtube => "youtube",
            Self::File => "file",
        })
    }
}

impl FromStr for Platform {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text {
            "twitch" => Ok(Self::Twitch),
            "youtube" => Ok(Self::Youtube),
            "file" => Ok(Self::File),
            _ => Err(IdError::new("platform", text, "it is one of twitch, youtube, file")),
        }
    }
}
serde_as_text!(Platform);

/// The id of a VOD on its platform: 1 to 100 of `A-Z a-z 0-9 _ -`, not beginning with `-`.
///
/// Twitch ids are digits, YouTube ids have 11 characters; a local file gets the id its user names. Every row of a table
/// has one, so a clone shares its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VodId(Arc<str>);

impl VodId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VodId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if (1..=100).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-') {
            return Ok(Self(text.into()));
        }
        Err(IdError::new("VOD id", text, "use 1 to 100 of A-Z, a-z, 0-9, '_', '-', not beginning with '-'"))
    }
}
serde_as_text!(VodId);

/// A VOD in a store, written `platform/id`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VodKey {
    /// Where it was published.
    pub platform: Platform,
    /// Its id there.
    pub id: VodId,
}

impl fmt::Display for VodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.platform, self.id)
    }
}

impl FromStr for VodKey {
    type Err = IdError;
    /// Reads `platform/id`; digits alone are a Twitch id.
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split_once('/') {
            Some((platform, id)) => Ok(Self { platform: platform.parse()?, id: id.parse()? }),
            None if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self { platform: Platform::Twitch, id: text.parse()? })
            }
            None => {
                Err(IdError::new("VOD", text, "write platform/id, for example file/demo-1, or a Twitch id in digits"))
            }
        }
    }
}
serde_as_text!(VodKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vod_is_platform_and_id() {
        for good in ["file/demo-1", "twitch/1087079172", "youtube/dQw4w9WgXcQ"] {
            assert_eq!(good.parse::<VodKey>().unwrap().to_string(), good);
        }
        assert_eq!("1087079172".parse::<VodKey>().unwrap().to_string(), "twitch/1087079172");
        for bad in ["", "demo-1", "file/", "file/../x", "file/a/b", "vimeo/1", "file/-x", "file/a%2e", "file/\u{202e}a"]
        {
            assert!(bad.parse::<VodKey>().is_err(), "{bad}");
        }
    }
}
