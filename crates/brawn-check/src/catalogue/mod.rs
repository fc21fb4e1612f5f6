//! What is known of other crates: which calls compute, wait, off-load; what they give.

use std::collections::{BTreeMap, HashMap, HashSet};

use toml::{Table, Value};

use crate::error::Error;

/// What a call does, as far as the rules ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum CallKind {
    Heavy,
    Parallel,
    Blocking,
    File,
    BlockOn,
    OffLoad,
    InPlace,
    Build,
    Unwinding,
}

impl CallKind {
    const NAMES: [(&'static str, CallKind); 9] = [
        ("heavy", CallKind::Heavy),
        ("parallel", CallKind::Parallel),
        ("blocking", CallKind::Blocking),
        ("file", CallKind::File),
        ("block-on", CallKind::BlockOn),
        ("off-load", CallKind::OffLoad),
        ("in-place", CallKind::InPlace),
        ("build", CallKind::Build),
        ("unwinding", CallKind::Unwinding),
    ];
}

/// One kind of call, with what to say of it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: CallKind,
    pub(crate) does: String,
    pub(crate) instead: Option<String>,
    /// The package that methods known by name alone need.
    of: Option<String>,
}

/// The catalogue: the built-in one, and what a project adds.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) entries: Vec<Entry>,
    exact: HashMap<String, usize>,
    patterns: Vec<(Vec<String>, usize)>,
    methods: HashMap<String, Vec<usize>>,
    returns: BTreeMap<String, String>,
    same: BTreeMap<String, String>,
    /// All beginnings of what is known, up to a `*`.
    beginnings: HashSet<String>,
}

impl Catalogue {
    /// What is built in.
    pub(crate) fn built_in() -> Result<Catalogue, Error> {
        let mut catalogue = Catalogue::default();
        catalogue.add(include_str!("catalogue.toml"), "the built-in catalogue")?;
        Ok(catalogue)
    }

