//! `brawn emulate` and `brawn invoke`.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brawn_core::{Error, ErrorKind, Result};
use brawn_lab::{Emulator, InvocationType, Settings, sample, serve};

use crate::args::lab::{Emulate, Function, Invoke};
use crate::signals::Signals;
use crate::sources::Sources;
use crate::verdict::Verdict;

/// How long processes have to end when the command does.
const SETTLING: Duration = Duration::from_secs(3);

/// Serves a function until a signal comes.
pub(crate) fn emulate(words: Emulate) -> Result<Verdict> {
    let address = SocketAddr::new(words.invoke_address, words.invoke_port);
    let settings = Settings {
        memory_mb: words.memory,
        concurrency: words.concurrency,
        max_concurrency: words.max_concurrency,
        retry_delays: [words.retry_delay, words.retry_delay * 2],
        ..settings(words.function)
    };
    let sources = Sources::new(words.s3, words.sqs, &settings)?;
    let runtime = runtime()?;
    let verdict = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let emulator = Emulator::new(settings, Arc::new(brawn_lab::Stdout))?;
        let server = serve(emulator.clone(), sources.queues(), address).await?;
        eprintln!("{} on http://{}", emulator.settings().name, server.address());
        eprintln!("{}", emulator.granted());
        eprintln!("enforced by {}", emulator.enforced());
        let running = sources.start(&emulator, server.address())?;
        let number = signals.next().await;
        drop((server, running));
        // What runs is ended with the runtime; what waits is told first.
        let _ = tokio::time::timeout(SETTLING, emulator.cool_down()).await;
        Ok(Verdict::Stopped(number))
    });
    runtime.shutdown_timeout(SETTLING);
    verdict
}

/// The configuration that the words of a function amount to.
pub(crate) fn settings(words: Function) -> Settings {
    let mut settings = Settings::new(words.command);
    settings.timeout = words.timeout;
    settings.variables = words.env;
    settings.handler = words.handler;
    if let Some(region) = words.region {
        settings.region = region;
    }
    settings.enforcement = words.enforce;
    settings.extensions = words.extensions;
    if let Some(name) = words.name {
        settings.name = name;
    }
    settings
}

/// Sends one event.
pub(crate) fn invoke(words: &Invoke) -> Result<Verdict> {
    let payload = payload(words)?;
    if words.print {
        print(&payload)?;
        return Ok(Verdict::Done);
    }
    let address = SocketAddr::new(words.invoke_address, words.invoke_port).to_string();
    let kind = match words.invocation_type.as_str() {
        "Event" => InvocationType::Event,
        _ => InvocationType::RequestResponse,
    };
    let sending = brawn_lab::invoke(&address, &words.name, payload.into(), kind);
    let invoked = runtime()?.block_on(sending)?;
    if kind == InvocationType::RequestResponse {
        print(&invoked.payload)?;
    }
    Ok(if invoked.failed { Verdict::SomeFailed } else { Verdict::Done })
}

fn payload(words: &Invoke) -> Result<Vec<u8>> {
    let payload = match (&words.data_file, &words.data_ascii, &words.event) {
        (Some(file), ..) => read(file)?,
        (None, Some(text), _) => text.clone().into_bytes(),
        (None, None, Some(name)) => sample(name)?.as_bytes().to_vec(),
        (None, None, None) => b"{}".to_vec(),
    };
    serde_json::from_slice::<serde_json::Value>(&payload)
        .map_err(|error| Error::invalid_options("the event is not JSON").with_source(error))?;
    Ok(payload)
}

/// The bytes of a file, or of stdin.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(file).map(|content| bytes = content)
    };
    read.map_err(|error| {
        Error::new(ErrorKind::NotFound, format!("cannot read `{}`", file.display()))
            .with_source(error)
    })?;
    Ok(bytes)
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.write_all(b"\n")) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Storage, "cannot write to stdout").with_source(error))
        }
        _ => Ok(()),
    }
}

/// Two threads: one may wait for a slow terminal while the other serves.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(
        |error| {
            Error::new(ErrorKind::Unavailable, "cannot start the async runtime").with_source(error)
        },
    )
}
