//! What is under a prefix of a bucket.

use brawn_core::{Result, Status};
use futures::StreamExt as _;

use super::glob::Pattern;
use super::{Finder, GoOn, Item};
use crate::location::Address;
use crate::store::fault;

/// Sends the objects under `source` (a prefix, or a key that is a pattern) and says how many; `None` when nobody
/// listens any more. A page that fails is asked for again, from the last key that came.
pub(super) async fn list(
    finder: &Finder,
    source: &Address,
    pattern: Option<&Pattern>,
) -> Result<Option<u64>> {
    let listing = &finder.listing;
    let prefix = match pattern {
        Some(pattern) => source.with_key(pattern.prefix()),
        None => source.clone(),
    };
    let mut page = Page { finder, prefix, pattern, last: None, count: 0 };
    let mut tries = listing.stores.retry().tries();
    let stop = &listing.stop;
    let listed = async {
        loop {
            match stop.guard(page.send()).await? {
                Ok(go_on) => return Ok(go_on),
                Err(error) => tries.after(error, stop).await?,
            }
        }
    };
    match listed.await {
        Ok(go_on) => Ok(go_on.then_some(page.count)),
        // The run ended, which is reported for each item and not for the listing.
        Err(error) if Status::of(&error) == Status::Deadline => Ok(None),
        Err(error) => Err(error),
    }
}

/// A listing, as far as it has come.
struct Page<'a> {
    finder: &'a Finder,
    prefix: Address,
    pattern: Option<&'a Pattern>,
    /// The last key that came.
    last: Option<String>,
    count: u64,
}

impl Page<'_> {
    /// Sends what comes after the last key.
    async fn send(&mut self) -> Result<GoOn> {
        let mut page = self.finder.listing.stores.list(&self.prefix, self.last.as_deref())?;
        while let Some(meta) = page.next().await {
            let meta = meta.map_err(|error| fault(&error, &self.prefix))?;
            let key = meta.location.to_string();
            if let Some(name) = key.strip_prefix(&self.prefix.key)
                && self.wants(name, &key)
            {
                self.count += 1;
                let item = Item {
                    name: name.to_owned(),
                    size: Some(meta.size),
                    ..Item::new(self.prefix.with_key(&key).into())
                };
                if !self.finder.send(Ok(item)).await {
                    return Ok(false);
                }
            }
            self.last = Some(key);
        }
        Ok(true)
    }

    fn wants(&self, name: &str, key: &str) -> bool {
        let listing = &self.finder.listing;
        let named = match self.pattern {
            Some(pattern) => {
                let hidden = name.split('/').any(|part| part.starts_with('.'));
                pattern.matches(name) && (!hidden || pattern.names_hidden())
            }
            None => listing.accepts(name),
        };
        // What the run writes below the prefix that it reads is not its input.
        let longer = |own: &Address| own.key.len() > self.prefix.key.len();
        let own = listing.destination.as_prefix().is_some_and(longer)
            && listing.destination.holds(self.prefix.scheme, &self.prefix.bucket, key);
        named && !own && !name.is_empty()
    }
}