    /// Adds a catalogue in TOML; its entries win over those that are there.
    pub(crate) fn add(&mut self, text: &str, name: &str) -> Result<(), Error> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| Error::new(format!("{name}: {}", error.message())))?;
        self.add_table(&table, name)
    }

    pub(crate) fn add_table(&mut self, table: &Table, name: &str) -> Result<(), Error> {
        let calls = table.get("call").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for call in calls {
            let text = |key: &str| call.get(key).and_then(Value::as_str);
            let word = text("kind").unwrap_or("");
            let kind = CallKind::NAMES.iter().find(|(name, _)| *name == word);
            let Some((_, kind)) = kind else {
                let known: Vec<_> = CallKind::NAMES.iter().map(|(name, _)| *name).collect();
                return Err(Error::new(format!("{name}: `kind = \"{word}\"` in a [[call]]"))
                    .with_hint(format!("one of {}", known.join(", "))));
            };
            let Some(does) = text("does") else {
                return Err(Error::new(format!(
                    "{name}: a [[call]] of kind \"{word}\" has no `does`"
                ))
                .with_hint("what completes the sentence \"`path` ...\""));
            };
            let index = self.entries.len();
            self.entries.push(Entry {
                kind: *kind,
                does: does.to_owned(),
                instead: text("instead").map(str::to_owned),
                of: text("of").map(str::to_owned),
            });
            for path in strings(call.get("paths")) {
                self.remember(path);
                if path.contains('*') {
                    let segments = path.split("::").map(str::to_owned).collect();
                    self.patterns.push((segments, index));
                } else {
                    self.exact.insert(path.to_owned(), index);
                }
            }
            for method in strings(call.get("methods")) {
                self.methods.entry(method.to_owned()).or_default().push(index);
            }
        }
        for key in ["returns", "same"] {
            let paths = table.get(key).and_then(Value::as_table).into_iter().flatten();
            paths.for_each(|(path, _)| self.remember(path));
        }
        for (key, into) in [("returns", &mut self.returns), ("same", &mut self.same)] {
            for (path, value) in table.get(key).and_then(Value::as_table).into_iter().flatten() {
                if let Some(value) = value.as_str() {
                    into.insert(path.clone(), value.to_owned());
                }
            }
        }
        Ok(())
    }

    /// The entry of a path that has its usual name.
    pub(crate) fn call(&self, path: &str) -> Option<&Entry> {
        self.find(path).map(|index| &self.entries[index])
    }

    /// Which entry a path has.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        if path.is_empty() {
            return None;
        }
        self.exact.get(path).copied().or_else(|| {
            let segments: Vec<&str> = path.split("::").collect();
            let matches = |(pattern, _): &&(Vec<String>, usize)| fits(pattern, &segments);
            self.patterns.iter().rev().find(matches).map(|(_, index)| *index)
        })
    }

    /// Which entry a method known by name alone has, in a package with these dependencies.
    pub(crate) fn method(&self, name: &str, depends_on: &dyn Fn(&str) -> bool) -> Option<usize> {
        let fits = |index: &usize| self.entries[*index].of.as_deref().is_none_or(depends_on);
        self.methods.get(name)?.iter().copied().rev().find(fits)
    }

    /// Whether anything is known of a path or of what lies below it.
    pub(crate) fn knows(&self, path: &str) -> bool {
        self.beginnings.contains(path) || self.call(path).is_some()
    }

    fn remember(&mut self, path: &str) {
        let mut upto = String::new();
        for segment in path.split("::").take_while(|segment| !segment.contains('*')) {
            upto.push_str(if upto.is_empty() { "" } else { "::" });
            upto.push_str(segment);
            self.beginnings.insert(upto.clone());
        }
    }

    /// The type that a call gives, as written in the catalogue.
    pub(crate) fn returns(&self, path: &str) -> Option<&str> {
        self.returns.get(path).map(String::as_str)
    }

    /// The usual name of a path: `image::io::Reader::open` is `image::ImageReader::open`.
    pub(crate) fn usual(&self, path: String) -> String {
        let mut upto = path.len();
        loop {
            if let Some(usual) = self.same.get(&path[..upto])
                && *usual != path[..upto]
            {
                return format!("{usual}{}", &path[upto..]);
            }
            match path[..upto].rfind("::") {
                Some(at) => upto = at,
                None => return path,
            }
        }
    }
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// `*` is one segment (or part of one), `**` any number.
fn fits(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.first(), path.first()) {
        (None, None) => true,
        (Some(first), _) if first == "**" => {
            (0..=path.len()).any(|skip| fits(&pattern[1..], &path[skip..]))
        }
        (Some(first), Some(segment)) => {
            crate::glob::fits(first, segment) && fits(&pattern[1..], &path[1..])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_reads() {
        let catalogue = Catalogue::built_in().expect("it is TOML of the right form");
        let kind = |path: &str| catalogue.call(path).map(|entry| entry.kind);
        assert_eq!(kind("image::load_from_memory"), Some(CallKind::Heavy));
        assert_eq!(kind("flate2::read::GzDecoder::read_to_end"), Some(CallKind::Heavy));
        assert_eq!(kind("aws_sdk_s3::Client::new"), Some(CallKind::Build));
        assert_eq!(kind("mongodb::sync::Client::list_database_names"), Some(CallKind::Blocking));
        assert_eq!(kind("image::guess_format"), None);
    }

    #[test]
    fn a_path_is_brought_to_its_usual_name() {
        let catalogue = Catalogue::built_in().expect("it is TOML of the right form");
        let usual = catalogue.usual("image::io::Reader::open".to_owned());
        assert_eq!(usual, "image::ImageReader::open");
    }

    #[test]
    fn a_word_that_is_not_known_is_named() {
        let error = Catalogue::default().add("[[call]]\nkind = \"slow\"", "x.toml");
        let error = error.expect_err("`slow` is no kind");
        assert!(error.to_string().contains("slow") && error.hint().is_some(), "{error}");
    }
}
