//! A folder as an S3 bucket: a file that is new, or written again, is an object that was created.
//!
//! The folder is looked at again and again, which works on every file system and in every container; what cannot be seen
//! that way is a file that is written twice within one look.

mod event;
mod folder;
mod writers;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use brawn_core::{Error, ErrorKind, Result};
use tokio::task::JoinSet;

use self::folder::{Folder, Found};
use super::Source;
use crate::emulator::Emulator;
use crate::environment::Event;

/// How long between two looks at a small folder; a large one is given nine tenths of its time to rest.
const PAUSE: Duration = Duration::from_millis(200);

/// A folder and the part of it that events are sent for.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The folder; what lies in it is named by its path from here on.
    pub folder: PathBuf,
    /// The bucket's name; the folder's if there is none.
    pub name: Option<String>,
    /// Only keys that begin with this.
    pub prefix: String,
    /// Only keys that end with this.
    pub suffix: String,
    /// Whether what is there already is sent too.
    pub existing: bool,
    /// How long a file must have been left alone, beside that no process of this user has it open for writing.
    pub settle: Duration,
}

impl Bucket {
    /// Everything that comes into `folder` from now on.
    pub fn new(folder: impl Into<PathBuf>) -> Bucket {
        // Where processes cannot be asked, rest is all there is to go by.
        let settle = if cfg!(target_os = "linux") { 500 } else { 2000 };
        Bucket {
            folder: folder.into(),
            name: None,
            prefix: String::new(),
            suffix: String::new(),
            existing: false,
            settle: Duration::from_millis(settle),
        }
    }

    /// The bucket's name, if it is one that S3 would take.
    pub fn named(&self) -> Result<String> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let whole = self.folder.canonicalize().map_err(|error| self.unreadable(error))?;
                whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
        };
        let edge =
            |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        let good = (3..=63).contains(&name.len())
            && name.chars().all(|letter| {
                letter.is_ascii_lowercase()
                    || letter.is_ascii_digit()
                    || matches!(letter, '-' | '.')
            })
            && edge(name.chars().next())
            && edge(name.chars().last())
            && !name.contains("..");
        if good {
            return Ok(name);
        }
        Err(Error::invalid_options(format!("`{name}` is not the name of a bucket")).with_hint(
            "3 to 63 of a-z, 0-9, - and .; `--s3-bucket` gives another than the folder's",
        ))
    }

    fn unreadable(&self, error: std::io::Error) -> Error {
        let text = format!("cannot read the folder `{}`", self.folder.display());
        Error::new(ErrorKind::NotFound, text).with_source(error)
    }
}

/// Sends the function an `ObjectCreated:Put` for each file that comes to rest in the folder, as S3 does: asynchronously,
/// one record to an event, tried again twice when the function fails.
///
/// Names that begin with a dot, and what lies below such a folder, are taken for the business of whoever writes there.
pub fn watch(emulator: Emulator, bucket: Bucket) -> Result<Source> {
    let name = bucket.named()?;
    let mut folder = Folder::open(&bucket).map_err(|error| bucket.unreadable(error))?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut sequence = event::Sequence::default();
        loop {
            let begun = Instant::now();
            // Walking and hashing are for a thread that may wait.
            let looked = tokio::task::spawn_blocking(move || {
                let found = folder.look(Instant::now());
                (folder, found)
            });
            let Ok((back, found)) = looked.await else { return };
            folder = back;
            for complaint in folder.complaints() {
                emulator.say(&complaint);
            }
            for Found { key, size, md5 } in found {
                let region = &emulator.settings().region;
                let record = event::created(&name, &key, size, &md5, &sequence.next(), region);
                let event = Event::new(record.to_string());
                emulator.say(&format!("s3://{name}/{key} is the event of {}", event.id));
                emulator.invoke_later(event);
            }
            tokio::time::sleep(PAUSE.max(begun.elapsed() * 9)).await;
        }
    });
    Ok(Source::of(tasks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_named_after_its_folder_where_s3_would_take_the_name() {
        let parent = tempfile::tempdir().expect("a folder");
        let named = |name: &str| {
            let folder = parent.path().join(name);
            std::fs::create_dir_all(&folder).expect("made");
            Bucket::new(folder).named().map_err(|error| error.to_string())
        };
        assert_eq!(named("my-uploads.2026").as_deref(), Ok("my-uploads.2026"));
        assert_eq!(named("Photos"), Err("`Photos` is not the name of a bucket".to_owned()));
        assert!(named("ab").is_err() && named("-ab-").is_err() && named("a..b").is_err());
        let chosen = Bucket { name: Some("photos".to_owned()), ..Bucket::new("no such folder") };
        assert_eq!(chosen.named().expect("a name"), "photos");
        let error = Bucket::new("no such folder").named().expect_err("missing").to_string();
        assert!(error.contains("`no such folder`"), "{error}");
    }
}
