//! The record of one invocation.

use std::io::Write as _;
use std::time::{Duration, Instant};

use brawn_core::price::{Architecture, Prices, gb_seconds};
use brawn_core::{Budget, Usage, Vcpus, peak_resident};
use serde_json::{Map, Value, json};

use super::Unit;
use super::emf::Namespace;
use crate::lambda::environment;
use crate::lambda::logs::{is_json, says_info, timestamp};
use crate::meters::Meters;

/// What is known when an invocation begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) cold_start: bool,
    pub(crate) at_once: usize,
    pub(crate) event_bytes: u64,
}

/// What an invocation took, ready to be written.
#[derive(Debug)]
pub(crate) struct Record {
    request_id: String,
    status: &'static str,
    metrics: Vec<(&'static str, f64, Unit)>,
}

/// Names that are the record's own.
const OWN: [&str; 18] = [
    "wall_ms",
    "cpu_ms",
    "cpu_utilisation",
    "computations",
    "queue_ms",
    "compute_ms",
    "workers",
    "vcpus",
    "event_bytes",
    "reply_bytes",
    "cold_start",
    "at_once",
    "peak_mb",
    "memory_mb",
    "gb_s",
    "cost_usd",
    "deadline_margin_ms",
    "status",
];

/// Whether `name` is a number of the record itself, and not one that the function has added.
pub(crate) fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Record {
    pub(crate) fn new(
        request_id: &str,
        status: &'static str,
        facts: &Facts,
        usage: Usage,
        meters: &Meters,
        vcpus: &Vcpus,
    ) -> Record {
        let wall = ms(usage.wall);
        let mut metrics = vec![
            ("wall_ms", wall, Unit::Milliseconds),
            ("cpu_ms", ms(usage.cpu), Unit::Milliseconds),
            ("cpu_utilisation", usage.utilisation(vcpus.share), Unit::None),
            ("computations", meters.computations() as f64, Unit::Count),
            ("queue_ms", ms(meters.queued()), Unit::Milliseconds),
            ("compute_ms", ms(meters.computed_for()), Unit::Milliseconds),
            ("workers", vcpus.workers.get() as f64, Unit::Count),
            ("vcpus", vcpus.share, Unit::Count),
            ("event_bytes", facts.event_bytes as f64, Unit::Bytes),
            ("cold_start", f64::from(u8::from(facts.cold_start)), Unit::Count),
            ("at_once", facts.at_once as f64, Unit::Count),
        ];
        if let Some(bytes) = peak_resident() {
            metrics.push(("peak_mb", bytes as f64 / f64::from(1 << 20), Unit::Megabytes));
        }
        if let Some(memory_mb) = environment::memory_mb() {
            metrics.push(("memory_mb", f64::from(memory_mb), Unit::Megabytes));
            if !environment::is_managed_instance() {
                let gb_s = gb_seconds(wall, memory_mb);
                let prices = Prices::us_east_1();
                let usd = prices.request + prices.compute(gb_s, Architecture::of_this_program());
                metrics.push(("gb_s", gb_s, Unit::None));
                metrics.push(("cost_usd", usd, Unit::None));
            }
        }
        let mut record = Record { request_id: request_id.to_owned(), status, metrics };
        for (name, (value, unit)) in meters.added().into_iter().filter(|(name, _)| !is_own(name)) {
            record.metrics.push((name, value, unit));
        }
        record
    }

    /// Its numbers, those that the function has added among them.
    #[cfg(feature = "otel")]
    pub(crate) fn metrics(&self) -> &[(&'static str, f64, Unit)] {
        &self.metrics
    }

    /// With the time left until the deadline, if there is one.
    pub(crate) fn margin(mut self, budget: &Budget) -> Record {
        if let Some(deadline) = budget.deadline() {
            let left = deadline.reserving(Duration::ZERO).remaining_at(Instant::now());
            self.metrics.push(("deadline_margin_ms", ms(left), Unit::Milliseconds));
        }
        self
    }

    /// With the size of the reply.
    pub(crate) fn reply_bytes(mut self, bytes: u64) -> Record {
        self.metrics.push(("reply_bytes", bytes as f64, Unit::Bytes));
        self
    }

    /// Writes it, in one piece: other threads log too.
    pub(crate) fn emit(&self) {
        let namespace = Namespace::from_env();
        if namespace.is_some() || (is_json() && says_info()) {
            let mut line = self.json(namespace.as_ref()).to_string();
            line.push('\n');
            let mut stdout = std::io::stdout().lock();
            // Nobody reads the log: that is no reason to fail an invocation.
            let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
        } else {
            tracing::info!("{}", self.words());
        }
    }

    fn json(&self, namespace: Option<&Namespace>) -> Value {
        let mut fields = Map::new();
        fields.insert("timestamp".to_owned(), json!(timestamp()));
        fields.insert("level".to_owned(), json!("INFO"));
        fields.insert("message".to_owned(), json!("invocation"));
        fields.insert("requestId".to_owned(), json!(self.request_id));
        fields.insert("status".to_owned(), json!(self.status));
        for (name, value, _) in &self.metrics {
            // A sum of a function's own that is no number has no place in JSON.
            if value.is_finite() {
                fields.insert((*name).to_owned(), json!(rounded(*value)));
            }
        }
        if let Some(namespace) = namespace {
            let units: Vec<_> = self
                .metrics
                .iter()
                .filter(|(_, value, _)| value.is_finite())
                .map(|(name, _, unit)| (*name, *unit))
                .collect();
            namespace.describe(&mut fields, &units);
        }
        Value::Object(fields)
    }

    fn words(&self) -> String {
        let mut words = format!("invocation status={}", self.status);
        for (name, value, _) in &self.metrics {
            words.push_str(&format!(" {name}={}", rounded(*value)));
        }
        words
    }
}

/// Six significant digits: enough for a price, and short in a log.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || value.fract() == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 5 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    if scale.is_finite() { (value * scale).round() / scale } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(meters: &Meters) -> Record {
        let usage = Usage { wall: Duration::from_millis(200), cpu: Duration::from_millis(150) };
        let facts = Facts { cold_start: true, at_once: 1, event_bytes: 7 };
        Record::new("id-1", "ok", &facts, usage, meters, &Vcpus::of_lambda(1769))
    }

