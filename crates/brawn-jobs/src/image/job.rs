//! The job: plan from the header, decode once, render and encode side by side.

use std::borrow::Cow;

use brawn_core::{Budget, Error, Head, Job, Output, Planning, Result, Sink, Source, Tally};
use rayon::prelude::*;

use super::alpha::flatten;
use super::decode::{self, Extras, Probed, Want};
use super::encode::{self, Animation, Metadata};
use super::limits;
use super::name::Template;
use super::options::Options;
use super::picture::Picture;
use super::plan::{AT_ONCE, Draft, File, Rendition};
use super::render::{converts, prepare, render};

/// Makes thumbnails, conversions and filtered versions of one picture, decoding it once for all of them.
#[derive(Clone, Debug)]
pub struct ImageJob {
    options: Options,
    template: Template,
}

/// Bytes of one finished file, and what to tell the user about it.
type Made = (Vec<u8>, Option<String>);

impl ImageJob {
    /// The job for `options`.
    ///
    /// # Errors
    /// As [`Options::validate`].
    pub fn new(options: Options) -> Result<ImageJob> {
        options.validate()?;
        let template = Template::of(&options)?;
        Ok(ImageJob { options, template })
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    fn draft(&self, name: &str, header: decode::Header, bytes: u64) -> Result<Draft> {
        Draft::new(&self.options, &self.template, name, header, bytes)
    }

    fn metadata(&self, extras: &mut Extras) -> Metadata {
        if !self.options.keep_metadata {
            return Metadata::default();
        }
        let icc = if converts(&self.options) { None } else { extras.icc.clone() };
        Metadata::new(icc, extras.exif.take(), extras.xmp.take(), self.options.autorotate)
    }

    fn file(
        &self,
        picture: &Picture,
        file: &File,
        metadata: &Metadata,
        budget: &Budget,
    ) -> Result<Vec<u8>> {
        let picture = if file.target.needs_flat() && picture.layout.has_alpha() {
            Cow::Owned(flatten(picture, self.options.background, budget)?)
        } else {
            Cow::Borrowed(picture)
        };
        encode::encode(&picture, file.target, &self.options, metadata, budget)
    }

    /// The still files of all renditions, in the order of the draft; nothing where a file is animated.
    fn stills(
        &self,
        draft: &Draft,
        picture: Picture,
        extras: &Extras,
        metadata: &Metadata,
        budget: &Budget,
    ) -> Result<Vec<Option<Made>>> {
        let original = prepare(picture, draft, budget)?;
        let rendition = |rendition: &Rendition| -> Result<Vec<Option<Made>>> {
            if rendition.files.iter().all(|file| file.animated) {
                return Ok(rendition.files.iter().map(|_| None).collect());
            }
            let (picture, warning) =
                render(&original, draft, &rendition.framing, &self.options, extras, budget)?;
            let make = |file: &File| {
                if file.animated {
                    return Ok(None);
                }
                self.file(&picture, file, metadata, budget)
                    .map(|bytes| Some((bytes, warning.clone())))
            };
            match rendition.files.as_slice() {
                [file] => Ok(vec![make(file)?]),
                files => files.par_iter().map(make).collect(),
            }
        };
        let mut made = Vec::new();
        for group in draft.renditions.chunks(AT_ONCE) {
            let group: Vec<Vec<Option<Made>>> = match group {
                [only] => vec![rendition(only)?],
                group => group.par_iter().map(rendition).collect::<Result<_>>()?,
            };
            made.extend(group.into_iter().flatten());
        }
        Ok(made)
    }

    /// Decodes all frames and fills in the animated files that `made` lacks.
    fn animations(
        &self,
        draft: &Draft,
        bytes: &[u8],
        extras: &Extras,
        metadata: &Metadata,
        made: &mut [Option<Made>],
        budget: &Budget,
    ) -> Result<()> {
        let mut growing: Vec<(&Rendition, Animation)> = draft
            .renditions
            .iter()
            .filter(|rendition| rendition.files.iter().any(|file| file.animated))
            .map(|rendition| (rendition, Animation::new()))
            .collect();
        let want = Want { at_least: None, frames: draft.frames };
        decode::decode(bytes, &draft.header, &want, budget, &mut |frame| {
            let original = prepare(frame.picture, draft, budget)?;
            growing.chunks_mut(AT_ONCE).try_for_each(|group| {
                group.par_iter_mut().with_max_len(1).try_for_each(|(rendition, animation)| {
                    let framing = &rendition.framing;
                    let (picture, _) =
                        render(&original, draft, framing, &self.options, extras, budget)?;
                    animation.push(picture.into_owned(), frame.delay_ms, &self.options, budget)
                })
            })
        })?;
        let mut finished = growing.into_iter();
        let files = draft.renditions.iter().flat_map(|rendition| &rendition.files);
        for (file, slot) in files.zip(made) {
            // A rendition has at most one animated file: a format is asked for once.
            if let (true, Some((_, animation))) =
                (file.animated, slot.is_none().then(|| finished.next()).flatten())
            {
                *slot = Some((animation.finish(extras.loops, metadata)?, None));
            }
        }
        Ok(())
    }
}

impl Job for ImageJob {
    fn name(&self) -> &'static str {
        "image"
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        if let Some(size) = head.size {
            limits::check_file_size(&self.options, size)?;
        }
        match decode::probe(head.bytes, head.is_complete())? {
            Probed::NeedsHead(bytes) => Ok(Planning::NeedsHead(bytes)),
            Probed::Header(header) => {
                // Of a size that is not known yet, the limit is all that is sure.
                let size = head.size.unwrap_or(self.options.max_src_file_size.0);
                Ok(Planning::Ready(self.draft(head.name, header, size)?.into_plan()))
            }
        }
    }

    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        budget.check()?;
        let name = source.name();
        let bytes = source.into_bytes(self.options.max_src_file_size.0)?;
        let header = match decode::probe(&bytes, true)? {
            Probed::Header(header) => header,
            Probed::NeedsHead(_) => {
                return Err(Error::invalid_input("the input ends inside its header"));
            }
        };
        let draft = self.draft(name, header, bytes.len() as u64)?;
        let _held = budget.reserve(draft.peak_memory)?;
        let mut first = None;
        let mut extras =
            decode::decode(&bytes, &draft.header, &draft.want, budget, &mut |frame| {
                first.get_or_insert(frame.picture);
                Ok(())
            })?;
        let picture =
            first.ok_or_else(|| Error::invalid_input("the input has no picture in it"))?;
        let metadata = self.metadata(&mut extras);
        let mut made = self.stills(&draft, picture, &extras, &metadata, budget)?;
        if draft.frames > 1 {
            self.animations(&draft, &bytes, &extras, &metadata, &mut made, budget)?;
        }
        budget.check()?;
        let mut tally = Tally {
            bytes_in: bytes.len() as u64,
            bytes_out: 0,
            warnings: std::mem::take(&mut extras.warnings),
            facts: Vec::new(),
        };
        let files = draft.renditions.into_iter().flat_map(|rendition| rendition.files);
        for (file, made) in files.zip(made) {
            let (bytes, warning) = made.expect("a file is made as a still or as an animation");
            tally.bytes_out += bytes.len() as u64;
            tally.warnings.extend(warning.filter(|warning| !tally.warnings.contains(warning)));
            sink.put(Output { name: file.name, content_type: file.target.content_type(), bytes })?;
        }
        budget.advance(tally.bytes_in);
        Ok(tally)
    }
}
