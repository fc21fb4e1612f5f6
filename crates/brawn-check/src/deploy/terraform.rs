//! Terraform's `aws_lambda_function` and what triggers it.

use super::node::Node;
use super::{At, Deployed, Trigger};

pub(super) fn functions(root: &Node) -> Vec<Deployed> {
    let all = |kind: &str| {
        root.at("resource").and_then(|node| node.get(kind)).map_or(&[][..], Node::entries)
    };
    let mut found = Vec::new();
    for (name, resource) in all("aws_lambda_function") {
        let number = |key: &str| {
            resource.get(key).and_then(|node| Some(At { value: node.number()?, line: node.line }))
        };
        let text = |key: &str| resource.get(key).and_then(Node::text).unwrap_or("");
        let refers = |node: &Node, key: &str| {
            let value = node.get(key).and_then(Node::text).unwrap_or("");
            value.starts_with(&format!("aws_lambda_function.{name}."))
        };
        let mappings = all("aws_lambda_event_source_mapping").iter();
        let queues = mappings
            .filter(|(_, mapping)| refers(mapping, "function_name"))
            .map(|(_, mapping)| trigger(mapping, all("aws_sqs_queue")))
            .collect();
        let architecture = resource.get("architectures").and_then(|node| {
            let value = node.text()?.trim_matches(['[', ']', '"']).to_owned();
            Some(At { value, line: node.line })
        });
        found.push(Deployed {
            name: name.clone(),
            line: resource.line,
            memory: number("memory_size"),
            timeout: number("timeout").map(|timeout| timeout.value),
            architecture,
            is_native: text("runtime").starts_with("provided"),
            code: None,
            queues,
            managed: None,
        });
    }
    found
}

fn trigger(mapping: &Node, queues: &[(String, Node)]) -> Trigger {
    let text = |key: &str| mapping.get(key).and_then(Node::text).unwrap_or("");
    let source = text("event_source_arn");
    let visibility = queues.iter().find_map(|(name, queue)| {
        if source != format!("aws_sqs_queue.{name}.arn") {
            return None;
        }
        match queue.get("visibility_timeout_seconds") {
            Some(node) => Some(At { value: node.number()?, line: node.line }),
            None => Some(At { value: 30, line: queue.line }),
        }
    });
    Trigger {
        line: mapping.line,
        reports_failures: text("function_response_types").contains("ReportBatchItemFailures"),
        visibility,
    }
}
