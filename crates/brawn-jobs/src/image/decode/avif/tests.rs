//! Files made by brawn's own encoder, and put together by hand where it does not write such.

use brawn_core::{Budget, ErrorKind};

use super::super::super::encode::{self, Metadata, Target};
use super::super::super::options::{self, Options};
use super::super::super::orient::Orientation;
use super::super::{Extras, Header, Picture, Probed, Want, peak_memory};
use super::meta::{Meta, Property};
use super::paint::Matrix;
use super::sequence::{Chroma, Sequence};
use super::{Layout, boxes};

/// Waves, so that a wrong place or channel is seen, and no edges that compression would blur.
fn picture(width: u32, height: u32, layout: Layout) -> Picture {
    let mut picture = Picture::new(width, height, layout);
    let channels = layout.channels();
    for (at, value) in picture.pixels.iter_mut().enumerate() {
        let (x, y) = ((at / channels) % width as usize, at / channels / width as usize);
        let waves = [x as f64 / 23.0, y as f64 / 17.0, (x + y) as f64 / 29.0, x as f64 / 41.0];
        *value = (128.0 + 110.0 * waves[at % channels].sin()) as u8;
    }
    picture
}

fn encoded(picture: &Picture, chroma: options::Chroma) -> Vec<u8> {
    let options = Options { chroma, quality: 90, effort: 0, ..Options::default() };
    let metadata = Metadata::default();
    encode::encode(picture, Target::Avif, &options, &metadata, &Budget::unlimited())
        .expect("encoded")
}

fn header(bytes: &[u8]) -> Result<Header, brawn_core::Error> {
    match super::probe(bytes, true)? {
        Probed::Header(header) => Ok(header),
        Probed::NeedsHead(count) => panic!("asks for {count} though it has all"),
    }
}

fn decoded(bytes: &[u8]) -> Result<(Header, Picture, Extras), brawn_core::Error> {
    let header = header(bytes)?;
    let want = Want { at_least: None, frames: 1 };
    let mut found = None;
    let extras = super::super::decode(bytes, &header, &want, &Budget::unlimited(), &mut |frame| {
        found = Some(frame.picture);
        Ok(())
    })?;
    Ok((header, found.expect("a frame"), extras))
}

fn psnr(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width, a.height, a.layout), (b.width, b.height, b.layout));
    let pairs = a.pixels.iter().zip(&b.pixels);
    let error: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.pixels.len() as f64 / error.max(1) as f64).log10()
}

/// The stream and the `av1C` box of a file that brawn wrote.
fn parts(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let found = boxes::at(file, 0, None).expect("ftyp");
    let meta = boxes::at(file, found.content.end, None).expect("meta");
    let read = Meta::read(file, meta.content.clone()).expect("a meta box");
    let range = read.item(1).expect("the picture").extents[0].clone();
    let at = file.windows(4).position(|bytes| bytes == b"av1C").expect("av1C") - 4;
    (file[range.start as usize..range.end as usize].to_vec(), file[at..at + 12].to_vec())
}

/// An item of a file made by hand, from id 1 on.
struct Item {
    kind: &'static [u8; 4],
    bytes: Vec<u8>,
    properties: Vec<Vec<u8>>,
    /// What it points at.
    references: Vec<(&'static [u8; 4], Vec<u16>)>,
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}

fn full(kind: &[u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], content].concat())
}

