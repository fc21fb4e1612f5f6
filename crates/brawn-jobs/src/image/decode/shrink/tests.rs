//! The decoder against a slow one: coefficients read by libjpeg-turbo-rs, then the definition of
//! the inverse DCT in double precision.

use super::{Scale, Shrunk, shrink};
use libjpeg_turbo_rs::{
    Encoder, JpegCoefficients, PixelFormat, ScanScript, Subsampling, read_coefficients,
};
use rayon::prelude::*;
use std::f64::consts::PI;

const SCALES: [Scale; 3] = [Scale::Eighth, Scale::Quarter, Scale::Half];

fn decode(jpeg: &[u8], scale: Scale) -> Option<Shrunk> {
    shrink::<()>(jpeg, scale, &|| Ok(())).expect("nothing stops it")
}

/// Something with edges, gradients and noise, from a fixed seed.
fn picture(width: usize, height: usize, channels: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut pixels = Vec::new();
    for index in 0..width * height * channels {
        let (x, y) = (index / channels % width, index / channels / width);
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let base =
            x * 3 + y * (1 + index % channels) + if (x / 9 + y / 7) % 2 == 0 { 90 } else { 0 };
        pixels.push((base % 256) as u8 ^ (state % 32) as u8);
    }
    pixels
}

/// The zigzag scan by its definition: along diagonals, in turns.
fn zigzag() -> Vec<(usize, usize)> {
    let mut order: Vec<_> = (0..64).map(|n| (n % 8, n / 8)).collect();
    order.sort_by_key(|&(x, y)| (x + y, if (x + y) % 2 == 0 { x } else { y }));
    order
}

/// One component at full output size.
fn samples(jpeg: &JpegCoefficients, index: usize, eighths: usize) -> Vec<Vec<f64>> {
    let component = &jpeg.components[index];
    let single = jpeg.components.len() == 1;
    let most = |f: fn(&libjpeg_turbo_rs::ComponentCoefficients) -> u8| {
        jpeg.components.iter().map(f).max().map_or(1, usize::from)
    };
    let ratio = if single {
        (1, 1)
    } else {
        (
            most(|c| c.h_sampling) / usize::from(component.h_sampling),
            most(|c| c.v_sampling) / usize::from(component.v_sampling),
        )
    };
    let sides = (eighths * ratio.0, eighths * ratio.1);
    let (w, h) = (sides.0.min(8), sides.1.min(8));
    let table = &jpeg.quant_tables[usize::from(component.quant_table_index)];
    let basis = |n: usize, u: usize, x: usize| {
        let norm = if u == 0 { 1.0 } else { f64::sqrt(2.0) };
        norm * ((2 * x + 1) as f64 * u as f64 * PI / (2 * n) as f64).cos() / f64::sqrt(8.0)
    };
    let order = zigzag();
    let mut rows = vec![vec![0.0; component.blocks_x * sides.0]; component.blocks_y * sides.1];
    for (n, block) in component.blocks.iter().enumerate() {
        let (left, top) = (n % component.blocks_x * sides.0, n / component.blocks_x * sides.1);
        for y in 0..sides.1 {
            for x in 0..sides.0 {
                let mut sum = 128.0;
                for (&(u, v), &value) in order.iter().zip(block) {
                    if u < w && v < h {
                        let (x, y) = (x * w / sides.0, y * h / sides.1);
                        let value = f64::from(value) * f64::from(table[v * 8 + u]);
                        sum += value * basis(w, u, x) * basis(h, v, y);
                    }
                }
                rows[top + y][left + x] = sum;
            }
        }
    }
    rows
}

