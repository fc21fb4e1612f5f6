//! The performance checklist for compute functions, line by line, with what was found for each.

use std::fmt::Write;

use crate::calls::{Call, Context};
use crate::catalogue::CallKind;
use crate::finding::Finding;
use crate::program::{Program, short};
use crate::resolve::FnId;
use crate::tree::Kind;
use crate::workspace::Deployment;

/// The checklist of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checklist {
    /// In the order of the list.
    pub items: Vec<Item>,
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is asked for.
    pub asks: &'static str,
    /// Whether it was found.
    pub state: State,
    /// What was found, and where.
    pub found: Vec<String>,
}

/// What the project's files say of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is done, as far as files can tell.
    Done,
    /// Something stands against it.
    Open,
    /// Files do not tell: it needs a look or a measurement.
    Unknown,
}

impl Checklist {
    /// Whether nothing stands against any line.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.items.iter().all(|item| item.state != State::Open)
    }

    /// `[x]` done, `[ ]` open, `[?]` for people to look at; under each line what was found.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        for item in &self.items {
            let mark = match item.state {
                State::Done => "x",
                State::Open => " ",
                State::Unknown => "?",
            };
            let _ = writeln!(out, "[{mark}] {}", item.asks);
            for line in &item.found {
                let _ = writeln!(out, "      {line}");
            }
        }
        out
    }
}

/// Goes through the list. `findings` are those of all rules, advice included.
pub(crate) fn checklist(program: &Program, findings: &[Finding]) -> Checklist {
    let look = Look { program, findings };
    Checklist {
        items: vec![
            look.off_loaded(),
            look.parallel(),
            look.edges(),
            look.no_async_inside(),
            look.memory(),
            look.copies(),
            look.profiled(),
            look.chunks(),
            look.par_chunks(),
            look.tests(),
            look.monitored(),
        ],
    }
}

struct Look<'a> {
    program: &'a Program,
    findings: &'a [Finding],
}

