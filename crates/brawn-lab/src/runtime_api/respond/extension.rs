//! The Extensions API and the Telemetry API.

use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Reply, accepted, collect, header, json_reply, refuse, with_header};
use crate::runtime_api::extensions::{MOST, Rejected};
use crate::runtime_api::telemetry::Subscription;
use crate::runtime_api::{Said, Shared};

const EXTENSION: &str = "lambda-extension-identifier";

pub(super) async fn register(request: Request<Incoming>, shared: &Shared) -> Reply {
    let name = header(request.headers(), "lambda-extension-name").unwrap_or_default();
    if name.is_empty() {
        return refuse(
            StatusCode::FORBIDDEN,
            "Extension.InvalidExtensionName",
            "Empty extension name",
        );
    }
    let features = header(request.headers(), "lambda-extension-accept-feature").unwrap_or_default();
    let body = collect(request.into_body()).await.unwrap_or_default();
    let wanted: Value = serde_json::from_slice(&body).unwrap_or_default();
    let events = wanted.get("events").and_then(Value::as_array).map(|events| {
        events.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    });
    let registered = shared.lock().extensions.register(&name, events.unwrap_or_default());
    let id = match registered {
        Ok(id) => id,
        Err(rejected) => return reject(&rejected),
    };
    let mut body = json!({
        "functionName": shared.function.name,
        "functionVersion": "$LATEST",
        "handler": shared.function.handler,
    });
    if features.split(',').any(|feature| feature.trim() == "accountId") {
        body["accountId"] = json!(crate::settings::ACCOUNT);
    }
    with_header(json_reply(StatusCode::OK, &body), EXTENSION, &id)
}

fn reject(rejected: &Rejected) -> Reply {
    let (kind, text) = match rejected {
        Rejected::Event(event) => (
            "Extension.InvalidEventType",
            format!("{event}: events are INVOKE, and SHUTDOWN for external extensions"),
        ),
        Rejected::Closed => (
            "Extension.RegistrationClosed",
            "Extension registration closed already: the runtime has asked for its first event"
                .to_owned(),
        ),
        Rejected::Name => (
            "Extension.InvalidExtensionState",
            "Extension with this name already registered".to_owned(),
        ),
        Rejected::TooMany => {
            ("Extension.TooManyExtensions", format!("Extension limit ({MOST}) reached"))
        }
    };
    refuse(StatusCode::FORBIDDEN, kind, &text)
}

/// `PUT /2022-07-01/telemetry`.
pub(super) async fn subscribe(request: Request<Incoming>, shared: &Shared) -> Reply {
    let id = match known(request.headers(), shared) {
        Ok(id) => id,
        Err(reply) => return *reply,
    };
    let name = shared.lock().extensions.name(&id).unwrap_or_default().to_owned();
    let body = collect(request.into_body()).await.unwrap_or_default();
    let subscription = match Subscription::parse(&body) {
        Ok(subscription) => subscription,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, "ValidationError", &text),
    };
    if shared.telemetry.subscribe(&name, subscription) {
        json_reply(StatusCode::OK, &json!("OK"))
    } else {
        let text = "Telemetry API subscription is closed: it is open during init";
        refuse(StatusCode::FORBIDDEN, "Telemetry.SubscriptionClosed", text)
    }
}

pub(super) async fn next(headers: &HeaderMap, shared: &Shared) -> Reply {
    let id = match known(headers, shared) {
        Ok(id) => id,
        Err(reply) => return *reply,
    };
    shared.lock().extensions.poll(&id);
    shared.say(Said::Polled);
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let event = shared.lock().extensions.take(&id);
        match event {
            Some(event) => {
                let reply = json_reply(StatusCode::OK, &event);
                return with_header(
                    reply,
                    "lambda-extension-event-identifier",
                    &crate::clock::uuid(),
                );
            }
            None => changed.await,
        }
    }
}

pub(super) fn error(headers: &HeaderMap, fault: &'static str, shared: &Shared) -> Reply {
    match known(headers, shared) {
        Ok(id) => {
            shared.lock().extensions.give_up(&id, fault);
            shared.say(Said::Polled);
            accepted()
        }
        Err(reply) => *reply,
    }
}

fn known(headers: &HeaderMap, shared: &Shared) -> Result<String, Box<Reply>> {
    let refused = |kind, text| Err(Box::new(refuse(StatusCode::FORBIDDEN, kind, text)));
    let Some(id) = header(headers, EXTENSION) else {
        return refused("Extension.MissingHeader", "Lambda-Extension-Identifier is missing");
    };
    if shared.lock().extensions.name(&id).is_some() {
        Ok(id)
    } else {
        refused("Extension.UnknownExtensionIdentifier", "no extension with this identifier")
    }
}
