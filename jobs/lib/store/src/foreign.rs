//! Stores over OpenDAL: whatever is neither a folder nor S3.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store_opendal::OpendalStore;
use opendal::layers::{RetryLayer, TimeoutLayer};
use url::Url;

use crate::StoreError;
use crate::services::Service;
use crate::transport::Transport;

/// Longest wait for a request that moves no data.
const REQUEST: Duration = Duration::from_secs(60);

/// Longest wait for one that does: 64 MiB go through in it at 2 Mbit/s.
const TRANSFER: Duration = Duration::from_secs(300);

/// How often a request is tried again.
const RETRIES: usize = 4;

/// Opens the store below the path of `url`; `shown` is how errors write it.
///
/// # Errors
/// [`StoreError::NoCreate`] when the service cannot create without overwriting, [`StoreError::Url`] when its settings
/// are missing.
pub(crate) fn open(service: Service, url: &Url, shown: &str) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let refuse = |reason: String| StoreError::Url { url: shown.to_owned(), reason };
    let transport = Transport::for_store().map_err(|error| refuse(error.to_string()))?;
    let root = opendal::raw::percent_decode_path(url.path());
    let operator = service.operator(url, &root, transport).map_err(|error| refuse(error.to_string()))?;
    if !operator.info().capability().write_with_if_not_exists {
        return Err(StoreError::NoCreate { url: shown.to_owned(), scheme: url.scheme().to_owned() });
    }
    let operator = operator
        .layer(TimeoutLayer::new().with_timeout(REQUEST).with_io_timeout(TRANSFER))
        .layer(RetryLayer::new().with_max_times(RETRIES).with_jitter());
    Ok(Arc::new(OpendalStore::new(operator)))
}