fn oracle(jpeg: &[u8], scale: Scale) -> Shrunk {
    let jpeg = read_coefficients(jpeg).expect("the oracle reads it");
    let eighths = scale.eighths();
    let planes: Vec<_> = (0..jpeg.components.len()).map(|n| samples(&jpeg, n, eighths)).collect();
    let width = (usize::from(jpeg.width) * eighths).div_ceil(8);
    let height = (usize::from(jpeg.height) * eighths).div_ceil(8);
    let rgb = jpeg.adobe_transform == Some(0);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let mut values: Vec<f64> = planes.iter().map(|plane| plane[y][x]).collect();
            if let ([luma, cb, cr], false) = (values.as_slice(), rgb) {
                let (cb, cr) = (cb - 128.0, cr - 128.0);
                let green = luma - 0.344_136_286 * cb - 0.714_136_286 * cr;
                values = vec![luma + 1.402 * cr, green, luma + 1.772 * cb];
            }
            pixels.extend(values.iter().map(|value| value.round() as u8));
        }
    }
    let channels = planes.len() as u8;
    Shrunk { width: width as u32, height: height as u32, channels, pixels }
}

/// Asserts that both decoders agree but for rounding.
fn compare(jpeg: &[u8], name: &str) {
    for scale in SCALES {
        let ours = decode(jpeg, scale).unwrap_or_else(|| panic!("{name} {scale:?} is declined"));
        let theirs = oracle(jpeg, scale);
        let shape = |s: &Shrunk| (s.width, s.height, s.channels, s.pixels.len());
        assert_eq!(shape(&ours), shape(&theirs), "{name} {scale:?}");
        let differences = ours.pixels.iter().zip(&theirs.pixels).map(|(a, b)| a.abs_diff(*b));
        assert!(differences.max() <= Some(1), "{name} {scale:?}");
    }
}

#[test]
fn agrees_with_the_definition_for_every_sampling_and_odd_sizes() {
    use Subsampling::{S410, S411, S420, S422, S440, S441, S444};
    for (width, height) in [(1, 1), (7, 5), (64, 48), (131, 77)] {
        let pixels = picture(width, height, 3);
        for sampling in [S444, S422, S420, S440, S411, S441, S410] {
            for quality in [30, 85, 100] {
                let encoder = Encoder::new(&pixels, width, height, PixelFormat::Rgb);
                let encoder = encoder.quality(quality).subsampling(sampling);
                let name = format!("{width}x{height} {sampling:?} {quality}");
                compare(&encoder.encode().expect("encodes"), &name);
                let jpeg = encoder.progressive(true).encode().expect("encodes");
                compare(&jpeg, &format!("{name} progressive"));
            }
        }
    }
}

#[test]
fn agrees_for_gray_rgb_own_tables_and_restarts() {
    let (width, height) = (143, 91);
    let pixels = picture(width, height, 3);
    let rgb = || Encoder::new(&pixels, width, height, PixelFormat::Rgb).quality(90);
    let luma = picture(width, height, 1);
    let gray = || Encoder::new(&luma, width, height, PixelFormat::Grayscale).quality(95);
    let encoders = [
        ("gray", gray()),
        ("optimised", rgb().optimize_huffman(true)),
        ("restart per row", rgb().subsampling(Subsampling::S420).restart_rows(1)),
        ("restart per MCU", rgb().subsampling(Subsampling::S422).restart_blocks(1)),
        ("restart in the middle", rgb().subsampling(Subsampling::S444).restart_blocks(7)),
        ("progressive gray", gray().progressive(true)),
        ("progressive restarts", rgb().restart_blocks(5).progressive(true)),
        ("RGB", rgb().colorspace(libjpeg_turbo_rs::ColorSpace::Rgb)),
    ];
    for (name, encoder) in encoders {
        compare(&encoder.encode().expect("encodes"), name);
    }
}

