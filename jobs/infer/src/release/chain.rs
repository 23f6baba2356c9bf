//! The records of a channel as one chain: each signed by a trusted key, numbered from 1, naming the one before it.

use ids::{Digest, Name};
use manifest::{Release, SignedRelease};
use store::Store;

use super::ReleaseRefused;
use super::error::digest_or_none;

/// The newest release of `channel`, after every record of it was verified. One bad record anywhere spoils the channel:
/// whoever could change an old record could have changed the order too.
///
/// # Errors
/// The first record that does not fit, or that there is none.
pub async fn newest(store: &Store, channel: &Name, trusted: &[String]) -> Result<Release, ReleaseRefused> {
    let unreadable = |source| ReleaseRefused::Channel { channel: channel.clone(), source: Box::new(source) };
    let records = store.releases(channel).await.map_err(unreadable)?;
    match verify(channel, &records, trusted)? {
        Some(release) => Ok(release),
        None => {
            let known: Vec<_> = store.channels().await.map_err(unreadable)?.iter().map(Name::to_string).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(ReleaseRefused::NoRelease { channel: channel.clone(), known })
        }
    }
}

/// Verifies `records` in order; the digests are those of the stored bytes.
fn verify(
    channel: &Name,
    records: &[(SignedRelease, Digest)],
    trusted: &[String],
) -> Result<Option<Release>, ReleaseRefused> {
    let mut previous = None;
    let mut newest = None;
    for (position, (record, digest)) in (1..).zip(records) {
        let release = record.verify(trusted).map_err(|source| ReleaseRefused::Signature {
            channel: channel.clone(),
            position,
            source,
        })?;
        let stated = [
            ("channel", channel.to_string(), release.channel.to_string()),
            ("sequence", position.to_string(), release.sequence.to_string()),
            ("predecessor", digest_or_none(previous), digest_or_none(release.previous)),
        ];
        if let Some((field, expected, found)) = stated.into_iter().find(|(_, expected, found)| expected != found) {
            return Err(ReleaseRefused::Chain { channel: channel.clone(), position, field, expected, found });
        }
        previous = Some(*digest);
        newest = Some(release.clone());
    }
    Ok(newest)
}
