//! What a user means by `--to`.

use std::path::{Path, PathBuf};

use brawn_core::{Error, Result};

use super::name;
use crate::location::{Address, Location, Scheme, is_text};
use crate::select;
use crate::tables::{Database, Mode, Tables};

/// Where a run's outputs go: a folder or prefix that takes any number, one exact file, key or standard output, or a
/// database that takes rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    /// The key is empty or ends with `/`.
    Prefix(Address),
    Exactly(Location),
    Beside,
    Tables(Database, Tables),
}

impl Destination {
    /// What `to` means for these sources: one input and a `to` with an extension means that very file (or key),
    /// everything else but `-` means a folder (or prefix), whether or not it exists yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind) when a file stands where a folder is meant, or when there
    /// may be many inputs and `to` looks like a file: `thumbs.jpg/` and a folder of that name are folders, `thumbs.jpg`
    /// is not; and when `to` is a path that is not UTF-8.
    pub fn resolve(to: Location, sources: &[Location]) -> Result<Destination> {
        if let Location::Path(path) = &to {
            is_text(path, "write to another folder")?;
        }
        let one = select::is_one_object(sources);
        let exact = one && to.extension().is_some();
        let looks_like_a_file = to.extension().is_some() && !to.is_folder_by_name();
        if !one && looks_like_a_file && !matches!(&to, Location::Path(path) if path.exists()) {
            return Err(Error::invalid_options(format!(
                "`{to}` looks like a file, and more than one output may come"
            ))
            .with_hint(format!("give a folder, or write `{to}/` if it shall be one")));
        }
        match to {
            Location::Path(path) if path.is_dir() => Ok(Destination(Place::Folder(path))),
            Location::Path(path) => {
                let folder = Location::Path(path.clone()).is_folder_by_name();
                let other = path.exists() && !folder;
                if (exact && !folder) || (other && !path.is_file()) {
                    // What exists and is neither file nor folder is a pipe or a device: `--to /dev/null`.
                    return Ok(Destination(Place::Exactly(Location::Path(path))));
                }
                if other && !one {
                    return Err(Error::invalid_options(format!(
                        "`{}` is a file, and more than one output may come",
                        path.display()
                    ))
                    .with_hint("give a folder"));
                }
                if other {
                    return Ok(Destination(Place::Exactly(Location::Path(path))));
                }
                Ok(Destination(Place::Folder(path)))
            }
            Location::Object(address) if exact && !address.is_prefix() => {
                Ok(Destination(Place::Exactly(Location::Object(address))))
            }
            Location::Object(address) => Ok(Destination::prefix(address)),
            Location::Stdio => Ok(Destination(Place::Exactly(Location::Stdio))),
            Location::Database(database) => Ok(Destination::database(database)),
        }
    }

    /// What `to` means where it names the output itself: that very file or key, with or without an extension; a folder only where
    /// one is, or where it ends like one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind) where more than one output may come and `to` is no folder, or where it is a path that is
    /// not UTF-8.
    pub fn named(to: Location, sources: &[Location]) -> Result<Destination> {
        if let Location::Path(path) = &to {
            is_text(path, "write to another file")?;
        }
        let is_folder = to.is_folder_by_name()
            || matches!(&to, Location::Path(path) if path.is_dir())
            || matches!(&to, Location::Stdio | Location::Database(_));
        if is_folder {
            return Destination::resolve(to, sources);
        }
        if !select::is_one_object(sources) {
            return Err(Error::invalid_options(format!(
                "`{to}` is one output, and more than one may come"
            ))
            .with_hint(format!("write `{to}/` if it shall be a folder")));
        }
        Ok(Destination(Place::Exactly(to)))
    }

    /// A folder, a prefix, or standard output, whatever the sources are and whatever it is called: what a function is configured
    /// with.
    pub fn folder(to: Location) -> Destination {
        match to {
            Location::Path(path) => Destination(Place::Folder(path)),
            Location::Object(address) => Destination::prefix(address),
            Location::Stdio => Destination(Place::Exactly(Location::Stdio)),
            Location::Database(database) => Destination::database(database),
        }
    }

    fn database(database: Database) -> Destination {
        Destination(Place::Tables(database, Tables::default()))
    }

    /// The same destination with another way for rows to go into it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind) when something else than the default is asked of what is no
    /// database, or a key where no row is told by one.
    pub fn with_tables(self, tables: Tables) -> Result<Destination> {
        if tables.key_alone && tables.mode != Mode::Upsert {
            return Err(Error::invalid_options("`key_alone` is for the mode `upsert`"));
        }
        match self.0 {
            Place::Tables(database, _) => Ok(Destination(Place::Tables(database, tables))),
            place if tables == Tables::default() => Ok(Destination(place)),
            _ => Err(Error::invalid_options(
                "`table`, `mode` and `key_alone` are for rows that go into a database",
            )
            .with_hint("for example `sqlite:results.db`")),
        }
    }

    /// The database, where it is one.
    pub(crate) fn tables(&self) -> Option<(&Database, &Tables)> {
        match &self.0 {
            Place::Tables(database, tables) => Some((database, tables)),
            _ => None,
        }
    }

