//! Whose trace an invocation belongs to.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use serde::Deserialize;
use serde_json::Value;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const FIELDS: [&str; 2] = ["traceparent", "tracestate"];

/// Events beyond that are not looked into for headers: API Gateway's and function URLs' are small, or mostly body.
const MOST: usize = 256 << 10;

/// The headers of the invocation that say whose trace it belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(HashMap<String, String>);

impl Headers {
    /// Those of `headers`, by their names in lower case.
    pub(crate) fn of<'h>(headers: impl Fn(&str) -> Option<&'h str>) -> Headers {
        let found = |name: &str| headers(name).map(|value| (name.to_owned(), value.to_owned()));
        Headers(FIELDS.into_iter().filter_map(found).collect())
    }

    /// Those that are in the event: `{"headers": {"traceparent": ...}}`, as API Gateway, load balancers and function URLs
    /// send them.
    fn of_event(event: &[u8]) -> Headers {
        #[derive(Deserialize)]
        struct Event {
            headers: HashMap<String, Value>,
        }
        // Most events have none, and are not searched through by a parser.
        let named = event.len() <= MOST
            && event
                .windows(FIELDS[0].len())
                .any(|part| part.eq_ignore_ascii_case(FIELDS[0].as_bytes()));
        let headers = match serde_json::from_slice::<Event>(if named { event } else { b"" }) {
            Ok(event) => event.headers,
            Err(_) => return Headers::default(),
        };
        Headers::of(|wanted| {
            let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            value.as_str()
        })
    }

    fn context(&self) -> Option<SpanContext> {
        let context = TraceContextPropagator::new().extract(&self.0);
        let context = context.span().span_context().clone();
        context.is_valid().then_some(context)
    }
}

/// Who invoked, as far as traces go.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    w3c: Option<SpanContext>,
    xray: Option<SpanContext>,
}

impl Caller {
    pub(crate) fn of(headers: &Headers, event: &[u8], xray: Option<&str>) -> Caller {
        let w3c = Headers::of_event(event).context().or_else(|| headers.context());
        Caller { w3c, xray: xray.and_then(xray_context) }
    }

    /// Makes `span` a part of the caller's trace.
    pub(super) fn adopt(&self, span: &Span) {
        let (parent, link) = match (&self.w3c, &self.xray) {
            (Some(w3c), xray) => (Some(w3c), xray.as_ref()),
            (None, xray) => (xray.as_ref(), None),
        };
        if let Some(parent) = parent {
            // It fails for spans that have begun or that nobody records, neither of which has a place in a trace.
            let _ = span.set_parent(Context::new().with_remote_span_context(parent.clone()));
        }
        if let Some(link) = link {
            span.add_link(link.clone());
        }
    }
}

/// X-Ray's header: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
///
/// Source: AWS X-Ray developer guide, "Tracing header". A trace without a parent is not one to be a part of.
fn xray_context(header: &str) -> Option<SpanContext> {
    let field = |name: &str| {
        header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let root = field("Root")?.strip_prefix("1-")?;
    let (time, unique) = root.split_once('-')?;
    if (time.len(), unique.len()) != (8, 24) {
        return None;
    }
    let trace = TraceId::from_hex(&format!("{time}{unique}")).ok()?;
    let parent = field("Parent").filter(|parent| parent.len() == 16)?;
    let parent = SpanId::from_hex(parent).ok()?;
    // Who has not decided leaves it to us.
    let sampled = field("Sampled") != Some("0");
    let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let context = SpanContext::new(trace, parent, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const W3C: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    #[test]
    fn the_header_of_x_ray_is_a_context() {
        let context = xray_context(XRAY).expect("as in the guide");
        assert_eq!(context.trace_id().to_string(), "5759e988bd862e3fe1be46a994272793");
        assert_eq!(context.span_id().to_string(), "53995c3f42cd8ad8");
        assert!(context.is_sampled() && context.is_remote());
        let unsampled = xray_context(&XRAY.replace("Sampled=1", "Sampled=0")).expect("a context");
        assert!(!unsampled.is_sampled());
        assert!(xray_context(&XRAY.replace("Sampled=1", "Lineage=a:1|b:2")).is_some());
        for bad in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8",
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=zz",
        ] {
            assert!(xray_context(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_traceparent_is_found_in_the_event_before_the_headers_of_the_invocation() {
        let event = format!(r#"{{"headers":{{"TraceParent":"{W3C}","x":1}},"body":null}}"#);
        let headers = Headers::of(|name| {
            (name == "traceparent")
                .then_some("00-11111111111111111111111111111111-2222222222222222-01")
        });
        let trace = |caller: &Caller| caller.w3c.as_ref().map(|own| own.trace_id().to_string());
        let caller = Caller::of(&headers, event.as_bytes(), Some(XRAY));
        assert_eq!(trace(&caller).as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
        assert!(caller.xray.is_some());
        for none in ["", "[]", r#"{"headers":["traceparent"]}"#, r#"{"headers":{"traceparent":7}}"#]
        {
            let caller = Caller::of(&headers, none.as_bytes(), None);
            assert_eq!(
                trace(&caller).as_deref(),
                Some("11111111111111111111111111111111"),
                "{none}"
            );
            assert!(Caller::of(&Headers::default(), none.as_bytes(), None).w3c.is_none(), "{none}");
        }
    }
}