fn ispe(width: u32, height: u32) -> Vec<u8> {
    full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

/// A file of these items, kept in an `idat` box; every property is essential.
fn file(primary: u16, items: &[Item]) -> Vec<u8> {
    let count = (items.len() as u16).to_be_bytes();
    let (mut iloc, mut iinf, mut iref) = (vec![0x44, 0], count.to_vec(), Vec::new());
    let (mut ipco, mut ipma, mut idat) =
        (Vec::new(), (items.len() as u32).to_be_bytes().to_vec(), Vec::new());
    iloc.extend(count);
    let mut property = 0;
    for (id, item) in (1_u16..).zip(items) {
        let id = id.to_be_bytes();
        iloc.extend([id, [0, 1], [0, 0], [0, 1]].concat());
        iloc.extend((idat.len() as u32).to_be_bytes());
        iloc.extend((item.bytes.len() as u32).to_be_bytes());
        idat.extend_from_slice(&item.bytes);
        iinf.extend(full(b"infe", 2, &[&id[..], &[0, 0], item.kind, &[0]].concat()));
        for (kind, to) in &item.references {
            let to_ids: Vec<u8> = to.iter().flat_map(|id| id.to_be_bytes()).collect();
            let number = (to.len() as u16).to_be_bytes();
            iref.extend(boxed(kind, &[&id[..], &number, &to_ids].concat()));
        }
        ipma.extend(id);
        ipma.push(item.properties.len() as u8);
        for content in &item.properties {
            property += 1;
            ipco.extend_from_slice(content);
            ipma.push(0x80 | property);
        }
    }
    let iprp = [boxed(b"ipco", &ipco), full(b"ipma", 0, &ipma)].concat();
    let meta = [
        full(b"pitm", 0, &primary.to_be_bytes()),
        full(b"iloc", 1, &iloc),
        full(b"iinf", 0, &iinf),
        full(b"iref", 0, &iref),
        boxed(b"iprp", &iprp),
        boxed(b"idat", &idat),
    ]
    .concat();
    [boxed(b"ftyp", b"avif\0\0\0\0avifmif1"), full(b"meta", 0, &meta)].concat()
}

fn item(picture: &Picture, more: &[Vec<u8>]) -> Item {
    let (bytes, av1c) = parts(&encoded(picture, options::Chroma::Quarter));
    let properties = [&[ispe(picture.width, picture.height), av1c], more].concat();
    Item { kind: b"av01", bytes, properties, references: Vec::new() }
}

fn alpha() -> Vec<u8> {
    full(b"auxC", 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
}

#[test]
fn every_layout_and_sampling_comes_back() {
    for layout in [Layout::Gray, Layout::GrayAlpha, Layout::Rgb, Layout::Rgba] {
        for chroma in [options::Chroma::Quarter, options::Chroma::Half, options::Chroma::Full] {
            for size in [(1, 1), (2, 3), (61, 43), (200, 133)] {
                let given = picture(size.0, size.1, layout);
                let (_, found, _) = decoded(&encoded(&given, chroma)).expect("decoded");
                let likeness = psnr(&given, &found);
                assert!(likeness >= 36.0, "{layout:?} {chroma:?} {size:?}: {likeness:.1} dB");
            }
        }
    }
}

#[test]
fn a_stream_of_another_size_than_its_container_says_never_reaches_the_decoder() {
    let given = picture(61, 43, Layout::Rgb);
    for (says, error) in [
        (ispe(60, 43), "its container says 60x43 and its AV1 stream 61x43"),
        (ispe(61, 44), "its container says 61x44 and its AV1 stream 61x43"),
    ] {
        let mut wrong = item(&given, &[]);
        wrong.properties[0] = says;
        let found = header(&file(1, &[wrong])).expect_err("two sizes");
        assert!(found.to_string().contains(error), "{found}");
        assert_eq!(found.kind(), ErrorKind::InvalidInput);
    }
}

/// Bits of a reduced still picture header with a size of 16 bits each, and everything else 0 or absent.
fn sequence(width: u32, height: u32) -> Vec<u8> {
    let mut bits: Vec<u32> = vec![0, 0, 0, 1, 1, 0, 0, 0, 0, 0];
    let mut put = |value: u32, count: u32| {
        bits.extend((0..count).rev().map(|shift| value >> shift & 1));
    };
    put(15, 4);
    put(15, 4);
    put(width - 1, 16);
    put(height - 1, 16);
    put(0, 6);
    put(0, 3);
    put(1, 1);
    put(0, 8);
    let content: Vec<u8> = bits
        .chunks(8)
        .map(|byte| {
            byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | (*bit as u8) << (7 - at))
        })
        .collect();
    // A sequence header and a frame of one byte.
    [&[0x0a, content.len() as u8], content.as_slice(), &[0x32, 1, 0]].concat()
}

#[test]
fn limits_hold_before_anything_is_decoded() {
    let stream = sequence(65_536, 65_536);
    let read = Sequence::read(&stream).expect("a sequence header");
    assert_eq!((read.width, read.height, read.depth), (65_536, 65_536, 8));
    let huge = Item {
        kind: b"av01",
        bytes: stream,
        properties: vec![ispe(65_536, 65_536)],
        references: Vec::new(),
    };
    let header = header(&file(1, &[huge])).expect("a header");
    assert!(peak_memory(&header, &Want { at_least: None, frames: 1 }) > 10 << 30);
    for (change, name) in [
        ((|_| {}) as fn(&mut Options), "max_src_dimension"),
        (|o| o.max_src_dimension = 70_000, "max_src_resolution"),
        (|o| (o.max_src_dimension, o.max_src_resolution) = (70_000, 1e6), "max_decoded_memory"),
    ] {
        let mut options = Options { width: vec![8], ..Options::default() };
        change(&mut options);
        let template = super::super::super::name::Template::of(&options).expect("a template");
        let error =
            super::super::super::plan::Draft::new(&options, &template, "a", header.clone(), 99)
                .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.hint().unwrap_or_default().contains(name), "{error:?}");
    }
}

