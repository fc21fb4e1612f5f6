//! Which function: `lambda:NAME`, with a qualifier or not, or its ARN.

use std::str::FromStr;

use brawn_core::{Error, Result};

/// The longest name and the longest qualifier. Source: Lambda API reference, `FunctionName` and `Qualifier`.
const LONGEST: (usize, usize) = (64, 128);

/// A function on AWS, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// A version or an alias, where one was given.
    pub qualifier: Option<String>,
    /// Where it is, if the ARN says so.
    pub region: Option<String>,
    /// What the API is asked for: the name, or the ARN without its qualifier.
    pub(super) id: String,
}

impl FromStr for Target {
    type Err = Error;

    /// `lambda:NAME[:QUALIFIER]`, `lambda:ACCOUNT:function:NAME[:QUALIFIER]`, or an ARN with or without `lambda:` before it.
    fn from_str(text: &str) -> Result<Target> {
        let bad = |why: &str| {
            Error::invalid_options(format!("`{text}` names no function: {why}")).with_hint(
                "lambda:NAME, lambda:NAME:QUALIFIER or arn:aws:lambda:REGION:ACCOUNT:function:NAME",
            )
        };
        let name = text.strip_prefix("lambda:").unwrap_or(text);
        let mut parts: Vec<&str> = name.split(':').collect();
        let mut region = None;
        if parts.first() == Some(&"arn") {
            if parts.len() < 7 || parts.get(2) != Some(&"lambda") {
                return Err(bad("that is not the ARN of a function"));
            }
            region = parts.get(3).map(|region| (*region).to_owned());
            if region.as_deref() == Some("") {
                return Err(bad("the ARN has no region"));
            }
            parts.drain(..4);
        }
        if parts.get(1) == Some(&"function") {
            let account = parts.first().copied().unwrap_or_default();
            if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(bad("an account has twelve digits"));
            }
            parts.drain(..2);
        } else if region.is_some() {
            return Err(bad("that is not the ARN of a function"));
        }
        let good = |word: &str, most: usize| {
            (1..=most).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let (function, qualifier) = match parts.as_slice() {
            [function] => (*function, None),
            [function, qualifier] => (*function, Some(*qualifier)),
            _ => return Err(bad("too many colons")),
        };
        if !good(function, LONGEST.0) {
            return Err(bad("a name has up to 64 letters, digits, `-` and `_`"));
        }
        if qualifier.is_some_and(|word| word != "$LATEST" && !good(word, LONGEST.1)) {
            return Err(bad("a qualifier is a version, an alias or $LATEST"));
        }
        let without = qualifier.map_or(name.len(), |qualifier| name.len() - qualifier.len() - 1);
        Ok(Target {
            name: function.to_owned(),
            qualifier: qualifier.filter(|word| *word != "$LATEST").map(str::to_owned),
            region,
            id: name.get(..without).unwrap_or(name).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_read_and_their_qualifiers_kept_apart() {
        let read = |text: &str| {
            let target: Target = text.parse().expect(text);
            (target.name, target.qualifier, target.region, target.id)
        };
        let some = |text: &str| Some(text.to_owned());
        let thumbs = || "thumbs".to_owned();
        assert_eq!(read("lambda:thumbs"), (thumbs(), None, None, thumbs()));
        assert_eq!(read("lambda:thumbs:prod"), (thumbs(), some("prod"), None, thumbs()));
        assert_eq!(read("lambda:thumbs:$LATEST"), (thumbs(), None, None, thumbs()));
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:thumbs";
        let known = || (thumbs(), None, some("eu-west-1"), arn.to_owned());
        assert_eq!(read(arn), known());
        assert_eq!(read(&format!("lambda:{arn}")), known());
        assert_eq!(
            read(&format!("{arn}:7")),
            (thumbs(), some("7"), some("eu-west-1"), arn.to_owned())
        );
        assert_eq!(
            read("lambda:123456789012:function:thumbs"),
            (thumbs(), None, None, "123456789012:function:thumbs".to_owned())
        );
    }

    #[test]
    fn what_names_no_function_is_refused() {
        for text in [
            "lambda:",
            "lambda:a b",
            "lambda:a:b:c",
            "lambda:a:",
            "lambda:./bootstrap",
            "arn:aws:s3:::bucket",
            "arn:aws:lambda::123456789012:function:x",
            "arn:aws:lambda:eu-west-1:123456789012:layer:x",
            "lambda:1234:function:x",
        ] {
            let error = text.parse::<Target>().expect_err(text);
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
