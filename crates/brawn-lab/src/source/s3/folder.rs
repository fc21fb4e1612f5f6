//! What a folder holds, look by look.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use md5::{Digest, Md5};

use super::{Bucket, writers};

/// A file that has come to rest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) size: u64,
    /// In hexadecimal: the ETag of an object that was put in one piece.
    pub(super) md5: String,
}

/// What tells one version of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// When it was first seen as it is.
    since: Instant,
    sent: bool,
}

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    prefix: String,
    suffix: String,
    settle: Duration,
    seen: BTreeMap<String, Seen>,
    /// Of the last look: folders and files that are there and could not be read.
    unreadable: Vec<PathBuf>,
    /// What was complained of already, and what is still to be said.
    said: BTreeSet<String>,
    to_say: Vec<String>,
}

impl Folder {
    /// What is there now is known, and never sent, unless the bucket says so.
    pub(super) fn open(bucket: &Bucket) -> io::Result<Folder> {
        // Resolved once: the links of processes to their open files are.
        let root = bucket.folder.canonicalize()?;
        fs::read_dir(&root)?;
        let mut folder = Folder {
            root,
            prefix: bucket.prefix.clone(),
            suffix: bucket.suffix.clone(),
            settle: bucket.settle,
            seen: BTreeMap::new(),
            unreadable: Vec::new(),
            said: BTreeSet::new(),
            to_say: Vec::new(),
        };
        let now = Instant::now();
        if !bucket.existing {
            for (key, stamp) in folder.files() {
                folder.seen.insert(key, Seen { stamp, since: now, sent: true });
            }
        }
        Ok(folder)
    }

    /// The files that have come to rest since the last look: no change for a while, no process that writes, and still the
    /// same once all of it was read.
    pub(super) fn look(&mut self, now: Instant) -> Vec<Found> {
        let files = self.files();
        self.forget(&files);
        let mut ready = Vec::new();
        for (key, stamp) in files {
            let seen =
                self.seen.entry(key.clone()).or_insert(Seen { stamp, since: now, sent: false });
            if seen.stamp != stamp {
                *seen = Seen { stamp, since: now, sent: false };
            }
            if !seen.sent && now.saturating_duration_since(seen.since) >= self.settle {
                ready.push((key, stamp));
            }
        }
        if ready.is_empty() {
            return Vec::new();
        }
        let written = writers::open_for_writing(&self.root);
        ready.retain(|(key, _)| !written.contains(&self.root.join(key)));
        ready.into_iter().filter_map(|(key, stamp)| self.finish(key, stamp)).collect()
    }

    /// What is gone; what cannot be read now may be there still, and the same.
    fn forget(&mut self, files: &BTreeMap<String, Stamp>) {
        let (root, unreadable) = (&self.root, &self.unreadable);
        let hidden = |key: &str| unreadable.iter().any(|path| root.join(key).starts_with(path));
        self.seen.retain(|key, _| files.contains_key(key) || hidden(key));
    }

    fn cannot_read(&mut self, path: &Path, error: &io::Error) {
        // Removed since it was listed.
        if error.kind() != io::ErrorKind::NotFound {
            self.complain(format!("cannot read `{}`: {error}", path.display()));
            self.unreadable.push(path.to_owned());
        }
    }

