//! From the text of some points to the text of their results.

use brawn_core::{Budget, Error, Result};
use serde_json::Value;

use super::algorithm::Parameters;
use super::classes::Classes;
use super::form::Form;
use super::input::Block;
use super::json::{Broken, Cursor};
use super::options::OnError;
use super::point::{self, Bad, Fault};

/// How results are made of points.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) form: Form,
    pub(super) parameters: Parameters,
    pub(super) classes: Classes,
    pub(super) on_error: OnError,
}

/// What became of a block.
#[derive(Debug, Default)]
pub(super) struct Computed {
    /// Of lines all end with a line feed; elements of a list have commas between them.
    pub(super) text: Vec<u8>,
    pub(super) results: Vec<f64>,
    /// Points without a result, and why the first has none.
    pub(super) without: u64,
    pub(super) first: Option<String>,
    /// The length of the block.
    pub(super) read: u64,
}

/// An error about `place`, which is no JSON.
pub(super) fn not_json(place: &str, Broken { at, what }: &Broken) -> Error {
    Error::invalid_input(format!("{place} is not JSON: {what} (byte {at})"))
}

impl Recipe {
    /// Computes all points of a block.
    ///
    /// # Errors
    /// Of the first point that is no JSON or, unless `on_error` says otherwise, has no result.
    pub(super) fn compute(&self, block: &Block, budget: &Budget) -> Result<Computed> {
        let mut making = Making {
            recipe: self,
            budget,
            values: Vec::new(),
            done: Computed { read: block.bytes.len() as u64, ..Computed::default() },
        };
        if self.form.is_lines() {
            making.lines(block)?
        } else {
            making.elements(block)?
        }
        budget.advance(making.done.read);
        Ok(making.done)
    }
}

struct Making<'a> {
    recipe: &'a Recipe,
    budget: &'a Budget,
    values: Vec<f64>,
    done: Computed,
}

impl Making<'_> {
    fn elements(&mut self, block: &Block) -> Result<()> {
        let mut cursor = Cursor::new(&block.bytes, block.base);
        let mut index = block.first;
        loop {
            cursor.blank();
            self.point(&mut cursor, index)?;
            cursor.blank();
            if cursor.peek().is_none() {
                return Ok(());
            }
            if !cursor.takes(b',') {
                let place = self.recipe.form.place(index, "");
                return Err(not_json(&place, &cursor.expected("`,` or `]`")));
            }
            index += 1;
        }
    }

    fn lines(&mut self, block: &Block) -> Result<()> {
        let mut base = block.base;
        for (index, line) in (block.first..).zip(block.bytes.split_inclusive(|byte| *byte == b'\n'))
        {
            let mut cursor = Cursor::new(line, base);
            base += line.len() as u64;
            cursor.blank();
            if cursor.peek().is_none() {
                continue;
            }
            self.point(&mut cursor, index)?;
            cursor.blank();
            if cursor.peek().is_some() {
                let place = self.recipe.form.place(index, "");
                return Err(not_json(&place, &cursor.expected("the end of the line")));
            }
        }
        Ok(())
    }

    fn point(&mut self, cursor: &mut Cursor<'_>, index: u64) -> Result<()> {
        self.budget.check()?;
        let recipe = self.recipe;
        let start = cursor.at();
        let read = match point::read(cursor, &mut self.values, self.budget) {
            Ok(read) => read,
            Err(Fault::Ended(error)) => return Err(error),
            Err(Fault::Broken(broken)) => {
                return Err(not_json(&recipe.form.place(index, ""), &broken));
            }
        };
        let result = match read.bad {
            Some(bad) => Err(bad),
            None => recipe.parameters.result(&mut self.values).map_err(|what| Bad {
                path: String::new(),
                what: what.to_owned(),
                at: start,
            }),
        };
        let reason = match result {
            Ok(result) => {
                self.begin();
                self.done.text.extend_from_slice(b"{\"result\":");
                serde_json::to_writer(&mut self.done.text, &result).map_err(|error| {
                    Error::unsupported("a result cannot be written").with_source(error)
                })?;
                self.done.text.extend_from_slice(b",\"classification\":");
                self.done.text.extend_from_slice(recipe.classes.of(result).as_bytes());
                self.done.results.push(result);
                None
            }
            Err(bad) => {
                let reason = format!("{} {}", recipe.form.place(index, &bad.path), bad.what);
                if recipe.on_error == OnError::Fail {
                    return Err(Error::invalid_input(format!("{reason} (byte {})", bad.at))
                        .with_hint("`on_error` skip leaves such points out, null keeps them without a result"));
                }
                Some(reason)
            }
        };
        if let Some(reason) = reason {
            self.done.without += 1;
            let quoted = Value::from(reason.as_str()).to_string();
            self.done.first.get_or_insert(reason);
            if recipe.on_error == OnError::Skip {
                return Ok(());
            }
            self.begin();
            self.done
                .text
                .extend_from_slice(b"{\"result\":null,\"classification\":null,\"error\":");
            self.done.text.extend_from_slice(quoted.as_bytes());
        }
        if let Some(metadata) = read.metadata {
            self.done.text.extend_from_slice(b",\"metadata\":");
            self.done.text.extend_from_slice(metadata);
        }
        self.done.text.push(b'}');
        if recipe.form.is_lines() {
            self.done.text.push(b'\n');
        }
        Ok(())
    }

    /// Between elements.
    fn begin(&mut self) {
        if !self.recipe.form.is_lines() && !self.done.text.is_empty() {
            self.done.text.push(b',');
        }
    }
}
