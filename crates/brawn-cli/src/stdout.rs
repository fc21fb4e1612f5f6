//! Data: JSON lines, or the table of a dry run.

use std::collections::BTreeMap;
use std::io::Write;

use brawn_core::{ByteSize, Error, ErrorKind, Result, Summary};
use brawn_edge::Outcome;
use serde_json::{Value, json};

use crate::verdict::{PIPE, Verdict};
use crate::visible::visible;

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing: the outputs are the result.
    Nothing,
    /// One JSON object a line.
    Json,
    /// What a dry run found, for people.
    Table,
    /// Lines about each object, in the order in which the objects were found.
    Lines,
}

impl Form {
    pub(crate) fn is_json(self) -> bool {
        self == Form::Json
    }
}

/// Writes reports to stdout until nobody reads them any more.
pub(crate) struct Stdout {
    form: Form,
    end: Option<End>,
    /// Of the plans so far: how many, their outputs, the largest peak.
    plans: (u64, usize, u64),
    tell: Option<Tell>,
    /// Lines of objects that ended before one that was found earlier.
    early: BTreeMap<u64, String>,
    next: u64,
}

/// Why nothing more can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nobody reads the report any more.
    Closed,
    /// Nobody reads the outputs any more.
    Unread,
    /// Something else, which was said: a full disk behind the redirection.
    Failed,
}

/// What there is to say about an object, one line or several; nothing where it is empty.
pub(crate) type Tell = Box<dyn FnMut(&Outcome) -> String>;

impl Stdout {
    /// `tell` makes the [lines](Form::Lines).
    pub(crate) fn new(form: Form, tell: Option<Tell>) -> Stdout {
        Stdout { form, end: None, plans: (0, 0, 0), tell, early: BTreeMap::new(), next: 0 }
    }

    /// Why nothing more can be written, if so.
    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// Nobody reads what an object's output is: nothing follows.
    pub(crate) fn is_unread(&mut self) {
        self.end = self.end.or(Some(End::Unread));
    }

    /// One object has ended.
    pub(crate) fn item(&mut self, outcome: &Outcome) {
        if let Some(plan) = &outcome.plan {
            let (plans, outputs, peak) = self.plans;
            self.plans = (plans + 1, outputs + plan.outputs.len(), peak.max(plan.peak_memory));
        }
        match self.form {
            Form::Nothing => {}
            Form::Json => self.line(&describe(outcome).to_string()),
            Form::Table => self.line(&table(outcome)),
            Form::Lines => {
                let text = self.tell.as_mut().map(|tell| tell(outcome)).unwrap_or_default();
                self.early.insert(outcome.place, text);
                while let Some(text) = self.early.remove(&self.next) {
                    self.line(&text);
                    self.next += 1;
                }
            }
        }
    }

    /// The end.
    pub(crate) fn summary(&mut self, summary: &Summary) {
        match self.form {
            Form::Nothing | Form::Lines => {}
            Form::Json => self.line(&json!({ "summary": summary }).to_string()),
            Form::Table => {
                let (plans, outputs, peak) = self.plans;
                self.line(&format!(
                    "{plans} of {} items, {outputs} outputs, peak of the largest {}",
                    summary.items,
                    ByteSize(peak)
                ));
            }
        }
        for text in std::mem::take(&mut self.early).into_values() {
            self.line(&text);
        }
    }

    fn line(&mut self, text: &str) {
        if self.end.is_some() || text.is_empty() {
            return;
        }
        let mut stdout = std::io::stdout().lock();
        if let Err(error) = writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            self.end = Some(End::Closed);
            if error.kind() != std::io::ErrorKind::BrokenPipe {
                self.end = Some(End::Failed);
                let _ = writeln!(std::io::stderr(), "brawn: cannot write to stdout: {error}");
            }
        }
    }
}

/// Prints one value for people and programs.
pub(crate) fn print(value: &Value) -> Result<Verdict> {
    match writeln!(std::io::stdout(), "{value:#}") {
        Ok(()) => Ok(Verdict::Done),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Verdict::Stopped(PIPE)),
        Err(error) => {
            Err(Error::new(ErrorKind::Storage, "cannot write to stdout").with_source(error))
        }
    }
}

fn describe(outcome: &Outcome) -> Value {
    let mut line = json!(outcome.report);
    if let (Some(plan), Some(fields)) = (&outcome.plan, line.as_object_mut()) {
        let outputs: Vec<Value> = plan
            .outputs
            .iter()
            .zip(&outcome.targets)
            .map(|(output, to)| {
                json!({
                    "location": to.to_string(), "content_type": output.content_type, "summary": output.summary,
                })
            })
            .collect();
        fields.insert(
            "plan".to_owned(),
            json!({ "input": plan.summary, "peak_memory": plan.peak_memory, "outputs": outputs }),
        );
    }
    line
}

fn table(outcome: &Outcome) -> String {
    let Some(plan) = &outcome.plan else { return String::new() };
    let source = visible(&outcome.report.source);
    let mut text = format!("{source}  {}  peak {}", plan.summary, ByteSize(plan.peak_memory));
    for (output, to) in plan.outputs.iter().zip(&outcome.targets) {
        text.push_str(&format!("\n  -> {}  {}", visible(&to.to_string()), output.summary));
    }
    text
}
