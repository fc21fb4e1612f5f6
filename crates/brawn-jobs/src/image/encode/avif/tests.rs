use brawn_core::{Budget, Pool};

use super::*;
use crate::image::decode::{Probed, Want, decode, probe};

fn picture(width: u32, height: u32, layout: Layout) -> Picture {
    let mut picture = Picture::new(width, height, layout);
    let mut state = 3_u32;
    for (at, value) in picture.pixels.iter_mut().enumerate() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = (at / 7 % 200) as u8 + (state >> 28) as u8;
    }
    picture
}

#[test]
fn the_bytes_do_not_depend_on_the_workers() {
    let picture = picture(700, 500, Layout::Rgba);
    let options = Options { effort: 0, ..Options::default() };
    let encoded = |workers: usize| {
        let pool = Pool::new(workers.try_into().expect("some")).expect("threads");
        let made = pool.run(|| {
            encode(&picture, &options, &Metadata::default(), &Budget::unlimited()).expect("encoded")
        });
        made.expect("no panic")
    };
    let alone = encoded(1);
    for workers in [2, 5] {
        assert!(encoded(workers) == alone, "{workers} workers");
    }
}

#[test]
fn quality_and_effort_make_it_larger_and_smaller() {
    let picture = picture(200, 150, Layout::Rgb);
    let size = |quality, effort| {
        let options = Options { quality, effort, ..Options::default() };
        let made = encode(&picture, &options, &Metadata::default(), &Budget::unlimited());
        made.expect("encoded").len()
    };
    let sizes = [20, 50, 80, 100].map(|quality| size(quality, 0));
    assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    assert!(size(60, 4) < size(60, 0));
}

#[test]
fn metadata_travels_in_items() {
    let metadata = Metadata {
        icc: moxcms::ColorProfile::new_display_p3().encode().ok(),
        exif: Some(b"II*\0\x08\0\0\0\0\0".to_vec()),
        xmp: Some(b"<x:xmpmeta/>".to_vec()),
    };
    for layout in [Layout::Rgb, Layout::Rgba] {
        let file =
            encode(&picture(9, 5, layout), &Options::default(), &metadata, &Budget::unlimited())
                .expect("encoded");
        let Ok(Probed::Header(header)) = probe(&file, true) else { panic!("no header") };
        let want = Want { at_least: None, frames: 1 };
        let extras = decode(&file, &header, &want, &Budget::unlimited(), &mut |frame| {
            assert_eq!(frame.picture.layout, layout);
            Ok(())
        })
        .expect("decoded");
        assert_eq!(
            (extras.icc, extras.exif, extras.xmp),
            (metadata.icc.clone(), metadata.exif.clone(), metadata.xmp.clone())
        );
    }
}

#[test]
fn a_cancelled_budget_stops_it_before_it_starts() {
    let budget = Budget::unlimited();
    budget.cancel();
    let error =
        encode(&picture(64, 64, Layout::Rgb), &Options::default(), &Metadata::default(), &budget)
            .expect_err("cancelled");
    assert!(error.is_cancelled(), "{error}");
}
