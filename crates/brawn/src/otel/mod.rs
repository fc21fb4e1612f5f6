//! Traces and metrics of each invocation by OpenTelemetry's protocol (OTLP over HTTP, protobuf), where the feature `otel` is
//! on. [`lambda::logs`](crate::lambda::logs) turns it on; nothing else has to be called.
//!
//! - **Where to.** To the collector that runs as an extension beside the function: `OTEL_EXPORTER_OTLP_ENDPOINT`, or
//!   `http://localhost:4318` without it, which is where the collector of AWS's distribution (ADOT) listens.
//! - **When.** Before the reply, as ADOT does it: what is not sent by then stays in a frozen process. On the same machine
//!   that takes a millisecond or two; it ends after 250 ms (`OTEL_EXPORTER_OTLP_TIMEOUT`, in ms, where it is set) or half
//!   of the time left, whichever is less.
//! - **When nobody answers**, that is said in the log once, spans are dropped, and it is tried again once a minute. An
//!   invocation never fails for it.
//! - **What.** A span for the invocation, named after the function, with `faas.invocation_id`, `faas.coldstart` and the
//!   [record](crate::metrics) of the invocation as attributes; one for each [`compute`](crate::compute), from its being queued
//!   to its end; the function's own spans of level `info` and above, and lines of the log as their events. The numbers of the
//!   record as histograms, `brawn.wall_ms` and so on, with the attribute `status`; those of
//!   [`metrics::add`](crate::metrics::add) under their own names.
//! - **Whose trace.** That of a `traceparent` header, of the event (as API Gateway and function URLs pass it on) or of the
//!   invocation; X-Ray's (`Lambda-Runtime-Trace-Id`) is then a link. Without one, X-Ray's. A caller who decided not to sample
//!   is followed, unless `OTEL_TRACES_SAMPLER` says otherwise: for X-Ray that is every invocation of a function whose active
//!   tracing is off.
//!
//! `OTEL_SDK_DISABLED=true` turns all of it off, `OTEL_TRACES_EXPORTER=none` and `OTEL_METRICS_EXPORTER=none` one half.
//! `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` are added to what Lambda says of the function. Collectors are spoken to
//! in plain HTTP, which is what extensions listen to; an `https` endpoint wants a collector in between.

mod client;
mod metrics;
mod parent;
mod send;
mod settings;
mod traces;

use std::sync::OnceLock;
use std::time::Instant;

use opentelemetry::trace::{Status, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::metrics::record::Record;
use metrics::Metrics;
pub(crate) use parent::{Caller, Headers};
use settings::Settings;
use traces::Traces;

/// What this process sends.
struct Telemetry {
    traces: Option<Traces>,
    metrics: Option<Metrics>,
}

static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();

/// The layer that makes spans of OpenTelemetry, and why there is none, where somebody asked for one.
pub(crate) fn layer<S>() -> (Option<impl Layer<S>>, Option<String>)
where
    S: tracing::Subscriber + for<'s> LookupSpan<'s>,
{
    let settings = match Settings::from_env() {
        Ok(Some(settings)) => settings,
        Ok(None) => return (None, None),
        Err(why) => return (None, Some(why)),
    };
    let (traces, metrics) = match (Traces::new(&settings), Metrics::new(&settings)) {
        (Ok(traces), Ok(metrics)) => (traces, metrics),
        (Err(why), _) | (_, Err(why)) => return (None, Some(why)),
    };
    let provider = traces.as_ref().map(|traces| traces.provider.clone());
    if TELEMETRY.set(Telemetry { traces, metrics }).is_err() {
        return (None, None);
    }
    (provider.as_ref().map(spans), None)
}

fn spans<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'s> LookupSpan<'s>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("brawn"))
        // What a line of the log costs should not double by what nobody asked for.
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(LevelFilter::INFO)
}

/// Makes `span`, which has just been made and not yet been entered, the invocation's: a part of its caller's trace.
pub(crate) fn begin(span: &Span, request_id: &str, caller: &Caller) {
    if TELEMETRY.get().is_none_or(|telemetry| telemetry.traces.is_none()) {
        return;
    }
    caller.adopt(span);
    span.set_attribute(traces::INVOCATION, request_id.to_owned());
}

/// What the invocation took and how it ended: attributes of its `span`, and metrics.
pub(crate) fn observe(span: &Span, record: &Record, status: &'static str) {
    let Some(telemetry) = TELEMETRY.get() else { return };
    if telemetry.traces.is_some() {
        for (name, value, _) in record.metrics() {
            match *name {
                "cold_start" => span.set_attribute("faas.coldstart", *value > 0.0),
                name => span.set_attribute(format!("brawn.{name}"), *value),
            }
        }
        if status == "ok" {
            // The layer marks the span of whoever logs an error; a handler that logs one and goes on has not failed.
            span.set_status(Status::Ok);
        } else {
            span.set_attribute("error.type", status);
            span.set_status(Status::error(status));
        }
    }
    if let Some(metrics) = &telemetry.metrics {
        metrics.record(record, status);
    }
}

/// Sends what has ended, before `wall`, the moment at which Lambda ends the invocation.
pub(crate) async fn flush(wall: Option<Instant>) {
    let Some(telemetry) = TELEMETRY.get() else { return };
    let left = wall.map(|wall| wall.saturating_duration_since(Instant::now()) / 2);
    let traces = async {
        if let Some(traces) = &telemetry.traces {
            traces.send(left).await;
        }
    };
    let metrics = async {
        if let Some(metrics) = &telemetry.metrics {
            metrics.send(left).await;
        }
    };
    tokio::join!(traces, metrics);
}
