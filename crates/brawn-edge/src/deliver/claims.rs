//! Who writes what: no output over an input of the same run, no two items over each other.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;

use brawn_core::{Error, ErrorKind, Result};

use crate::location::Location;

/// Up to so many outputs the source of each is remembered, to be named when another one wants the same place (some
/// 6 MB); beyond, 16 bytes are kept of each.
const NAMED: usize = 1 << 16;

/// The places that a run reads and writes, as 64-bit hashes: 16 bytes for each item, however long the names. That two
/// of a million places share one has a chance of one in 37 million.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    hasher: RandomState,
    inputs: HashSet<u64>,
    outputs: HashMap<u64, Option<Arc<str>>>,
}

impl Claims {
    /// Notes that the run reads `place`.
    pub(crate) fn reads(&mut self, place: &Location) {
        // Standard input and standard output share a name and nothing else.
        if *place == Location::Stdio {
            return;
        }
        let place = self.hash(place);
        self.inputs.insert(place);
    }

    /// Takes `place` for an output of `source`.
    pub(crate) fn writes(&mut self, place: &Location, source: &Arc<str>) -> Result<()> {
        let hash = self.hash(place);
        if self.inputs.contains(&hash) {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("`{place}` is an input of this run and would be written over"),
            )
            .with_hint("write to another folder or prefix"));
        }
        let name = (self.outputs.len() < NAMED).then(|| Arc::clone(source));
        match self.outputs.insert(hash, name) {
            None => Ok(()),
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

    fn hash(&self, place: &Location) -> u64 {
        match place {
            Location::Path(path) => self.hasher.hash_one(plain(path)),
            other => self.hasher.hash_one(other),
        }
    }
}

/// The absolute form without `.` and `..`; symlinks are followed nowhere, the identity of files is checked when they
/// are written.
fn plain(path: &Path) -> Vec<std::ffi::OsString> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts = Vec::new();
    for part in absolute.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => drop(parts.pop()),
            other => parts.push(other.as_os_str().to_owned()),
        }
    }
    parts
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
        claims.writes(&place("out/a.webp"), &png).expect("free");
        let error = claims.writes(&place("./out/x/../a.webp"), &jpg).expect_err("taken");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(error.to_string(), "`a.jpg` and `a.png` would both write `./out/x/../a.webp`");
        claims.writes(&place("s3://b/a.webp"), &jpg).expect("another place");
    }

    #[test]
    fn an_input_is_never_an_output() {
        let mut claims = Claims::default();
        claims.reads(&place("s3://b/a.jpg"));
        claims.reads(&place("photos/a.jpg"));
        for target in ["s3://b/a.jpg", "photos/a.jpg", "./photos/./a.jpg"] {
            let error = claims.writes(&place(target), &"b.png".into()).expect_err(target);
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
        }
    }
}
