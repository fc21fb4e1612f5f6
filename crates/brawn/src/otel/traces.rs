//! Spans that have ended, until they are sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::SpanKind;
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    SdkTracerProvider, Span, SpanData, SpanExporter as _, SpanProcessor,
};

use super::client::Plain;
use super::send::Line;
use super::settings::Settings;
use crate::lambda::environment::variable;

/// The attribute by which an invocation's span is known.
pub(super) const INVOCATION: &str = "faas.invocation_id";

/// More spans than that are not kept; OpenTelemetry's own limit for a batch processor.
const MOST: usize = 2048;

/// Traces on their way to a collector.
#[derive(Debug)]
pub(super) struct Traces {
    pub(super) provider: SdkTracerProvider,
    ended: Arc<Ended>,
    // One batch after the other, as exporters are to be called.
    exporter: tokio::sync::Mutex<SpanExporter>,
    line: Line,
}

impl Traces {
    /// `None` when traces are not asked for.
    pub(super) fn new(settings: &Settings) -> Result<Option<Traces>, String> {
        if !settings.traces {
            return Ok(None);
        }
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Plain::new())
            .with_retry_policy(RetryPolicy::disabled())
            .with_timeout(settings.patience)
            .build()
            .map_err(|error| error.to_string())?;
        exporter.set_resource(&settings.resource);
        let ended = Arc::<Ended>::default();
        let provider = SdkTracerProvider::builder()
            .with_resource(settings.resource.clone())
            .with_span_processor(Keep(Arc::clone(&ended)))
            .build();
        let line = Line::new("traces", settings.patience);
        Ok(Some(Traces { provider, ended, exporter: exporter.into(), line }))
    }

    /// Sends what has ended.
    pub(super) async fn send(&self, left: Option<Duration>) {
        let (spans, dropped) = self.ended.take();
        if dropped > 0 {
            tracing::warn!(
                "OpenTelemetry: {dropped} spans beyond the first {MOST} of an invocation are dropped"
            );
        }
        if !spans.is_empty() && self.line.is_open() {
            let sending = async { self.exporter.lock().await.export(spans).await };
            self.line.send(left, sending).await;
        }
    }
}

#[derive(Debug, Default)]
struct Ended(Mutex<(Vec<SpanData>, usize)>);

impl Ended {
    fn lock(&self) -> MutexGuard<'_, (Vec<SpanData>, usize)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> (Vec<SpanData>, usize) {
        std::mem::take(&mut *self.lock())
    }
}

/// Keeps spans that end. The SDK's own processors send from a thread or block; here an invocation sends, and waits.
#[derive(Debug)]
struct Keep(Arc<Ended>);

impl SpanProcessor for Keep {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, mut span: SpanData) {
        if span.attributes.iter().any(|attribute| attribute.key.as_str() == INVOCATION) {
            // In the log it is an `invocation`; the conventions want the function's name here.
            span.span_kind = SpanKind::Server;
            if let Some(name) = variable("AWS_LAMBDA_FUNCTION_NAME") {
                span.name = name.into();
            }
        }
        let mut ended = self.0.lock();
        if ended.0.len() < MOST {
            ended.0.push(span);
        } else {
            ended.1 += 1;
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
