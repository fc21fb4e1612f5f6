//! The real peak of the heap stays within the plan. Its own process: the allocator counts for everyone.

#[path = "it/fixtures.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
mod fixtures;

use std::sync::{Mutex, PoisonError};

use brawn_core::{Budget, Head, Job, MemorySink, Planning, Pool, Source};
use brawn_jobs::image::{Fit, Format, Frames, Gravity, ImageJob, Kernel, Options};
use fixtures::{gif, jpeg, jpeg_oriented, photo, png, png_of};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn noise(width: u32, height: u32) -> fixtures::Rgb {
    let mut picture = photo(width, height);
    let mut state = 7_u64;
    for byte in &mut picture.pixels {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    picture
}

fn recipes() -> Vec<(&'static str, Options)> {
    let plain = Options::default;
    vec![
        ("as it is", plain()),
        ("800", Options { width: vec![800], ..plain() }),
        ("as it is at 30", Options { quality: 30, format: vec![Format::Jpeg], ..plain() }),
        ("800 optimised", Options { width: vec![800], optimise_coding: true, ..plain() }),
        ("800 progressive", Options { width: vec![800], progressive: true, ..plain() }),
        (
            "jpeg at 100, 4:4:4",
            Options {
                format: vec![Format::Jpeg],
                quality: 100,
                chroma: brawn_jobs::image::Chroma::Full,
                ..plain()
            },
        ),
        (
            "six files",
            Options {
                width: vec![320, 800, 1600],
                format: vec![Format::Jpeg, Format::Png],
                ..plain()
            },
        ),
        (
            "entropy",
            Options {
                width: vec![400],
                height: vec![400],
                fit: Fit::Cover,
                gravity: Gravity::Entropy,
                ..plain()
            },
        ),
        (
            "contained",
            Options {
                width: vec![900],
                height: vec![900],
                fit: Fit::Contain,
                background: "#ff000080".parse().expect("a colour"),
                ..plain()
            },
        ),
        (
            "all filters",
            Options {
                width: vec![1000],
                blur: Some(3.0),
                sharpen: Some(1.0),
                saturation: Some(0.5),
                tint: "red".parse().ok(),
                rotate: Some(33.0),
                flip: true,
                format: vec![Format::Png],
                ..plain()
            },
        ),
        (
            "enlarged",
            Options {
                width: vec![3000],
                enlarge: true,
                kernel: Kernel::Mitchell,
                format: vec![Format::Png],
                ..plain()
            },
        ),
        ("webp", Options { width: vec![300], format: vec![Format::WebP], ..plain() }),
        (
            "animated",
            Options { frames: Frames::All, format: vec![Format::WebP], effort: 0, ..plain() },
        ),
        (
            "animated in twenty widths",
            Options {
                width: (0..20).map(|index| 400 + 5 * index).collect(),
                frames: Frames::All,
                format: vec![Format::WebP],
                effort: 0,
                ..plain()
            },
        ),
    ]
}

/// Held by a test from its first allocation on: the allocator counts for all threads.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn the_real_peak_is_within_the_plan() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let photo = photo(1800, 1200);
    let noise = noise(1500, 1100);
    let rgba: Vec<u8> = (0..900 * 700 * 4).map(|index| (index * 31 / 7 % 256) as u8).collect();
    let inputs = [
        ("photo.jpg", jpeg(&photo)),
        ("turned.jpg", jpeg_oriented(&photo, 6)),
        ("noise.jpg", jpeg(&noise)),
        ("noise.png", png(&noise)),
        ("alpha.png", png_of(900, 700, png::ColorType::Rgba, &rgba)),
        ("moving.gif", gif(500, 300, 20)),
        ("tiny.gif", gif(64, 48, 2)),
    ];
    stays_within_the_plan(&[1, 4, 16], &recipes(), &inputs);
}

#[cfg(feature = "avif")]
#[test]
fn the_real_peak_of_avif_is_within_the_plan() {
    use brawn_jobs::image::Chroma;

    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let noise = noise(1000, 700);
    let rgba: Vec<u8> = (0..700 * 500 * 4).map(|index| (index * 31 / 7 % 256) as u8).collect();
    let gray: Vec<u8> = rgba.iter().copied().step_by(4).collect();
    let to_avif = |quality, effort, chroma| Options {
        format: vec![Format::Avif],
        quality,
        effort,
        chroma,
        ..Options::default()
    };
    let plain = to_avif(80, 0, Chroma::Quarter);
    let avif = fixtures::run(plain.clone(), "a", &png(&noise)).expect("an AVIF").remove(0).bytes;
    let inputs = [
        ("noise.png", png(&noise)),
        ("alpha.png", png_of(700, 500, png::ColorType::Rgba, &rgba)),
        ("gray.png", png_of(700, 500, png::ColorType::Grayscale, &gray)),
        ("noise.avif", avif),
    ];
    let recipes = [
        ("avif", plain),
        ("avif at 90", to_avif(90, 0, Chroma::Quarter)),
        ("avif at 100, 4:4:4", to_avif(100, 0, Chroma::Full)),
        ("avif at 10, 4:2:2, with effort", to_avif(10, 2, Chroma::Half)),
        ("jpeg", Options { width: vec![300], format: vec![Format::Jpeg], ..Options::default() }),
    ];
    // Up to eight tiles are held at once.
    stays_within_the_plan(&[1, 8], &recipes, &inputs);
}

fn stays_within_the_plan(
    workers: &[usize],
    recipes: &[(&str, Options)],
    inputs: &[(&str, Vec<u8>)],
) {
    let mut over = Vec::new();
    for workers in workers {
        let workers = std::num::NonZeroUsize::new(*workers).expect("one or more");
        let pool = Pool::new(workers).expect("threads");
        for (recipe, options) in recipes {
            // More workers than outputs that are worked on at once.
            if workers.get() == 16 && options.width.len() < 8 {
                continue;
            }
            let job = ImageJob::new(options.clone()).expect("valid options");
            for (name, bytes) in inputs {
                let head = Head { name, bytes, size: Some(bytes.len() as u64) };
                let plan = match job.plan(&head) {
                    Ok(Planning::Ready(plan)) => plan,
                    other => panic!("{recipe} of {name}: {other:?}"),
                };
                let mut sink = MemorySink::default();
                let before = HEAP.current_usage();
                HEAP.reset_peak_usage();
                let budget = Budget::unlimited();
                pool.run(|| job.run(Source::bytes(name, bytes), &mut sink, &budget))
                    .expect("no panic")
                    .unwrap_or_else(|error| panic!("{recipe} of {name}: {error:?}"));
                // The plan counts the input's bytes, which this test holds all along.
                let real = HEAP.peak_usage() - before + bytes.len();
                let share = real as f64 / plan.peak_memory as f64;
                println!(
                    "{workers} workers, {recipe} of {name}: {:.1} of {:.1} MB, {share:.2}",
                    real as f64 / 1e6,
                    plan.peak_memory as f64 / 1e6
                );
                if share > 1.0 {
                    over.push(format!("{recipe} of {name}: {share:.2}"));
                }
            }
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}
