//! What a person can do wrong or meet when evaluating and promoting.

use std::path::PathBuf;

use ids::{Digest, VodKey};

/// Why an evaluation was not made or an adapter not promoted.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The pack cannot be read.
    #[error("the pack {} cannot be read", path.display())]
    PackFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The pack is not TOML, or names something unknown.
    #[error("{name} is not a valid pack; `eval pack` prints one")]
    PackSyntax {
        /// The file.
        name: String,
        /// What and where.
        source: Box<toml::de::Error>,
    },
    /// A setting has a value that cannot work.
    #[error("setting `{setting}` has to be {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A train run does not say what an evaluation has to know.
    #[error("train run {run} does not say its {fact}; train the adapter again with this version")]
    Fact {
        /// The run.
        run: ids::RunId,
        /// The fact or blob.
        fact: &'static str,
    },
    /// Candidate and baseline are on different models.
    #[error(
        "the baseline was trained on another base model ({baseline}, the adapter's is {candidate}); compare adapters of one base"
    )]
    OtherBase {
        /// The adapter's base.
        candidate: Digest,
        /// The baseline's.
        baseline: Digest,
    },
    /// An adapter was trained with another prompt.
    #[error("{which} was trained under the prompt renderer {found} and this program has {expected}; train it again")]
    Renderer {
        /// The adapter or the baseline.
        which: &'static str,
        /// What its run recorded.
        found: Digest,
        /// This program's.
        expected: Digest,
    },
    /// The dataset holds nothing out.
    #[error("the dataset has no example in the splits `test` and `val`; add VODs until one is held out")]
    NothingHeldOut,
    /// A held-out broadcast was trained on.
    #[error("{vod} is held out here, but the adapter was trained on it; evaluate on another dataset")]
    Leak {
        /// The broadcast.
        vod: VodKey,
    },
}
