//! The keys of a person: the secret one that signs promotions and the public ones a server believes.
//!
//! ```text
//! $DOUGPT_SIGNING_KEY   or <configuration>/dougpt/signing.key     32-byte seed in hexadecimal, readable by its owner only
//! $DOUGPT_TRUSTED_KEYS  or <configuration>/dougpt/trusted.keys    public keys in hexadecimal, one a line, # comments
//! ```
//!
//! `<configuration>` is `$XDG_CONFIG_HOME`, else `~/.config`. Secrets never appear in an error, a log or `Debug`.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::{SigningKey, VerifyingKey};

/// Names the file of the secret key.
pub const SIGNING_KEY_VARIABLE: &str = "DOUGPT_SIGNING_KEY";

/// Names the file of the trusted public keys.
pub const TRUSTED_KEYS_VARIABLE: &str = "DOUGPT_TRUSTED_KEYS";

/// No key file is larger; a larger one was not written for us.
const LIMIT: u64 = 1 << 20;

/// Why a key is not at hand. Display never repeats its source.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// Neither the variables nor a home folder say where keys are.
    #[error("there is no place for keys: set {SIGNING_KEY_VARIABLE} and {TRUSTED_KEYS_VARIABLE}, or HOME")]
    NoHome,
    /// A key file cannot be read or written.
    #[error("the key file {} cannot be {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others may read the secret key.
    #[error("the signing key {} can be read by others (mode {mode:04o}); run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The secret key is not 64 hexadecimal digits.
    #[error("the signing key {} is not 64 hexadecimal digits; restore it, or move it away to get a new one", path.display())]
    SigningKey {
        /// The file.
        path: PathBuf,
    },
    /// A line of the trusted keys is no public key.
    #[error("line {line} of {} is not a public key; write 64 hexadecimal digits, or # before a comment", path.display())]
    TrustedKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// There are no trusted keys.
    #[error("there are no trusted keys at {}; promote an adapter here, or write the signer's public key into it", path.display())]
    NoTrustedKeys {
        /// The file.
        path: PathBuf,
    },
}

/// Where the keys lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    signing: PathBuf,
    trusted: PathBuf,
}

impl Keyring {
    /// The key ring that the environment names.
    ///
    /// # Errors
    /// [`KeyringError::NoHome`].
    pub fn from_environment() -> Result<Self, KeyringError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = || {
            variable("XDG_CONFIG_HOME")
                .or_else(|| variable("HOME").map(|home| home.join(".config")))
                .map(|folder| folder.join("dougpt"))
        };
        let place = |name, file| variable(name).or_else(|| folder().map(|folder| folder.join(file)));
        match (place(SIGNING_KEY_VARIABLE, "signing.key"), place(TRUSTED_KEYS_VARIABLE, "trusted.keys")) {
            (Some(signing), Some(trusted)) => Ok(Self::at(signing, trusted)),
            _ => Err(KeyringError::NoHome),
        }
    }

    /// A key ring in these two files, which need not exist yet.
    pub fn at(signing: impl Into<PathBuf>, trusted: impl Into<PathBuf>) -> Self {
        Self { signing: signing.into(), trusted: trusted.into() }
    }

    /// The file of the secret key.
    pub fn signing_path(&self) -> &Path {
        &self.signing
    }

    /// The file of the trusted public keys.
    pub fn trusted_path(&self) -> &Path {
        &self.trusted
    }

    /// The secret key, made from the system's randomness when there is none yet. The second value says whether it was.
    ///
    /// # Errors
    /// When the file cannot be read or made, can be read by others, or holds no key.
    pub fn signing_key(&self) -> Result<(SigningKey, bool), KeyringError> {
        if let Some(key) = self.existing_key()? {
            return Ok((key, false));
        }
        let mut seed = [0; 32];
        let source = Path::new("/dev/urandom");
        File::open(source).and_then(|mut file| file.read_exact(&mut seed)).map_err(failed(source, "read"))?;
        let mut text = hex::encode(seed);
        text.push('\n');
        let made = create_whole(&self.signing, text.as_bytes(), 0o600).map_err(failed(&self.signing, "written"))?;
        if made {
            return Ok((SigningKey::from_bytes(&seed), true));
        }
        // Somebody made one in between; theirs is the key.
        let theirs = self.existing_key()?.ok_or_else(|| KeyringError::SigningKey { path: self.signing.clone() })?;
        Ok((theirs, false))
    }

    /// The trusted public keys, hexadecimal in lower case; never empty.
    ///
    /// # Errors
    /// When the file is missing, empty of keys, or has a line that is none.
    pub fn trusted_keys(&self) -> Result<Vec<String>, KeyringError> {
        let missing = || KeyringError::NoTrustedKeys { path: self.trusted.clone() };
        let text = read(&self.trusted)?.ok_or_else(missing)?;
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim().to_ascii_lowercase();
            if line.is_empty() {
                continue;
            }
            let mut bytes = [0; 32];
            let is_key = hex::decode_to_slice(&line, &mut bytes).is_ok() && VerifyingKey::from_bytes(&bytes).is_ok();
            if !is_key {
                return Err(KeyringError::TrustedKey { path: self.trusted.clone(), line: index + 1 });
            }
            keys.push(line);
        }
        if keys.is_empty() { Err(missing()) } else { Ok(keys) }
    }

    /// Makes `key` the one trusted key when there is no file of trusted keys yet, and says whether it did. An existing
    /// file is never changed: whom to trust is for people to decide.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn trust_first(&self, key: &SigningKey) -> Result<bool, KeyringError> {
        let text = format!(
            "# Public keys whose promotions are believed, one a line.\n{}\n",
            hex::encode(key.verifying_key().as_bytes())
        );
        create_whole(&self.trusted, text.as_bytes(), 0o644).map_err(failed(&self.trusted, "written"))
    }

    fn existing_key(&self) -> Result<Option<SigningKey>, KeyringError> {
        let Some(text) = read(&self.signing)? else { return Ok(None) };
        let metadata = fs::metadata(&self.signing).map_err(failed(&self.signing, "read"))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyringError::Exposed { path: self.signing.clone(), mode });
        }
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim(), &mut seed)
            .map_err(|_| KeyringError::SigningKey { path: self.signing.clone() })?;
        Ok(Some(SigningKey::from_bytes(&seed)))
    }
}