#[test]
fn streams_of_many_frames_and_two_sizes_are_refused() {
    let (stream, _) = parts(&encoded(&picture(16, 16, Layout::Rgb), options::Chroma::Quarter));
    let many = stream.repeat(9);
    assert!(matches!(Sequence::read(&many), Err(boxes::Stopped::Unsupported(_))));
    let two = [stream, sequence(17, 16)].concat();
    assert!(matches!(Sequence::read(&two), Err(boxes::Stopped::Wrong(_))));
}

#[test]
fn turns_and_mirrors_are_those_of_heif() {
    use Orientation::{
        MirroredX, MirroredY, Normal, Transposed, Transversed, Turned90, Turned180, Turned270,
    };
    let given = picture(24, 16, Layout::Rgb);
    for (turns, mirror, expected) in [
        (None, None, Normal),
        (Some(1), None, Turned270),
        (Some(2), None, Turned180),
        (Some(3), None, Turned90),
        (None, Some(0), MirroredY),
        (None, Some(1), MirroredX),
        // First turned against the clock, then mirrored.
        (Some(1), Some(0), Transposed),
        (Some(1), Some(1), Transversed),
        (Some(3), Some(0), Transversed),
        (Some(3), Some(1), Transposed),
    ] {
        let turn = turns.map(|turns: u8| boxed(b"irot", &[turns]));
        let mirror = mirror.map(|axis: u8| boxed(b"imir", &[axis]));
        let more: Vec<_> = turn.into_iter().chain(mirror).collect();
        let header = header(&file(1, &[item(&given, &more)])).expect("a header");
        assert_eq!(header.orientation, expected, "{more:?}");
    }
}

/// The part of a picture that is a cell of this size.
fn cut(whole: &Picture, (left, top): (usize, usize), (width, height): (usize, usize)) -> Picture {
    let mut cell = Picture::new(width as u32, height as u32, whole.layout);
    let channels = whole.layout.channels();
    for y in 0..height {
        for x in 0..width {
            // Behind the edge the last pixel goes on.
            let from_x = (left + x).min(whole.width as usize - 1);
            let from_y = (top + y).min(whole.height as usize - 1);
            let from = (from_y * whole.width as usize + from_x) * channels;
            let to = (y * width + x) * channels;
            cell.pixels[to..to + channels].copy_from_slice(&whole.pixels[from..from + channels]);
        }
    }
    cell
}

fn grid_of(whole: &Picture, cell: usize, says: (u16, u16)) -> Vec<Item> {
    let (columns, rows) =
        ((whole.width as usize).div_ceil(cell), (whole.height as usize).div_ceil(cell));
    let mut items: Vec<Item> = (0..rows * columns)
        .map(|at| {
            let place = (at % columns * cell, at / columns * cell);
            item(&cut(whole, place, (cell, cell)), &[])
        })
        .collect();
    let mut bytes = vec![0, 0, rows as u8 - 1, columns as u8 - 1];
    bytes.extend([says.0.to_be_bytes(), says.1.to_be_bytes()].concat());
    items.push(Item {
        kind: b"grid",
        bytes,
        properties: vec![ispe(u32::from(says.0), u32::from(says.1))],
        references: vec![(b"dimg", (1..=(rows * columns) as u16).collect())],
    });
    items
}

