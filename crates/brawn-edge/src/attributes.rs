//! What a file has besides its content.

use std::fs::{File, Metadata};
use std::time::SystemTime;

/// The time of its last change, and who may do what with it.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    modified: Option<SystemTime>,
    #[cfg(unix)]
    access: Access,
}

#[cfg(unix)]
#[derive(Clone, Debug)]
struct Access {
    owner: u32,
    group: u32,
    mode: u32,
}

impl Attributes {
    pub(crate) fn of(metadata: &Metadata) -> Attributes {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Attributes {
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            access: Access {
                owner: metadata.uid(),
                group: metadata.gid(),
                // Neither set-user-ID nor sticky: what is made of a program is not that program.
                mode: metadata.mode() & 0o777,
            },
        }
    }

    /// Gives `file` the time. A file system that keeps none is no reason to fail.
    pub(crate) fn set_time(&self, file: &File) {
        if let Some(modified) = self.modified {
            let _ = file.set_modified(modified);
        }
    }

    /// Gives `file` mode, owner and group as far as this user may and the file system can, as gzip and zstd do.
    pub(crate) fn set_access(&self, file: &File) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt as _, fchown};
            let Access { owner, group, mut mode } = self.access;
            let given =
                fchown(file, Some(owner), Some(group)).or_else(|_| fchown(file, None, Some(group)));
            if given.is_err() {
                // Its group is another: that gets no more than everybody.
                mode &= 0o707 | (mode & 0o007) << 3;
            }
            let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = file;
    }
}
