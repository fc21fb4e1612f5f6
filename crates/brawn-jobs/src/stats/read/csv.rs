//! Records of a block, read field by field into columns.

use brawn_core::{Budget, Result};
use memchr::{memchr, memchr_iter, memchr2};

use super::frame::{Cells, Frame, Span};
use super::reject::{Fault, Reject, field as shown_field, shown};
use super::{Block, Broken, Dialect, Layout, number};

/// Reads the records of a block.
///
/// # Errors
/// The budget's.
pub(crate) fn parse(
    block: &Block,
    dialect: &Dialect,
    layout: &Layout,
    budget: &Budget,
) -> Result<Frame> {
    let columns = layout.wanted.iter().map(Cells::emptied).collect();
    let mut parser = Parser {
        bytes: &block.bytes,
        dialect,
        layout,
        is_utf8: std::str::from_utf8(&block.bytes).is_ok(),
        has_quotes: dialect.quote.is_some_and(|quote| memchr(quote, &block.bytes).is_some()),
        frame: Frame { columns, ..Frame::default() },
    };
    if let Some(broken) = block.broken {
        let (fault, message) = match broken {
            Broken::Unquoted => {
                (Fault::UnquotedValue, "a quote opens and is not closed".to_owned())
            }
            Broken::TooLong => (Fault::LineSizeOverMaximum, too_long(layout.longest)),
        };
        let (line, at, text) = (block.line, block.at, shown(&block.bytes));
        parser.frame.rejects.push(Reject { at, line, column: None, fault, message, text });
        return Ok(parser.frame);
    }
    parser.records(block.at, block.line, budget)?;
    Ok(parser.frame)
}

/// A block of short records is not filled up to more values than this.
pub(super) const MOST_CELLS: usize = 4 << 20;

/// After so many records their number is guessed.
const MEASURED: usize = 16;

fn too_long(longest: usize) -> String {
    format!("the line is longer than {longest} bytes (`max_line_size`)")
}

struct Parser<'a> {
    bytes: &'a [u8],
    dialect: &'a Dialect,
    layout: &'a Layout,
    is_utf8: bool,
    has_quotes: bool,
    frame: Frame,
}

/// What ended a field.
enum End {
    Field,
    Record,
}

type Bad = (Option<usize>, Fault, String);