#[test]
fn a_grid_is_put_together_and_cut_to_its_size() {
    let given = picture(150, 100, Layout::Rgb);
    let mut items = grid_of(&given, 64, (150, 100));
    let grid = items.len() as u16;
    let (header, found, _) = decoded(&file(grid, &items)).expect("decoded");
    assert_eq!(header.summary, "avif 150x100, 8-bit 4:2:0, a grid of 6");
    assert!(psnr(&given, &found) > 36.0, "{:.1} dB", psnr(&given, &found));

    // With alpha in one piece.
    let veil = picture(150, 100, Layout::Gray);
    let mut alpha = item(&veil, &[alpha()]);
    alpha.references.push((b"auxl", vec![grid]));
    items.push(alpha);
    let (_, found, _) = decoded(&file(grid, &items)).expect("decoded");
    let found_alpha: Vec<u8> = found.pixels.iter().copied().skip(3).step_by(4).collect();
    let found_alpha = Picture { layout: Layout::Gray, pixels: found_alpha, ..found };
    assert!(psnr(&veil, &found_alpha) > 36.0);
}

#[test]
fn a_grid_that_does_not_add_up_is_refused() {
    let given = picture(150, 100, Layout::Rgb);
    for says in [(300, 100), (128, 100), (150, 64)] {
        let items = grid_of(&given, 64, says);
        let error = header(&file(items.len() as u16, &items)).expect_err("does not add up");
        assert!(error.to_string().contains("does not make"), "{error}");
    }
    let mut items = grid_of(&given, 64, (150, 100));
    items[2] = item(&cut(&given, (0, 0), (64, 32)), &[]);
    let error = header(&file(items.len() as u16, &items)).expect_err("not alike");
    assert!(error.to_string().contains("not alike"), "{error}");
    // A grid of itself.
    let mut items = grid_of(&given, 64, (150, 100));
    let grid = items.len() as u16;
    items[6].references[0].1[3] = grid;
    assert!(header(&file(grid, &items)).is_err());
}

#[test]
fn premultiplied_colours_are_divided() {
    let colours = Picture { pixels: [100, 50, 25].repeat(64), ..picture(8, 8, Layout::Rgb) };
    let veil = Picture { pixels: vec![128; 64], ..picture(8, 8, Layout::Gray) };
    let mut colours = item(&colours, &[]);
    colours.references.push((b"prem", vec![2]));
    let mut veil = item(&veil, &[alpha()]);
    veil.references.push((b"auxl", vec![1]));
    let (_, found, _) = decoded(&file(1, &[colours, veil])).expect("decoded");
    for (found, expected) in found.pixels.iter().zip([199, 100, 50, 128]) {
        assert!(found.abs_diff(expected) <= 4, "{:?}", &found);
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let given = picture(16, 16, Layout::Rgb);
    let error = header(&file(1, &[item(&given, &[boxed(b"clap", &[0; 32])])])).expect_err("clap");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`clap`"), "{error}");
}

#[test]
fn code_points_become_profiles() {
    let nclx = |primaries: u16, transfer: u16| {
        let codes = [primaries, transfer, 6].map(u16::to_be_bytes).concat();
        boxed(b"colr", &[b"nclx", codes.as_slice(), &[0x80]].concat())
    };
    let given = picture(16, 16, Layout::Rgb);
    for (primaries, transfer, converted, warned) in [
        (1, 13, false, false),
        (2, 2, false, false),
        // Television's curve is shown as sRGB.
        (1, 1, false, false),
        (12, 13, true, false),
        (9, 16, true, true),
        (1, 8, true, false),
    ] {
        let file = file(1, &[item(&given, &[nclx(primaries, transfer)])]);
        let (_, _, extras) = decoded(&file).expect("decoded");
        let case = format!("{primaries}/{transfer}");
        assert_eq!(extras.icc.is_some(), converted, "{case}");
        assert_eq!(!extras.warnings.is_empty(), warned, "{case}: {:?}", extras.warnings);
    }
}

#[test]
fn matrices_are_those_of_their_standards() {
    let sequence = |depth, chroma| Sequence {
        width: 1,
        height: 1,
        depth,
        chroma,
        codes: [2; 3],
        full_range: false,
        frames: 1,
    };
    for depth in [8, 10, 12] {
        let scaled = |value: u16| value << (depth - 8);
        let matrix = |code, full| {
            Matrix::new(&sequence(depth, Chroma::Full), [1, 13, code], full).expect("a matrix")
        };
        let paint = |matrix: &Matrix, samples: [u16; 3]| {
            [0, 1, 2].map(|channel| super::paint::level(matrix, channel, samples))
        };
        // BT.709 in limited range, from the standard's own table for 8 bits.
        let television = matrix(1, false);
        for (samples, rgb) in [
            ([16, 128, 128], [0, 0, 0]),
            ([235, 128, 128], [255, 255, 255]),
            ([63, 102, 240], [255, 1, 0]),
            ([173, 42, 26], [0, 255, 1]),
            ([32, 240, 118], [1, 0, 255]),
        ] {
            let found = paint(&television, samples.map(scaled));
            let near = found.iter().zip(rgb).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 1);
            assert!(near, "{depth} bits, {samples:?}: {found:?}");
        }
        // Full range without a matrix: green, blue, red.
        let most = (1_u32 << depth) - 1;
        let found = paint(&matrix(0, true), [most as u16, 0, (most / 2) as u16]);
        assert_eq!(found, [127, 255, 0]);
    }
    for code in [3, 10, 11, 13, 14, 99] {
        assert_eq!(Matrix::new(&sequence(8, Chroma::Full), [1, 13, code], true), None, "{code}");
    }
    assert_eq!(Matrix::new(&sequence(8, Chroma::Quarter), [1, 13, 0], true), None);
}

