//! The options of the encrypt job: one struct for flags, JSON and code.

use brawn_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Passphrase;
use crate::values;

/// Who an object is encrypted to. Options say where a secret is, never what it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    #[cfg_attr(
        feature = "ssh",
        doc = "Encrypt to this recipient: age1..., or an SSH public key. Repeatable."
    )]
    #[cfg_attr(not(feature = "ssh"), doc = "Encrypt to this recipient, age1...; repeatable.")]
    #[serde(alias = "recipient", deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(short = 'r', long = "recipient", value_name = "RECIPIENT"))]
    pub recipients: Vec<String>,

    /// Encrypt to the recipients in this file, one a line; - is stdin. Repeatable.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(short = 'R', long, value_name = "FILE"))]
    pub recipients_file: Vec<String>,

    /// Encrypt with the passphrase in this file.
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE"))]
    pub passphrase_file: Option<String>,

    /// Encrypt with the passphrase in this environment variable.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME"))]
    pub passphrase_env: Option<String>,

    /// Write text (ASCII armor) instead of bytes.
    #[cfg_attr(feature = "clap", arg(short = 'a', long))]
    pub armor: bool,

    /// Encrypt with this passphrase, which a person typed. No recipe has it.
    #[serde(skip)]
    #[cfg_attr(feature = "clap", arg(skip))]
    pub passphrase: Option<Passphrase>,
}

impl Options {
    /// Refuses what is read from stdin, which a function does not have.
    pub(crate) fn for_function(&self) -> Result<()> {
        let hint = "name the recipients themselves: `recipients`";
        not_stdin("recipients_file", &self.recipients_file, hint)?;
        not_stdin("passphrase_file", &self.passphrase_file, "name a variable: `passphrase_env`")
    }
}

/// Refuses a `-` among the `files` of the option `field`.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with `hint`.
pub(crate) fn not_stdin<'a>(
    field: &str,
    files: impl IntoIterator<Item = &'a String>,
    hint: &'static str,
) -> Result<()> {
    if files.into_iter().any(|file| file == "-") {
        return Err(Error::invalid_options(format!(
            "`{field}` is `-`, and a function has no stdin"
        ))
        .with_hint(hint));
    }
    Ok(())
}