#[test]
fn agrees_for_any_order_of_progressive_scans() {
    let scan = |components: &[u8], ss, se, ah, al| ScanScript {
        components: components.to_vec(),
        ss,
        se,
        ah,
        al,
    };
    let all_dc = |al| scan(&[0, 1, 2], 0, 0, 0, al);
    let ac = |component, ss, se, ah, al| scan(&[component], ss, se, ah, al);
    let scripts = [
        // DC of each component alone; the high bands are not needed and can be left out
        vec![
            scan(&[2], 0, 0, 0, 0),
            scan(&[0], 0, 0, 0, 0),
            scan(&[1], 0, 0, 0, 0),
            ac(0, 1, 2, 0, 0),
            ac(0, 3, 63, 0, 0),
            ac(1, 1, 63, 0, 0),
            ac(2, 1, 20, 0, 0),
            ac(2, 21, 63, 0, 0),
        ],
        // nothing of some bands, and several refinements across the edges of others
        vec![
            all_dc(3),
            ac(0, 1, 9, 0, 3),
            ac(0, 10, 63, 0, 3),
            scan(&[0, 1, 2], 0, 0, 3, 2),
            ac(0, 1, 63, 3, 2),
            ac(1, 1, 5, 0, 1),
            ac(0, 1, 30, 2, 1),
            ac(0, 31, 63, 2, 1),
            scan(&[1], 0, 0, 2, 1),
            ac(0, 1, 63, 1, 0),
            ac(1, 1, 5, 1, 0),
        ],
    ];
    let (width, height) = (203, 117);
    let pixels = picture(width, height, 3);
    for (index, script) in scripts.iter().enumerate() {
        for sampling in [Subsampling::S444, Subsampling::S420, Subsampling::S411] {
            for quality in [20, 90, 100] {
                let encoder = Encoder::new(&pixels, width, height, PixelFormat::Rgb);
                let encoder = encoder.quality(quality).subsampling(sampling);
                let jpeg = encoder.progressive(true).scan_script(script.clone()).encode();
                compare(&jpeg.expect("encodes"), &format!("script {index} {sampling:?} {quality}"));
            }
        }
    }
}

/// What stands before the scans of a file by [`Encoder`], and each scan with its tables.
fn scans(jpeg: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let (mut at, mut starts, mut framed, mut open) = (2, Vec::new(), false, false);
    loop {
        let marker = jpeg[at + 1];
        let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        framed |= marker == 0xc2;
        if framed && !open && matches!(marker, 0xc4 | 0xda) {
            starts.push(at);
            open = true;
        }
        at += 2 + length;
        if marker == 0xda {
            open = false;
            let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7);
            at += jpeg[at..].windows(2).position(ends).expect("a marker after the scan");
            if jpeg[at + 1] == 0xd9 {
                break;
            }
        }
    }
    let ends = starts.iter().skip(1).copied().chain([at]);
    let scans = starts.iter().zip(ends).map(|(&start, end)| &jpeg[start..end]).collect();
    (&jpeg[..starts[0]], scans)
}

#[test]
fn agrees_for_scans_that_come_twice_or_too_early() {
    let (width, height) = (131, 77);
    for (channels, format) in [(1, PixelFormat::Grayscale), (3, PixelFormat::Rgb)] {
        let pixels = picture(width, height, channels);
        let encoder = Encoder::new(&pixels, width, height, format).quality(90).progressive(true);
        let jpeg = encoder.encode().expect("encodes");
        let (head, scans) = scans(&jpeg);
        let is = |scan: &&&[u8], dc: bool, refines: bool| {
            let sos = scan.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan");
            let parameters = sos + 5 + 2 * usize::from(scan[sos + 4]);
            (scan[parameters] == 0) == dc && (scan[parameters + 2] >> 4 > 0) == refines
        };
        let all = |dc, refines| scans.iter().filter(move |scan| is(scan, dc, refines)).copied();
        let orders: [(&str, Vec<&[u8]>); 4] = [
            ("as it was", scans.clone()),
            ("DC refined twice", scans.iter().copied().chain(all(true, true)).collect()),
            ("AC anew at the end", scans.iter().copied().chain(all(false, false)).collect()),
            (
                "DC after all AC",
                all(false, false)
                    .chain(all(false, true))
                    .chain(all(true, false))
                    .chain(all(true, true))
                    .collect(),
            ),
        ];
        for (name, order) in orders {
            let file = [head, &order.concat(), &[0xff, 0xd9]].concat();
            compare(&file, &format!("{channels} channels, {name}"));
        }
    }
}

