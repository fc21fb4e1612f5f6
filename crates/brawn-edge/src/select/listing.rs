//! What is under a prefix of a bucket.

use brawn_core::{Result, Status};

use super::search::Search;
use super::{Finder, GoOn, Item};
use crate::store::{Entry, Pages};

/// Sends the objects that `search` takes and says how many; `None` when nobody listens any more. A page that fails is
/// asked for again, a key that cannot be addressed is one failed item.
pub(super) async fn list(finder: &Finder, search: &Search) -> Result<Option<u64>> {
    let mut pages = finder.listing.stores.pages(&search.listed)?;
    let mut count = 0;
    loop {
        let page = match next(finder, &mut pages).await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(Some(count)),
            // The run ended, which is reported for each item and not for the listing.
            Err(error) if Status::of(&error) == Status::Deadline => return Ok(None),
            Err(error) => return Err(error),
        };
        for entry in page {
            match send(finder, search, entry).await {
                None => {}
                Some(true) => count += 1,
                Some(false) => return Ok(None),
            }
        }
    }
}

async fn next(finder: &Finder, pages: &mut Pages) -> Result<Option<Vec<Entry>>> {
    let stop = &finder.listing.stop;
    let mut tries = finder.listing.stores.retry().tries();
    loop {
        match stop.guard(pages.next()).await? {
            Ok(page) => return Ok(page),
            Err(error) => tries.after(error, stop).await?,
        }
    }
}

/// `None` for what is not wanted.
async fn send(finder: &Finder, search: &Search, entry: Entry) -> Option<GoOn> {
    let listing = &finder.listing;
    match entry {
        Entry::Object { key, size } => {
            let name = search.name(listing, &key)?.to_owned();
            let address = search.prefix.with_key(key);
            if listing.written.has_object(&address) {
                return None;
            }
            let item = Item { name, size: Some(size), ..Item::new(address.into()) };
            Some(finder.send(Ok(item)).await)
        }
        // With a `/` at its end it is a folder marker.
        Entry::Unaddressable { key, .. } if key.ends_with('/') => None,
        Entry::Unaddressable { key, error } => {
            search.name(listing, &key)?;
            Some(finder.miss(search.prefix.with_key(key), error).await)
        }
    }
}
