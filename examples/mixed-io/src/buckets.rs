//! The async edges: whole objects in and out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use brawn::{Error, ErrorKind, Result};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::event::Object;

/// One client for each bucket, kept between invocations: a new one would pay for a TLS handshake each time.
pub(crate) struct Buckets {
    open: fn(&str) -> object_store::Result<Arc<dyn ObjectStore>>,
    opened: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Buckets {
    /// Credentials and region are those of the function.
    pub(crate) fn on_s3() -> Buckets {
        let open = |bucket: &str| {
            let s3 = AmazonS3Builder::from_env().with_bucket_name(bucket).build()?;
            Ok(Arc::new(s3) as Arc<dyn ObjectStore>)
        };
        Buckets { open, opened: Mutex::default() }
    }

    /// These stores and no others.
    #[cfg(test)]
    pub(crate) fn of(stores: impl IntoIterator<Item = (String, Arc<dyn ObjectStore>)>) -> Buckets {
        let open = |bucket: &str| {
            let source = format!("no bucket `{bucket}` here").into();
            Err(object_store::Error::Generic { store: "memory", source })
        };
        Buckets { open, opened: Mutex::new(stores.into_iter().collect()) }
    }

    fn bucket(&self, name: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.get(name) {
            return Ok(Arc::clone(store));
        }
        let store = (self.open)(name)?;
        opened.insert(name.to_owned(), Arc::clone(&store));
        Ok(store)
    }

    pub(crate) async fn get(&self, object: &Object) -> Result<Vec<u8>> {
        let fetched = async {
            // Not `Path::from`, which would encode once more what is not ASCII.
            let path = Path::parse(&object.key)?;
            self.bucket(&object.bucket)?.get(&path).await?.bytes().await
        };
        fetched.await.map(Into::into).map_err(|error| fault("read", object, error))
    }

    pub(crate) async fn put(&self, object: &Object, bytes: Vec<u8>) -> Result<()> {
        let stored = async {
            let path = Path::parse(&object.key)?;
            self.bucket(&object.bucket)?.put(&path, bytes.into()).await
        };
        stored.await.map(drop).map_err(|error| fault("write", object, error))
    }
}

/// What another try may mend, and what not.
fn fault(what: &str, object: &Object, error: object_store::Error) -> Error {
    use object_store::Error as Fault;
    let kind = match &error {
        Fault::NotFound { .. } => ErrorKind::NotFound,
        Fault::InvalidPath { .. } => ErrorKind::Unsupported,
        Fault::PermissionDenied { .. } | Fault::Unauthenticated { .. } => ErrorKind::Storage,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot {what} `{object}`")).with_source(error)
}
