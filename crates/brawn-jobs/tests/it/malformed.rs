//! Broken files end in an output or in an error that says why, never in a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use brawn_core::{ErrorKind, Head, Job, Planning};
use brawn_jobs::image::{Frames, ImageJob, Options};

use super::fixtures::{files, inputs, jpeg, photo, png, run};

#[test]
fn every_malformed_file_is_answered_cleanly() {
    let Some(inputs) = inputs() else { return };
    let mut broken = files(inputs.join("images/malformed"));
    broken.extend(files(inputs.join("images/pngsuite")));
    broken.extend(files(inputs.join("images/sharp")));
    let mut panics = Vec::new();
    let (mut done, mut refused) = (0, 0);
    for path in broken {
        let bytes = std::fs::read(&path).expect("readable");
        for frames in [Frames::First(1), Frames::All] {
            let options = Options { width: vec![200], frames, ..Options::default() };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match catch_unwind(AssertUnwindSafe(|| run(options, &name, &bytes))) {
                Err(_) => panics.push(name),
                Ok(Ok(_)) => done += 1,
                Ok(Err(error)) => {
                    refused += 1;
                    let fine = error.is_rejection() || error.is_out_of_memory();
                    assert!(fine && !error.to_string().is_empty(), "{name}: {error:?}");
                }
            }
        }
    }
    println!("{done} were read, {refused} refused");
    assert!(panics.is_empty(), "{panics:?}");
}

#[test]
fn files_cut_anywhere_are_answered_cleanly() {
    let photo = photo(97, 61);
    for whole in [jpeg(&photo), png(&photo), super::fixtures::gif(64, 48, 3)] {
        for length in (0..whole.len()).step_by(whole.len() / 150 + 1) {
            let options = Options { width: vec![40], ..Options::default() };
            if let Err(error) = run(options, "cut", &whole[..length]) {
                assert!(error.is_rejection(), "at {length}: {error:?}");
            }
        }
    }
}

#[test]
fn limits_are_checked_from_the_header_and_name_their_option() {
    let bytes = png(&photo(300, 200));
    let refused = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        let job = ImageJob::new(options).expect("valid options");
        // Nothing but the header is there to be looked at.
        let head = Head { name: "a.png", bytes: &bytes[..200], size: Some(bytes.len() as u64) };
        let error = match job.plan(&head) {
            Err(error) => error,
            Ok(Planning::NeedsHead(_)) => {
                let head = Head { name: "a.png", bytes: &bytes, size: Some(bytes.len() as u64) };
                job.plan(&head).expect_err("refused")
            }
            Ok(plan) => panic!("{plan:?}"),
        };
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        format!("{error}; {}", error.hint().unwrap_or_default())
    };
    for (change, says, option) in [
        (
            (|o| o.max_src_resolution = 0.05) as fn(&mut Options),
            "the input has 0.060 megapixels, the limit is 0.05",
            "max_src_resolution",
        ),
        (
            |o| o.max_src_dimension = 299,
            "a side of 300 pixels, the limit is 299",
            "max_src_dimension",
        ),
        (|o| o.max_src_file_size.0 = 1000, "the limit is 1000 B", "max_src_file_size"),
        (
            |o| o.max_result_dimension = 200,
            "300x200 pixels, the limit is 200",
            "max_result_dimension",
        ),
        (|o| o.max_decoded_memory.0 = 1 << 16, "the limit is 64 KB", "max_decoded_memory"),
    ] {
        let text = refused(change);
        assert!(text.contains(says) && text.contains(option), "{text}");
    }
}