    /// Beside each input: `a/b.txt` gives `a/b.txt.zst`, standard input gives standard output.
    pub fn beside() -> Destination {
        Destination(Place::Beside)
    }

    fn prefix(address: Address) -> Destination {
        let key = match address.key.as_str() {
            "" => String::new(),
            key if key.ends_with('/') => key.to_owned(),
            key => format!("{key}/"),
        };
        Destination(Place::Prefix(address.with_key(key)))
    }

    /// Whether it takes one output only.
    pub fn is_exact(&self) -> bool {
        matches!(self.0, Place::Exactly(_))
    }

    /// Whether it is standard output.
    pub fn is_stdout(&self) -> bool {
        matches!(self.0, Place::Exactly(Location::Stdio))
    }

    /// Where the output `name` of the object at `source` goes.
    ///
    /// # Errors
    /// As [`join`](Destination::join).
    pub(crate) fn place(&self, source: &Location, name: &str) -> Result<Location> {
        if self.0 != Place::Beside {
            return self.join(name);
        }
        name::check(name)?;
        let last = name.rsplit('/').next().unwrap_or(name);
        Ok(match source {
            Location::Stdio => Location::Stdio,
            Location::Database(database) => return Err(database.is_no_source()),
            Location::Path(path) => Location::Path(path.with_file_name(last)),
            Location::Object(address) => {
                let folder = address.key.rfind('/').map_or(0, |slash| slash + 1);
                let folder = address.key.get(..folder).unwrap_or_default();
                Location::Object(address.with_key(format!("{folder}{last}")))
            }
        })
    }

    /// Where an output goes that lies beside the one of an exact destination: `a.csv` and `.rejects.csv` give
    /// `a.rejects.csv`.
    ///
    /// # Errors
    /// Where nothing can lie beside it.
    pub(crate) fn beside_exact(&self, suffix: &str) -> Result<Location> {
        let name = |last: &str| {
            format!("{}{suffix}", last.rsplit_once('.').map_or(last, |(stem, _)| stem))
        };
        match &self.0 {
            Place::Exactly(Location::Path(path)) => {
                let last = path.file_name().unwrap_or_default().to_string_lossy();
                Ok(Location::Path(path.with_file_name(name(&last))))
            }
            Place::Exactly(Location::Object(address)) => {
                Ok(Location::Object(address.with_key(name(&address.key))))
            }
            _ => Err(Error::invalid_options("nothing can be written beside standard output")),
        }
    }

    /// Where the output `name` goes. An exact destination takes any name.
    ///
    /// # Errors
    /// When `name` is absolute, has a `..` part or a control character, or could otherwise mean a place outside.
    pub fn join(&self, name: &str) -> Result<Location> {
        match &self.0 {
            Place::Exactly(location) => Ok(location.clone()),
            Place::Tables(database, _) => Ok(Location::Database(database.clone())),
            Place::Beside => {
                name::check(name)?;
                Ok(Location::Path(name.into()))
            }
            Place::Folder(folder) => {
                name::check(name)?;
                Ok(Location::Path(folder.join(name)))
            }
            Place::Prefix(prefix) => {
                name::check(name)?;
                Ok(Location::Object(prefix.with_key(format!("{}{name}", prefix.key))))
            }
        }
    }

