//! The job: what has known ends side by side, the rest in one go.

use brawn_core::blocks;
use brawn_core::{
    Budget, ByteSize, Draft, Error, Head, Job, Plan, PlannedOutput, Planning, Result, Sink, Source,
    Tally, Vcpus,
};

use super::codec::Codec;
use super::format::Format;
use super::gzip::Gzip;
use super::limits::Account;
use super::window::Window;
use super::zstd::{Zstd, window_of};
use super::{Options, name, stream, units};

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
        mut draft: Option<Box<dyn Draft + '_>>,
        budget: &Budget,
    ) -> Result<Tally> {
        let mut account = Account::new(&self.options);
        let mut write = |bytes: &[u8]| match &mut draft {
            Some(draft) if !bytes.is_empty() => draft.write(bytes),
            _ => Ok(()),
        };
        let fit = units::fit::<C>(budget.memory().limit());
        let ahead = (blocks::ahead(budget.workers()) as u64).min(fit).max(1);
        let held = budget.reserve(units::memory::<C>(ahead))?;
        let how = (ahead, self.options.list);
        units::units(&mut codec, window, source, &mut account, how, &mut write, budget)?;
        drop(held);
        let held = budget.reserve(stream::memory::<C>())?;
        stream::stream(&mut codec, window, source, &mut account, &mut write, budget)?;
        drop(held);
        let mut tally = Tally { bytes_in: window.offset(), ..Tally::default() };
        match draft {
            Some(draft) => {
                draft.finish()?;
                tally.bytes_out = account.plain();
            }
            None => {
                let (parts, count) = codec.parts();
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

fn peak<C: Codec>(window: u64) -> u64 {
    let ahead = blocks::ahead(Vcpus::detect().workers.get()) as u64;
    units::memory::<C>(ahead).max(stream::memory::<C>() + window)
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
                Format::Gzip => peak::<Gzip>(0),
                Format::Zstd => peak::<Zstd>(window_of(head.bytes, self.options.max_window)),
            },
            outputs,
            streaming: true,
            summary: format!("{format}, {size}"),
        }))
    }

    fn run(&self, mut source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let mut window = Window::default();
        // The end is an empty chunk of its own.
        window.read(&mut source, &mut Vec::new(), FIRST)?;
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
                let codec = Zstd::new(self.options.max_window, self.options.list);
                self.drive(codec, &mut window, &mut source, draft, budget)?
            }
        };
        if !self.options.writes() {
            tally.facts.insert(0, ("format".to_owned(), format.to_string().into()));
        }
        Ok(tally)
    }
}
