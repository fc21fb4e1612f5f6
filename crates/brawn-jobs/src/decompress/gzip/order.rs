//! Whether members are all there: what those of BGZF and of brawn say of it.

use brawn_core::{Error, Result};

use super::super::codec::Mark;

/// What members have said so far. Each of brawn's has a number, and an empty one is the last, as in BGZF; other members say
/// nothing.
#[derive(Debug, Default)]
pub(super) struct Order {
    due: u64,
    is_open: Option<&'static str>,
}

impl Order {
    /// The next member, at byte `start`, becomes `plain` bytes.
    pub(super) fn member(&mut self, mark: Mark, plain: u64, start: u64) -> Result<()> {
        let number = if let Mark::Number(number) = mark { Some(number) } else { None };
        let is_numbered = self.due > 0 || number.is_some_and(|number| number > 0);
        if is_numbered && number != Some(self.due) {
            let found = number.map_or("none".to_owned(), |number| number.to_string());
            return Err(Error::invalid_input(format!(
                "members are missing, doubled or out of order: the gzip member that begins at byte {start} has the \
                 number {found}, due is {}",
                self.due
            )));
        }
        let is_end = plain == 0;
        self.due = number.filter(|_| !is_end).map_or(0, |number| number + 1);
        self.is_open = match mark {
            Mark::Bgzf => Some("BGZF"),
            Mark::Number(_) => Some("brawn"),
            Mark::None | Mark::Checksum(_) => None,
        };
        if is_end {
            self.is_open = None;
        }
        Ok(())
    }

    /// The input ends at byte `end`.
    pub(super) fn end(&self, end: u64) -> Result<()> {
        let Some(writer) = self.is_open else { return Ok(()) };
        let error = Error::invalid_input(format!(
            "the input is cut off: it ends at byte {end}, without the empty member at the end of what {writer} writes"
        ));
        Err(error.with_hint("`gzip -dc` gives what there is"))
    }
}
