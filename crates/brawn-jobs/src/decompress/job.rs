//! The job: what has known ends side by side, the rest in one go.

use brawn_core::blocks::{self, Spare};
use brawn_core::{
    Budget, ByteSize, Draft, Error, Head, Job, Plan, PlannedOutput, Planning, Pool, Result, Sink,
    Source, Tally,
};

use super::codec::Codec;
use super::format::Format;
use super::gzip::Gzip;
use super::limits::Account;
use super::units::How;
use super::window::Window;
use super::zstd::{Zstd, plain_of, window_of};
use super::{Options, lz4, name, stream, units};

/// What is read before the format is told.
const FIRST: usize = 64 << 10;

/// Decompresses an object.
#[derive(Clone, Debug)]
pub struct DecompressJob {
    options: Options,
}

impl DecompressJob {
    /// The job for `options`.
    ///
    /// # Errors
    /// As [`Options::validate`].
    pub fn new(options: Options) -> Result<DecompressJob> {
        options.validate()?;
        Ok(DecompressJob { options })
    }

    fn output(&self, name: &str) -> Result<String> {
        match name::plain(name) {
            Some(plain) => Ok(plain),
            None if self.options.any_name => Ok(name.to_owned()),
            None => {
                let known: Vec<String> =
                    name::EXTENSIONS.iter().map(|extension| format!("`.{extension}`")).collect();
                Err(Error::invalid_input(format!(
                    "its name has no suffix that could be taken off: {} are known",
                    known.join(", ")
                ))
                .with_hint("name the output by -o, or write to standard output by -c"))
            }
        }
    }

    fn drive<C: Codec>(
        &self,
        mut codec: C,
        window: &mut Window,
        source: &mut Source<'_>,
        draft: Option<Box<dyn Draft + '_>>,
        budget: &Budget,
    ) -> Result<Tally> {
        let mut account = Account::new(&self.options);
        let mut to = To(draft);
        let plain = codec.plain();
        let fit = units::fit::<C>(plain, budget.memory().limit());
        let ahead = (blocks::ahead(budget.workers()) as u64).min(fit).max(1);
        let held = budget.reserve(units::memory::<C>(plain, ahead))?;
        let nobody_waits = source.left().is_some() && to.never_waits();
        let how = How { ahead, is_listed: self.options.list, nobody_waits };
        let write = |bytes: &[u8]| to.write(bytes);
        units::units(&mut codec, window, source, &mut account, how, write, budget)?;
        drop(held);
        let held = budget.reserve(stream::memory::<C>(plain))?;
        let write = |bytes: &[u8]| to.write(bytes);
        stream::stream(&mut codec, window, source, &mut account, write, budget)?;
        drop(held);
        to.finish(codec.parts(), window, &account)
    }

    fn lz4(
        &self,
        window: &mut Window,
        source: &mut Source<'_>,
        draft: Option<Box<dyn Draft + '_>>,
        budget: &Budget,
    ) -> Result<Tally> {
        let mut account = Account::new(&self.options);
        let mut to = To(draft);
        let memory = budget.memory().limit();
        let most = blocks::ahead(budget.workers()) as u64;
        let ahead = (1..=most).rev().find(|ahead| lz4::memory(*ahead) <= memory).unwrap_or(1);
        let _held = budget.reserve(lz4::memory(ahead))?;
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        let write = |bytes: &[u8]| to.write(bytes);
        let frames = lz4::decompress(window, source, &mut account, ahead, write, budget)?;
        to.finish(("frames", frames), window, &account)
    }
}

/// Where the plain bytes go, if anywhere.
struct To<'a>(Option<Box<dyn Draft + 'a>>);

impl To<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.0 {
            Some(draft) if !bytes.is_empty() => draft.write(bytes),
            _ => Ok(()),
        }
    }

    fn never_waits(&self) -> bool {
        self.0.as_ref().is_none_or(|draft| draft.never_waits())
    }

    /// What is told of it all.
    fn finish(
        self,
        (parts, count): (&'static str, u64),
        window: &Window,
        account: &Account,
    ) -> Result<Tally> {
        let mut tally = Tally { bytes_in: window.offset(), ..Tally::default() };
        match self.0 {
            Some(draft) => {
                draft.finish()?;
                tally.bytes_out = account.plain();
            }
            None => {
                tally.facts = vec![
                    (parts.to_owned(), count.into()),
                    ("compressed".to_owned(), window.offset().into()),
                    ("uncompressed".to_owned(), account.plain().into()),
                ];
            }
        }
        Ok(tally)
    }
}

fn peak<C: Codec>(plain: usize, window: u64) -> u64 {
    let ahead = blocks::ahead(Pool::expected_workers()) as u64;
    units::memory::<C>(plain, ahead).max(stream::memory::<C>(plain) + window)
}

impl Job for DecompressJob {
    fn name(&self) -> &'static str {
        "decompress"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        let format = Format::of(head.bytes)?;
        let mut outputs = Vec::new();
        if self.options.writes() {
            let name = self.output(head.name)?;
            let content_type = name::content_type(&name);
            outputs.push(PlannedOutput {
                name,
                content_type,
                summary: format!("of {format}"),
                aside: None,
            });
        }
        let size = head.size.map_or("a stream".to_owned(), |size| ByteSize(size).to_string());
        Ok(Planning::Ready(Plan {
            peak_memory: match format {
                Format::Gzip => peak::<Gzip>(Gzip::PLAIN, 0),
                Format::Zstd => {
                    let window = window_of(head.bytes, self.options.max_window);
                    peak::<Zstd>(plain_of(head.bytes), window)
                }
                Format::Lz4 => lz4::memory(blocks::ahead(Pool::expected_workers()) as u64),
            },
            outputs,
            streaming: true,
            summary: format!("{format}, {size}"),
        }))
    }

    fn run(&self, mut source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let mut window = Window::default();
        // The end is an empty chunk of its own.
        window.read(&mut source, FIRST, &Spare::default())?;
        let format = Format::of(window.rest())?;
        let draft = if self.options.writes() {
            let name = self.output(source.name())?;
            Some(sink.open(&name, name::content_type(&name))?)
        } else {
            None
        };
        let mut tally = match format {
            Format::Gzip => self.drive(Gzip::new(), &mut window, &mut source, draft, budget)?,
            Format::Zstd => {
                let plain = plain_of(window.rest());
                let codec = Zstd::new(self.options.max_window, self.options.list, plain);
                self.drive(codec, &mut window, &mut source, draft, budget)?
            }
            Format::Lz4 => self.lz4(&mut window, &mut source, draft, budget)?,
        };
        if !self.options.writes() {
            tally.facts.insert(0, ("format".to_owned(), format.to_string().into()));
        }
        Ok(tally)
    }
}
