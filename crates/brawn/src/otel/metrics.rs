//! The numbers of the record as metrics.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider as _};
use opentelemetry_otlp::{MetricExporter, RetryPolicy, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter as _;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Stream,
    Temporality,
};

use super::client::Plain;
use super::send::Line;
use super::settings::Settings;
use crate::metrics::Unit;
use crate::metrics::record::{self, Record};

/// Metrics on their way to a collector.
#[derive(Debug)]
pub(super) struct Metrics {
    meter: Meter,
    histograms: Mutex<HashMap<&'static str, Histogram<f64>>>,
    reader: OnDemand,
    exporter: tokio::sync::Mutex<MetricExporter>,
    line: Line,
    // Its meters end with it.
    _provider: SdkMeterProvider,
}

impl Metrics {
    /// `None` when metrics are not asked for.
    pub(super) fn new(settings: &Settings) -> Result<Option<Metrics>, String> {
        if !settings.metrics {
            return Ok(None);
        }
        let exporter = MetricExporter::builder()
            .with_http()
            .with_http_client(Plain::new())
            .with_retry_policy(RetryPolicy::disabled())
            .with_timeout(settings.patience)
            .build()
            .map_err(|error| error.to_string())?;
        let reader = ManualReader::builder().with_temporality(exporter.temporality()).build();
        let reader = OnDemand(Arc::new(reader));
        let provider = SdkMeterProvider::builder()
            .with_resource(settings.resource.clone())
            .with_reader(reader.clone())
            .with_view(at_any_scale)
            .build();
        Ok(Some(Metrics {
            meter: provider.meter("brawn"),
            histograms: Mutex::default(),
            reader,
            exporter: exporter.into(),
            line: Line::new("metrics", settings.patience),
            _provider: provider,
        }))
    }

    /// Each number of the record is one observation.
    pub(super) fn record(&self, record: &Record, status: &'static str) {
        let attributes = [KeyValue::new("status", status)];
        let mut histograms = self.histograms.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value, unit) in record.metrics().iter().filter(|(_, value, _)| value.is_finite())
        {
            let histogram = histograms.entry(name).or_insert_with(|| {
                let full =
                    if record::is_own(name) { format!("brawn.{name}") } else { (*name).to_owned() };
                self.meter.f64_histogram(full).with_unit(ucum(*unit)).build()
            });
            histogram.record(*value, &attributes);
        }
    }

    /// Sends what was recorded.
    pub(super) async fn send(&self, left: Option<Duration>) {
        if !self.line.is_open() {
            return;
        }
        let sending = async {
            let exporter = self.exporter.lock().await;
            let mut metrics = ResourceMetrics::default();
            self.reader.collect(&mut metrics)?;
            exporter.export(&metrics).await
        };
        self.line.send(left, sending).await;
    }
}

/// Milliseconds, bytes and dollars in one kind of bucket: each is wider than the one before by the same factor.
fn at_any_scale(instrument: &Instrument) -> Option<Stream> {
    if instrument.kind() != InstrumentKind::Histogram {
        return None;
    }
    let aggregation = Aggregation::Base2ExponentialHistogram {
        max_size: 160,
        max_scale: 20,
        record_min_max: true,
    };
    Stream::builder().with_aggregation(aggregation).build().ok()
}

/// In the code that OpenTelemetry writes units in (UCUM).
fn ucum(unit: Unit) -> &'static str {
    match unit {
        Unit::Count | Unit::None => "1",
        Unit::Bytes => "By",
        Unit::Milliseconds => "ms",
        Unit::BytesPerSecond => "By/s",
        Unit::CountPerSecond => "1/s",
        Unit::Megabytes => "MiBy",
    }
}

/// A reader that the provider and the sender share.
#[derive(Clone, Debug)]
struct OnDemand(Arc<ManualReader>);

impl MetricReader for OnDemand {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}