impl Look<'_> {
    /// Open with the findings of these rules; else done or unknown, with what else there is to say.
    fn item(
        &self,
        asks: &'static str,
        codes: &[&str],
        otherwise: State,
        also: Vec<String>,
    ) -> Item {
        let mut found: Vec<String> = self
            .findings
            .iter()
            .filter(|finding| codes.contains(&finding.code))
            .map(|finding| {
                let (path, line) = (finding.path.display(), finding.line);
                format!("{path}:{line}: {} {}", finding.code, finding.message)
            })
            .collect();
        let state = if found.is_empty() { otherwise } else { State::Open };
        found.extend(also);
        Item { asks, state, found }
    }

    /// The calls outside of tests that a question picks, with their functions.
    fn calls(&self, picks: impl Fn(FnId, &Call) -> bool) -> Vec<(FnId, &Call)> {
        let ids = (0..self.program.facts.len()).map(|id| FnId(id as u32));
        ids.filter(|id| !self.program.resolver().is_in_test(*id))
            .flat_map(|id| {
                self.program.facts[id.0 as usize].calls.iter().map(move |call| (id, call))
            })
            .filter(|(id, call)| picks(*id, call))
            .collect()
    }

    fn of_kind(&self, kind: CallKind) -> Vec<(FnId, &Call)> {
        self.calls(|_, call| self.program.kind_of(call) == Some(kind))
    }

    fn name_of(&self, id: FnId, call: &Call) -> String {
        match &self.program.tree_of(id)[call.at].kind {
            Kind::Method { name, .. } => name.to_string(),
            _ => short(&call.path),
        }
    }

    /// `3 calls that compute, the first at src/main.rs:12`
    fn count(&self, what: &str, calls: &[(FnId, &Call)]) -> Vec<String> {
        let Some((id, call)) = calls.first() else { return Vec::new() };
        let text = self.program.text_of(*id);
        let (line, _) = text.place(self.program.tree_of(*id)[call.at].span.start);
        let place = format!("{}:{line}", text.path.display());
        match calls.len() {
            1 => vec![format!("1 {what}, at {place}")],
            count => vec![format!("{count} {what}s, the first at {place}")],
        }
    }

    fn off_loaded(&self) -> Item {
        let calls = self.of_kind(CallKind::OffLoad);
        let state = if calls.is_empty() { State::Unknown } else { State::Done };
        let mut also = self.count("off-load", &calls);
        if calls.is_empty() {
            also.push("nothing is off-loaded".to_owned());
        }
        let codes = ["BR101", "BR102", "BR103"];
        self.item("CPU work goes through `spawn_blocking` or `brawn::compute`", &codes, state, also)
    }

    fn parallel(&self) -> Item {
        let calls = self.of_kind(CallKind::Parallel);
        let heavy = self.of_kind(CallKind::Heavy);
        let mut also = self.count("parallel call", &calls);
        if calls.is_empty() {
            let heavy = self.count("heavy call", &heavy);
            also.push("no parallel iterator".to_owned());
            also.extend(heavy);
        }
        let state = if calls.is_empty() { State::Unknown } else { State::Done };
        self.item(
            "Rayon's parallel iterators do the parallel work",
            &["BR205", "BR206"],
            state,
            also,
        )
    }

    fn edges(&self) -> Item {
        let codes = ["BR103", "BR104", "BR105", "BR106"];
        self.item("async stays at the edges, where I/O is", &codes, State::Done, Vec::new())
    }

    fn no_async_inside(&self) -> Item {
        let inside = self.calls(|_, call| {
            self.program.kind_of(call) == Some(CallKind::BlockOn)
                && matches!(call.context, Context::OffLoaded | Context::Pooled)
        });
        let state = if inside.is_empty() { State::Done } else { State::Open };
        let also = self.count("future run to its end within off-loaded work", &inside);
        self.item("no async within the functions that compute", &[], state, also)
    }

    fn memory(&self) -> Item {
        let mut also = Vec::new();
        for Deployment { text, functions, .. } in &self.program.workspace.deployments {
            for function in functions {
                let memory = match &function.memory {
                    Some(memory) => {
                        let vcpus = memory.value as f64 / 1769.0;
                        format!("{} MB, {vcpus:.2} vCPUs", memory.value)
                    }
                    None => "128 MB, 0.07 vCPUs, Lambda's default".to_owned(),
                };
                let place = text.path.display();
                also.push(format!("{place}:{}: `{}` has {memory}", function.line, function.name));
            }
        }
        let state = if also.is_empty() { State::Unknown } else { State::Done };
        if also.is_empty() {
            also.push("no template was found".to_owned());
        }
        let codes = ["BR501", "BR502", "BR503", "BR507"];
        self.item("the memory fits the work (more memory is more CPU)", &codes, state, also)
    }

    fn copies(&self) -> Item {
        let copies = self.calls(|id, call| {
            matches!(call.context, Context::OffLoaded | Context::Pooled)
                && matches!(&*self.name_of(id, call), "clone" | "to_vec" | "to_owned")
        });
        let also = self.count("copy within the work", &copies);
        self.item("data is borrowed rather than copied", &["BR303"], State::Unknown, also)
    }

    fn profiled(&self) -> Item {
        const TOOLS: [&str; 6] =
            ["criterion", "divan", "iai", "pprof", "tracing-flame", "codspeed"];
        let manifests = self.program.workspace.manifests.iter();
        let also: Vec<String> = manifests
            .filter_map(|manifest| {
                let tables = ["dependencies", "dev-dependencies"].map(|key| manifest.at(key));
                let has = |tool: &&&str| {
                    tables
                        .iter()
                        .flatten()
                        .any(|table| table.keys().any(|key| key.contains(**tool)))
                };
                let tool = TOOLS.iter().find(has)?;
                Some(format!("{}: `{tool}`", manifest.text.path.display()))
            })
            .collect();
        let state = if also.is_empty() { State::Unknown } else { State::Done };
        self.item("hot paths are found by profiling", &[], state, also)
    }

    fn chunks(&self) -> Item {
        let calls = self.calls(|id, call| {
            let name = self.name_of(id, call);
            name.contains("chunks") || name.contains("ready_chunks") || name == "by_ref"
        });
        let state = if calls.is_empty() { State::Unknown } else { State::Done };
        let also = self.count("call that works by chunks", &calls);
        let codes = ["BR303", "BR307"];
        self.item("very large inputs are worked on in chunks", &codes, state, also)
    }

    fn par_chunks(&self) -> Item {
        let of = |start: &'static str| {
            self.calls(move |id, call| {
                self.program.kind_of(call) == Some(CallKind::Parallel)
                    && self.name_of(id, call).starts_with(start)
            })
        };
        let (chunks, items) = (of("par_chunks"), of("par_iter"));
        let state = if chunks.is_empty() { State::Unknown } else { State::Done };
        let mut also = self.count("`par_chunks`", &chunks);
        also.extend(self.count("`par_iter`, item by item", &items));
        self.item("`par_chunks` where items are small", &[], state, also)
    }

    fn tests(&self) -> Item {
        let ids = (0..self.program.facts.len()).map(|id| FnId(id as u32));
        let count = ids.filter(|id| self.program.resolver().function(*id).is_test).count();
        let found = match count {
            0 => "no test in the sources".to_owned(),
            1 => "1 test in the sources; how real its data is, no file says".to_owned(),
            count => format!("{count} tests in the sources; how real their data is, no file says"),
        };
        self.item("tests run on data of real sizes", &[], State::Unknown, vec![found])
    }

    fn monitored(&self) -> Item {
        const SIGNS: [&str; 6] = [
            "CloudWatchMetrics",
            "LambdaInsights",
            "metrics_cloudwatch",
            "aws_sdk_cloudwatch",
            "metrique",
            "brawn::lambda",
        ];
        let workspace = &self.program.workspace;
        let sources = workspace.sources.iter().map(|source| &source.text);
        let deployments = workspace.deployments.iter().map(|deployment| &deployment.text);
        let texts = sources.chain(deployments);
        let found: Vec<String> = texts
            .filter_map(|text| {
                let sign = SIGNS.iter().find(|sign| text.text.contains(**sign))?;
                Some(format!("{}: `{sign}`", text.path.display()))
            })
            .take(3)
            .collect();
        let state = if found.is_empty() { State::Unknown } else { State::Done };
        self.item("CPU use is watched in CloudWatch", &[], state, found)
    }
}
