//! Signed promotions: the only way an adapter reaches a server.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use ids::{Digest, Name, RunId};
use serde::{Deserialize, Serialize};

use crate::{CanonicalError, to_canonical_json};

/// What is promised about one adapter when it is promoted to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Format of this record.
    pub format: String,
    /// The channel.
    pub channel: Name,
    /// Position in the channel, from 1.
    pub sequence: u64,
    /// Digest of the previous record of the channel; null for the first.
    pub previous: Option<Digest>,
    /// The adapter's name.
    pub adapter: Name,
    /// The adapter's version.
    pub adapter_version: u64,
    /// The training run that made it.
    pub train_run: RunId,
    /// Digest of that run's manifest.
    pub train_manifest: Digest,
    /// Digest of the adapter's weights.
    pub adapter_digest: Digest,
    /// The base model's name.
    pub base_model: Name,
    /// Digest of the base model's file.
    pub base_digest: Digest,
    /// Digest of prompt spec and tokenizer.
    pub renderer_digest: Digest,
    /// Digest of the guard's rules under which it was judged.
    pub guard_digest: Digest,
    /// The evaluation whose gate passed.
    pub eval_run: RunId,
    /// Digest of that run's manifest.
    pub eval_manifest: Digest,
}

impl Release {
    /// The format this code writes and reads.
    pub const FORMAT: &str = "dougpt.release/1";

    /// Signs the canonical JSON of the release.
    ///
    /// # Errors
    /// Only if the release could not be JSON.
    pub fn sign(self, key: &SigningKey) -> Result<SignedRelease, ReleaseError> {
        let signature = key.sign(&to_canonical_json(&self)?);
        Ok(SignedRelease {
            release: self,
            public_key: hex::encode(key.verifying_key().as_bytes()),
            signature: hex::encode(signature.to_bytes()),
        })
    }
}

/// A release with its Ed25519 signature (RFC 8032), `releases/<channel>/<sequence>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRelease {
    /// What was signed.
    pub release: Release,
    /// The signer's public key, hexadecimal.
    pub public_key: String,
    /// The signature over the canonical JSON of `release`, hexadecimal.
    pub signature: String,
}

/// Why a release is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The record is of another format.
    #[error("release format {0:?} is not known to this version")]
    Format(String),
    /// Key or signature are not hexadecimal of the right length.
    #[error("the {0} of the release is malformed")]
    Malformed(&'static str),
    /// The release is signed by a key that is not trusted.
    #[error("the release is signed by {found}, which is not a trusted key (trusted: {trusted})")]
    Untrusted {
        /// The key in the record.
        found: String,
        /// The trusted keys.
        trusted: String,
    },
    /// The signature does not fit the content.
    #[error("the signature does not fit the release: it was changed after it was signed")]
    Signature,
    /// The release cannot be JSON.
    #[error("the release cannot be written as JSON")]
    Canonical(#[from] CanonicalError),
}

impl SignedRelease {
    /// The release, if one of the `trusted` public keys (hexadecimal) signed exactly this content.
    ///
    /// # Errors
    /// Every other case, each with its reason.
    pub fn verify(&self, trusted: &[String]) -> Result<&Release, ReleaseError> {
        if self.release.format != Release::FORMAT {
            return Err(ReleaseError::Format(self.release.format.clone()));
        }
        if !trusted.contains(&self.public_key) {
            return Err(ReleaseError::Untrusted { found: self.public_key.clone(), trusted: trusted.join(", ") });
        }
        let mut key = [0; 32];
        hex::decode_to_slice(&self.public_key, &mut key).map_err(|_| ReleaseError::Malformed("public key"))?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| ReleaseError::Malformed("public key"))?;
        let mut signature = [0; 64];
        hex::decode_to_slice(&self.signature, &mut signature).map_err(|_| ReleaseError::Malformed("signature"))?;
        key.verify_strict(&to_canonical_json(&self.release)?, &Signature::from_bytes(&signature))
            .map_err(|_| ReleaseError::Signature)?;
        Ok(&self.release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        let name = |text: &str| text.parse::<Name>().unwrap();
        Release {
            format: Release::FORMAT.into(),
            channel: name("stable"),
            sequence: 1,
            previous: None,
            adapter: name("demo"),
            adapter_version: 1,
            train_run: RunId::new(Digest::of(b"train")),
            train_manifest: Digest::of(b"train manifest"),
            adapter_digest: Digest::of(b"adapter"),
            base_model: name("base"),
            base_digest: Digest::of(b"base"),
            renderer_digest: Digest::of(b"renderer"),
            guard_digest: Digest::of(b"guard"),
            eval_run: RunId::new(Digest::of(b"eval")),
            eval_manifest: Digest::of(b"eval manifest"),
        }
    }

    #[test]
    fn only_the_signed_content_under_a_trusted_key_verifies() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let other = SigningKey::from_bytes(&[8; 32]);
        let signed = release().sign(&key).unwrap();
        let trusted = [signed.public_key.clone()];
        assert_eq!(signed.verify(&trusted).unwrap(), &release());

        let mut changed = signed.clone();
        changed.release.adapter_digest = Digest::of(b"another adapter");
        assert!(matches!(changed.verify(&trusted), Err(ReleaseError::Signature)));
        let mut changed = signed.clone();
        changed.signature.replace_range(0..2, if signed.signature.starts_with("00") { "01" } else { "00" });
        assert!(matches!(changed.verify(&trusted), Err(ReleaseError::Signature)));
        let forged = release().sign(&other).unwrap();
        assert!(matches!(forged.verify(&trusted), Err(ReleaseError::Untrusted { .. })));
        let mut posing = forged.clone();
        posing.public_key = trusted[0].clone();
        assert!(matches!(posing.verify(&trusted), Err(ReleaseError::Signature)));
        let mut malformed = signed.clone();
        malformed.signature = "zz".into();
        assert!(matches!(malformed.verify(&trusted), Err(ReleaseError::Malformed("signature"))));
        let mut format = signed;
        format.release.format = "dougpt.release/9".into();
        assert!(matches!(format.verify(&trusted), Err(ReleaseError::Format(_))));
    }
}
