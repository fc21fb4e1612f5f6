//! Object stores: one client for each bucket, made on first use.

mod aborts;
#[cfg(feature = "s3")]
mod asking;
mod checksum;
mod fault;
mod object;
mod pages;
mod remote;
#[cfg(feature = "s3")]
mod s3;
mod upload;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use brawn_core::{Budget, Error, Memory, Result};
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::sync::Semaphore;

use crate::buffers::Buffers;
use crate::fetch::{self, Pipes};
use crate::location::{Address, Location, Scheme};
use crate::pipe::Reading;
use crate::retry::Retry;
use crate::stop::Stop;

use aborts::Aborts;
pub(crate) use fault::fault;
pub(crate) use object::Object;
use pages::Lister;
pub(crate) use pages::{Entry, Pages};
pub(crate) use remote::{Remote, Verified, Verifier, When};
pub(crate) use upload::{HELD, Upload};

/// How often a part of an upload in pieces is sent again.
#[cfg(feature = "s3")]
const TRIES: usize = 5;

/// The object stores of a process: one client for each bucket, shared by every clone.
#[derive(Clone)]
pub struct Stores {
    shared: Arc<Shared>,
    retry: Retry,
}

struct Shared {
    /// The `AWS_*` variables, and those of libpq. They hold secrets: `Debug` prints none of them.
    #[cfg_attr(
        not(any(feature = "s3", feature = "postgres")),
        expect(dead_code, reason = "only `s3://` and `postgres://` read them")
    )]
    variables: Vec<(String, String)>,
    buckets: Mutex<HashMap<(Scheme, String), Bucket>>,
    aborts: Aborts,
}

/// A client, and its way to list.
#[derive(Clone)]
struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// For uploads in pieces, which brawn cannot send again: it tries again by itself.
    patient: Arc<dyn ObjectStore>,
    lister: Lister,
    /// Whether it is asked for checksums; until it says that it does not know the question.
    asks: Arc<AtomicBool>,
}

impl Stores {
    /// Stores that take credentials, region and endpoint from the `AWS_*` environment variables, and what a `postgres://`
    /// location leaves out from libpq's (`PGHOST`, `PGUSER`, `PGPASSWORD`, `PGPASSFILE`, `PGSSLMODE`, ...).
    ///
    /// `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` name another server than AWS; plain HTTP is spoken where the
    /// endpoint says `http://`, and the bucket is then part of the path.
    pub fn from_env() -> Stores {
        // Not `vars()`: it panics on a variable that is not UTF-8.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Stores::from_variables(variables)
    }

