//! A real WebDAV server for one test: Apache with mod_dav, with a folder, a password and a port of its own.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::port;

/// The name that may read.
pub const USER: &str = "ada";

/// Its password.
pub const PASSWORD: &str = "a-test-password";

/// The password as Apache's list of users takes it: its SHA-1.
const HASHED: &str = "{SHA}FYCBZtzrzCVFiDcvNqfZyi9nUr0=";

/// Where Debian puts the modules.
const MODULES: &str = "/usr/lib/apache2/modules";

/// Where Debian puts the server, which is not on everybody's PATH.
const PROGRAM: &str = "/usr/sbin/apache2";

/// Longest wait for the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; stopped on drop.
pub struct WebDav {
    server: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl WebDav {
    /// Starts a server with an empty folder.
    ///
    /// # Panics
    /// When `apache2` is missing or does not come up.
    #[expect(clippy::new_without_default, reason = "starting a process is more than a default value should do")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("dougpt-webdav-").tempdir().expect("a temporary folder");
        // A server that is started as root serves as nobody, who has to get in.
        for path in [folder.path().to_owned(), folder.path().join("files")] {
            fs::create_dir_all(&path).expect("a folder can be made");
            fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("permissions can be set");
        }
        fs::write(folder.path().join("users"), format!("{USER}:{HASHED}\n")).expect("a file can be written");
        // A port that was free may be taken a moment later, so a failed start is tried again with another.
        for _ in 0..3 {
            let address = port::free();
            if let Some(server) = start(folder.path(), address) {
                return Self { server, address, folder };
            }
        }
        let log = fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
        panic!("no WebDAV server came up: {log}");
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder it serves. Files in it have to be readable by everybody.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// `SCHEME://HOST:PORT/PATH`. `/away/...` is redirected to the same path of a cloud's metadata service, `/moved/...`
    /// to this server's `/...`, `/loop` to itself.
    pub fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}/{path}", self.address)
    }

    /// Every request so far as `METHOD PATH STATUS RANGE`, where a range was asked for, else `-`.
    pub fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("requests")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// As [`WebDav::requests`], once there are `count`: Apache notes a request only after its client has the answer.
    /// Fewer when they do not come.
    pub fn requests_once(&self, count: usize) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let requests = self.requests();
            if requests.len() >= count || Instant::now() > end {
                return requests;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for WebDav {
    fn drop(&mut self) {
        // Asked nicely, Apache ends its children too. Nothing can be done when it is gone already.
        let _ = Command::new("kill").arg(self.server.id().to_string()).status();
        let _ = self.server.wait();
    }
}

/// The server once it answers; `None` when it ended before that.
fn start(folder: &Path, address: SocketAddr) -> Option<Child> {
    let configuration = folder.join("configuration");
    fs::write(&configuration, configured(folder, address)).expect("a file can be written");
    let mut command = Command::new(PROGRAM);
    command.arg("-f").arg(&configuration).args(["-D", "FOREGROUND"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = command.spawn();
    let mut server = started.unwrap_or_else(|error| panic!("cannot start {PROGRAM}: {error}; run ci/packages"));
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        let ended = server.try_wait().expect("a child can be asked").is_some();
        assert!(Instant::now() < end, "apache2 does not listen on {address}");
        if ended {
            return None;
        }
        sleep(Duration::from_millis(20));
    }
    Some(server)
}

fn configured(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let modules =
        ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "alias", "dav", "dav_fs"];
    let modules = modules.map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n")).concat();
    format!(
        "ServerRoot {folder}
ServerName localhost
Listen {address}
PidFile process
ErrorLog errors
{modules}User nobody
Group nogroup
Mutex file:{folder} default
DavLockDB locks
DocumentRoot {folder}/files
StartServers 1
LogFormat \"%m %U %>s %{{Range}}i\" short
CustomLog requests short
Redirect 302 /away/ http://169.254.169.254/
Redirect 302 /moved/ http://{address}/
Redirect 302 /loop http://{address}/loop
<Directory {folder}/files>
Dav On
AuthType Basic
AuthName test
AuthUserFile {folder}/users
Require valid-user
</Directory>
"
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn the_server_answers_and_is_gone_with_its_value() {
        let server = WebDav::new();
        let address = server.address();
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(b"OPTIONS / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert_eq!(server.requests(), ["OPTIONS / 401 -"]);
        drop(server);
        assert!(TcpStream::connect(address).is_err());
    }
}
