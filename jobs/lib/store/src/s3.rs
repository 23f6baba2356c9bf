//! S3, for stores and for sources.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore};
use url::Url;

use crate::network::{Policy, Refused};

/// The store below `prefix` of a bucket. End point and credentials come from `AWS_*`.
pub(crate) fn store(bucket: &str, prefix: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    let s3 = builder.with_conditional_put(S3ConditionalPut::ETagMatch).build()?;
    Ok(match prefix {
        "" => Arc::new(s3),
        prefix => Arc::new(PrefixStore::new(s3, prefix)),
    })
}

/// A bucket to read files from, within the network policy.
pub(crate) fn source(bucket: &str, policy: Policy) -> object_store::Result<Arc<dyn ObjectStore>> {
    let builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    Ok(Arc::new(builder.with_http_connector(Guarded { policy }).build()?))
}

/// Makes clients that keep to the policy.
#[derive(Debug)]
struct Guarded {
    policy: Policy,
}

impl HttpConnector for Guarded {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = self.policy.client();
        let client = client.map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        Ok(HttpClient::new(GuardedClient { policy: self.policy.clone(), client }))
    }
}

struct GuardedClient {
    policy: Policy,
    client: reqwest::Client,
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardedClient")
    }
}

impl GuardedClient {
    fn check(&self, request: &HttpRequest) -> Result<(), Refused> {
        match Url::parse(&request.uri().to_string()) {
            Ok(url) => self.policy.check_url(&url),
            Err(_) => Err(Refused::Scheme { scheme: "a URL that cannot be read".to_owned() }),
        }
    }
}

// The trait's method is `async` through a macro; written out here, which spares a dependency.
impl HttpService for GuardedClient {
    fn call<'a, 'b>(&'a self, request: HttpRequest) -> BoxFuture<'b, Result<HttpResponse, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        async move {
            // Of no kind that is tried again.
            self.check(&request).map_err(|refused| HttpError::new(HttpErrorKind::Unknown, refused))?;
            self.client.call(request).await
        }
        .boxed()
    }
}