    /// What could not be read since the last call, each thing once.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.to_say)
    }

    fn finish(&mut self, key: String, stamp: Stamp) -> Option<Found> {
        let path = self.root.join(&key);
        let md5 = match digest(&path) {
            Ok(md5) => md5,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.complain(format!("cannot read `{}`: {error}", path.display()));
                return None;
            }
        };
        // Written to meanwhile: then the next look begins anew.
        let unchanged = fs::metadata(&path).is_ok_and(|metadata| Stamp::of(&metadata) == stamp);
        let seen = self.seen.get_mut(&key).filter(|_| unchanged)?;
        seen.sent = true;
        Some(Found { key, size: stamp.size, md5 })
    }

    /// Every file that has a key here.
    fn files(&mut self) -> BTreeMap<String, Stamp> {
        self.unreadable.clear();
        let mut found = BTreeMap::new();
        let mut open = vec![self.root.clone()];
        while let Some(folder) = open.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.cannot_read(&folder, &error);
                    continue;
                }
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        // There may be more of them, and no end of errors.
                        self.cannot_read(&folder, &error);
                        break;
                    }
                };
                let path = entry.path();
                if entry.file_name().as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                // A link to a folder may lead in a circle; one to a file is that file.
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                    continue;
                }
                let metadata = match fs::metadata(&path) {
                    Ok(metadata) => metadata,
                    Err(error) => {
                        self.cannot_read(&path, &error);
                        continue;
                    }
                };
                let Some(key) = self.key(&path).filter(|_| metadata.is_file()) else { continue };
                if key.starts_with(&self.prefix) && key.ends_with(&self.suffix) {
                    found.insert(key, Stamp::of(&metadata));
                }
            }
        }
        found
    }

    fn key(&mut self, path: &Path) -> Option<String> {
        let key = path.strip_prefix(&self.root).ok()?.to_str().map(str::to_owned);
        match key {
            None => {
                let text = format!("`{}` is left out: a key is UTF-8", path.display());
                self.complain(text);
                None
            }
            Some(key) if key.len() > 1024 => {
                self.complain(format!("`{key}` is left out: a key has 1024 bytes at most"));
                None
            }
            key => key,
        }
    }

    fn complain(&mut self, text: String) {
        if self.said.insert(text.clone()) {
            self.to_say.push(text);
        }
    }
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Md5::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(crate::source::hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const REST: Duration = Duration::from_millis(500);

    fn keys(found: &[Found]) -> Vec<&str> {
        found.iter().map(|found| found.key.as_str()).collect()
    }

    #[test]
    fn each_version_is_found_once_and_only_at_rest() {
        let root = tempfile::tempdir().expect("a folder");
        let path = |name: &str| root.path().join(name);
        fs::write(path("old.jpg"), "old").expect("written");
        let bucket = Bucket { settle: REST, ..Bucket::new(root.path()) };
        let mut folder = Folder::open(&bucket).expect("opens");
        let start = Instant::now();
        fs::create_dir(path("sub")).expect("made");
        fs::write(path("sub/new one.jpg"), "abc").expect("written");
        fs::write(path(".new.swp"), "an editor's").expect("written");
        assert_eq!(folder.look(start), []);
        let found = folder.look(start + REST);
        // RFC 1321: MD5 ("abc").
        let abc = "900150983cd24fb0d6963f7d28e17f72".to_owned();
        assert_eq!(found, [Found { key: "sub/new one.jpg".to_owned(), size: 3, md5: abc }]);
        assert_eq!(folder.look(start + REST * 2), []);
        // Another version, and one that takes the old one's place by its name alone.
        fs::write(path("old.jpg"), "newer").expect("written");
        fs::write(path(".tmp"), "cba").expect("written");
        fs::rename(path(".tmp"), path("sub/new one.jpg")).expect("renamed");
        assert_eq!(folder.look(start + REST * 3), []);
        assert_eq!(keys(&folder.look(start + REST * 4)), ["old.jpg", "sub/new one.jpg"]);
        // Gone and there again is an object again.
        fs::remove_file(path("old.jpg")).expect("removed");
        folder.look(start + REST * 5);
        fs::write(path("old.jpg"), "newer").expect("written");
        folder.look(start + REST * 6);
        assert_eq!(keys(&folder.look(start + REST * 7)), ["old.jpg"]);
    }

    #[test]
    fn what_cannot_be_read_for_a_while_is_not_sent_again() {
        let root = tempfile::tempdir().expect("a folder");
        let bucket = Bucket { settle: REST, existing: true, ..Bucket::new(root.path()) };
        for name in ["ab", "b"] {
            fs::create_dir(root.path().join(name)).expect("made");
            fs::write(root.path().join(name).join("x"), "x").expect("written");
        }
        let mut folder = Folder::open(&bucket).expect("opens");
        let start = Instant::now();
        folder.look(start);
        assert_eq!(keys(&folder.look(start + REST)), ["ab/x", "b/x"]);
        // Neither can be read, one of them as it is gone. Root may read everything, so no look can fail here.
        let place = folder.root.clone();
        folder.cannot_read(&place.join("b"), &io::Error::from(io::ErrorKind::PermissionDenied));
        folder.cannot_read(&place.join("a"), &io::Error::from(io::ErrorKind::PermissionDenied));
        folder.cannot_read(&place.join("ab"), &io::Error::from(io::ErrorKind::NotFound));
        folder.forget(&BTreeMap::new());
        folder.look(start + REST * 2);
        assert_eq!(keys(&folder.look(start + REST * 3)), ["ab/x"]);
        assert_eq!(folder.complaints().len(), 2);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_is_open_for_writing_is_not_done_however_long_it_rests() {
        let root = tempfile::tempdir().expect("a folder");
        let bucket = Bucket { settle: REST, ..Bucket::new(root.path()) };
        let mut folder = Folder::open(&bucket).expect("opens");
        let start = Instant::now();
        let mut file = File::create(root.path().join("half")).expect("made");
        file.write_all(b"the first half").expect("written");
        folder.look(start);
        assert_eq!(folder.look(start + REST * 20), []);
        drop(file);
        // Whoever only reads does not matter.
        let _reader = File::open(root.path().join("half")).expect("opens");
        assert_eq!(keys(&folder.look(start + REST * 21)), ["half"]);
    }

    #[test]
    fn a_filter_is_of_the_key_and_existing_files_are_sent_where_they_are_wanted() {
        let root = tempfile::tempdir().expect("a folder");
        for name in ["in", "out"] {
            fs::create_dir(root.path().join(name)).expect("made");
            fs::write(root.path().join(name).join("a.jpg"), "").expect("written");
            fs::write(root.path().join(name).join("a.txt"), "").expect("written");
        }
        let (prefix, suffix) = ("in/".to_owned(), ".jpg".to_owned());
        let bucket =
            Bucket { prefix, suffix, existing: true, settle: REST, ..Bucket::new(root.path()) };
        let mut folder = Folder::open(&bucket).expect("opens");
        let start = Instant::now();
        folder.look(start);
        assert_eq!(keys(&folder.look(start + REST)), ["in/a.jpg"]);
    }

    #[test]
    fn what_has_no_key_is_said_once() {
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().expect("a folder");
        let name = std::ffi::OsStr::from_bytes(b"\xff.jpg");
        if fs::write(root.path().join(name), "").is_err() {
            eprintln!("skipped: this file system takes no such name");
            return;
        }
        let mut folder = Folder::open(&Bucket::new(root.path())).expect("opens");
        assert_eq!(folder.complaints().len(), 1);
        folder.look(Instant::now());
        assert_eq!(folder.complaints().len(), 0);
    }
}
