//! Who writes what: no two items over each other.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use brawn_core::{Error, ErrorKind, Result};

use crate::location::Location;

/// Up to so many outputs the source of each is remembered, to be named when another one wants the same place (some
/// 6 MB); beyond, 16 bytes are kept of each.
const NAMED: usize = 1 << 16;

/// The places that a run writes, as 64-bit hashes: 16 bytes for each output, however long the names. That two of a
/// million places share one has a chance of one in 37 million.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    hasher: RandomState,
    outputs: HashMap<u64, Option<Arc<str>>>,
}

impl Claims {
    /// Takes `place`, as the destination spells it, for an output of `source`. `false`: that very source has it already.
    pub(crate) fn writes(&mut self, place: &Location, source: &Arc<str>) -> Result<bool> {
        let hash = self.hasher.hash_one(place);
        let name = (self.outputs.len() < NAMED).then(|| Arc::clone(source));
        match self.outputs.insert(hash, name) {
            None => Ok(true),
            Some(Some(first)) if first == *source => Ok(false),
            Some(first) => {
                let first = first.as_deref().map_or_else(
                    || "another source of this run".to_owned(),
                    |first| format!("`{first}`"),
                );
                Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!("`{source}` and {first} would both write `{place}`"),
                )
                .with_hint(
                    "give the outputs names that differ, or run them into different folders",
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Location {
        text.parse().expect("a location")
    }

    #[test]
    fn the_second_item_that_wants_a_place_is_told_who_has_it() {
        let mut claims = Claims::default();
        let (png, jpg): (Arc<str>, Arc<str>) = ("a.png".into(), "a.jpg".into());
        assert!(claims.writes(&place("out/a.webp"), &png).expect("free"));
        assert!(!claims.writes(&place("out/a.webp"), &png).expect("its own"));
        let error = claims.writes(&place("out/a.webp"), &jpg).expect_err("taken");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(error.to_string(), "`a.jpg` and `a.png` would both write `out/a.webp`");
        claims.writes(&place("s3://b/a.webp"), &jpg).expect("another place");
    }
}
