//! Broadcasts of Twitch: what the platform says about one, its chat and its media, fetched so that nothing is lost and
//! nothing is asked twice.
//!
//! ```text
//! gql       one question to the API: both request forms, client ids, what a failure means and what follows from it
//! video     what the API says about the broadcast: title, length, chapters, muted ranges
//! comments  the chat: ranges of it page by page, each page kept before it is read
//! usher     which renditions there are, and the one that is taken
//! playlist  the list of segments of a rendition, held against what it may contain
//! segments  the media: fetched in parallel, resumed, checked, gaps noted
//! stage     what an interrupted fetch has so far
//! offer     what there is now, and whether a run has the same
//! sound     one sound out of the segments
//! spans     chapters, mutes and gaps
//! write     documents, segments, sound and rows of a run
//! take      all of it together as one committed run
//! ```
//!
//! Shapes as observed; Twitch documents none of them. `DOUGPT_TWITCH_GQL_URL` and `DOUGPT_TWITCH_USHER_URL` lead to
//! other servers, together with `DOUGPT_ALLOW_HOSTS`.

mod comments;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gql;
mod offer;
mod playlist;
mod segments;
mod sound;
mod spans;
mod stage;
mod take;
mod usher;
mod video;
mod write;

use error::TwitchError;
pub(crate) use take::run;
