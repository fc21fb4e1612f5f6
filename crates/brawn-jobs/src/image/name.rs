//! Names of outputs: a template filled in, and never a way out of the destination.

use brawn_core::{Error, Result};

use super::options::{Asked, Format, Options};

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Dir,
    Stem,
    Width,
    Height,
    Format,
    Ext,
    SourceExt,
}

const FIELDS: [(&str, Field); 7] = [
    ("dir", Field::Dir),
    ("stem", Field::Stem),
    ("width", Field::Width),
    ("height", Field::Height),
    ("format", Field::Format),
    ("ext", Field::Ext),
    ("source_ext", Field::SourceExt),
];

/// What a template is filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a> {
    /// The input's name relative to where it was found.
    pub(crate) source: &'a str,
    pub(crate) asked: Asked,
    /// The size that the output really has, for a side that was not asked for.
    pub(crate) actual: (u32, u32),
    pub(crate) format: &'a str,
    pub(crate) extension: &'a str,
}

impl Template {
    /// The template of `options`, or the default that keeps its sizes apart.
    pub(crate) fn of(options: &Options) -> Result<Template> {
        if let Some(template) = &options.name {
            return Template::parse(template);
        }
        Template::parse(match (options.width.len(), options.height.len()) {
            (0 | 1, 0 | 1) => "{stem}.{ext}",
            (_, 0) => "{stem}-{width}.{ext}",
            (0, _) => "{stem}-{height}.{ext}",
            _ => "{stem}-{width}x{height}.{ext}",
        })
    }

    /// Reads a template such as `{dir}/{stem}-{width}.{ext}`.
    pub(crate) fn parse(text: &str) -> Result<Template> {
        let bad = |what: String| Err(Error::invalid_options(format!("`name` is `{text}`: {what}")));
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            parts.push(Part::Text(before.to_owned()));
            let Some((field, after)) = after.split_once('}') else {
                return bad("a `{` is not closed".to_owned());
            };
            match FIELDS.iter().find(|(name, _)| *name == field) {
                Some((_, field)) => parts.push(Part::Field(*field)),
                None => {
                    let known: Vec<String> =
                        FIELDS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
                    return bad(format!(
                        "`{{{field}}}` is not a placeholder, takes {}",
                        known.join(" ")
                    ));
                }
            }
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let texts = || {
            parts.iter().filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Field(_) => None,
            })
        };
        if text.starts_with('/') || text.split('/').any(|component| component == "..") {
            return bad(
                "an output stays inside its destination, takes a relative path without `..`"
                    .to_owned(),
            );
        }
        if texts().any(|text| text.contains(['\\', ':', '}']) || text.contains(char::is_control)) {
            return bad("takes no `\\`, `:`, `}` or control characters".to_owned());
        }
        if text.is_empty() || text.ends_with('/') {
            return bad("the last part is the file's name".to_owned());
        }
        Ok(Template(parts))
    }

    /// The name of one output, relative to the destination.
    ///
    /// # Errors
    /// When the input's own name, which may come from anybody's bucket, would lead out of the destination.
    pub(crate) fn fill(&self, values: &Values<'_>) -> Result<String> {
        let source = values.source;
        let (dir, file) = source.rsplit_once('/').unwrap_or(("", source));
        // A leading dot is part of the name: `.hidden` has no extension.
        let (stem, source_ext) = match file.rsplit_once('.') {
            Some((stem, ext)) if !stem.is_empty() => (stem, ext),
            _ => (file, ""),
        };
        let mut name = String::new();
        if !self.0.contains(&Part::Field(Field::Dir)) {
            name.push_str(dir);
            name.push('/');
        }
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Field(Field::Dir) => name.push_str(dir),
                Part::Field(Field::Stem) => name.push_str(stem),
                Part::Field(Field::Width) => {
                    name.push_str(&values.asked.width.unwrap_or(values.actual.0).to_string());
                }
                Part::Field(Field::Height) => {
                    name.push_str(&values.asked.height.unwrap_or(values.actual.1).to_string());
                }
                Part::Field(Field::Format) => name.push_str(values.format),
                Part::Field(Field::Ext) => name.push_str(values.extension),
                Part::Field(Field::SourceExt) => name.push_str(source_ext),
            }
        }
        // An empty {dir} leaves a slash behind, and `a//b` is `a/b`.
        let components: Vec<&str> =
            name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let leads_out = source.starts_with('/')
            || components.contains(&"..")
            || name.contains(['\\', '\0'])
            || name.contains(char::is_control)
            || components.first().is_none_or(|first| is_drive(first));
        if leads_out {
            return Err(Error::invalid_input(format!(
                "the input's name {source:?} does not make a safe output name: takes a relative path without `..`, \
                 backslashes and control characters"
            )));
        }
        let name = components.join("/");
        let named = name
            .rsplit_once('.')
            .and_then(|(_, ext)| Format::from_extension(&ext.to_ascii_lowercase()));
        if let Some(named) = named.filter(|named| named.to_string() != values.format) {
            return Err(Error::invalid_options(format!(
                "`name` gives `{name}`, which is {named}, and the output is {}",
                values.format
            ))
            .with_hint("end it with `.{ext}`, or set the format"));
        }
        Ok(name)
    }
}

