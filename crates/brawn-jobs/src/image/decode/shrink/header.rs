//! The marker segments before and between scans (ITU T.81, annex B).

use super::huffman::Codes;

/// Zigzag index to position in the block, row by row (figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// How the three components are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Gray,
    YCbCr,
    Rgb,
}

/// What a frame header (B.2.2) says, of frames that can be decoded here.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) progressive: bool,
    pub(super) width: usize,
    pub(super) height: usize,
    /// One or three.
    pub(super) components: Vec<Component>,
    /// The largest sampling factors, across and down: 1, 2 or 4.
    pub(super) sampling: (usize, usize),
}

impl Frame {
    /// MCUs across and down, in a scan of all components.
    pub(super) fn mcus(&self) -> (usize, usize) {
        let (across, down) = self.sampling;
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// Blocks in all MCUs.
    pub(super) fn blocks(&self) -> usize {
        let per_mcu = |c: &Component| c.sampling.0 * c.sampling.1;
        self.mcus().0 * self.mcus().1 * self.components.iter().map(per_mcu).sum::<usize>()
    }

    /// Width and height at `eighths` eighths.
    pub(super) fn shrunk(&self, eighths: usize) -> (usize, usize) {
        ((self.width * eighths).div_ceil(8), (self.height * eighths).div_ceil(8))
    }
}

/// One component of a frame.
#[derive(Clone)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, across and down. They divide those of the frame.
    pub(super) sampling: (usize, usize),
    pub(super) quantisation: usize,
}

/// What a scan header (B.2.3) says, and the tables in force.
pub(super) struct Scan<'a> {
    pub(super) components: Vec<ScanComponent>,
    /// First and last zigzag index: Ss, Se.
    pub(super) band: (u32, u32),
    /// Successive approximation: Ah, Al.
    pub(super) approximation: (u32, u32),
    /// The entropy-coded segments and all that follows.
    pub(super) data: &'a [u8],
}

/// One component of a scan: its index in the frame and its tables.
pub(super) struct ScanComponent {
    pub(super) index: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// Reads marker segments, keeping the tables that they define.
#[derive(Default)]
pub(super) struct Headers {
    pub(super) frame: Option<Frame>,
    /// In zigzag order.
    pub(super) quantisation: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Codes>; 4],
    pub(super) ac: [Option<Codes>; 4],
    /// MCUs between restart markers, 0 for none.
    pub(super) restart: u32,
    jfif: bool,
    adobe: Option<u8>,
}

/// What ended a run of marker segments.
pub(super) enum Next<'a> {
    Scan(Scan<'a>),
    End,
}