    /// Stores as [`from_env`](Stores::from_env), from variables that the caller gives.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Stores {
        // Set but empty means not set, as in AWS's own tools: `AWS_SESSION_TOKEN=` is no token.
        let variables = variables
            .into_iter()
            .filter(|(name, value)| is_read(name) && !value.is_empty())
            .collect();
        let shared = Shared { variables, buckets: Mutex::default(), aborts: Aborts::default() };
        Stores { shared: Arc::new(shared), retry: Retry::default() }
    }

    /// The same stores with another way of trying again.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Stores {
        Stores { retry, ..self }
    }

    /// The variables that say how a database is reached.
    #[cfg(feature = "postgres")]
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.shared.variables
    }

    pub(crate) fn retry(&self) -> Retry {
        self.retry
    }

    /// The object at `address`.
    pub(crate) fn object(&self, address: &Address) -> Result<Object> {
        let path = object::path(address)?;
        let Bucket { store, asks, .. } = self.bucket(address)?;
        let aborts = self.shared.aborts.clone();
        Ok(Object::new(store, path, address.clone(), self.retry, aborts, asks))
    }

    /// Begins to write the object at `address` in pieces.
    pub(crate) fn upload(
        &self,
        address: &Address,
        content_type: &'static str,
        cache_control: Option<&str>,
        job: &'static str,
        stop: Stop,
    ) -> Result<Upload> {
        let object = self.object(address)?;
        let patient = self.bucket(address)?.patient;
        Ok(Upload::new(object, patient, content_type, cache_control, job, stop))
    }

    /// Reads a whole object or file, outside of any run.
    ///
    /// # Errors
    /// As for an item of a run: not found, denied, unavailable.
    pub async fn get(&self, location: &Location) -> Result<Bytes> {
        let (stop, _watch) = Stop::watch(&Budget::unlimited());
        let buffers = Buffers::within(0);
        let opened = match location {
            Location::Object(address) => {
                fetch::open_object(self, address, &buffers, When::Now, &stop).await?
            }
            Location::Path(path) => {
                let path = path.clone();
                let end = stop.clone();
                fetch::blocking(move || fetch::open_file(&path, &buffers, unbounded(end))).await?
            }
            Location::Stdio => {
                let end = stop.clone();
                fetch::blocking(move || fetch::read_stdin(&buffers, unbounded(end))).await?
            }
            Location::Database(database) => return Err(database.is_no_source()),
        };
        opened.bytes(opened.size, &stop).await
    }

    /// Stores an object, outside of any run; what is there is replaced.
    ///
    /// # Errors
    /// When the store refuses it, or `address` is a prefix.
    pub async fn put(
        &self,
        address: &Address,
        bytes: Bytes,
        content_type: &'static str,
    ) -> Result<()> {
        let (stop, _watch) = Stop::watch(&Budget::unlimited());
        self.object(address)?.put(bytes, content_type, None, None, &stop).await
    }

    /// Waits, for `patience` at most, until uploads that were given up are aborted: parts of an upload that is neither
    /// completed nor aborted stay, unseen, and are paid for. Runs do so by themselves as far as their deadline allows;
    /// it is for who ends the async runtime after a run.
    pub async fn settle(&self, patience: Duration) {
        self.shared.aborts.settled(patience).await;
    }

    /// The objects whose keys begin with that of `prefix`; from a store in memory, all of its folder.
    pub(crate) fn pages(&self, prefix: &Address) -> Result<Pages> {
        Ok(Pages::new(self.bucket(prefix)?.lister, prefix))
    }

    fn bucket(&self, address: &Address) -> Result<Bucket> {
        let mut buckets = self.shared.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (address.scheme, address.bucket.clone());
        if let Some(bucket) = buckets.get(&place) {
            return Ok(bucket.clone());
        }
        let bucket = match address.scheme {
            Scheme::Memory => in_memory(&address.bucket),
            Scheme::S3 => self.s3(&address.bucket)?,
        };
        buckets.insert(place, bucket.clone());
        Ok(bucket)
    }

    #[cfg(feature = "s3")]
    fn s3(&self, bucket: &str) -> Result<Bucket> {
        let store = Arc::new(s3::connect(&self.shared.variables, bucket, 0)?);
        let patient = Arc::new(s3::connect(&self.shared.variables, bucket, TRIES)?);
        let asks = Arc::new(AtomicBool::new(s3::asks(&self.shared.variables, bucket)));
        Ok(Bucket { lister: Lister::Paged(Arc::clone(&store) as _), store, patient, asks })
    }

    #[cfg(not(feature = "s3"))]
    fn s3(&self, bucket: &str) -> Result<Bucket> {
        Err(Error::unsupported(format!("this build cannot reach `s3://{bucket}/`"))
            .with_hint("build brawn-edge with its feature `s3`"))
    }
}

impl Default for Stores {
    fn default() -> Stores {
        Stores::from_env()
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").field("retry", &self.retry).finish_non_exhaustive()
    }
}

/// Whether a store or a database asks for the variable.
fn is_read(name: &str) -> bool {
    name.starts_with("AWS_")
        || (cfg!(feature = "postgres")
            && (name.starts_with("PG") || matches!(name, "HOME" | "USER" | "LOGNAME")))
}

/// A pipe is read as long as it gives something.
fn unbounded(stop: Stop) -> Pipes {
    Pipes::Whole(Reading {
        memory: Memory::unlimited(),
        turn: Arc::new(Semaphore::new(1)),
        stop,
        refuse: Box::new(|_| Ok(())),
        count: Arc::default(),
    })
}

/// The stores of `memory://`: everyone in this process who says the same name means the same store.
fn in_memory(name: &str) -> Bucket {
    static NAMED: LazyLock<Mutex<HashMap<String, Arc<InMemory>>>> = LazyLock::new(Mutex::default);
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    let store: Arc<dyn ObjectStore> = Arc::clone(named.entry(name.to_owned()).or_default()) as _;
    let lister = Lister::Whole(Arc::clone(&store));
    Bucket { lister, patient: Arc::clone(&store), store, asks: Arc::default() }
}

/// An error about a key that the store's client cannot address.
fn unaddressable(address: &Address, why: impl fmt::Display) -> Error {
    Error::unsupported(format!(
        "`{}` cannot be addressed: {why}",
        address.to_string().escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn_core::ErrorKind;

    fn address(text: &str) -> Address {
        let Location::Object(address) = text.parse().expect("a location") else {
            panic!("{text} is in a bucket")
        };
        address
    }

    #[test]
    fn a_key_that_would_be_rewritten_is_refused() {
        let stores = Stores::from_variables([]);
        for key in ["a//b", "/a", "a/", "a/../b", "./a", "tab\tname"] {
            let error = stores.object(&address("memory://t/").with_key(key)).expect_err(key);
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{key}: {error}");
        }
        for key in ["a b", "a%20b", "a+b", "#?*[]{}", "été/日本", "..%2Fup", "-lead"] {
            stores.object(&address("memory://t/").with_key(key)).expect(key);
        }
    }

    #[test]
    fn debug_prints_no_secret() {
        let secret = ("AWS_SECRET_ACCESS_KEY".to_owned(), "hush".to_owned());
        assert!(!format!("{:?}", Stores::from_variables([secret])).contains("hush"));
    }
}