    #[test]
    fn a_record_says_what_was_used_of_what_was_granted() {
        let meters = Meters::default();
        meters.computed(Duration::from_millis(2), Duration::from_millis(140));
        meters.add("rows", 40.0, Unit::Count);
        meters.add("rows", 2.0, Unit::Count);
        meters.add("wall_ms", 1.0, Unit::Count);
        meters.add("odd", f64::NAN, Unit::None);
        let line = record(&meters).reply_bytes(9).json(None);
        for (name, value) in [
            ("wall_ms", 200.0),
            ("cpu_ms", 150.0),
            ("cpu_utilisation", 0.75),
            ("computations", 1.0),
            ("queue_ms", 2.0),
            ("compute_ms", 140.0),
            ("vcpus", 1.0),
            ("cold_start", 1.0),
            ("event_bytes", 7.0),
            ("reply_bytes", 9.0),
            ("rows", 42.0),
        ] {
            assert_eq!(line[name].as_f64(), Some(value), "{name}");
        }
        assert_eq!((&line["requestId"], &line["status"]), (&json!("id-1"), &json!("ok")));
        let names = record(&meters).margin(&Budget::unlimited()).reply_bytes(9).metrics;
        let added = names.iter().filter(|(name, ..)| !is_own(name)).map(|(name, ..)| *name);
        assert_eq!(added.collect::<Vec<_>>(), ["odd", "rows"], "all others are known by name");
        assert!(line.get("odd").is_none() && line.get("_aws").is_none());
        assert!(record(&meters).words().starts_with("invocation status=ok wall_ms=200 cpu_ms=150"));
    }

    #[test]
    fn numbers_keep_six_digits() {
        assert_eq!(rounded(0.000_003_333_333_3), 0.000_003_333_33);
        assert_eq!(rounded(123.456_789), 123.457);
        assert_eq!(rounded(1_234_567.0), 1_234_567.0);
        assert!(rounded(f64::NAN).is_nan());
        assert_eq!(rounded(1e-320), 1e-320);
    }
}
