//! A passphrase from the environment, or from the terminal without showing it.

use std::fs::File;
use std::io::{Read as _, Write as _};

use brawn_core::{Error, Result};
use brawn_jobs::encrypt::Passphrase;
use brawn_jobs::encrypt::secrecy::zeroize::Zeroizing;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Where `-p` looks before it asks.
const VARIABLE: &str = "BRAWN_PASSPHRASE";

/// The longest that is typed.
const LONGEST: usize = 1024;

/// The variable that holds the passphrase, or what was typed: `twice`, where something is encrypted with it.
///
/// # Errors
/// Without a terminal, where the two differ, or on Ctrl-C.
pub(crate) fn ask(twice: bool) -> Result<(Option<String>, Option<Passphrase>)> {
    if std::env::var_os(VARIABLE).is_some() {
        return Ok((Some(VARIABLE.to_owned()), None));
    }
    let mut terminal = Terminal::open()?;
    let typed = terminal.read("Passphrase: ")?;
    if twice && terminal.read("Once more: ")? != typed {
        return Err(Error::invalid_options("the two passphrases differ"));
    }
    Ok((None, Some(typed)))
}

/// The terminal, without echo; as it was before when dropped.
struct Terminal {
    file: File,
    before: Termios,
}

impl Terminal {
    fn open() -> Result<Terminal> {
        let cannot = |error: std::io::Error| {
            Error::invalid_options("there is no terminal to ask for the passphrase")
                .with_hint(format!("`passphrase_file`, or the environment variable {VARIABLE}"))
                .with_source(error)
        };
        let file = File::options().read(true).write(true).open("/dev/tty").map_err(cannot)?;
        let before = tcgetattr(&file).map_err(|error| cannot(error.into()))?;
        let mut silent = before.clone();
        // Without signals too: Ctrl-C would leave the terminal as it is now.
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(&file, OptionalActions::Flush, &silent).map_err(|error| cannot(error.into()))?;
        Ok(Terminal { file, before })
    }

    fn read(&mut self, prompt: &str) -> Result<Passphrase> {
        let failed = |error: std::io::Error| {
            Error::invalid_options("the passphrase could not be read").with_source(error)
        };
        self.file.write_all(prompt.as_bytes()).map_err(failed)?;
        let mut text = Zeroizing::new(Vec::with_capacity(LONGEST));
        loop {
            let mut byte = [0];
            let ended = self.file.read(&mut byte).map_err(failed)? == 0;
            match byte {
                // Enter, or Ctrl-D.
                [b'\r' | b'\n' | 4] => break,
                _ if ended => break,
                [3] => {
                    let _ = self.file.write_all(b"\n");
                    return Err(Error::cancelled());
                }
                // Backspace takes a whole character, Ctrl-U all of them.
                [8 | 0x7f] => while text.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
                [0x15] => text.clear(),
                _ if text.len() == LONGEST => {
                    return Err(Error::invalid_options("the passphrase is too long"));
                }
                [byte] => text.push(byte),
            }
        }
        self.file.write_all(b"\n").map_err(failed)?;
        let text = std::str::from_utf8(&text)
            .map_err(|_| Error::invalid_options("the passphrase is not UTF-8"))?;
        Passphrase::new(text.to_owned())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nothing else can be done.
        let _ = tcsetattr(&self.file, OptionalActions::Flush, &self.before);
    }
}
