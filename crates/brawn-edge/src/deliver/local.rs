//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use brawn_core::{Error, ErrorKind, Result};

use super::Replace;
use super::places::{Origin, Places};
use crate::attributes::Attributes;
use crate::fetch::{Identity, file_fault};
use crate::location::Location;
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

/// What is at a path: which file, where that can be told. A link that leads nowhere is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct There(Option<Identity>);

fn look(path: &Path) -> Option<There> {
    fs::symlink_metadata(path).ok()?;
    Some(There(fs::metadata(path).ok().and_then(|metadata| Identity::of(&metadata))))
}

/// Refuses a `path` where an input of the run lies, however it is spelled.
pub(super) fn spare(path: &Path, places: &Places, origin: &Origin, stop: &Stop) -> Result<()> {
    match look(path) {
        Some(There(Some(identity))) => places.spare(identity, &Location::from(path), origin, stop),
        Some(There(None)) | None => Ok(()),
    }
}

/// Writes `bytes` to `path`, whole or not at all, replacing a file that is there unless the run reads it or wrote it.
pub(super) fn write(
    path: &Path,
    bytes: &[u8],
    places: &Places,
    origin: &Origin,
    stop: &Stop,
    replace: Replace,
) -> Result<()> {
    let mut begun = begin(path, places, origin, stop)?;
    for chunk in bytes.chunks(CHUNK) {
        begun.write(chunk)?;
        if let Some(ended) = stop.reason() {
            return Err(ended);
        }
    }
    begun.publish(places, origin, stop, replace, None)
}

/// A file that is being written.
pub(super) struct Begun {
    path: PathBuf,
    to: Writing,
}

enum Writing {
    /// What appears under its name when it is complete.
    Draft(Draft, PathBuf),
    /// A pipe or a device: there is nothing to rename over.
    Device(File),
}

/// Begins to write to `path`.
///
/// Where the file system can (`O_TMPFILE`) the file has no name until it is complete: not even `kill -9` leaves
/// anything behind.
pub(super) fn begin(path: &Path, places: &Places, origin: &Origin, stop: &Stop) -> Result<Begun> {
    let failed = |error: &io::Error| file_fault(error, "write", path);
    spare(path, places, origin, stop)?;
    if let Ok(metadata) = fs::metadata(path) {
        if metadata.is_dir() {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("`{}` is a folder", path.display()),
            ));
        }
        if !metadata.is_file() {
            let device = File::options().write(true).open(path).map_err(|error| failed(&error))?;
            return Ok(Begun { path: path.to_owned(), to: Writing::Device(device) });
        }
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let draft = match Draft::begin(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|error| file_fault(&error, "create", folder))?;
            Draft::begin(folder)
        }
        begun => begun,
    }
    .map_err(|error| failed(&error))?;
    Ok(Begun { path: path.to_owned(), to: Writing::Draft(draft, folder.to_owned()) })
}

impl Begun {
    /// Appends.
    pub(super) fn write(&mut self, piece: &[u8]) -> Result<()> {
        let file = match &mut self.to {
            Writing::Draft(draft, _) => &mut draft.file,
            Writing::Device(device) => device,
        };
        file.write_all(piece).map_err(|error| file_fault(&error, "write", &self.path))
    }

    /// Lets those read it who may read what it is made of, before anything is in it.
    pub(super) fn is_as_private_as(&self, attributes: &Attributes) {
        if let Writing::Draft(draft, _) = &self.to {
            attributes.set_access(&draft.file);
        }
    }

