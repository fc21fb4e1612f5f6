//! Whether outputs can go where they are to go, asked once for all of them.

use std::fs;
use std::path::Path;

use brawn_core::{Error, ErrorKind, Result};

use super::Destination;
use super::local::Draft;
use crate::location::shown;

impl Destination {
    /// Tries to write where it is a folder of this machine: into it or, where it is not there yet, into the folder that it would be
    /// made in. Leaves nothing behind. Blocks.
    ///
    /// # Errors
    /// [`ErrorKind::Storage`] with the system's reason.
    pub fn try_out(&self) -> Result<()> {
        let Some(folder) = self.local_folder() else { return Ok(()) };
        let is_there = |folder: &&Path| fs::symlink_metadata(folder).is_ok();
        let there = folder.ancestors().find(is_there).unwrap_or(Path::new("."));
        match Draft::begin(there) {
            Ok(_) => Ok(()),
            Err(error) => {
                let message = format!("cannot write to `{}`", shown(folder));
                Err(Error::new(ErrorKind::Storage, message).with_source(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::location::Location;

    #[test]
    fn a_folder_is_tried_out_and_left_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = |name: &str| Destination::folder(Location::from(&*folder.path().join(name)));
        for good in ["", "new", "new/deep"] {
            below(good).try_out().expect(good);
        }
        Destination::folder("no-such-folder/x".parse().expect("a path")).try_out().expect("here");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0);
        fs::write(folder.path().join("file"), "x").expect("written");
        for bad in ["file", "file/x", "file/x/y"] {
            let error = below(bad).try_out().expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Storage);
            assert!(error.to_string().ends_with(&format!("/{bad}`")), "{error}");
        }
    }
}
