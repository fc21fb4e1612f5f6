//! What a run has written.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fetch::Identity;
use crate::location::Address;

/// What a run has written so far: nothing of it is written over by the same run, and a listing that comes to it passes
/// over it.
#[derive(Debug, Default)]
pub(crate) struct Written {
    files: Mutex<HashSet<Identity>>,
    objects: Mutex<HashSet<Address>>,
}

impl Written {
    /// The files, locked: what is looked at under the lock is still so when it is replaced, as far as this run goes.
    pub(super) fn files(&self) -> MutexGuard<'_, HashSet<Identity>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it wrote the file that `look` finds; where it wrote none nobody looks.
    pub(crate) fn has_file(&self, look: impl FnOnce() -> Option<Identity>) -> bool {
        !self.files().is_empty() && look().is_some_and(|identity| self.files().contains(&identity))
    }

    /// Notes that the object will be written, where a listing of this run can come to it.
    pub(super) fn add_object(&self, address: Address) {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
    }

    pub(crate) fn has_object(&self, address: &Address) -> bool {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).contains(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_at_once_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).expect("written");
            std::fs::metadata(path).ok().and_then(|metadata| Identity::of(&metadata))
        };
        let (own, other) = (identity("own"), identity("other"));
        let written = Written::default();
        assert!(!written.has_file(|| unreachable!("a system call for each file")));
        written.files().extend(own);
        assert!(written.has_file(|| own));
        assert!(!written.has_file(|| other) && !written.has_file(|| None));
    }
}
