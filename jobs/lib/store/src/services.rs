//! The services reached through OpenDAL, by the scheme of a URL. Credentials and end points come from the environment,
//! never from the URL, so that none gets into a manifest, a log or the list of processes.

use std::env;

use opendal::services::{Azblob, Gcs, Http, Webdav};
use opendal::{HttpTransporter, OperationContext, Operator};
use url::Url;

use crate::transport::Transport;

/// A service, told by the scheme of its URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// `azblob://CONTAINER/...`
    Azblob,
    /// `gs://BUCKET/...`
    Gcs,
    /// `webdavs://HOST/...`, and `webdav:` without TLS.
    Webdav,
    /// `https://HOST/...`, and `http:` without TLS.
    Http,
}

/// Why no operator can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// A variable is missing.
    #[error("{0}")]
    Missing(&'static str),
    /// OpenDAL does not take the settings.
    #[error("its settings are not valid: {0}")]
    Settings(String),
    /// No HTTP client can be made.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
}

impl Service {
    /// The service of `scheme`.
    pub(crate) fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "azblob" => Some(Self::Azblob),
            "gs" => Some(Self::Gcs),
            "webdav" | "webdavs" => Some(Self::Webdav),
            "http" | "https" => Some(Self::Http),
            _ => None,
        }
    }

    /// The variables its credentials are read from, for messages.
    pub(crate) fn variables(self) -> &'static str {
        match self {
            Self::Azblob => "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY (or AZURE_STORAGE_SAS_TOKEN)",
            Self::Gcs => "GOOGLE_APPLICATION_CREDENTIALS (or GOOGLE_SKIP_SIGNATURE=true for a public bucket)",
            Self::Webdav => "DOUGPT_WEBDAV_USER and DOUGPT_WEBDAV_PASSWORD (or DOUGPT_WEBDAV_TOKEN)",
            Self::Http => "DOUGPT_HTTP_USER and DOUGPT_HTTP_PASSWORD (or DOUGPT_HTTP_TOKEN)",
        }
    }

    /// The operator for `url`, below the folder `root` of its host, container or bucket.
    pub(crate) fn operator(self, url: &Url, root: &str, transport: Transport) -> Result<Operator, SetupError> {
        let place = url.host_str().unwrap_or_default();
        let operator = match self {
            Self::Azblob => Operator::new(azblob()?.container(place).root(root)),
            Self::Gcs => Operator::new(gcs().bucket(place).root(root)),
            Self::Webdav => Operator::new(
                Webdav::default()
                    .endpoint(&endpoint(url))
                    .root(root)
                    .username(&variable("DOUGPT_WEBDAV_USER"))
                    .password(&variable("DOUGPT_WEBDAV_PASSWORD"))
                    .token(&variable("DOUGPT_WEBDAV_TOKEN")),
            ),
            Self::Http => Operator::new(
                Http::default()
                    .endpoint(&endpoint(url))
                    .root(root)
                    .username(&variable("DOUGPT_HTTP_USER"))
                    .password(&variable("DOUGPT_HTTP_PASSWORD"))
                    .token(&variable("DOUGPT_HTTP_TOKEN")),
            ),
        };
        let operator = operator.map_err(|error| SetupError::Settings(error.message().to_owned()))?;
        let context = OperationContext::new().with_http_transport(HttpTransporter::new(transport));
        Ok(operator.with_context(context))
    }
}

fn azblob() -> Result<Azblob, SetupError> {
    let (account, endpoint) = (variable("AZURE_STORAGE_ACCOUNT_NAME"), variable("AZURE_STORAGE_ENDPOINT"));
    let endpoint = match (endpoint.as_str(), account.as_str()) {
        ("", "") => return Err(SetupError::Missing("set AZURE_STORAGE_ACCOUNT_NAME, or AZURE_STORAGE_ENDPOINT")),
        ("", account) => format!("https://{account}.blob.core.windows.net"),
        _ => endpoint,
    };
    let builder = Azblob::default()
        .endpoint(&endpoint)
        .account_name(&account)
        .account_key(&variable("AZURE_STORAGE_ACCOUNT_KEY"))
        .sas_token(&variable("AZURE_STORAGE_SAS_TOKEN"));
    Ok(if variable("AZURE_SKIP_SIGNATURE") == "true" { builder.skip_signature() } else { builder })
}

fn gcs() -> Gcs {
    // GOOGLE_APPLICATION_CREDENTIALS is read below us, like Google's own clients do.
    let builder = Gcs::default().endpoint(&variable("STORAGE_EMULATOR_HOST"));
    if variable("GOOGLE_SKIP_SIGNATURE") == "true" { builder.skip_signature() } else { builder }
}

/// `https://HOST:PORT` of a URL; a scheme that does not end in "s" means no TLS.
fn endpoint(url: &Url) -> String {
    let scheme = if url.scheme().ends_with('s') { "https" } else { "http" };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}", url.host_str().unwrap_or_default())
}

/// The variable, or nothing, which OpenDAL's builders take for unset.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
