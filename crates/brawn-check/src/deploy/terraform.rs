//! Terraform's `aws_lambda_function` and what triggers it.

use super::node::Node;
use super::{At, Deployed, Notification, Trigger};

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
            buckets: notifications(all("aws_s3_bucket_notification"), name),
            by_cargo_lambda: false,
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

fn notifications(all: &[(String, Node)], function: &str) -> Vec<Notification> {
    let target = format!("aws_lambda_function.{function}.arn");
    let of_function = |(_, node): &&(String, Node)| {
        node.get("lambda_function_arn").and_then(Node::text) == Some(&target)
    };
    let blocks = all.iter().flat_map(|(_, notification)| notification.entries());
    let blocks: Vec<_> = blocks.filter(|(name, _)| name == "lambda_function").collect();
    let written = |node: &Node, key: &str| match node.get(key).and_then(Node::text) {
        // An expression is no value.
        Some(text) if ["var.", "local.", "${", "each."].iter().any(|word| text.contains(word)) => {
            None
        }
        Some(text) => Some(text.to_owned()),
        None => Some(String::new()),
    };
    blocks
        .into_iter()
        .filter(|block| of_function(block))
        .map(|(_, node)| Notification {
            line: node.line,
            prefix: written(node, "filter_prefix"),
            suffix: written(node, "filter_suffix"),
        })
        .collect()
}
