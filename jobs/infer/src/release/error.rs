//! Why a channel's adapter is not served, said so that a person knows which object to look at.

use std::fmt;

use ids::{Digest, Name, RunId};
use llm::{AdapterError, GgufError, ModelError};
use manifest::ReleaseError;
use prompt::PromptError;
use store::StoreError;

/// The objects between a release and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// The manifest of the training run.
    TrainManifest,
    /// The manifest of the evaluation.
    EvalManifest,
    /// The weights that the training run states.
    Adapter,
    /// The bytes of the weights.
    AdapterBlob,
    /// The bytes of the adapter's settings.
    AdapterSettings,
    /// The training run that the evaluation judged.
    JudgedAdapter,
    /// The base model it was evaluated on.
    JudgedBase,
    /// The prompt it was evaluated with.
    JudgedRenderer,
    /// The guard it was evaluated under.
    JudgedGuard,
    /// The base model's name.
    BaseName,
    /// The base model's file.
    BaseModel,
    /// Prompt spec and vocabulary.
    Renderer,
    /// The guard's rules.
    Guard,
}

impl Object {
    /// What a person can do about an object that is not the promised one.
    fn remedy(self) -> &'static str {
        match self {
            Self::TrainManifest | Self::EvalManifest | Self::Adapter | Self::AdapterBlob | Self::AdapterSettings => {
                "run `audit verify`, restore the object from a copy, or train, evaluate and promote again"
            }
            Self::JudgedAdapter | Self::JudgedBase | Self::JudgedRenderer | Self::JudgedGuard => {
                "run `eval run` for this adapter and promote it again"
            }
            Self::BaseName | Self::BaseModel => "run `models pull` for the base, or train and promote again",
            Self::Renderer => "serve with the version it was trained with, or train, evaluate and promote again",
            Self::Guard => "serve with the version it was evaluated with, or evaluate and promote again",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrainManifest => "the manifest of the training run",
            Self::EvalManifest => "the manifest of the evaluation",
            Self::Adapter => "the adapter of the training run",
            Self::AdapterBlob => "the adapter's weights",
            Self::AdapterSettings => "the adapter's settings",
            Self::JudgedAdapter => "the training run that was evaluated",
            Self::JudgedBase => "the base model of the evaluation",
            Self::JudgedRenderer => "the prompt renderer of the evaluation",
            Self::JudgedGuard => "the guard of the evaluation",
            Self::BaseName => "the name of the base model",
            Self::BaseModel => "the base model",
            Self::Renderer => "the prompt renderer (spec and vocabulary)",
            Self::Guard => "the guard (rules and weights)",
        })
    }
}

/// Why nothing is served. There is no way around any of these. Display never repeats its source.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseRefused {
    /// Nothing was ever promoted to the channel.
    #[error(
        "channel {channel} has no release; promote an adapter with `eval promote ADAPTER --channel {channel}` (channels with releases: {known})"
    )]
    NoRelease {
        /// The channel asked for.
        channel: Name,
        /// The channels there are.
        known: String,
    },
    /// The store cannot say what the channel holds.
    #[error("the releases of channel {channel} cannot be read; run `audit verify`")]
    Channel {
        /// The channel.
        channel: Name,
        /// What the store says.
        source: Box<StoreError>,
    },
    /// A record is not where its sequence puts it.
    #[error(
        "release {position} of channel {channel} states {field} {found} instead of {expected}; records were moved or removed, restore them from a copy"
    )]
    Chain {
        /// The channel.
        channel: Name,
        /// The place in the channel, from 1.
        position: u64,
        /// Which statement is wrong.
        field: &'static str,
        /// What it has to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A record is not to be believed.
    #[error(
        "release {position} of channel {channel} is refused; restore it from a copy, add the signer to the trusted keys if you know them, or promote to another channel"
    )]
    Signature {
        /// The channel.
        channel: Name,
        /// The place in the channel, from 1.
        position: u64,
        /// Why.
        source: ReleaseError,
    },
    /// An object is missing, damaged or cannot be reached.
    #[error("{object} cannot be read; {}", object.remedy())]
    Unreadable {
        /// Which.
        object: Object,
        /// What the store says.
        source: Box<StoreError>,
    },
    /// An object is another than the promised one.
    #[error("{object} is not the promoted one: expected {expected}, found {found}; {}", object.remedy())]
    Mismatch {
        /// Which.
        object: Object,
        /// What the release promises.
        expected: String,
        /// What there is.
        found: String,
    },
    /// A manifest lacks a part.
    #[error("{object} has no {what}; it was not written by this program")]
    Lacks {
        /// Which manifest.
        object: Object,
        /// The part.
        what: &'static str,
    },
    /// A manifest does not state a fact.
    #[error("{object} does not state `{name}`; it was not written by this program")]
    LacksFact {
        /// Which manifest.
        object: Object,
        /// The fact.
        name: &'static str,
    },
    /// The gate did not pass.
    #[error("evaluation {run} has the verdict {verdict:?} instead of \"pass\"; the adapter is not served")]
    Verdict {
        /// The evaluation.
        run: RunId,
        /// Its verdict.
        verdict: String,
    },
    /// The adapter's settings are no JSON of PEFT's.
    #[error("the adapter's settings (adapter_config) cannot be read; train it again")]
    Settings {
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The base file is no model file.
    #[error("the base model's file cannot be used; pull it again")]
    BaseFile {
        /// What is wrong.
        source: GgufError,
    },
    /// The base model cannot be loaded.
    #[error("the base model cannot be loaded")]
    Model {
        /// What is wrong.
        source: ModelError,
    },
    /// The adapter cannot be loaded.
    #[error("the adapter cannot be loaded onto the base model")]
    Adapter {
        /// What is wrong.
        source: AdapterError,
    },
    /// The renderer cannot be made.
    #[error("the prompt renderer cannot be made for the base model")]
    Prompt {
        /// What is wrong.
        source: PromptError,
    },
}

/// Refuses `found` unless it is `expected`.
pub(super) fn mismatch<T: PartialEq + fmt::Display>(
    object: Object,
    expected: &T,
    found: &T,
) -> Result<(), ReleaseRefused> {
    if expected == found {
        return Ok(());
    }
    Err(ReleaseRefused::Mismatch { object, expected: expected.to_string(), found: found.to_string() })
}

/// What a missing predecessor is called in an error.
pub(super) fn digest_or_none(digest: Option<Digest>) -> String {
    digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string())
}
