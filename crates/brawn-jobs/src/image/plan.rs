//! What will be made of an input, from its header alone.

use brawn_core::{Error, Plan, PlannedOutput, Result};

use super::canvas;
use super::decode::{self, Format, Header, Want};
use super::encode::{Target, longest_result};
use super::filter;
use super::geometry::Framing;
use super::limits;
use super::name::{Template, Values};
use super::options::{Fit, Options};
use super::orient::Orientation;
use super::picture::Layout;
use super::resize;

/// State that does not depend on sizes: tables of codecs and filters, small buffers.
const FIXED: u64 = 2 << 20;

/// Outputs that are worked on at once, at most: a bound for memory, well above the vCPUs of a function.
pub(crate) const AT_ONCE: usize = 8;

/// Everything that is decided before pixels are decoded.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) header: Header,
    /// EXIF, `rotate` by quarter turns, `flip` and `flop` in one.
    pub(crate) orientation: Orientation,
    /// For still outputs.
    pub(crate) want: Want,
    /// Frames that animated outputs show; 1 when there is none.
    pub(crate) frames: u32,
    pub(crate) renditions: Vec<Rendition>,
    pub(crate) peak_memory: u64,
}

/// One size, and the files that are written of it.
#[derive(Clone, Debug)]
pub(crate) struct Rendition {
    pub(crate) framing: Framing,
    /// The final size.
    pub(crate) size: (u32, u32),
    pub(crate) files: Vec<File>,
}

/// One output.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) animated: bool,
}

/// The quarter turn that `rotate` asks for.
pub(crate) fn quarter_turn(degrees: Option<f64>) -> Orientation {
    match degrees.unwrap_or(0.0).rem_euclid(360.0) {
        90.0 => Orientation::Turned90,
        180.0 => Orientation::Turned180,
        270.0 => Orientation::Turned270,
        _ => Orientation::Normal,
    }
}

/// The angle that is left for the finished picture.
pub(crate) fn free_angle(options: &Options) -> Option<f64> {
    options.rotate.filter(|degrees| degrees.rem_euclid(90.0) != 0.0)
}

impl Draft {
    /// Decides what becomes of the input called `source` with this header; `bytes` is its size.
    pub(crate) fn new(
        options: &Options,
        template: &Template,
        source: &str,
        header: Header,
        bytes: u64,
    ) -> Result<Draft> {
        limits::check_file_size(options, bytes)?;
        let frames = limits::check_header(options, &header)?;
        let mut orientation = quarter_turn(options.rotate);
        if options.autorotate {
            orientation = header.orientation.then(orientation);
        }
        if options.flip {
            orientation = orientation.then(Orientation::MirroredY);
        }
        if options.flop {
            orientation = orientation.then(Orientation::MirroredX);
        }
        let upright = orientation.size((header.width, header.height));
        let mut renditions = Vec::new();
        for asked in options.sizes() {
            let framing = Framing::new(options, asked, upright);
            let size = free_angle(options)
                .map_or(framing.canvas, |degrees| canvas::turned_size(framing.canvas, degrees));
            let mut files = Vec::new();
            for format in &options.format {
                let target = Target::new(*format, header.format, header.layout.has_alpha());
                limits::check_output(options, size, target.name(), target.longest_side())?;
                let name = template.fill(&Values {
                    source,
                    asked,
                    actual: size,
                    format: target.name(),
                    extension: target.extension(),
                })?;
                files.push(File { name, target, animated: frames > 1 && target == Target::WebP });
            }
            renditions.push(Rendition { framing, size, files });
        }
        refuse_same_names(&renditions)?;
        let animated = renditions.iter().flat_map(|rendition| &rendition.files).any(|f| f.animated);
        let at_least = renditions
            .iter()
            .map(|rendition| rendition.framing.at_least(upright))
            .reduce(|a, b| a.zip(b).map(|(a, b)| (a.0.max(b.0), a.1.max(b.1))))
            .flatten();
        let mut draft = Draft {
            want: Want { at_least: at_least.map(|size| orientation.size(size)), frames: 1 },
            frames: if animated { frames } else { 1 },
            header,
            orientation,
            renditions,
            peak_memory: 0,
        };
        let needed = draft.memory(options);
        limits::check_memory(options, needed)?;
        draft.peak_memory = bytes + needed;
        Ok(draft)
    }

    /// An upper bound of what is held at once, the input's bytes not included.
    fn memory(&self, options: &Options) -> u64 {
        let renditions: Vec<(u64, u64)> = self
            .renditions
            .iter()
            .map(|rendition| self.rendition_memory(rendition, options))
            .collect();
        // What stays of all, and the work on as many as are worked on at once.
        let mut working: Vec<u64> = renditions.iter().map(|(working, _)| *working).collect();
        working.sort_unstable_by(|a, b| b.cmp(a));
        let working: u64 = working.iter().take(AT_ONCE).sum();
        let finished: u64 = renditions.iter().map(|(_, finished)| *finished).sum();
        let decoding = decode::peak_memory(&self.header, &self.want);
        let mut rendering = self.decoded_bytes() + working;
        if self.keeps_and_resizes() {
            rendering += self.decoded_bytes();
        }
        let mut peak = decoding.max(rendering);
        if self.frames > 1 {
            let want = Want { at_least: None, frames: self.frames };
            let decoding = decode::peak_memory(&self.header, &want);
            peak = peak.max(decoding + rendering);
        }
        FIXED + peak + finished
    }

