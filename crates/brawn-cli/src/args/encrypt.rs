//! The words of `encrypt`, `decrypt` and `keygen`.

use std::path::PathBuf;

use brawn_jobs::{decrypt, encrypt};
use clap::{Args, ValueHint};

use super::{From, Place, Run, Writing};

/// Encrypt, in the age format
///
/// For those whose recipients are given, or for a passphrase; chunk by chunk on all cores, in constant memory. `age` and
/// `rage` read it. The output lies beside its input unless said otherwise, and the input stays. Of a folder, a prefix or a pattern all
/// is taken but what is called .age, and it is told how many those are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn keygen -o key.txt                            prints the recipient, age1...
  brawn encrypt -r age1... big.tar                   big.tar.age beside it
  brawn encrypt -R team.txt reports/ --to s3://bucket/reports/
  brawn encrypt -p -a letter.txt -o letter.asc       asks for a passphrase; or BRAWN_PASSPHRASE
  tar c folder | brawn encrypt -r age1... - > folder.tar.age

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Encrypt {
    #[command(flatten)]
    pub(crate) from: From,

    #[command(flatten)]
    pub(crate) place: Place,

    #[command(flatten)]
    pub(crate) options: encrypt::Options,

    /// Encrypt with a passphrase: of BRAWN_PASSPHRASE, or from the terminal, twice
    #[arg(short = 'p', long, conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    pub(crate) passphrase: bool,

    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// Decrypt the age format
///
/// With keys or a passphrase; chunk by chunk on all cores, in constant memory, armored or not. Nothing is written that is not
/// authentic. The output lies beside its input, without its `.age`, unless said otherwise. Folders and
/// prefixes are searched for .age, and it is told how many others there are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn decrypt -i key.txt big.tar.age               big.tar beside it
  brawn decrypt -p letter.asc -o letter.txt          asks for the passphrase; or BRAWN_PASSPHRASE
  brawn decrypt -i key.txt - < folder.tar.age | tar x
  brawn decrypt -i key.txt s3://bucket/reports/ --to reports/

What went to a pipe before an error was found is authentic, and incomplete: the exit code says so.

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Decrypt {
    #[command(flatten)]
    pub(crate) from: From,

    #[command(flatten)]
    pub(crate) place: Place,

    #[command(flatten)]
    pub(crate) options: decrypt::Options,

    /// Use a passphrase, for the input or for the file of keys: of BRAWN_PASSPHRASE, or from the terminal
    #[arg(short = 'p', long, conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    pub(crate) passphrase: bool,

    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// Make a key to decrypt with, and its recipient to encrypt to
///
/// As age-keygen does: the file holds the secret key, readable by its owner alone, and names the recipient in a comment.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn keygen -o key.txt
  brawn keygen -y key.txt                            prints its recipient

Exit codes:
  0 done   2 could not")]
pub(crate) struct Keygen {
    /// The file to write, which must not be there yet [default: stdout]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,

    /// Print the recipients of the keys in FILE, and make none
    #[arg(short = 'y', value_name = "FILE", value_parser = super::secrets(), value_hint = ValueHint::FilePath, conflicts_with = "output")]
    pub(crate) recipients_of: Option<String>,
}
