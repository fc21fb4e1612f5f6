//! What is under a prefix of a bucket.

use brawn_core::{Result, Status};

use super::kinds::Count;
use super::search::Search;
use super::{Finder, GoOn, Item};
use crate::location::extension;
use crate::store::{Entry, Pages};

/// Sends the objects that `search` takes and says how many; `None` when nobody listens any more. A page that fails is
/// asked for again, a key that cannot be addressed is one failed item.
pub(super) async fn list(finder: &Finder, search: &Search) -> Result<Option<Count>> {
    let mut pages = finder.listing.stores.pages(&search.listed)?;
    let mut count = Count::default();
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
                Sent::Not => {}
                Sent::PassedOver => {
                    count.passed_over += 1;
                    finder.listing.listed.pass_over();
                }
                Sent::Taken(true) => count.taken += 1,
                Sent::Taken(false) => return Ok(None),
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

/// What became of what was listed.
enum Sent {
    Taken(GoOn),
    /// Not wanted.
    Not,
    /// Not wanted, for its extension alone.
    PassedOver,
}

async fn send(finder: &Finder, search: &Search, entry: Entry) -> Sent {
    let listing = &finder.listing;
    match entry {
        Entry::Object { key, size } => {
            let Some(name) = search.found(listing, &key).map(str::to_owned) else {
                return Sent::Not;
            };
            let address = search.prefix.with_key(key);
            if listing.written.has_object(&address) {
                return Sent::Not;
            }
            if !search.takes_kind(listing, &name) {
                // Stores list a folder marker (`2024/`, empty) like an object `2024`.
                let may_be_marker = size == 0 && extension(&name).is_none();
                return if may_be_marker { Sent::Not } else { Sent::PassedOver };
            }
            let item = Item { name, size: Some(size), ..Item::new(address.into()) };
            Sent::Taken(finder.send(Ok(item)).await)
        }
        // With a `/` at its end it is a folder marker.
        Entry::Unaddressable { key, .. } if key.ends_with('/') => Sent::Not,
        Entry::Unaddressable { key, .. } if search.name(listing, &key).is_none() => Sent::Not,
        Entry::Unaddressable { key, error } => {
            Sent::Taken(finder.miss(search.prefix.with_key(key), error).await)
        }
    }
}