fn failed(path: &Path, what: &'static str) -> impl FnOnce(std::io::Error) -> KeyringError {
    let path = path.to_owned();
    move |source| KeyringError::File { path, what, source }
}

/// The text of a small file, or `None` when there is no such file.
fn read(path: &Path) -> Result<Option<String>, KeyringError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, "read")(error)),
    };
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text).map_err(failed(path, "read"))?;
    Ok(Some(text))
}

/// Makes the file with exactly `bytes`, or says that there is one: no reader ever sees half a key.
fn create_whole(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<bool> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), mode);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let made = written.and_then(|()| match fs::hard_link(&temporary, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    });
    // A leftover of ours holds a key nobody uses; it may fail to go only when it was never made.
    let _ = fs::remove_file(&temporary);
    made
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn keyring() -> (tempfile::TempDir, Keyring) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join("new").join(name);
        let keyring = Keyring::at(at("signing.key"), at("trusted.keys"));
        (folder, keyring)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_only() {
        let (_folder, keyring) = keyring();
        let (key, made) = keyring.signing_key().unwrap();
        assert!(made);
        assert_eq!(mode(keyring.signing_path()), 0o600);
        assert_ne!(key.to_bytes(), [0; 32]);
        let (again, made) = keyring.signing_key().unwrap();
        assert_eq!((again.to_bytes(), made), (key.to_bytes(), false));
        let files = fs::read_dir(keyring.signing_path().parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "nothing temporary is left");
    }

    #[test]
    fn exposed_or_damaged_keys_are_refused_without_showing_them() {
        let (_folder, keyring) = keyring();
        keyring.signing_key().unwrap();
        let secret = fs::read_to_string(keyring.signing_path()).unwrap();
        fs::set_permissions(keyring.signing_path(), fs::Permissions::from_mode(0o640)).unwrap();
        let error = keyring.signing_key().unwrap_err();
        assert!(matches!(&error, KeyringError::Exposed { mode: 0o640, .. }), "{error}");
        fs::set_permissions(keyring.signing_path(), fs::Permissions::from_mode(0o600)).unwrap();
        let damaged = secret.trim().get(..60).unwrap();
        fs::write(keyring.signing_path(), damaged).unwrap();
        let error = keyring.signing_key().unwrap_err();
        assert!(matches!(&error, KeyringError::SigningKey { .. }), "{error}");
        assert!(!format!("{error} {error:?} {keyring:?}").contains(&damaged[..16]));
    }

    #[test]
    fn trust_begins_with_the_first_key_and_is_never_widened() {
        let (_folder, keyring) = keyring();
        assert!(matches!(keyring.trusted_keys(), Err(KeyringError::NoTrustedKeys { .. })));
        let (key, _) = keyring.signing_key().unwrap();
        assert!(keyring.trust_first(&key).unwrap());
        assert_eq!(keyring.trusted_keys().unwrap(), [hex::encode(key.verifying_key().as_bytes())]);
        assert!(!keyring.trust_first(&SigningKey::from_bytes(&[9; 32])).unwrap());
        assert_eq!(keyring.trusted_keys().unwrap().len(), 1);

        fs::write(keyring.trusted_path(), "# nobody\n\n").unwrap();
        assert!(matches!(keyring.trusted_keys(), Err(KeyringError::NoTrustedKeys { .. })));
        fs::write(keyring.trusted_path(), "# one\nnot a key\n").unwrap();
        assert!(matches!(keyring.trusted_keys(), Err(KeyringError::TrustedKey { line: 2, .. })));
    }
}
