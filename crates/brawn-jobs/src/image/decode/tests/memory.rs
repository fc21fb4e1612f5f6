//! What decoding really holds, counted by an allocator, against what it says it holds.

#[cfg(feature = "avif")]
use super::super::super::{options::Chroma, picture::Layout};
use super::super::peak_memory;
use super::*;

/// The most bytes of heap that this thread holds at once while decoding. The pictures are dropped as they come.
fn held(bytes: &[u8], header: &Header, want: &Want) -> u64 {
    let budget = Budget::unlimited();
    allocation_counter::measure(|| {
        // Whether it decodes is not the question here.
        let _ = decode(bytes, header, want, &budget, &mut |frame| {
            drop(frame);
            Ok(())
        });
    })
    .bytes_max
}

fn check(name: &str, bytes: &[u8], wants: &[u32]) {
    let Ok(header) = header(bytes) else { return };
    let shrunk = wants.iter().map(|eighths| {
        let side = |side: u32| side.saturating_mul(*eighths).div_ceil(8);
        Want { at_least: Some((side(header.width), side(header.height))), frames: 1 }
    });
    for want in [FIRST, ALL].into_iter().chain(shrunk) {
        let said = peak_memory(&header, &want);
        if said > 512 << 20 {
            continue;
        }
        let held = held(bytes, &header, &want);
        assert!(held <= said, "{name}, {want:?}: {held} held, {said} said ({})", header.summary);
    }
}

#[test]
fn decoding_holds_no_more_than_it_says() {
    use libjpeg_turbo_rs::Subsampling;
    for (name, bytes) in fixtures::all() {
        check(name, &bytes, &[1, 3, 4, 7]);
    }
    for sampling in [
        Subsampling::S444,
        Subsampling::S422,
        Subsampling::S420,
        Subsampling::S440,
        Subsampling::S411,
    ] {
        for progressive in [false, true] {
            let name = format!("{sampling:?} jpeg, progressive {progressive}");
            check(&name, &fixtures::jpeg(1500, 1100, Some(sampling), progressive), &[1, 3, 4, 7]);
        }
    }
    for progressive in [false, true] {
        let large = fixtures::jpeg(2100, 1500, Some(Subsampling::S420), progressive);
        check("large jpeg", &large, &[1, 4]);
        check("gray jpeg", &fixtures::jpeg(1500, 1100, None, progressive), &[1, 3, 4, 7]);
    }
    check("cmyk jpeg", &fixtures::cmyk_jpeg(1500, 1100), &[1, 3, 4, 7]);
    check("large cmyk jpeg", &fixtures::cmyk_jpeg(2100, 1500), &[1, 2, 4]);
    check("jpeg of planes", &fixtures::apart_jpeg(1500, 1100), &[1, 3, 4, 7]);
    check("large jpeg of planes", &fixtures::apart_jpeg(2100, 1500), &[1, 2, 4]);
    check("jpeg of many scans", &fixtures::many_scans_jpeg(2112, 1536, 98), &[1, 2, 4]);
    check("png", &fixtures::rgb_png(1500, 1100), &[1, 3, 4, 7]);
    check("lossless webp", &fixtures::webp(1500, 1100), &[1, 3, 4, 7]);
    check("lossy webp", &fixtures::lossy_webp(1500, 1100), &[1, 3, 4, 7]);
    check("animated webp", &fixtures::animated_webp(600, 500, 3), &[1, 3, 4, 7]);
    check("tiff", &fixtures::rgb_tiff(1500, 1100), &[1, 3, 4, 7]);
    check("bmp", &fixtures::bmp(1500, 1100), &[1, 3, 4, 7]);
    #[cfg(feature = "avif")]
    for (layout, chroma) in [
        (Layout::Gray, Chroma::Quarter),
        (Layout::Rgb, Chroma::Quarter),
        (Layout::Rgba, Chroma::Half),
        (Layout::Rgb, Chroma::Full),
    ] {
        let name = format!("{layout:?} {chroma:?} avif");
        check(&name, &fixtures::avif(1200, 900, layout, chroma), &[]);
    }
}

#[test]
fn decoding_real_files_holds_no_more_than_it_says() {
    let Some(images) = images("decoding_real_files_holds_no_more_than_it_says") else { return };
    for path in inputs::files(&images) {
        check(&path.display().to_string(), &std::fs::read(&path).expect("reads"), &[3]);
    }
}
