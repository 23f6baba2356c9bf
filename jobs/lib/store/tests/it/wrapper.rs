//! An object store that misbehaves on purpose, over one in memory.

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// How a store misbehaves. Writes are counted from 1.
#[derive(Debug, Clone, Copy)]
pub enum Misbehaviour {
    /// It overwrites where it was asked to create.
    IgnoresCreate,
    /// A write fails and did nothing.
    FailsWrite(u64),
    /// A write is done but its answer is lost.
    LosesAnswer(u64),
}

/// The wrapper.
#[derive(Debug)]
pub struct Misbehaving {
    inner: Arc<InMemory>,
    how: Misbehaviour,
    writes: AtomicU64,
}

impl Misbehaving {
    /// Misbehaves over `inner`, which stays as it is for others.
    pub fn over(inner: &Arc<InMemory>, how: Misbehaviour) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner), how, writes: AtomicU64::new(0) })
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }
}

impl fmt::Display for Misbehaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.how)
    }
}

fn broken() -> Error {
    Error::Generic { store: "misbehaving", source: "the connection was reset".into() }
}

// The trait's methods are `async` through a macro; written out here, which spares the tests a dependency.
impl ObjectStore for Misbehaving {
    fn put_opts<'a, 'b, 'c>(
        &'a self,
        location: &'b Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> BoxFuture<'c, Result<PutResult>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        match self.how {
            Misbehaviour::IgnoresCreate => {
                options.mode = PutMode::Overwrite;
                self.inner.put_opts(location, payload, options)
            }
            Misbehaviour::FailsWrite(fails) if number == fails => ready(Err(broken())).boxed(),
            Misbehaviour::LosesAnswer(loses) if number == loses => {
                self.inner.put_opts(location, payload, options).map(|_| Err(broken())).boxed()
            }
            Misbehaviour::FailsWrite(_) | Misbehaviour::LosesAnswer(_) => {
                self.inner.put_opts(location, payload, options)
            }
        }
    }

    fn put_multipart_opts<'a, 'b, 'c>(
        &'a self,
        location: &'b Path,
        options: PutMultipartOptions,
    ) -> BoxFuture<'c, Result<Box<dyn MultipartUpload>>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.put_multipart_opts(location, options)
    }

    fn get_opts<'a, 'b, 'c>(&'a self, location: &'b Path, options: GetOptions) -> BoxFuture<'c, Result<GetResult>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.get_opts(location, options)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_delimiter<'a, 'b, 'c>(&'a self, prefix: Option<&'b Path>) -> BoxFuture<'c, Result<ListResult>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'a, 'b, 'd, 'c>(
        &'a self,
        from: &'b Path,
        to: &'d Path,
        options: CopyOptions,
    ) -> BoxFuture<'c, Result<()>>
    where
        'a: 'c,
        'b: 'c,
        'd: 'c,
        Self: 'c,
    {
        self.inner.copy_opts(from, to, options)
    }
}
