//! What sends events to a function that `brawn emulate` serves.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use brawn_core::{Error, ErrorKind, Result};
use brawn_lab::source::Source;
use brawn_lab::source::s3::{self, Bucket};
use brawn_lab::source::sqs::{self, Mapping, Queues};
use brawn_lab::{Emulator, Settings};

use crate::args::sources::{S3, Sqs};

/// Sources that are good to go.
pub(crate) struct Sources {
    bucket: Option<Bucket>,
    queues: Option<Queues>,
    messages: Option<(PathBuf, Box<dyn BufRead + Send>)>,
}

impl Sources {
    /// Checks the words before anything is started.
    pub(crate) fn new(s3: S3, sqs: Sqs, settings: &Settings) -> Result<Sources> {
        let messages =
            sqs.sqs_messages.clone().map(|file| Ok((file.clone(), open(&file)?))).transpose()?;
        let bucket = s3.s3.is_some().then(|| bucket(s3));
        if let Some(bucket) = &bucket {
            bucket.named()?;
        }
        let queues = sqs.sqs.clone().map(|name| queues(name, &sqs, settings)).transpose()?;
        Ok(Sources { bucket, queues, messages })
    }

    pub(crate) fn queues(&self) -> Option<Queues> {
        self.queues.clone()
    }

    /// Starts them, and says what they are.
    pub(crate) fn start(self, emulator: &Emulator, address: SocketAddr) -> Result<Vec<Source>> {
        let mut running = Vec::new();
        if let Some(bucket) = self.bucket {
            let (name, folder) = (bucket.named()?, bucket.folder.display().to_string());
            running.push(s3::watch(emulator.clone(), bucket)?);
            eprintln!("watching {folder} as s3://{name}");
        }
        if let Some(queues) = self.queues {
            running.push(sqs::poll(emulator, &queues)?);
            let (mapping, base) = (queues.mapping(), format!("http://{address}"));
            eprintln!("queue {} at {}", mapping.queue, queues.url(&base, &mapping.queue));
            if mapping.max_receive_count.is_some() {
                let letters = mapping.dead_letters();
                eprintln!("dead letters: curl {}", queues.url(&base, &letters));
            }
            if let Some((file, lines)) = self.messages {
                std::thread::spawn(move || feed(&file, lines, &queues));
            }
        }
        Ok(running)
    }
}

fn bucket(words: S3) -> Bucket {
    let mut bucket = Bucket::new(words.s3.unwrap_or_default());
    bucket.name = words.s3_bucket;
    bucket.prefix = words.s3_prefix;
    bucket.suffix = words.s3_suffix;
    bucket.existing = words.s3_existing;
    bucket.settle = words.s3_settle.unwrap_or(bucket.settle);
    bucket
}

fn queues(name: String, words: &Sqs, settings: &Settings) -> Result<Queues> {
    let mut mapping = Mapping {
        batch_size: words.sqs_batch_size,
        batch_window: words.sqs_batch_window,
        max_receive_count: words.sqs_max_receive_count,
        report_batch_item_failures: words.sqs_report_batch_item_failures,
        ..Mapping::new(name)
    };
    let least = mapping.least_visibility(settings.timeout);
    mapping.visibility_timeout = words.sqs_visibility_timeout.unwrap_or(least);
    Queues::new(mapping, &settings.region)
}

fn open(file: &Path) -> Result<Box<dyn BufRead + Send>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let opened = File::open(file).map_err(|error| {
        Error::new(ErrorKind::NotFound, format!("cannot read `{}`", file.display()))
            .with_source(error)
    })?;
    Ok(Box::new(BufReader::new(opened)))
}

/// On a thread of its own: stdin may take its time.
fn feed(file: &Path, lines: impl BufRead, queues: &Queues) {
    match queues.send_lines(lines.lines()) {
        Ok(sent) => eprintln!("{sent} messages sent from {}", file.display()),
        Err(error) => eprintln!("brawn: {}: {}", file.display(), error.chain()),
    }
}
