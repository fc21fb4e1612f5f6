//! What every brawn job promises, for points. Its own process, one job after the other: how soon a job stops is measured.

use std::sync::{Mutex, PoisonError};

use brawn_core::conformance::{Subject, check};
use brawn_jobs::points::{Algorithm, Options, PointsJob};

fn conforms(options: Options, small: &str, large: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let job = PointsJob::new(options).expect("valid");
    check(&job, &Subject { name: "x/a.json", small: small.as_bytes(), large: large.as_bytes() });
}

fn points(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| {
            let values: Vec<String> =
                (0..20).map(|k| format!("{}.25", (n * k + k) % 976 + k)).collect();
            format!("{{\"values\":[{}],\"metadata\":{{\"n\":{n}}}}}", values.join(","))
        })
        .collect()
}

#[test]
fn lines_conform() {
    let options = Options { algorithm: Some(Algorithm::Median), ..Options::default() };
    conforms(options, &points(10).join("\n"), &points(30_000).join("\n"));
}

#[test]
fn documents_that_name_their_algorithm_last_conform() {
    let document =
        |count| format!("{{\"data\":[{}],\"algorithm\":\"std\"}}", points(count).join(","));
    conforms(Options::default(), &document(10), &document(30_000));
}

#[test]
fn an_array_with_one_long_point_conforms() {
    let long = format!("{{\"values\":[{}]}}", vec!["1.5,-2"; 1 << 17].join(","));
    let text = |count| format!("[{},{long}]", points(count).join(","));
    let options = Options { algorithm: Some(Algorithm::Kurtosis), ..Options::default() };
    conforms(options, &text(1), &text(20_000));
}
