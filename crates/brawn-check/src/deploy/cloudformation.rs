//! SAM and CloudFormation.

use super::node::Node;
use super::{At, Deployed, Notification, Trigger};

pub(super) fn functions(root: &Node) -> Vec<Deployed> {
    let Some(resources) = root.get("Resources") else { return Vec::new() };
    let globals = root.at("Globals.Function");
    let kind = |node: &Node| node.get("Type").and_then(Node::text).unwrap_or("").to_owned();
    let mut found = Vec::new();
    for (name, resource) in resources.entries() {
        let is_sam = kind(resource) == "AWS::Serverless::Function";
        if !is_sam && kind(resource) != "AWS::Lambda::Function" {
            continue;
        }
        let own = resource.get("Properties");
        let property = |key: &str| {
            own.and_then(|own| own.get(key))
                .or_else(|| globals.filter(|_| is_sam).and_then(|globals| globals.get(key)))
        };
        let number = |key: &str| {
            property(key).and_then(|node| Some(At { value: node.number()?, line: node.line }))
        };
        let runtime = property("Runtime").and_then(Node::text).unwrap_or("");
        let handler = property("Handler").and_then(Node::text).unwrap_or("");
        let build = resource.at("Metadata.BuildMethod").and_then(Node::text).unwrap_or("");
        let architecture = property("Architectures").and_then(|list| {
            let first = list.items().first()?;
            Some(At { value: first.text()?.to_owned(), line: first.line })
        });
        let managed = property("CapacityProviderConfig").map(|node| At {
            value: node.has_key("PerExecutionEnvironmentMaxConcurrency"),
            line: node.line,
        });
        let mut queues = Vec::new();
        let mut buckets = Vec::new();
        for (_, event) in property("Events").map_or(&[][..], Node::entries) {
            if kind(event) == "S3" {
                buckets.push(notification(event, event.at("Properties.Filter.S3Key.Rules")));
            }
            if matches!(kind(event).as_str(), "SQS" | "Kinesis" | "DynamoDB") {
                queues.push(trigger(event, event.get("Properties"), "Queue", resources));
            }
        }
        for (_, mapping) in resources.entries() {
            let target = mapping.at("Properties.FunctionName");
            let is_mapping = kind(mapping) == "AWS::Lambda::EventSourceMapping";
            if is_mapping && target.is_some_and(|target| target.has(name)) {
                queues.push(trigger(
                    mapping,
                    mapping.get("Properties"),
                    "EventSourceArn",
                    resources,
                ));
            }
        }
        for (_, bucket) in resources.entries() {
            let list = bucket.at("Properties.NotificationConfiguration.LambdaConfigurations");
            for item in list.map_or(&[][..], Node::items) {
                let target = item.get("Function");
                if target
                    .is_some_and(|target| target.has(name) || target.has(&format!("{name}.Arn")))
                {
                    buckets.push(notification(item, item.at("Filter.S3Key.Rules")));
                }
            }
        }
        found.push(Deployed {
            name: name.clone(),
            line: resource.line,
            memory: number("MemorySize"),
            timeout: number("Timeout").map(|timeout| timeout.value),
            architecture,
            is_native: runtime.starts_with("provided")
                && (handler == "bootstrap" || handler.contains("rust"))
                || build.contains("rust"),
            code: property("CodeUri").and_then(Node::text).map(str::to_owned),
            queues,
            buckets,
            by_cargo_lambda: build == "rust-cargolambda",
            managed,
        });
    }
    found
}

fn notification(whole: &Node, rules: Option<&Node>) -> Notification {
    let rule = |name: &str| {
        let mut rules = rules.map_or(&[][..], Node::items).iter();
        let is_it = |rule: &&Node| {
            let own = rule.get("Name").and_then(Node::text);
            own.is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        match rules.find(is_it) {
            Some(rule) => rule.get("Value").and_then(Node::text).map(str::to_owned),
            None => Some(String::new()),
        }
    };
    Notification { line: whole.line, prefix: rule("prefix"), suffix: rule("suffix") }
}

fn trigger(whole: &Node, own: Option<&Node>, queue: &str, resources: &Node) -> Trigger {
    let get = |key: &str| own.and_then(|own| own.get(key));
    let reports_failures =
        get("FunctionResponseTypes").is_some_and(|types| types.has("ReportBatchItemFailures"));
    // `!GetAtt Queue.Arn` is a scalar; `Fn::GetAtt: [Queue, Arn]` a map.
    let source = get(queue);
    let visibility = resources.entries().iter().find_map(|(name, resource)| {
        let source = source?;
        let is_it = source.text() == Some(&format!("{name}.Arn"))
            || source.has(name)
            || source.has(&format!("{name}.Arn"));
        let is_queue = resource.get("Type").and_then(Node::text) == Some("AWS::SQS::Queue");
        if !is_it || !is_queue {
            return None;
        }
        let set = resource.at("Properties.VisibilityTimeout");
        match set {
            Some(node) => Some(At { value: node.number()?, line: node.line }),
            // The default of SQS.
            None => Some(At { value: 30, line: resource.line }),
        }
    });
    Trigger { line: whole.line, reports_failures, visibility }
}

impl Node {
    fn has_key(&self, key: &str) -> bool {
        self.entries().iter().any(|(name, node)| name == key || node.has_key(key))
    }
}