/// `C:` and `C:name`, which on Windows start anew from another root.
fn is_drive(component: &str) -> bool {
    let bytes = component.as_bytes();
    matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, source: &str) -> Result<String> {
        Template::parse(template)?.fill(&Values {
            source,
            asked: Asked { width: Some(800), height: None },
            actual: (640, 480),
            format: "jpeg",
            extension: "jpg",
        })
    }

    #[test]
    fn placeholders_are_filled_and_the_folder_is_kept() {
        for (template, source, name) in [
            ("{stem}.{ext}", "a.png", "a.jpg"),
            ("{stem}.{ext}", "2024/06/a.b.png", "2024/06/a.b.jpg"),
            ("{stem}-{width}x{height}.{ext}", "a.png", "a-800x480.jpg"),
            ("{format}/{dir}/{stem}.{source_ext}.{ext}", "x/a.png", "jpeg/x/a.png.jpg"),
            ("{dir}/{stem}.{ext}", "a.png", "a.jpg"),
            ("{stem}.{ext}", ".hidden", ".hidden.jpg"),
            ("{stem}.{ext}", "no extension", "no extension.jpg"),
            ("{stem}.{ext}", "ü/日本 #1%20.png", "ü/日本 #1%20.jpg"),
            ("{stem}.{ext}", "a..b.png", "a..b.jpg"),
        ] {
            assert_eq!(filled(template, source).expect(source), name);
        }
    }

    #[test]
    fn a_name_never_leads_out_of_the_destination() {
        for source in [
            "../a.png",
            "x/../../a.png",
            "/etc/a.png",
            "a\\..\\b.png",
            "a\0.png",
            "C:a.png",
            "..",
            "",
        ] {
            let outcome = filled("{dir}/{stem}", source).and_then(|_| filled("{stem}", source));
            assert!(outcome.is_err(), "{source:?} gave {outcome:?}");
        }
    }

    #[test]
    fn a_bad_template_is_refused_with_what_is_known() {
        for (template, says) in [
            ("{stem}-{hash}.{ext}", "`{hash}` is not a placeholder, takes {dir} {stem} {width}"),
            ("{stem", "not closed"),
            ("/abs/{stem}", "relative path"),
            ("../{stem}", "without `..`"),
            ("{stem}\\x", "control characters"),
            ("", "file's name"),
            ("{dir}/", "file's name"),
        ] {
            let text = filled(template, "a.png").expect_err(template).to_string();
            assert!(text.contains(says), "{text}");
        }
    }

    #[test]
    fn a_name_does_not_lie_about_its_content() {
        for template in ["const.png", "{stem}.webp", "{stem}.{source_ext}"] {
            let error = filled(template, "a.png").expect_err(template);
            assert!(error.to_string().contains("and the output is jpeg"), "{error}");
        }
        for template in ["{stem}.jpeg", "{stem}.JPG", "{stem}.thumb", "{stem}"] {
            filled(template, "a.png").expect(template);
        }
    }
}
