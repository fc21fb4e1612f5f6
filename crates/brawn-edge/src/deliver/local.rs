//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use brawn_core::{Error, ErrorKind, Result};

use crate::fetch::{Identity, file_fault};
use crate::stop::Stop;

/// Between asking whether anyone still wants the file.
const CHUNK: usize = 4 << 20;

/// Refuses a target whose folders, below `root`, lead outside of it through a symlink.
pub(super) fn stays_inside(root: &Path, target: &Path) -> Result<()> {
    let Ok(relative) = target.strip_prefix(root) else {
        return Err(Error::invalid_options(format!(
            "`{}` is outside of `{}`",
            target.display(),
            root.display()
        )));
    };
    let mut folder = root.to_owned();
    for part in relative.parent().unwrap_or(Path::new("")).components() {
        folder.push(part);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_symlink() => {
                let inside = fs::canonicalize(&folder)
                    .and_then(|real| Ok(real.starts_with(fs::canonicalize(root)?)))
                    .map_err(|error| file_fault(&error, "follow", &folder))?;
                if !inside {
                    return Err(Error::new(
                        ErrorKind::Storage,
                        format!(
                            "`{}` is a link that leads outside of the destination",
                            folder.display()
                        ),
                    ));
                }
            }
            Ok(_) => {}
            // Nothing below it exists either.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Writes `bytes` to `path`, whole or not at all, replacing a file that is there unless it is `source`.
///
/// Where the file system can (`O_TMPFILE`) the file has no name until it is complete: not even `kill -9` leaves
/// anything behind. It is not synced: after a power failure the last files of a run may be missing or empty.
pub(super) fn write(
    path: &Path,
    bytes: &[u8],
    source: Option<Identity>,
    stop: &Stop,
) -> Result<()> {
    let failed = |error: &io::Error| file_fault(error, "write", path);
    if let Ok(metadata) = fs::metadata(path) {
        if source.is_some() && Identity::of(&metadata) == source {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("`{}` is the input itself and would be written over", path.display()),
            ));
        }
        if metadata.is_dir() {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("`{}` is a folder", path.display()),
            ));
        }
        if !metadata.is_file() {
            // A pipe or a device: there is nothing to rename over.
            return fs::write(path, bytes).map_err(|error| failed(&error));
        }
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut draft = match Draft::begin(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|error| file_fault(&error, "create", folder))?;
            Draft::begin(folder)
        }
        begun => begun,
    }
    .map_err(|error| failed(&error))?;
    for chunk in bytes.chunks(CHUNK) {
        draft.file.write_all(chunk).map_err(|error| failed(&error))?;
        if let Some(ended) = stop.reason() {
            return Err(ended);
        }
    }
    draft.publish(folder, path).map_err(|error| failed(&error))
}

/// A file that is not visible yet; gone when dropped.
struct Draft {
    file: File,
    /// Its temporary name, where it needs one.
    named: Option<PathBuf>,
}

impl Draft {
    fn begin(folder: &Path) -> io::Result<Draft> {
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed(folder)? {
            return Ok(Draft { file, named: None });
        }
        Draft::named(folder)
    }

    fn named(folder: &Path) -> io::Result<Draft> {
        let create = |name: &Path| File::options().write(true).create_new(true).open(name);
        let (name, file) = with_temporary_name(folder, create)?;
        Ok(Draft { file, named: Some(name) })
    }

    fn publish(mut self, folder: &Path, path: &Path) -> io::Result<()> {
        let Some(name) = self.named.take() else { return link(&self.file, folder, path) };
        fs::rename(&name, path).inspect_err(|_| self.named = Some(name))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.named {
            let _ = fs::remove_file(name);
        }
    }
}

/// A file without a name, or `None` where the file system has none (NFS, overlayfs on old kernels, FAT).
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    match rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)) {
        Ok(file) => Ok(Some(File::from(file))),
        // Kernels before 3.11 see the flag as an attempt to write to the folder itself.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives the unnamed `file` its name. `linkat` cannot replace, so over an existing file it goes through a temporary
/// name and a rename.
#[cfg(target_os = "linux")]
fn link(file: &File, folder: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    use std::os::fd::AsRawFd as _;
    // The way through /proc needs no privilege; AT_EMPTY_PATH does before Linux 6.10.
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |to: &Path| {
        rustix::fs::linkat(CWD, open.as_str(), CWD, to, AtFlags::SYMLINK_FOLLOW)
            .map_err(io::Error::from)
    };
    match link(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let (name, ()) = with_temporary_name(folder, link)?;
            fs::rename(&name, path).inspect_err(|_| drop(fs::remove_file(&name)))
        }
        linked => linked,
    }
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Calls `create` with names that are hidden, and that a walk passes over, until one is free.
fn with_temporary_name<T>(
    folder: &Path,
    create: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    loop {
        let name = folder.join(format!(".brawn-{:016x}.tmp", rand::random::<u64>()));
        match create(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(|created| (name, created)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn drafts(folder: &Path) -> Vec<Draft> {
        vec![Draft::begin(folder).expect("a draft"), Draft::named(folder).expect("a draft")]
    }

    #[test]
    fn a_draft_is_not_there_until_it_is_published_and_then_replaces_what_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("a.txt");
        for mut draft in drafts(folder.path()) {
            fs::write(&target, "older").expect("written");
            draft.file.write_all(b"newer").expect("written");
            assert_eq!(fs::read_to_string(&target).expect("there"), "older");
            draft.publish(folder.path(), &target).expect("published");
            assert_eq!(fs::read_to_string(&target).expect("there"), "newer");
        }
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_draft_that_is_not_published_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("in-the-way")).expect("a folder");
        for draft in drafts(folder.path()) {
            draft.publish(folder.path(), &folder.path().join("in-the-way")).expect_err("a folder");
        }
        drop(drafts(folder.path()));
        assert_eq!(names(folder.path()), ["in-the-way"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn where_the_file_system_can_a_draft_has_no_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let draft = Draft::begin(folder.path()).expect("a draft");
        if draft.named.is_none() {
            assert_eq!(names(folder.path()), Vec::<String>::new());
        }
    }
}
