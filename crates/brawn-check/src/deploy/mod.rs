//! What deploys a function: SAM and CloudFormation in YAML or JSON (CDK's output is such), Terraform.

mod balance;
mod cloudformation;
mod node;
mod terraform;

use std::path::Path;

use crate::program::Program;
use crate::source::Text;

/// A value with the line it stands in, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) line: usize,
}

/// A function as a template describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deployed {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) memory: Option<At<u64>>,
    pub(crate) timeout: Option<u64>,
    pub(crate) architecture: Option<At<String>>,
    /// Whether it runs a binary: `provided.al2023`, `bootstrap`, cargo-lambda.
    pub(crate) is_native: bool,
    /// Where its code is, relative to the template.
    pub(crate) code: Option<String>,
    pub(crate) queues: Vec<Trigger>,
    /// Notifications of buckets that invoke it.
    pub(crate) buckets: Vec<Notification>,
    /// Whether cargo-lambda builds it.
    pub(crate) by_cargo_lambda: bool,
    /// It runs on managed instances; whether its concurrency is set.
    pub(crate) managed: Option<At<bool>>,
}

/// A queue or stream that invokes a function.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    pub(crate) line: usize,
    pub(crate) reports_failures: bool,
    /// The queue's visibility timeout, where the same file sets it.
    pub(crate) visibility: Option<At<u64>>,
}

/// What of a bucket invokes a function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notification {
    pub(crate) line: usize,
    /// Empty for all keys; none when it is not written out.
    pub(crate) prefix: Option<String>,
    pub(crate) suffix: Option<String>,
}

/// Whether a file that does not parse was meant to deploy, by its name or its text.
pub(crate) fn is_template(path: &Path, text: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let by_name = ["template.yaml", "template.yml", "template.json"].iter().any(|end| {
        name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    by_name || name.ends_with(".tf") || text.contains("AWS::")
}

/// The functions of a file that run binaries.
///
/// # Errors
/// Why it does not parse, with the line.
pub(crate) fn functions(text: &Text) -> Result<Vec<Deployed>, String> {
    let ends_with = |end: &str| text.path.extension().is_some_and(|extension| extension == end);
    let all = if ends_with("tf") {
        balance::check(&text.text).map_err(|why| format!("not Terraform: {why}"))?;
        terraform::functions(&node::hcl(&text.text))
    } else {
        let root = node::yaml(&text.text).map_err(|why| match ends_with("json") {
            true => format!("not JSON: {}", json(&text.text).unwrap_or(why)),
            false => format!("not YAML: {why}"),
        })?;
        root.map(|root| cloudformation::functions(&root)).unwrap_or_default()
    };
    Ok(all.into_iter().filter(|function| function.is_native).collect())
}

/// What is wrong with a JSON text, in the words of a JSON parser.
fn json(text: &str) -> Option<String> {
    let error = serde_json::from_str::<serde_json::Value>(text).err()?;
    let line = error.line();
    let why = error.to_string();
    Some(format!("line {line}: {}", why.split(" at line ").next().unwrap_or(&why)))
}

/// The package whose code a function runs: by its path, or because there is but one.
pub(crate) fn package_of(program: &Program, text: &Text, function: &Deployed) -> Option<usize> {
    let manifests = &program.workspace.manifests;
    let folder = text.path.parent().unwrap_or(Path::new(""));
    if let Some(code) = &function.code {
        let code = folder.join(code.trim_start_matches("./"));
        let found = (0..manifests.len()).find(|index| {
            manifests[*index].package().is_some()
                && manifests[*index].text.path.parent() == Some(&code)
        });
        if found.is_some() {
            return found;
        }
    }
    let mut lambdas = (0..manifests.len()).filter(|index| manifests[*index].is_lambda());
    let only = lambdas.next()?;
    lambdas.next().is_none().then_some(only)
}