impl Parser<'_> {
    fn records(&mut self, at: u64, first_line: u64, budget: &Budget) -> Result<()> {
        let mut position = 0;
        let mut line = 0_u32;
        while position < self.bytes.len() && !self.frame.has_enough_rejects(self.layout) {
            if line.is_multiple_of(128) {
                budget.check()?;
            }
            let start = position;
            if self.ends_at(start).is_some_and(|(end, _)| matches!(end, End::Record)) {
                position = self.ends_at(start).map_or(self.bytes.len(), |(_, next)| next);
                line += 1;
                continue;
            }
            let side = self.frame.side.len();
            let outcome = self.record(&mut position);
            let outcome = outcome.and_then(|()| self.whole(start, position));
            let outcome = outcome.and_then(|()| match self.frame.unfit(self.layout, self.bytes) {
                Some((column, message)) => Err((Some(column), Fault::Cast, message)),
                None => Ok(()),
            });
            match outcome {
                Ok(()) => {
                    if self.layout.lines {
                        self.frame.lines.push(line);
                    }
                    self.frame.rows += 1;
                }
                Err((column, fault, message)) => {
                    position = self.end_of_record(start);
                    let rows = self.frame.rows;
                    self.frame.columns.iter_mut().for_each(|cells| cells.truncate(rows));
                    self.frame.side.truncate(side);
                    let text = shown(self.bytes.get(start..position).unwrap_or_default());
                    let (at, line) = (at + start as u64, first_line + u64::from(line));
                    self.frame.reject(Reject { at, line, column, fault, message, text });
                }
            }
            let record = self.bytes.get(start..position).unwrap_or_default();
            // One line, unless something is quoted.
            line += match self.dialect.quote.filter(|_| self.has_quotes) {
                Some(quote) if memchr(quote, record).is_some() => {
                    memchr_iter(self.dialect.newline, record).count().max(1) as u32
                }
                _ => 1,
            };
            if self.frame.rows == MEASURED {
                // As many more as are as long as the first: growing step by step copies all of them again.
                let more = self.bytes.len() / (position / MEASURED).max(1);
                let more = more.min(MOST_CELLS / self.layout.wanted.len().max(1));
                self.frame.columns.iter_mut().for_each(|cells| cells.reserve(more));
            }
        }
        Ok(())
    }

    /// What can only be said of a whole record.
    fn whole(&self, start: usize, end: usize) -> Result<(), Bad> {
        if end - start > self.layout.longest {
            return Err((None, Fault::LineSizeOverMaximum, too_long(self.layout.longest)));
        }
        let record = self.bytes.get(start..end).unwrap_or_default();
        if !self.is_utf8
            && let Err(error) = std::str::from_utf8(record)
        {
            let message = format!(
                "byte {} of the record is no UTF-8 (`encoding` says what else it is)",
                error.valid_up_to()
            );
            return Err((None, Fault::InvalidEncoding, message));
        }
        Ok(())
    }

    fn record(&mut self, position: &mut usize) -> Result<(), Bad> {
        let count = self.layout.wanted.len();
        let rows = self.frame.rows + 1;
        let mut index = 0;
        loop {
            if index == count {
                let message = format!("the record has more than {count} fields");
                return Err((None, Fault::TooManyColumns, message));
            }
            let end = self.value(index, position)?;
            index += 1;
            if matches!(end, End::Record) {
                break;
            }
        }
        if index < count {
            if !self.layout.null_padding {
                let message = format!("the record has {index} fields, the header {count}");
                return Err((None, Fault::MissingColumns, message));
            }
            if rows * count > MOST_CELLS {
                let message = format!("the record has {index} of {count} fields, as too many do");
                return Err((None, Fault::MissingColumns, message));
            }
            self.frame.columns.iter_mut().skip(index).for_each(|cells| cells.pad(rows));
        }
        Ok(())
    }

    /// Reads one field into its column.
    fn value(&mut self, index: usize, position: &mut usize) -> Result<End, Bad> {
        let start = *position;
        let is_quoted =
            self.dialect.quote.is_some() && self.bytes.get(start) == self.dialect.quote.as_ref();
        if !is_quoted
            && let Some(Cells::Numbers(values, fraction)) = self.frame.columns.get_mut(index)
            && let Some((number, end)) = number::plain(self.bytes, start, self.layout.point)
        {
            let next = self.bytes.get(end);
            let step = match next {
                Some(byte) if *byte == self.dialect.delimiter => Some((End::Field, end + 1)),
                Some(byte) if *byte == self.dialect.newline => Some((End::Record, end + 1)),
                None => Some((End::Record, end)),
                _ => None,
            };
            if let Some((ended, next)) = step {
                values.push(number.value);
                *fraction |= !number.is_integer;
                *position = next;
                return Ok(ended);
            }
        }
        let (span, end, next) = if is_quoted { self.quoted(start)? } else { self.unquoted(start) };
        *position = next;
        let Frame { columns, side, .. } = &mut self.frame;
        let text = span.of(self.bytes, side).unwrap_or_default();
        match columns.get_mut(index) {
            None | Some(Cells::Skipped) => {}
            Some(Cells::Texts(spans)) => {
                spans.push(if self.layout.is_null(text) { Span::NULL } else { span });
            }
            Some(Cells::Numbers(values, fraction)) => {
                match number::parse_trimmed(text, self.layout.point) {
                    Some(number) => {
                        values.push(number.value);
                        *fraction |= !number.is_integer;
                    }
                    None if self.layout.is_null(text.trim_ascii()) => values.push(f64::NAN),
                    None => {
                        let message = format!("{} is not a number", shown_field(text));
                        return Err((Some(index), Fault::Cast, message));
                    }
                }
            }
        }
        Ok(end)
    }

    /// What ends a field `at` this place, and where the next one begins.
    fn ends_at(&self, at: usize) -> Option<(End, usize)> {
        match self.bytes.get(at) {
            None => Some((End::Record, at)),
            Some(byte) if *byte == self.dialect.delimiter => Some((End::Field, at + 1)),
            Some(byte) if *byte == self.dialect.newline => Some((End::Record, at + 1)),
            Some(b'\r') => match self.bytes.get(at + 1) {
                None => Some((End::Record, at + 1)),
                Some(byte) if *byte == self.dialect.newline => Some((End::Record, at + 2)),
                Some(_) => None,
            },
            Some(_) => None,
        }
    }

    fn unquoted(&self, start: usize) -> (Span, End, usize) {
        let Dialect { delimiter, newline, .. } = *self.dialect;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let stop = memchr2(delimiter, newline, rest).map_or(self.bytes.len(), |step| start + step);
        let at_field = self.bytes.get(stop) == Some(&delimiter);
        let has_return = !at_field && stop > start && self.bytes.get(stop - 1) == Some(&b'\r');
        let end = stop - usize::from(has_return);
        let next = (stop + 1).min(self.bytes.len());
        (Span::in_block(start, end), if at_field { End::Field } else { End::Record }, next)
    }

    fn quoted(&mut self, start: usize) -> Result<(Span, End, usize), Bad> {
        let quote = self.dialect.quote.unwrap_or(b'"');
        let unclosed =
            || (None, Fault::UnquotedValue, "a quote opens and is not closed".to_owned());
        let inside = start + 1;
        let mut from = inside;
        let aside = self.frame.side.len();
        loop {
            let step = self.bytes.get(from..).and_then(|rest| memchr(quote, rest));
            let close = from + step.ok_or_else(unclosed)?;
            let piece = self.bytes.get(from..close).unwrap_or_default();
            if self.bytes.get(close + 1) == Some(&quote) {
                self.frame.side.extend_from_slice(piece);
                self.frame.side.push(quote);
                from = close + 2;
                continue;
            }
            let span = if from == inside {
                Span::in_block(inside, close)
            } else {
                self.frame.side.extend_from_slice(piece);
                Span::in_side(aside, self.frame.side.len())
            };
            return match self.ends_at(close + 1) {
                Some((end, next)) => Ok((span, end, next)),
                None => {
                    let message = "text follows a closing quote: a quote within a quoted field is \
                                   written twice";
                    Err((None, Fault::UnquotedValue, message.to_owned()))
                }
            };
        }
    }

    /// Where the record that begins at `start` ends, by the rules of the splitter.
    fn end_of_record(&self, start: usize) -> usize {
        let Dialect { delimiter, quote, newline, .. } = *self.dialect;
        let mut at = start;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let found = match quote {
                Some(quote) => memchr2(newline, quote, rest),
                None => memchr(newline, rest),
            };
            let Some(step) = found else { return self.bytes.len() };
            let found = at + step;
            if self.bytes.get(found) == Some(&newline) {
                return found + 1;
            }
            at = found + 1;
            let before = found.checked_sub(1).and_then(|before| self.bytes.get(before));
            let opens =
                found == start || before.is_none_or(|byte| *byte == delimiter || *byte == newline);
            if !opens {
                continue;
            }
            loop {
                let rest = self.bytes.get(at..).unwrap_or_default();
                let Some(step) = quote.and_then(|quote| memchr(quote, rest)) else {
                    return self.bytes.len();
                };
                at += step + 1;
                if self.bytes.get(at).copied() != quote {
                    break;
                }
                at += 1;
            }
        }
    }
}
