//! What a collector of OpenTelemetry is sent.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use brawn_testing::{Answer, Recorder};
use serde_json::{Value, json};

use crate::function::Function;
use crate::protobuf::Message;

const TRACES: &str = "/v1/traces";
const METRICS: &str = "/v1/metrics";
const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

fn function(endpoint: &str, variables: &[(&str, &str)]) -> Function {
    let mut all = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
    all.extend(variables);
    Function::start("sequential", &all)
}

fn collector() -> Recorder {
    Recorder::start("200 OK", Duration::ZERO)
}

/// A span, by the numbers of opentelemetry/proto/trace/v1/trace.proto.
#[derive(Debug)]
struct Span {
    name: String,
    trace: String,
    id: String,
    parent: String,
    kind: u64,
    status: u64,
    attributes: Value,
    links: usize,
    start_ns: u64,
    end_ns: u64,
}

/// All spans of an `ExportTraceServiceRequest`, and the attributes of who sent them.
fn spans(body: &[u8]) -> (Vec<Span>, Value) {
    let resource_spans = Message::parse(body).message(1);
    let resource = attributes(&resource_spans.message(1).messages(1));
    let scopes = resource_spans.messages(2);
    let spans = scopes.iter().flat_map(|scope| scope.messages(2)).map(|span| Span {
        trace: span.hex(1),
        id: span.hex(2),
        parent: span.hex(4),
        name: span.text(5),
        kind: span.number(6),
        start_ns: span.number(7),
        end_ns: span.number(8),
        attributes: attributes(&span.messages(9)),
        links: span.messages(13).len(),
        status: if span.has(15) { span.message(15).number(3) } else { 0 },
    });
    (spans.collect(), resource)
}

/// `KeyValue`s, by the numbers of opentelemetry/proto/common/v1/common.proto.
fn attributes(all: &[Message]) -> Value {
    let pairs = all.iter().map(|pair| {
        let value = pair.message(2);
        let value = match () {
            () if value.has(1) => json!(value.text(1)),
            () if value.has(2) => json!(value.number(2) == 1),
            () if value.has(3) => json!(value.number(3)),
            () => json!(f64::from_bits(value.number(4))),
        };
        (pair.text(1), value)
    });
    Value::Object(pairs.collect())
}

#[test]
fn an_invocation_and_its_computations_are_spans_of_the_callers_trace() {
    let collector = collector();
    let function = function(&collector.url(), &[("AWS_REGION", "eu-north-1")]);
    // What is logged as an error is no failure of an invocation that answers.
    let event = json!({ "do": "sum", "numbers": [1, 2], "complain": true });
    let headers = [("lambda-runtime-trace-id", XRAY)];
    let id = function.api.send_with_headers(&event, &headers);
    let answer = function.api.answer(&id, Duration::from_secs(60));
    assert_eq!(answer, Some(Answer::Response(json!(3))));
    // They were sent before the reply was.
    let posted = collector.posted(TRACES);
    assert_eq!(posted.len(), 1);
    let (spans, resource) = spans(&posted[0]);
    assert_eq!(resource["service.name"], "under-test");
    assert_eq!(resource["faas.name"], "under-test");
    assert_eq!(resource["cloud.region"], "eu-north-1");
    assert_eq!(resource["faas.max_memory"], 1769_u64 << 20);

    let invocation = spans.iter().find(|span| span.name == "under-test").expect("its span");
    assert_eq!(invocation.trace, "5759e988bd862e3fe1be46a994272793");
    assert_eq!(invocation.parent, "53995c3f42cd8ad8");
    assert_eq!((invocation.kind, invocation.status, invocation.links), (2, 1, 0));
    assert_eq!(invocation.attributes["faas.invocation_id"], json!(id));
    assert_eq!(invocation.attributes["faas.coldstart"], true);
    assert_eq!(invocation.attributes["brawn.rows"], 3.0);

    let compute = spans.iter().find(|span| span.name == "compute").expect("its span");
    assert_eq!((&compute.trace, &compute.parent), (&invocation.trace, &invocation.id));
    assert!(compute.attributes["queue_ms"].as_f64().expect("a number") > 0.0);
    assert!(invocation.start_ns <= compute.start_ns && compute.end_ns <= invocation.end_ns);
}

