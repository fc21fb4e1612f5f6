//! That points are read in constant memory, whatever the size of their object. Its own process: all of its memory is
//! measured.

use std::io::{self, Read};
use std::num::NonZeroUsize;

use brawn_core::{Budget, Draft, Head, Job, Output, Planning, Pool, Result, Sink, Source};
use brawn_jobs::points::{Algorithm, Options, PointsJob};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A beginning, the same piece many times, an end.
struct Repeated {
    parts: Vec<(Vec<u8>, usize)>,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some((part, times)) = self.parts.first_mut() {
            if *times == 0 || part.is_empty() {
                self.parts.remove(0);
                continue;
            }
            let count = buffer.len().min(part.len() - self.at);
            buffer[..count].copy_from_slice(&part[self.at..self.at + count]);
            self.at += count;
            if self.at == part.len() {
                (self.at, *times) = (0, *times - 1);
            }
            return Ok(count);
        }
        Ok(0)
    }
}

/// Counts what is written.
struct Counted(u64);

impl Sink for Counted {
    fn put(&mut self, _: Output) -> Result<()> {
        unreachable!("it is written in pieces")
    }

    fn open(&mut self, _: &str, _: &'static str) -> Result<Box<dyn Draft + '_>> {
        Ok(Box::new(Counting(&mut self.0)))
    }
}

struct Counting<'a>(&'a mut u64);

impl Draft for Counting<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        *self.0 += piece.len() as u64;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn an_object_of_any_size_takes_what_its_plan_says() {
    let pool = Pool::new(NonZeroUsize::new(2).expect("not zero")).expect("threads");
    let budget = Budget::unlimited().on(&pool);
    let options = Options { algorithm: Some(Algorithm::Std), ..Options::default() };
    let job = PointsJob::new(options).expect("valid");
    let point = |text: &str| format!("{{\"values\":[{text}]}}");
    // Many values, few values that become long results, and one value after the other up to 4 MB.
    let usual = point(&vec!["0.25,-17"; 100].join(","));
    let (short, long) = (point("1"), point(&vec!["1,2"; 1 << 20].join(",")));
    for (piece, times, after) in
        [(&usual, 20_000, &usual), (&short, 400_000, &short), (&usual, 100, &long)]
    {
        let list = |between: &str, begin: &str, end: &str| {
            let piece = format!("{piece}{between}").into_bytes();
            vec![(begin.into(), 1), (piece, times), (format!("{after}{end}").into_bytes(), 1)]
        };
        for parts in [list(",", "{\"data\":[", "]}"), list("\n", "", "\n")] {
            let size: usize =
                parts.iter().map(|(part, times): &(Vec<u8>, usize)| part.len() * times).sum();
            let head = [parts[0].0.as_slice(), &parts[1].0].concat();
            let head = Head { name: "a", bytes: &head, size: Some(size as u64) };
            let Ok(Planning::Ready(plan)) = job.plan(&head) else { panic!("a plan") };
            let mut reader = Repeated { parts, at: 0 };
            let mut sink = Counted(0);
            MEMORY.reset_peak_usage();
            let before = MEMORY.current_usage();
            let tally =
                job.run(Source::reader("a", &mut reader), &mut sink, &budget).expect("results");
            let peak = (MEMORY.peak_usage() - before) as u64;
            assert_eq!((tally.bytes_in, tally.bytes_out), (size as u64, sink.0));
            assert!(peak <= plan.peak_memory, "{peak} of {}, {size} bytes", plan.peak_memory);
            if std::ptr::eq(piece, after) {
                // Without a point that is longer than a block.
                assert!(peak <= 12 << 20, "{peak} for {size} bytes");
            }
        }
    }
}