    /// Whether the same picture is needed as it is and with alpha multiplied in.
    fn keeps_and_resizes(&self) -> bool {
        let whole = self.orientation.size((self.header.width, self.header.height));
        let keeps = |rendition: &Rendition| rendition.framing.content == whole;
        self.header.layout.has_alpha()
            && self.renditions.iter().any(keeps)
            && !self.renditions.iter().all(keeps)
    }

    /// The most bytes the decoded picture may have.
    fn decoded_bytes(&self) -> u64 {
        let channels = self.header.layout.channels() as u64;
        let full = u64::from(self.header.width) * u64::from(self.header.height);
        let pixels = match (self.want.at_least, self.header.format) {
            // The scales are eighths; the largest step that a decoder may take instead of the next eighth is to the
            // next power of two.
            (Some((width, height)), Format::Jpeg) => {
                let fits = |eighths: &u64| {
                    u64::from(self.header.width) * eighths >= u64::from(width) * 8
                        && u64::from(self.header.height) * eighths >= u64::from(height) * 8
                };
                let eighths = [1, 2, 4, 8].into_iter().find(fits).unwrap_or(8);
                let side = |length: u32| (u64::from(length) * eighths).div_ceil(8);
                side(self.header.width) * side(self.header.height)
            }
            _ => full,
        };
        pixels * channels
    }

    /// What making a rendition holds at most, and what of it stays: its finished files, the last frame of an animation.
    fn rendition_memory(&self, rendition: &Rendition, options: &Options) -> (u64, u64) {
        let framing = &rendition.framing;
        let filtered = filter::layout(self.header.layout, options);
        let padded = options.fit == Fit::Contain || free_angle(options).is_some();
        let layout = if padded { canvas::layout(filtered, options.background) } else { filtered };
        let channels =
            self.header.layout.channels().max(filtered.channels()).max(layout.channels());
        let area = |size: (u32, u32)| u64::from(size.0) * u64::from(size.1);
        let largest = area(framing.content).max(area(framing.canvas)).max(area(rendition.size));
        let picture = largest * channels as u64;
        let whole = self.orientation.size((self.header.width, self.header.height));
        let kept = framing.content == whole && framing.area.width == f64::from(whole.0);
        let resizing = if kept {
            0
        } else {
            let channels = self.header.layout.channels() as u64;
            resize::working_memory(framing.area, framing.content, channels)
        };
        // Each step holds its source, which may be the original, and its target; some hold one more in between.
        let held = if padded || filter::holds_three(options) {
            3
        } else if self.orientation != Orientation::Normal
            || filter::any(options)
            || framing.canvas != framing.content
        {
            2
        } else {
            // Even a picture that is kept may be converted to sRGB.
            1
        };
        let making = held * picture + resizing;
        let mut encoding = picture;
        let mut finished = 0;
        for file in &rendition.files {
            let flat = file.target.needs_flat() && layout.has_alpha();
            let target = if flat { Layout::Rgb } else { layout };
            let working = file.target.working_memory(rendition.size, target, options);
            encoding += working + if flat { area(rendition.size) * 3 } else { 0 };
            // An animation is put together from its frames at the end.
            let frames = if file.animated { u64::from(self.frames) * 2 } else { 1 };
            finished += frames * longest_result(file.target, rendition.size, target, options);
        }
        // An animation keeps its last frame until it has the next.
        let animated = rendition.files.iter().any(|file| file.animated);
        let last_frame = if animated { picture } else { 0 };
        (making.max(encoding), finished + last_frame)
    }

    /// The plan as the outside sees it.
    pub(crate) fn into_plan(self) -> Plan {
        let outputs = self.renditions.into_iter().flat_map(|rendition| {
            let (width, height) = rendition.size;
            rendition.files.into_iter().map(move |file| PlannedOutput {
                content_type: file.target.content_type(),
                summary: format!("{width}x{height}"),
                name: file.name,
                aside: None,
            })
        });
        Plan {
            peak_memory: self.peak_memory,
            outputs: outputs.collect(),
            streaming: false,
            summary: self.header.summary,
        }
    }
}

fn refuse_same_names(renditions: &[Rendition]) -> Result<()> {
    let mut names: Vec<&str> = renditions
        .iter()
        .flat_map(|rendition| rendition.files.iter().map(|file| file.name.as_str()))
        .collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => {
            Err(Error::invalid_options(format!("two outputs would both be called `{}`", pair[0]))
                .with_hint("tell them apart in `name` by {width}, {height}, {format} or {ext}"))
        }
    }
}