impl Headers {
    /// Reads up to the next scan or the end of the image; `data` starts with a marker.
    ///
    /// `None` for everything that this decoder declines, and for what is malformed.
    pub(super) fn next<'a>(&mut self, mut data: &'a [u8]) -> Option<Next<'a>> {
        loop {
            let marker = loop {
                let [0xff, code, rest @ ..] = data else { return None };
                data = if *code == 0xff { &data[1..] } else { rest };
                if *code != 0xff {
                    break *code;
                }
            };
            if marker == 0xd9 {
                return Some(Next::End);
            }
            // Markers that stand alone (table B.1) have no place here.
            if matches!(marker, 0x00..=0x01 | 0xd0..=0xd8) {
                return None;
            }
            let length = usize::from(u16::from_be_bytes(*data.first_chunk()?));
            let body = data.get(2..length)?;
            data = &data[length..];
            match marker {
                0xc0..=0xc2 => self.frame(body, marker == 0xc2)?,
                0xc4 => self.huffman(body)?,
                0xda => return self.scan(body, data).map(Next::Scan),
                0xdb => self.quantisation(body)?,
                0xdd => self.restart = u32::from(u16::from_be_bytes(body.try_into().ok()?)),
                0xe0 => self.jfif |= body.starts_with(b"JFIF\0"),
                0xee if body.starts_with(b"Adobe") => self.adobe = Some(*body.get(11)?),
                0xe1..=0xef | 0xfe => {}
                // Lossless, hierarchical and arithmetic frames, DAC, DNL, reserved ones.
                _ => return None,
            }
        }
    }

    /// By libjpeg's rules (`default_decompress_parms`), which everybody follows.
    pub(super) fn colour(&self) -> Colour {
        let components = self.frame.iter().flat_map(|frame| &frame.components);
        let ids: Vec<u8> = components.map(|component| component.id).collect();
        match (ids.as_slice(), self.adobe) {
            ([_], _) => Colour::Gray,
            _ if self.jfif => Colour::YCbCr,
            (_, Some(0)) | (b"RGB", None) => Colour::Rgb,
            _ => Colour::YCbCr,
        }
    }

    /// The table of each component, in zigzag order; `None` if one is missing.
    pub(super) fn quantisation_of_components(&self) -> Option<Vec<[u16; 64]>> {
        let components = self.frame.iter().flat_map(|frame| &frame.components);
        components.map(|component| self.quantisation[component.quantisation]).collect()
    }

    fn frame(&mut self, body: &[u8], progressive: bool) -> Option<()> {
        let [8, h0, h1, w0, w1, count @ (1 | 3), components @ ..] = body else { return None };
        let width = usize::from(u16::from_be_bytes([*w0, *w1]));
        // 0 would mean that a DNL marker after the first scan gives it (B.2.5).
        let height = usize::from(u16::from_be_bytes([*h0, *h1]));
        if self.frame.is_some()
            || width == 0
            || height == 0
            || components.len() != usize::from(*count) * 3
        {
            return None;
        }
        let mut components: Vec<_> = components
            .chunks_exact(3)
            .map(|c| Component {
                id: c[0],
                sampling: (usize::from(c[1] >> 4), usize::from(c[1] & 15)),
                quantisation: usize::from(c[2]),
            })
            .collect();
        if let [single] = components.as_mut_slice() {
            // A.2.2: a scan of one component is not interleaved, whatever the factors.
            if !(1..=4).contains(&single.sampling.0) || !(1..=4).contains(&single.sampling.1) {
                return None;
            }
            single.sampling = (1, 1);
        }
        let sampling = (
            components.iter().map(|c| c.sampling.0).max()?,
            components.iter().map(|c| c.sampling.1).max()?,
        );
        let fits = |c: &Component| {
            matches!((c.sampling.0, c.sampling.1), (1 | 2 | 4, 1 | 2 | 4)) && c.quantisation < 4
        };
        let blocks: usize = components.iter().map(|c| c.sampling.0 * c.sampling.1).sum();
        // B.2.3: at most ten blocks in an MCU.
        if !components.iter().all(fits) || (components.len() > 1 && blocks > 10) {
            return None;
        }
        self.frame = Some(Frame { progressive, width, height, components, sampling });
        Some(())
    }

    fn quantisation(&mut self, mut body: &[u8]) -> Option<()> {
        while let [head, rest @ ..] = body {
            let mut table = [0; 64];
            let bytes = match head >> 4 {
                0 => 64,
                1 => 128,
                _ => return None,
            };
            let (values, rest) = rest.split_at_checked(bytes)?;
            for (entry, value) in table.iter_mut().zip(values.chunks_exact(bytes / 64)) {
                *entry = value.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            *self.quantisation.get_mut(usize::from(head & 15))? = Some(table);
            body = rest;
        }
        Some(())
    }

    fn huffman(&mut self, mut body: &[u8]) -> Option<()> {
        while let [head, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let tables = match head >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *tables.get_mut(usize::from(head & 15))? = Some(Codes::new(counts, symbols)?);
            body = rest;
        }
        Some(())
    }

    fn scan<'a>(&self, body: &[u8], data: &'a [u8]) -> Option<Scan<'a>> {
        let frame = self.frame.as_ref()?;
        let (&count, body) = body.split_first()?;
        let (selectors, parameters) = body.split_at_checked(usize::from(count) * 2)?;
        let [first, last, approximation] = *parameters else { return None };
        let mut components = Vec::new();
        for selector in selectors.chunks_exact(2) {
            // B.2.3: the components of a scan come in the order of the frame.
            let after = components.last().map_or(0, |c: &ScanComponent| c.index + 1);
            let found = frame.components[after..].iter().position(|c| c.id == selector[0])?;
            let (dc, ac) = (usize::from(selector[1] >> 4), usize::from(selector[1] & 15));
            if dc > 3 || ac > 3 {
                return None;
            }
            components.push(ScanComponent { index: after + found, dc, ac });
        }
        if components.is_empty() {
            return None;
        }
        Some(Scan {
            components,
            band: (u32::from(first), u32::from(last)),
            approximation: (u32::from(approximation >> 4), u32::from(approximation & 15)),
            data,
        })
    }
}
