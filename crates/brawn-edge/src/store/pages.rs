//! What a bucket holds, page by page.

use std::sync::Arc;

use brawn_core::{Error, Result};
use futures::TryStreamExt as _;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::{ObjectMeta, ObjectStore};

use super::{fault, object};
use crate::location::Address;

/// As many keys as S3 gives at once.
const PAGE: usize = 1000;

/// The way to list a bucket.
#[derive(Clone)]
pub(super) enum Lister {
    /// By pages.
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only `s3://` has pages"))]
    Paged(Arc<dyn PaginatedListStore>),
    /// In one go: what is in memory is there at once.
    Whole(Arc<dyn ObjectStore>),
}

/// The objects under a prefix. After an error the same page can be asked for again.
pub(crate) struct Pages {
    lister: Lister,
    prefix: Address,
    begin: Begin,
    /// How many keys to ask for.
    window: usize,
}

/// Where the next page begins.
#[derive(Clone, Debug)]
enum Begin {
    Start,
    /// What the store called the place.
    Token(String),
    /// After this very key.
    Key(String),
    End,
}

/// One key of a page.
#[derive(Debug)]
pub(crate) enum Entry {
    Object {
        key: String,
        size: u64,
    },
    /// An object that the store's client has no name for.
    Unaddressable {
        key: String,
        error: Error,
    },
}

impl Pages {
    pub(super) fn new(lister: Lister, prefix: &Address) -> Pages {
        Pages { lister, prefix: prefix.clone(), begin: Begin::Start, window: PAGE }
    }

    /// The next page; `None` after the last one.
    ///
    /// The client gives up a whole page for one key that it has no name for (`a//b`), and tells that key alone. So such
    /// a page is asked for again in smaller and smaller parts, until the key is the first of its part and can be passed
    /// over: some 20 requests for a key among others, one where they come in a row.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Entry>>> {
        let store = match (&self.lister, &self.begin) {
            (_, Begin::End) => return Ok(None),
            (Lister::Paged(store), _) => Arc::clone(store),
            (Lister::Whole(store), _) => {
                let all = whole(&**store, &self.prefix).await?;
                self.begin = Begin::End;
                return Ok(Some(all));
            }
        };
        loop {
            let bad = match store.list_paginated(self.prefix(), self.options()).await {
                Ok(page) => return Ok(Some(self.taken(page))),
                Err(error) => match unnamed(&error) {
                    Some(key) => key,
                    None => return Err(fault(&error, &self.prefix)),
                },
            };
            if self.window > 1 {
                self.window /= 2;
                continue;
            }
            let error = object::path(&self.prefix.with_key(&bad)).err();
            self.begin = Begin::Key(bad.clone());
            if let Some(error) = error {
                return Ok(Some(vec![Entry::Unaddressable { key: bad, error }]));
            }
        }
    }

    fn prefix(&self) -> Option<&str> {
        Some(self.prefix.key.as_str()).filter(|prefix| !prefix.is_empty())
    }

    fn options(&self) -> PaginatedListOptions {
        let (page_token, offset) = match &self.begin {
            Begin::Start | Begin::End => (None, None),
            Begin::Token(token) => (Some(token.clone()), None),
            Begin::Key(key) => (None, Some(key.clone())),
        };
        let max_keys = (self.window < PAGE).then_some(self.window);
        PaginatedListOptions { offset, page_token, max_keys, ..PaginatedListOptions::default() }
    }

    fn taken(&mut self, page: PaginatedListResult) -> Vec<Entry> {
        self.window = (self.window * 2).min(PAGE);
        self.begin = match page.page_token {
            Some(token) if !token.is_empty() => Begin::Token(token),
            _ => Begin::End,
        };
        page.result.objects.into_iter().map(entry).collect()
    }
}

fn entry(meta: ObjectMeta) -> Entry {
    Entry::Object { key: meta.location.into(), size: meta.size }
}

async fn whole(store: &dyn ObjectStore, prefix: &Address) -> Result<Vec<Entry>> {
    // Such a store lists folders only.
    let folder = prefix.key.rfind('/').map_or("", |slash| &prefix.key[..slash]);
    let path = object::path(&prefix.with_key(folder))?;
    let path = (!path.is_root()).then_some(&path);
    let all: Vec<ObjectMeta> =
        store.list(path).try_collect().await.map_err(|error| fault(&error, prefix))?;
    Ok(all.into_iter().map(entry).collect())
}

/// The key that ended a page, as it is.
fn unnamed(error: &object_store::Error) -> Option<String> {
    use object_store::path::Error as Path;
    match error {
        object_store::Error::InvalidPath {
            source: Path::EmptySegment { path } | Path::BadSegment { path, .. },
        } => Some(path.clone()),
        _ => None,
    }
}
