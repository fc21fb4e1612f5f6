//! YAML, JSON and HCL as one kind of tree, with lines.

use saphyr_parser::{Event, Parser};

/// A node with its line, from 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Default for Value {
    fn default() -> Value {
        Value::Scalar(String::new())
    }
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<u64> {
        self.text()?.trim().parse().ok()
    }

    /// Whether any scalar within is `text`.
    pub(super) fn has(&self, text: &str) -> bool {
        match &self.value {
            Value::Scalar(own) => own == text,
            Value::List(items) => items.iter().any(|item| item.has(text)),
            Value::Map(entries) => entries.iter().any(|(_, node)| node.has(text)),
        }
    }
}

/// Deeper documents are no templates.
const DEEPEST: usize = 64;

/// The first document of a YAML or JSON text; none when it is empty.
///
/// # Errors
/// Why it does not parse, with the line.
pub(super) fn yaml(text: &str) -> Result<Option<Node>, String> {
    // What is open, each map with the key that waits for its value, and that key's line.
    let mut open: Vec<(Node, Option<(String, usize)>)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        let line = span.start.line();
        let mut done = match event {
            Event::Scalar(text, ..) => Node { line, value: Value::Scalar(text.into_owned()) },
            Event::Alias(_) => Node { line, value: Value::default() },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= DEEPEST {
                    return Err(format!("line {line}: nested more than {DEEPEST} deep"));
                }
                let is_list = matches!(event, Event::SequenceStart(..));
                let value = if is_list { Value::List(Vec::new()) } else { Value::Map(Vec::new()) };
                open.push((Node { line, value }, None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some((node, _)) => node,
                None => return Ok(None),
            },
            _ => continue,
        };
        let Some((parent, key)) = open.last_mut() else { return Ok(Some(done)) };
        match &mut parent.value {
            Value::List(items) => items.push(done),
            Value::Map(entries) => match key.take() {
                // A map or a list stands where its key does.
                Some((key, line)) => {
                    done.line = line;
                    entries.push((key, done));
                }
                None => *key = Some((done.text().unwrap_or("").to_owned(), done.line)),
            },
            Value::Scalar(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// Terraform's blocks and attributes: `resource "type" "name" { key = value }` is `resource.type.name.key`. Expressions are
/// kept as they are written, without their quotes; what is no such form is stepped over.
pub(super) fn hcl(text: &str) -> Node {
    let mut open = vec![(Vec::new(), Node { line: 1, value: Value::Map(Vec::new()) })];
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("//") {
            continue;
        }
        if line.starts_with('}') {
            if open.len() > 1
                && let Some((labels, node)) = open.pop()
                && let Some((_, parent)) = open.last_mut()
            {
                insert(parent, &labels, node);
            }
            continue;
        }
        if let Some(header) = line.strip_suffix('{') {
            if open.len() < DEEPEST {
                let words = header.trim().trim_end_matches('=').split_whitespace();
                let labels = words.map(|word| word.trim_matches('"').to_owned()).collect();
                open.push((labels, Node { line: number, value: Value::Map(Vec::new()) }));
            }
            continue;
        }
        if let (Some((key, value)), Some((_, parent))) = (line.split_once('='), open.last_mut()) {
            let value = value.split(" #").next().unwrap_or("").trim().trim_matches('"');
            let node = Node { line: number, value: Value::Scalar(value.to_owned()) };
            insert(parent, &[key.trim().to_owned()], node);
        }
    }
    while open.len() > 1 {
        let Some((labels, node)) = open.pop() else { break };
        if let Some((_, parent)) = open.last_mut() {
            insert(parent, &labels, node);
        }
    }
    open.pop().map(|(_, root)| root).unwrap_or_default()
}

fn insert(parent: &mut Node, labels: &[String], node: Node) {
    let Value::Map(entries) = &mut parent.value else { return };
    match labels {
        [] => {}
        [last] => entries.push((last.clone(), node)),
        [first, rest @ ..] => {
            let place = entries.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
                let line = node.line;
                entries.push((first.clone(), Node { line, value: Value::Map(Vec::new()) }));
                entries.len() - 1
            });
            insert(&mut entries[place].1, rest, node);
        }
    }
}