    /// Whether it is a file, and no pipe or device.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.to, Writing::Draft(..))
    }

    /// Gives it its name, over a file that is there where it may `replace` one that the run neither reads nor wrote.
    pub(super) fn publish(
        self,
        places: &Places,
        origin: &Origin,
        stop: &Stop,
        replace: Replace,
        attributes: Option<&Attributes>,
    ) -> Result<()> {
        let path = &*self.path;
        let failed = |error: &io::Error| file_fault(error, "write", path);
        let Writing::Draft(mut draft, folder) = self.to else { return Ok(()) };
        if let Some(attributes) = attributes {
            attributes.set_time(&draft.file);
        }
        let own = draft.file.metadata().map_err(|error| failed(&error))?;
        loop {
            let there = look(path);
            // Not under the lock: it may have to look up all inputs.
            spare(path, places, origin, stop)?;
            let mut written = places.written.files();
            if look(path) == there {
                if let Some(There(Some(identity))) = there
                    && written.contains(&identity)
                {
                    return Err(same_file(path, origin));
                }
                let size = || fs::metadata(path).map_or(0, |there| there.len());
                if there.is_some() && !replace.takes(size()) {
                    return Err(super::exists(&Location::from(path)));
                }
                match draft.publish(&folder, path, there.is_some()) {
                    // Somebody was faster: look again at what is there now.
                    Err(error)
                        if error.kind() == io::ErrorKind::AlreadyExists && there.is_none() => {}
                    Err(error) => return Err(failed(&error)),
                    Ok(()) => {
                        written.extend(Identity::of(&own));
                        return Ok(());
                    }
                }
            }
            drop(written);
            if let Some(ended) = stop.reason() {
                return Err(ended);
            }
        }
    }
}

/// Claims tell places by how they are spelled; where a disk takes two spellings for one, the file tells.
fn same_file(path: &Path, origin: &Origin) -> Error {
    Error::new(
        ErrorKind::AlreadyExists,
        format!(
            "`{}` would be written over `{}`, which is another output of this run by another name",
            origin.name,
            path.display()
        ),
    )
    .with_hint("give the outputs names that differ in more than upper and lower case")
}

/// A file that is not visible yet; gone when dropped.
pub(super) struct Draft {
    file: File,
    /// Its temporary name, where it needs one.
    named: Option<PathBuf>,
}

impl Draft {
    pub(super) fn begin(folder: &Path) -> io::Result<Draft> {
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

    /// Gives it the name `path`; fails with `AlreadyExists` where something is there that it may not `replace`.
    fn publish(&mut self, folder: &Path, path: &Path, replace: bool) -> io::Result<()> {
        let Some(name) = &self.named else { return link(&self.file, folder, path, replace) };
        rename(name, path, replace)?;
        self.named = None;
        Ok(())
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

/// Renames; where the system can tell, not over something that is there unless it may `replace` it.
fn rename(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if !replace {
        use rustix::fs::{CWD, RenameFlags};
        use rustix::io::Errno;
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Kernels before 3.15 and some file systems do not know the flag.
            Err(Errno::INVAL | Errno::NOSYS) => {}
            renamed => return renamed.map_err(io::Error::from),
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = replace;
    fs::rename(from, to)
}

/// Gives the unnamed `file` its name. `linkat` cannot replace, so over an existing file it goes through a temporary
/// name and a rename.
#[cfg(target_os = "linux")]
fn link(file: &File, folder: &Path, path: &Path, replace: bool) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    use std::os::fd::AsRawFd as _;
    // The way through /proc needs no privilege; AT_EMPTY_PATH does before Linux 6.10.
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |to: &Path| {
        rustix::fs::linkat(CWD, open.as_str(), CWD, to, AtFlags::SYMLINK_FOLLOW)
            .map_err(io::Error::from)
    };
    match link(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && replace => {
            let (name, ()) = with_temporary_name(folder, link)?;
            fs::rename(&name, path).inspect_err(|_| drop(fs::remove_file(&name)))
        }
        linked => linked,
    }
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path, _: &Path, _: bool) -> io::Result<()> {
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
            let error = draft.publish(folder.path(), &target, false).expect_err("in the way");
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&target).expect("there"), "older");
            draft.publish(folder.path(), &target, true).expect("published");
            assert_eq!(fs::read_to_string(&target).expect("there"), "newer");
        }
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_draft_that_is_not_published_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("in-the-way")).expect("a folder");
        for mut draft in drafts(folder.path()) {
            let in_the_way = folder.path().join("in-the-way");
            draft.publish(folder.path(), &in_the_way, true).expect_err("a folder");
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