#[test]
fn an_item_of_parts_is_read_and_overlapping_parts_are_refused() {
    let bytes = [1, 2, 3, 4, 5];
    let whole = super::still::payload(&bytes, &[3..5, 0..2]).expect("there");
    assert_eq!(*whole, [4, 5, 1, 2]);
    assert!(super::still::payload(&bytes, &[0..5, 0..5]).is_err());
    assert_eq!(
        super::still::payload(&bytes, std::slice::from_ref(&(3..9))).expect_err("cut off"),
        boxes::Stopped::CutOff(9)
    );
}

#[test]
fn nothing_that_is_mutated_ends_the_process() {
    let files = [
        encoded(&picture(61, 43, Layout::Rgba), options::Chroma::Quarter),
        encoded(&picture(61, 43, Layout::Rgb), options::Chroma::Full),
        file(7, &grid_of(&picture(150, 100, Layout::Rgb), 64, (150, 100))),
    ];
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let (mut read, mut refused) = (0, 0);
    for round in 0..1_500 {
        let mut broken = files[round % files.len()].clone();
        for _ in 0..=random(4) {
            let at = random(broken.len());
            broken[at] =
                if random(2) == 0 { random(256) as u8 } else { broken[at] ^ 1 << random(8) };
        }
        if random(6) == 0 {
            broken.truncate(1 + random(broken.len() - 1));
        }
        let sound = header(&broken).is_ok_and(|header| {
            peak_memory(&header, &Want { at_least: None, frames: 1 }) < 64 << 20
        });
        match sound.then(|| decoded(&broken)) {
            Some(Ok(_)) => read += 1,
            Some(Err(error)) => {
                assert!(error.is_rejection(), "round {round}: {error:?}");
                refused += 1;
            }
            None => refused += 1,
        }
    }
    assert!(read > 300 && refused > 300, "{read} read, {refused} refused");
}

#[test]
fn properties_are_read_with_their_place() {
    let bytes = file(1, &[item(&picture(16, 16, Layout::Gray), &[boxed(b"colr", b"profabc")])]);
    let meta = boxes::at(&bytes, 24, None).expect("meta");
    let meta = Meta::read(&bytes, meta.content).expect("read");
    let properties = meta.properties(meta.item(1).expect("there")).expect("known");
    let Some(Property::Icc(place)) = properties.last() else { panic!("{properties:?}") };
    assert_eq!(&bytes[place.start as usize..place.end as usize], b"abc");
}
