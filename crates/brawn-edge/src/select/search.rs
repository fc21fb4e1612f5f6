//! Which keys of a bucket a prefix or a pattern takes.

use brawn_core::Result;

use super::Listing;
use super::glob::{self, Pattern};
use crate::location::Address;

/// A prefix, and a pattern for what is below it.
#[derive(Debug)]
pub(super) struct Search {
    /// Its key is empty or ends with `/`.
    pub(super) prefix: Address,
    /// What to list of it.
    pub(super) listed: Address,
    pattern: Option<Pattern>,
}

impl Search {
    /// What `source` means, a prefix or a key that is a pattern.
    pub(super) fn of(source: &Address) -> Result<Search> {
        if source.is_prefix() || !glob::is_pattern(&source.key) {
            let (prefix, listed) = (source.clone(), source.clone());
            return Ok(Search { prefix, listed, pattern: None });
        }
        let pattern = Pattern::new(&source.key)?;
        let prefix = source.with_key(pattern.prefix());
        let listed = source.with_key(pattern.beginning());
        Ok(Search { prefix, listed, pattern: Some(pattern) })
    }

    /// The name that the object `key` goes by, if it is taken.
    pub(super) fn name<'k>(&self, listing: &Listing, key: &'k str) -> Option<&'k str> {
        let name = self.found(listing, key)?;
        self.takes_kind(listing, name).then_some(name)
    }

    /// The name that the object `key` goes by, if it is one that is looked for but for its extension.
    pub(super) fn found<'k>(&self, listing: &Listing, key: &'k str) -> Option<&'k str> {
        let name = key.strip_prefix(&self.prefix.key).filter(|name| !name.is_empty())?;
        let named = self.pattern.as_ref().is_none_or(|pattern| {
            let hidden = name.split('/').any(|part| part.starts_with('.'));
            pattern.matches(name) && (!hidden || pattern.names_hidden())
        });
        // What the run writes below the prefix that it reads is not its input.
        let longer = |own: &Address| own.key.len() > self.prefix.key.len();
        let own = listing.destination.as_prefix().is_some_and(longer)
            && listing.destination.holds(self.prefix.scheme, &self.prefix.bucket, key);
        (named && !own).then_some(name)
    }

    /// Whether an object of this name is taken for its extension.
    pub(super) fn takes_kind(&self, listing: &Listing, name: &str) -> bool {
        listing.kinds.take(name, self.pattern.is_some())
    }

    /// Whether the object at `address` is taken where it is there.
    pub(super) fn takes(&self, listing: &Listing, address: &Address) -> bool {
        (address.scheme, &address.bucket) == (self.prefix.scheme, &self.prefix.bucket)
            && self.name(listing, &address.key).is_some()
    }
}
