//! The segments before a JPEG's first scan: size, components, and the metadata that rides along.

use std::ops::Range;

/// What stands before the first scan.
#[derive(Clone, Debug, Default)]
pub(super) struct Markers {
    pub(super) frame: Option<Frame>,
    /// The colour transform an Adobe segment names: 0 none, 1 YCbCr, 2 YCCK.
    pub(super) adobe: Option<u8>,
    /// Components in the first scan.
    pub(super) first_scan: u8,
    exif: Option<Range<usize>>,
    xmp: Option<Range<usize>>,
    icc: Vec<IccPart>,
}

/// A start-of-frame segment.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) coding: Coding,
    /// Whether its codes are arithmetic.
    pub(super) arithmetic: bool,
    pub(super) precision: u8,
    pub(super) width: u16,
    pub(super) height: u16,
    /// `(id, horizontal, vertical)` sampling of each component.
    pub(super) components: Vec<(u8, u8, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Sequential,
    Progressive,
    Lossless,
}

#[derive(Clone, Debug)]
struct IccPart {
    number: u8,
    of: u8,
    bytes: Range<usize>,
}

/// Why the walk ended before the first scan.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The bytes end; the segment being read ends at this offset, if that is known.
    CutOff(usize),
    /// For people.
    Wrong(String),
}

impl Markers {
    /// Walks to the first scan.
    pub(super) fn read(bytes: &[u8]) -> Result<Markers, Stopped> {
        let mut markers = Markers::default();
        let mut at = 2;
        loop {
            let (marker, behind) = next_marker(bytes, at)?;
            at = behind;
            match marker {
                // Stand-alone: restart, start, temporary.
                0xd0..=0xd8 | 0x01 => continue,
                0xd9 => return Err(Stopped::Wrong("it has no picture before its end".to_owned())),
                _ => {}
            }
            let length = bytes.get(at..at + 2).ok_or(Stopped::CutOff(at + 2))?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            if length < 2 {
                return Err(Stopped::Wrong(format!(
                    "segment ff{marker:02x} says it is {length} bytes long, less than its own length field"
                )));
            }
            let end = at + length;
            let body = at + 2..end;
            let content = bytes.get(body.clone()).ok_or(Stopped::CutOff(end))?;
            match marker {
                0xda => {
                    markers.first_scan = content.first().copied().unwrap_or_default();
                    return Ok(markers);
                }
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    if markers.frame.is_some() {
                        return Err(Stopped::Wrong("it has two frame headers".to_owned()));
                    }
                    markers.frame = Some(Frame::read(marker, content)?);
                }
                0xe1 => markers.app1(content, body),
                0xe2 => markers.app2(content, body),
                0xee if content.starts_with(b"Adobe") => {
                    markers.adobe = markers.adobe.or(content.get(11).copied());
                }
                _ => {}
            }
            at = end;
        }
    }

    /// The scans of a file, `most` where there are more.
    pub(super) fn scans(bytes: &[u8], most: usize) -> usize {
        let (mut scans, mut at) = (0, 2);
        while scans < most
            && let Ok((marker, behind)) = next_marker(bytes, at)
        {
            at = behind;
            match (marker, bytes.get(at..at + 2)) {
                (0xd9, _) | (_, None) => break,
                (0xd0..=0xd8 | 0x01, _) => {}
                (_, Some(length)) => {
                    at += usize::from(u16::from_be_bytes([length[0], length[1]]));
                    scans += usize::from(marker == 0xda);
                }
            }
        }
        scans
    }

    fn app1(&mut self, content: &[u8], body: Range<usize>) {
        const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
        if content.starts_with(b"Exif\0\0") {
            self.exif.get_or_insert(body.start + 6..body.end);
        } else if content.starts_with(XMP) {
            self.xmp.get_or_insert(body.start + XMP.len()..body.end);
        }
    }

    fn app2(&mut self, content: &[u8], body: Range<usize>) {
        if let Some([number, of, ..]) = content.strip_prefix(b"ICC_PROFILE\0") {
            let bytes = body.start + 14..body.end;
            self.icc.push(IccPart { number: *number, of: *of, bytes });
        }
    }

    pub(super) fn exif<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.exif.clone()?)
    }

    pub(super) fn xmp<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.xmp.clone()?)
    }

    /// The profile, where every part of it is there exactly once.
    pub(super) fn icc(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut parts: Vec<&IccPart> = self.icc.iter().collect();
        parts.sort_by_key(|part| part.number);
        let of = parts.first()?.of;
        let whole = parts.len() == usize::from(of)
            && parts.iter().zip(1..).all(|(part, number)| part.number == number && part.of == of);
        let mut profile = Vec::new();
        for part in parts.iter().filter(|_| whole) {
            profile.extend_from_slice(bytes.get(part.bytes.clone())?);
        }
        whole.then_some(profile)
    }

    /// Whether there are parts of a profile that do not make a whole.
    pub(super) fn has_broken_icc(&self, bytes: &[u8]) -> bool {
        !self.icc.is_empty() && self.icc(bytes).is_none()
    }
}

/// The code of the next marker from `at` and the offset behind it. Junk between segments is passed over, as libjpeg
/// does.
fn next_marker(bytes: &[u8], at: usize) -> Result<(u8, usize), Stopped> {
    let mut at = at;
    loop {
        let Some(rest) = bytes.get(at..) else { return Err(Stopped::CutOff(at + 2)) };
        let Some(skip) = rest.iter().position(|byte| *byte == 0xff) else {
            return Err(Stopped::CutOff(bytes.len() + 2));
        };
        at += skip + 1;
        match bytes.get(at) {
            None => return Err(Stopped::CutOff(at + 1)),
            // 0xff is fill, 0xff00 a stuffed byte of data.
            Some(0xff | 0) => {}
            Some(code) => return Ok((*code, at + 1)),
        }
    }
}

