//! Which executable is running, for the record of a run.

use std::path::Path;

use ids::Digest;

/// Digest of the running executable, and its Nix store path when it has one.
pub(crate) fn identify() -> (Option<Digest>, Option<String>) {
    let Ok(path) = std::env::current_exe().and_then(std::fs::canonicalize) else { return (None, None) };
    let digest = std::fs::File::open(&path).and_then(Digest::of_reader).map(|(digest, _)| digest).ok();
    (digest, nix_store_path(&path))
}

/// `/nix/store/<hash>-<name>` of a path inside the Nix store.
fn nix_store_path(path: &Path) -> Option<String> {
    let inside = path.to_str()?.strip_prefix("/nix/store/")?;
    let name = inside.split('/').next().filter(|name| !name.is_empty())?;
    Some(format!("/nix/store/{name}"))
}

/// The machine's name.
pub(crate) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_in_the_nix_store_have_a_store_path() {
        let path = |text: &str| nix_store_path(Path::new(text));
        assert_eq!(path("/nix/store/abc-train-0.1.0/bin/train").as_deref(), Some("/nix/store/abc-train-0.1.0"));
        assert_eq!(path("/usr/bin/train"), None);
        assert_eq!(path("/nix/store/"), None);
    }
}
