//! `brawn tune`: words to options, the result to stdout and to a page.

use std::io::{IsTerminal, Write};
use std::path::Path;

use brawn_core::price::Prices;
use brawn_core::{Error, ErrorKind, Result};
use brawn_lab::sample;
use brawn_lab::tune::{self, TuneOptions, Tuning};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::args::tune::Tune;
use crate::lab;
use crate::signals::Signals;
use crate::verdict::Verdict;

/// Tunes, or compares two results.
pub(crate) fn tune(words: Tune) -> Result<Verdict> {
    if let Some([before, after]) = words.compare.as_deref() {
        let (before, after): (Tuning, Tuning) = (json(before)?, json(after)?);
        write_page(words.html.as_deref(), &after, Some(&before))?;
        return print(&tune::compare(&before, &after), Verdict::Done);
    }
    let (as_json, page) = (words.json, words.html.clone());
    let options = options(words)?;
    let runtime = lab::runtime()?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            tuning = tune::tune(options, progress) => tuning.map(Ok),
            number = signals.next() => Ok(Err(number)),
        }
    });
    // Dropping it ends the functions that still run.
    drop(runtime);
    let tuning = match ended? {
        Ok(tuning) => tuning,
        Err(number) => return Ok(Verdict::Stopped(number)),
    };
    write_page(page.as_deref(), &tuning, None)?;
    let verdict = if tuning.power.is_some() { Verdict::Done } else { Verdict::SomeFailed };
    if as_json {
        print(&format!("{:#}\n", serde_json::json!(tuning)), verdict)
    } else {
        print(&tune::table(&tuning), verdict)
    }
}

fn options(words: Tune) -> Result<TuneOptions> {
    let weighted = words.weighted_payloads.is_some();
    let payload: Value = match (words.payload_file.or(words.weighted_payloads), words.event) {
        (Some(file), _) => json(&file)?,
        (None, Some(name)) => parse(sample(&name)?.as_bytes(), &name)?,
        (None, None) => serde_json::json!({}),
    };
    let region = words.function.region.clone();
    let prices = match &words.prices {
        Some(file) => json(file)?,
        None => Prices::us_east_1(),
    };
    if prices.region != region {
        eprintln!(
            "prices are those of {}; `--prices FILE` takes a list for {region}",
            prices.region
        );
    }
    Ok(TuneOptions {
        power_values: words.power_values,
        num: words.num,
        payload,
        weighted,
        strategy: words.strategy,
        balanced_weight: words.balanced_weight,
        discard_top_bottom: words.discard_top_bottom,
        only_cold_starts: words.only_cold_starts,
        parallel_invocation: words.parallel_invocation,
        architecture: words.architecture,
        prices,
        max_duration: words.max_duration,
        max_cost: words.max_cost,
        vcpus: words.vcpus,
        ..TuneOptions::new(lab::settings(words.function))
    })
}

fn progress(size: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("measuring {size}");
    }
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    parse(&lab::read(file)?, &file.display().to_string())
}

fn parse<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::invalid_options(format!("`{name}` is not what is expected here")).with_source(error)
    })
}

fn write_page(file: Option<&Path>, tuning: &Tuning, before: Option<&Tuning>) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, tune::html(tuning, before)).map_err(|error| {
        Error::new(ErrorKind::Storage, format!("cannot write `{}`", file.display()))
            .with_source(error)
    })
}

fn print(text: &str, verdict: Verdict) -> Result<Verdict> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Storage, "cannot write to stdout").with_source(error))
        }
        _ => Ok(verdict),
    }
}
