//! `brawn tune`: words to options, the result to stdout and to a page.

#[cfg(feature = "aws")]
mod deployed;

use std::io::{IsTerminal, Write};
use std::path::Path;

use brawn_core::price::{Architecture, Prices};
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
        let (before, after) = (result(before)?, result(after)?);
        let verdict = print(&tune::compare(&before, &after), Verdict::Done)?;
        return write_page(words.html.as_deref(), &after, Some(&before)).map(|()| verdict);
    }
    if let Some(target) = deployed_target(&words) {
        return tune_deployed(words, &target);
    }
    if words.endpoint_url.is_some() {
        return Err(Error::invalid_options(
            "`--endpoint-url` is for a function on AWS: lambda:NAME",
        ));
    }
    let (as_json, page) = (words.json, words.html.clone());
    page.as_deref().map_or(Ok(()), has_folder)?;
    let region = words.function.region.clone();
    let options = options(words)?;
    compare_regions(&options.prices, region.as_deref().unwrap_or("us-east-1"));
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
    conclude(&tuning, as_json, page.as_deref())
}

/// `lambda:NAME` or an ARN, where one stands for the command.
fn deployed_target(words: &Tune) -> Option<String> {
    let word = words.function.command.first()?.to_str()?;
    (word.starts_with("lambda:") || word.starts_with("arn:aws")).then(|| word.to_owned())
}

#[cfg(feature = "aws")]
fn tune_deployed(words: Tune, target: &str) -> Result<Verdict> {
    deployed::tune(words, target)
}

#[cfg(not(feature = "aws"))]
fn tune_deployed(_: Tune, target: &str) -> Result<Verdict> {
    Err(Error::unsupported(format!(
        "`{target}` is a function on AWS, and this build cannot tune those"
    ))
    .with_hint("build brawn with `--features aws`; for a program of that name write ./ before it"))
}

/// The result to stdout, and to a page where one is wanted.
fn conclude(tuning: &Tuning, as_json: bool, page: Option<&Path>) -> Result<Verdict> {
    let verdict = if tuning.power.is_some() { Verdict::Done } else { Verdict::SomeFailed };
    // What was measured for minutes is there even where the page cannot be written.
    let verdict = if as_json {
        print(&format!("{:#}\n", serde_json::json!(tuning)), verdict)?
    } else {
        print(&tune::table(tuning), verdict)?
    };
    write_page(page, tuning, None).map(|()| verdict)
}

fn options(words: Tune) -> Result<TuneOptions> {
    let weighted = words.weighted_payloads.is_some();
    let payload: Value = match (words.payload_file.or(words.weighted_payloads), words.event) {
        (Some(file), _) => json(&file)?,
        (None, Some(name)) => parse(sample(&name)?.as_bytes(), &name)?,
        (None, None) => serde_json::json!({}),
    };
    let prices = match &words.prices {
        Some(file) => json(file)?,
        None => Prices::us_east_1(),
    };
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
        architecture: words.architecture.unwrap_or(Architecture::of_this_program()),
        prices,
        ephemeral_mb: words.ephemeral_storage,
        monthly: words.monthly,
        max_duration: words.max_duration,
        max_cost: words.max_cost,
        vcpus: words.vcpus,
        ..TuneOptions::new(lab::settings(words.function))
    })
}

fn compare_regions(prices: &Prices, region: &str) {
    if prices.region != region {
        eprintln!(
            "prices are those of {}; `--prices FILE` takes a list for {region}",
            prices.region
        );
    }
}

fn progress(size: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("measuring {size}");
    }
}

/// What an earlier run printed.
fn result(file: &Path) -> Result<Tuning> {
    json(file).map_err(|error| error.with_hint("`brawn tune --json` prints what is compared"))
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    parse(&lab::read(file)?, &file.display().to_string())
}

fn parse<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::invalid_options(format!("`{name}` is not what is expected here")).with_source(error)
    })
}

/// Before anything is measured: whether the page has a place to go to.
fn has_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_none_or(Path::is_dir) && !file.is_dir() {
        return Ok(());
    }
    let text = format!(
        "cannot write `{}`: its folder must be there, and it must be a file",
        file.display()
    );
    Err(Error::new(ErrorKind::NotFound, text))
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
