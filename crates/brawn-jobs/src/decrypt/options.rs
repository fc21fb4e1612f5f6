//! The options of the decrypt job: one struct for flags, JSON and code.

use brawn_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::encrypt::{MAX_WORK_FACTOR, Passphrase, not_stdin};
use crate::values;

/// With which keys an object is decrypted. Options say where a secret is, never what it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    #[cfg_attr(
        feature = "ssh",
        doc = "Use the keys in this file: of age, or an SSH private key; - is stdin. Repeatable."
    )]
    #[cfg_attr(
        not(feature = "ssh"),
        doc = "Use the age keys in this file; - is stdin. Repeatable."
    )]
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(short = 'i', long = "identity", value_name = "FILE"))]
    pub identity_file: Vec<String>,

    /// Use the keys in this environment variable, which holds what such a file does. Repeatable.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME"))]
    pub identity_env: Vec<String>,

    /// Use the passphrase in this file.
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE"))]
    pub passphrase_file: Option<String>,

    /// Use the passphrase in this environment variable.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME"))]
    pub passphrase_env: Option<String>,

    /// The most work for a passphrase that a file may ask for, log2 of the rounds of scrypt: 2^N KiB of memory, and a second for
    /// 18. [default: 20]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    pub max_work_factor: Option<u8>,

    /// Use this passphrase, which a person typed. No recipe has it.
    #[serde(skip)]
    #[cfg_attr(feature = "clap", arg(skip))]
    pub passphrase: Option<Passphrase>,

    /// Take inputs whose name does not end with `.age` too: their output is called something else.
    #[serde(skip)]
    #[cfg_attr(feature = "clap", arg(skip))]
    pub any_name: bool,
}

impl Options {
    /// Whether they make sense together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field, its value and what would be
    /// right.
    pub fn validate(&self) -> Result<()> {
        match self.max_work_factor {
            Some(factor) if !(1..=30).contains(&factor) => {
                Err(Error::invalid_options(format!("`max_work_factor` is {factor}: takes 1 to 30")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what is read from stdin, which a function does not have.
    pub(crate) fn for_function(&self) -> Result<()> {
        let hint = "name a variable that holds the keys: `identity_env`";
        not_stdin("identity_file", &self.identity_file, hint)?;
        not_stdin("passphrase_file", &self.passphrase_file, "name a variable: `passphrase_env`")
    }

    pub(super) fn max_work_factor(&self) -> u8 {
        self.max_work_factor.unwrap_or(MAX_WORK_FACTOR)
    }
}