#[test]
fn declines_what_it_does_not_cover() {
    let (width, height) = (64, 48);
    let pixels = picture(width, height, 4);
    let cmyk = Encoder::new(&pixels, width, height, PixelFormat::Cmyk);
    let rgb = || Encoder::new(&pixels[..width * height * 3], width, height, PixelFormat::Rgb);
    let encoders = [
        ("CMYK", cmyk),
        ("arithmetic", rgb().arithmetic(true)),
        ("lossless", rgb().lossless(true)),
    ];
    for (name, encoder) in encoders {
        let jpeg = encoder.encode().expect("encodes");
        assert!(SCALES.iter().all(|&scale| decode(&jpeg, scale).is_none()), "{name}");
    }
    assert_eq!(decode(b"", Scale::Half), None);
    assert_eq!(decode(b"\x89PNG\r\n\x1a\n", Scale::Half), None);
}

#[test]
fn declines_every_truncation_and_survives_every_change_of_a_byte() {
    let pixels = picture(40, 30, 3);
    for progressive in [false, true] {
        let encoder = Encoder::new(&pixels, 40, 30, PixelFormat::Rgb).progressive(progressive);
        let encoder = encoder.subsampling(Subsampling::S420).restart_blocks(2);
        let jpeg = encoder.encode().expect("encodes");
        assert!(decode(&jpeg, Scale::Quarter).is_some());
        for length in 0..jpeg.len() {
            let shrunk = decode(&jpeg[..length], Scale::Quarter);
            assert_eq!(shrunk, None, "{length} of {}", jpeg.len());
        }
        for index in 0..jpeg.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut jpeg = jpeg.clone();
                jpeg[index] ^= flip;
                decode(&jpeg, SCALES[index % 3]);
            }
        }
    }
}

#[test]
fn a_small_file_cannot_claim_much_memory() {
    let pixels = picture(16, 16, 3);
    let jpeg = Encoder::new(&pixels, 16, 16, PixelFormat::Rgb).encode().expect("encodes");
    let start = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("has a frame");
    for frame in [0xc0, 0xc1, 0xc2] {
        let mut jpeg = jpeg.clone();
        jpeg[start + 1] = frame;
        jpeg[start + 5..start + 9].fill(0xff);
        assert_eq!(decode(&jpeg, Scale::Half), None);
    }
}

#[test]
fn check_is_asked_before_each_row_and_stops_the_work() {
    let pixels = picture(64, 64, 3);
    let encoder = Encoder::new(&pixels, 64, 64, PixelFormat::Rgb).subsampling(Subsampling::S420);
    let jpeg = encoder.encode().expect("encodes");
    let asked = std::cell::Cell::new(0);
    let check = || {
        asked.set(asked.get() + 1);
        if asked.get() == 3 { Err("stop") } else { Ok(()) }
    };
    assert_eq!(shrink(&jpeg, Scale::Quarter, &check), Err("stop"));
    assert_eq!(asked.get(), 3);
}

/// Over real photos, if `BRAWN_INPUTS` says where they are.
#[test]
fn agrees_for_photos() {
    let Some(inputs) = std::env::var_os("BRAWN_INPUTS") else {
        eprintln!("skipped: BRAWN_INPUTS is not set");
        return;
    };
    let mut photos = Vec::new();
    for folder in ["images/photos-cc-by-sa", "images/orientation"] {
        let folder = std::path::Path::new(&inputs).join(folder);
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            let small = path.metadata().is_ok_and(|metadata| metadata.len() < 1_000_000);
            if path.extension().is_some_and(|extension| extension == "jpg") && small {
                photos.push(path);
            }
        }
    }
    assert!(!photos.is_empty());
    // Side by side: it takes longer than all others together.
    photos.par_iter().for_each(|path| {
        compare(&std::fs::read(path).expect("it can be read"), &path.to_string_lossy());
    });
}
