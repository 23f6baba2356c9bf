//! Finds real model files in the model cache, because tests run the models a user runs.

use std::env;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The one home of the models' digests.
const REGISTRY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/models.toml");

#[derive(Deserialize)]
struct Registry {
    model: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    size: u64,
    sha256: String,
}

/// The cache: `DOUGPT_MODEL_CACHE`, else `dougpt/models` in the user's cache folder. Files are named by their SHA-256.
pub fn cache() -> PathBuf {
    env::var_os("DOUGPT_MODEL_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).unwrap_or_else(|| {
            let home = env::var_os("HOME").expect("HOME or DOUGPT_MODEL_CACHE is set");
            Path::new(&home).join(".cache")
        });
        base.join("dougpt/models")
    })
}

/// The file of the model called `name` in `jobs/models/models.toml`. Its size is checked, its digest is not: the jobs
/// do that themselves.
///
/// # Panics
/// When the registry has no such model, or when the cache lacks the file or has it in another size.
pub fn cached(name: &str) -> PathBuf {
    let text = std::fs::read_to_string(REGISTRY).unwrap_or_else(|error| panic!("cannot read {REGISTRY}: {error}"));
    let registry: Registry = toml::from_str(&text).unwrap_or_else(|error| panic!("cannot parse {REGISTRY}: {error}"));
    let Some(model) = registry.model.iter().find(|model| model.name == name) else {
        let known: Vec<_> = registry.model.iter().map(|model| model.name.as_str()).collect();
        panic!("models.toml has no model {name}; it has {}", known.join(", "));
    };
    let path = cache().join(&model.sha256);
    match std::fs::metadata(&path) {
        Ok(data) if data.len() == model.size => path,
        Ok(data) => panic!(
            "model {name} at {} has {} bytes instead of {}: delete it and run ci/models",
            path.display(),
            data.len(),
            model.size
        ),
        Err(error) => panic!("model {name} is not at {} ({error}): run ci/models", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_is_told_from_a_missing_file() {
        let panic = std::panic::catch_unwind(|| cached("no-such-model")).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a formatted message");
        assert!(message.contains("no model no-such-model; it has ") && message.contains("tiny.en"), "{message}");
    }
}