#[test]
fn a_traceparent_of_the_event_comes_first_and_a_caller_who_does_not_sample_is_followed() {
    let collector = collector();
    let function = function(&collector.url(), &[]);
    let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let event = json!({ "do": "threads", "headers": { "traceparent": w3c } });
    let answered = |event: &Value, headers: &[(&'static str, &str)]| {
        let id = function.api.send_with_headers(event, headers);
        function.api.answer(&id, Duration::from_secs(60)).expect("an answer");
        collector.posted(TRACES)
    };
    let posted = answered(&event, &[("lambda-runtime-trace-id", XRAY)]);
    let (spans, _) = spans(&posted[0]);
    let invocation = spans.iter().find(|span| span.name == "under-test").expect("its span");
    assert_eq!(invocation.trace, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!((invocation.parent.as_str(), invocation.links), ("b7ad6b7169203331", 1));

    let unsampled = XRAY.replace("Sampled=1", "Sampled=0");
    let posted = answered(&json!({ "do": "threads" }), &[("lambda-runtime-trace-id", &unsampled)]);
    assert_eq!(posted.len(), 1, "nothing is sent of a trace that is not sampled");
    assert_eq!(answered(&json!({ "do": "threads" }), &[]).len(), 2, "a trace of its own");
}

#[test]
fn an_invocation_that_fails_is_a_span_that_failed() {
    let collector = collector();
    let function = function(&collector.url(), &[]);
    function.fail(&json!({ "do": "panic in rayon" }), Duration::from_secs(60));
    let (spans, _) = spans(&collector.posted(TRACES)[0]);
    let invocation = spans.iter().find(|span| span.name == "under-test").expect("its span");
    assert_eq!(invocation.status, 2);
    assert_eq!(invocation.attributes["error.type"], "Brawn.Panicked");
}

#[test]
fn the_record_is_metrics() {
    let collector = collector();
    let function = function(
        &collector.url(),
        &[("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")],
    );
    for _ in 0..2 {
        function.respond(&json!({ "do": "sum", "numbers": [1, 2] }));
    }
    let posted = collector.posted(METRICS);
    assert_eq!(posted.len(), 2);
    for body in posted {
        // The numbers of opentelemetry/proto/metrics/v1/metrics.proto.
        let resource_metrics = Message::parse(&body).message(1);
        let resource = attributes(&resource_metrics.message(1).messages(1));
        assert_eq!(resource["service.name"], "under-test");
        let metrics = resource_metrics.message(2).messages(2);
        let names: Vec<String> = metrics.iter().map(|metric| metric.text(1)).collect();
        for name in ["brawn.wall_ms", "brawn.cpu_ms", "brawn.cost_usd", "brawn.reply_bytes", "rows"]
        {
            let metric = metrics.iter().find(|metric| metric.text(1) == name);
            let metric = metric.unwrap_or_else(|| panic!("{name} is not among {names:?}"));
            let histogram = metric.message(10);
            assert_eq!(histogram.number(2), 1, "delta, as was asked for");
            let point = histogram.message(1);
            assert_eq!(point.number(4), 1, "{name}: one invocation");
            assert_eq!(attributes(&point.messages(1)), json!({ "status": "ok" }));
            let sum = f64::from_bits(point.number(5));
            assert!(sum > 0.0, "{name}: {sum}");
            match name {
                "rows" => assert_eq!((sum, metric.text(3)), (3.0, "1".to_owned())),
                "brawn.wall_ms" => assert_eq!(metric.text(3), "ms"),
                _ => {}
            }
        }
    }
}

#[test]
fn without_a_collector_invocations_go_on_and_that_is_said_once() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = format!("http://{}", free.local_addr().expect("it is bound"));
    drop(free);
    let refused = Recorder::start("404 Not Found", Duration::ZERO);
    let slow = Recorder::start("200 OK", Duration::from_secs(600));
    for (endpoint, why) in [
        (nobody, "/v1/traces took the traces, which are dropped"),
        (refused.url(), "/v1/traces took the traces, which are dropped"),
        (slow.url(), "no answer within 250 ms"),
    ] {
        let function = function(&endpoint, &[]);
        let began = Instant::now();
        for _ in 0..5 {
            assert_eq!(function.respond(&json!({ "do": "sum", "numbers": [1, 2] })), 3);
        }
        // Far from the ten minutes of the slow one, or the minute that an invocation has.
        assert!(began.elapsed() < Duration::from_secs(30), "{endpoint}");
        let log = function.log();
        assert_eq!(
            log.matches(why).count(),
            if why.starts_with("no answer") { 2 } else { 1 },
            "{log}"
        );
        assert_eq!(log.matches("/v1/metrics took the metrics").count(), 1, "{log}");
    }
}

#[test]
fn a_deadline_is_kept_with_a_collector_that_does_not_answer() {
    let slow = Recorder::start("200 OK", Duration::from_secs(600));
    let function = function(&slow.url(), &[("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")]);
    let wall = Instant::now() + Duration::from_secs(2);
    let error = function.fail(&json!({ "do": "spin until the deadline" }), Duration::from_secs(2));
    assert!(Instant::now() < wall, "the reply came after the deadline");
    assert_eq!(error["errorType"], "Brawn.OutOfTime");
}

#[test]
fn what_is_turned_off_is_not_sent_and_what_cannot_be_done_is_said() {
    let collector = collector();
    for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let function = function(&collector.url(), &[off]);
        function.respond(&json!({ "do": "threads" }));
        assert_eq!(collector.posted(TRACES).len(), 0, "{off:?}");
    }
    assert_eq!(collector.posted(METRICS).len(), 1, "only the second has them");
    let function = function("https://otlp.example.com", &[]);
    function.respond(&json!({ "do": "threads" }));
    let log = function.log();
    assert!(
        log.contains("`https://otlp.example.com`, and only plain `http://` is spoken"),
        "{log}"
    );
}