impl Frame {
    fn read(marker: u8, content: &[u8]) -> Result<Frame, Stopped> {
        let wrong = |what: &str| Stopped::Wrong(format!("its frame header {what}"));
        let [precision, h1, h0, w1, w0, count, rest @ ..] = content else {
            return Err(wrong("is too short"));
        };
        let components: Vec<_> = rest
            .chunks_exact(3)
            .take(usize::from(*count))
            .map(|c| (c[0], c[1] >> 4, c[1] & 15))
            .collect();
        if components.len() != usize::from(*count) {
            return Err(wrong("is too short for its components"));
        }
        if components.iter().any(|(_, h, v)| !(1..=4).contains(h) || !(1..=4).contains(v)) {
            return Err(wrong("has a sampling factor that is not 1 to 4"));
        }
        let coding = match marker & 3 {
            2 => Coding::Progressive,
            3 => Coding::Lossless,
            _ => Coding::Sequential,
        };
        Ok(Frame {
            coding,
            arithmetic: marker >= 0xc9,
            precision: *precision,
            width: u16::from_be_bytes([*w1, *w0]),
            height: u16::from_be_bytes([*h1, *h0]),
            components,
        })
    }

    /// The largest sampling factors.
    fn max_sampling(&self) -> (u8, u8) {
        let h = self.components.iter().map(|c| c.1).max().unwrap_or(1);
        let v = self.components.iter().map(|c| c.2).max().unwrap_or(1);
        (h, v)
    }

    /// Samples of all components together, whole MCUs, at full size.
    pub(super) fn samples(&self) -> u64 {
        let (h, v) = self.max_sampling();
        let mcus = u64::from(self.width).div_ceil(8 * u64::from(h))
            * u64::from(self.height).div_ceil(8 * u64::from(v));
        let blocks: u64 = self.components.iter().map(|c| u64::from(c.1) * u64::from(c.2)).sum();
        mcus * blocks * 64
    }

    /// As users write it: `4:2:0`; `None` where that has no name.
    pub(super) fn sampling(&self) -> Option<&'static str> {
        let [first, others @ ..] = self.components.as_slice() else { return None };
        let ones = others.iter().all(|c| (c.1, c.2) == (1, 1));
        match (first.1, first.2, ones) {
            (1, 1, true) => Some("4:4:4"),
            (2, 1, true) => Some("4:2:2"),
            (2, 2, true) => Some("4:2:0"),
            (4, 1, true) => Some("4:1:1"),
            (1, 2, true) => Some("4:4:0"),
            _ => None,
        }
    }

    /// The sampling factors of every component: `sampling 2x2 1x2 1x1`.
    pub(super) fn factors(&self) -> String {
        let factors: Vec<_> = self.components.iter().map(|c| format!("{}x{}", c.1, c.2)).collect();
        format!("sampling {}", factors.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker][..], &length, content].concat()
    }

    fn icc(number: u8, of: u8, text: &[u8]) -> Vec<u8> {
        segment(0xe2, &[b"ICC_PROFILE\0", &[number, of][..], text].concat())
    }

    const SOF: &[u8] = &[8, 0, 20, 0, 30, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];

    fn file(segments: &[Vec<u8>]) -> Vec<u8> {
        [&[0xff, 0xd8][..], &segments.concat(), &segment(0xda, &[0; 10])].concat()
    }

    #[test]
    fn parts_of_a_profile_are_joined_in_order_and_only_when_whole() {
        let whole = file(&[icc(2, 2, b"world"), icc(1, 2, b"hello ")]);
        let markers = Markers::read(&whole).expect("two parts");
        assert_eq!(markers.icc(&whole).expect("whole"), b"hello world");
        for parts in [vec![icc(1, 2, b"a")], vec![icc(1, 2, b"a"), icc(1, 2, b"b")]] {
            let bytes = file(&parts);
            let markers = Markers::read(&bytes).expect("parts");
            assert!(markers.icc(&bytes).is_none() && markers.has_broken_icc(&bytes));
        }
    }

    #[test]
    fn junk_and_fill_between_segments_is_passed_over() {
        let junk = vec![1, 2, 0xff, 0, 0xff, 0xff];
        let bytes = file(&[segment(0xfe, b"comment"), junk, segment(0xc2, SOF)]);
        let frame = Markers::read(&bytes).expect("a frame").frame.expect("a frame");
        assert_eq!((frame.width, frame.height, frame.coding), (30, 20, Coding::Progressive));
        assert_eq!(frame.sampling(), Some("4:2:0"));
        assert_eq!(frame.samples(), 4 * 6 * 64);
    }

    #[test]
    fn every_cut_asks_for_more_than_there_is() {
        let bytes = file(&[segment(0xe1, b"Exif\0\0MM\0*"), segment(0xc0, SOF)]);
        for end in 2..bytes.len() {
            match Markers::read(&bytes[..end]) {
                Err(Stopped::CutOff(needed)) => assert!(needed > end, "{needed} at {end}"),
                other => panic!("cut at {end}: {other:?}"),
            }
        }
        let markers = Markers::read(&bytes).expect("whole");
        assert_eq!(markers.exif(&bytes).expect("exif"), b"MM\0*");
    }
}