    /// The folder that outputs must stay in.
    pub(super) fn root(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder(folder) => Some(folder),
            Place::Prefix(_) | Place::Exactly(_) | Place::Beside | Place::Tables(..) => None,
        }
    }

    /// The local folder, for the walk that must not go into it.
    pub(crate) fn local_folder(&self) -> Option<&Path> {
        self.root()
    }

    /// Whether delivering goes over a network.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(
            self.0,
            Place::Prefix(_)
                | Place::Exactly(Location::Object(_))
                | Place::Tables(Database::Postgres(_), _)
        )
    }

    /// Whether `key` of `bucket` is one of the places it writes to.
    pub(crate) fn holds(&self, scheme: Scheme, bucket: &str, key: &str) -> bool {
        match &self.0 {
            Place::Prefix(prefix) => {
                (prefix.scheme, prefix.bucket.as_str()) == (scheme, bucket)
                    && key.starts_with(&prefix.key)
            }
            Place::Exactly(Location::Object(address)) => {
                (address.scheme, address.bucket.as_str(), address.key.as_str())
                    == (scheme, bucket, key)
            }
            Place::Folder(_) | Place::Exactly(_) | Place::Beside | Place::Tables(..) => false,
        }
    }

    /// Whether it lies in this bucket.
    pub(crate) fn is_in_bucket(&self, scheme: Scheme, bucket: &str) -> bool {
        match &self.0 {
            Place::Prefix(address) | Place::Exactly(Location::Object(address)) => {
                (address.scheme, address.bucket.as_str()) == (scheme, bucket)
            }
            Place::Folder(_) | Place::Exactly(_) | Place::Beside | Place::Tables(..) => false,
        }
    }

    /// The prefix, where it is one.
    pub(crate) fn as_prefix(&self) -> Option<&Address> {
        match &self.0 {
            Place::Prefix(prefix) => Some(prefix),
            Place::Folder(_) | Place::Exactly(_) | Place::Beside | Place::Tables(..) => None,
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
    fn one_input_and_an_extension_means_that_file() {
        let one = [place("no-such-folder/a.jpg")];
        let many = [place("a.jpg"), place("b.jpg")];
        for (to, sources, exact) in [
            ("no-such-folder/b.webp", one.as_slice(), true),
            ("no-such-folder/b.webp/", many.as_slice(), false),
            ("no-such-folder/.b", many.as_slice(), false),
            ("no-such-folder/b", one.as_slice(), false),
            ("no-such.folder/", one.as_slice(), false),
            ("s3://out/b.webp", one.as_slice(), true),
            ("s3://out/b.webp/", many.as_slice(), false),
            ("s3://out.put", one.as_slice(), false),
            ("-", many.as_slice(), true),
        ] {
            let destination = Destination::resolve(place(to), sources).expect(to);
            assert_eq!(destination.is_exact(), exact, "{to} for {sources:?}");
        }
    }

    #[test]
    fn many_inputs_need_what_does_not_look_like_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = folder.path().join("there.jpg");
        std::fs::create_dir(&there).expect("a folder");
        let many = [place("a.jpg"), place("b.jpg")];
        for (to, hint) in [
            ("no-such-folder/b.webp", "write `no-such-folder/b.webp/` if"),
            ("s3://out/b.webp", "write `s3://out/b.webp/` if"),
        ] {
            let error = Destination::resolve(place(to), &many).expect_err(to);
            assert!(error.to_string().starts_with(&format!("`{to}` looks like a file")), "{error}");
            assert!(error.hint().is_some_and(|text| text.contains(hint)), "{:?}", error.hint());
        }
        assert!(Destination::resolve(place("-"), &many).expect("stdout").is_stdout());
        let to = Destination::resolve(Location::from(&*there), &many).expect("it is a folder");
        assert!(!to.is_exact());
    }

    #[test]
    fn what_names_the_output_is_it_with_or_without_an_extension() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = Location::from(folder.path());
        let one = [place("no-such-folder/a.gz")];
        let many = [place("a.gz"), place("b.gz")];
        for (to, sources, exact) in [
            (place("no-such-folder/key"), one.as_slice(), true),
            (place("no-such-folder/a.txt"), one.as_slice(), true),
            (place("s3://out/key"), one.as_slice(), true),
            (place("-"), many.as_slice(), true),
            (place("no-such-folder/"), one.as_slice(), false),
            (place("s3://out"), one.as_slice(), false),
            (place("no-such-folder/"), many.as_slice(), false),
            (there.clone(), one.as_slice(), false),
            (there, many.as_slice(), false),
        ] {
            let destination = Destination::named(to.clone(), sources).expect("it may be");
            assert_eq!(destination.is_exact(), exact, "{to} for {sources:?}");
        }
        for to in ["no-such-folder/key", "a.tar", "s3://out/key"] {
            let error = Destination::named(place(to), &many).expect_err(to);
            assert!(error.to_string().starts_with(&format!("`{to}` is one output")), "{error}");
        }
    }

    #[test]
    fn beside_means_in_the_folder_of_the_input() {
        let beside = Destination::beside();
        for (source, name, wanted) in [
            ("a.txt", "a.txt.gz", "a.txt.gz"),
            ("x/y/a.txt", "y/a.txt.gz", "x/y/a.txt.gz"),
            ("/x/a", "a.gz", "/x/a.gz"),
            ("s3://b/x/a", "x/a.gz", "s3://b/x/a.gz"),
            ("s3://b/a", "a.gz", "s3://b/a.gz"),
            ("-", "stdin.gz", "-"),
        ] {
            assert_eq!(beside.place(&place(source), name).expect(source), place(wanted));
        }
        beside.place(&place("x/a"), "../up").expect_err("up");
    }

    #[test]
    fn what_goes_aside_has_the_name_of_the_exact_output() {
        for (to, wanted) in
            [("no/b.csv", "no/b.rejects.csv"), ("s3://o/x/b.csv", "s3://o/x/b.rejects.csv")]
        {
            let exact = Destination::resolve(place(to), &[place("a.csv")]).expect(to);
            assert_eq!(exact.beside_exact(".rejects.csv").expect(to), place(wanted));
        }
        Destination::folder(Location::Stdio).beside_exact(".x").expect_err("standard output");
    }

    #[test]
    fn a_name_is_joined_and_never_leaves() {
        for (to, name, joined) in [
            ("out", "2024/a b.jpg", "out/2024/a b.jpg"),
            ("s3://b/thumbs", "été/#%20+.jpg", "s3://b/thumbs/été/#%20+.jpg"),
            ("s3://b", "a.jpg", "s3://b/a.jpg"),
        ] {
            let to = Destination::folder(place(to));
            assert_eq!(to.join(name).expect(name).to_string(), joined);
            to.join("../up.jpg").expect_err("up");
            to.join("/abs.jpg").expect_err("absolute");
        }
    }
}
