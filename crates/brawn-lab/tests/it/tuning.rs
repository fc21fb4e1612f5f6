//! A whole tuning, small.

use std::time::Duration;

use brawn_lab::Settings;
use brawn_lab::tune::{Outcome, Strategy, TuneOptions, Tuning, html, table, tune};
use brawn_testing::Browser;
use serde_json::json;

use crate::settings;

fn options(payload: serde_json::Value, power_values: &[u32]) -> TuneOptions {
    TuneOptions {
        num: 5,
        payload,
        power_values: power_values.to_vec(),
        ..TuneOptions::new(settings("serve"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tuning_measures_chooses_explains_and_reads_back() {
    let event = json!({"do": "spin", "ms": 20});
    let speed = TuneOptions { strategy: Strategy::Speed, ..options(event, &[590, 1769, 10_240]) };
    let tuning = tune(speed, |_| {}).await.expect("tuned");
    let asked: Vec<_> = tuning.stats.iter().filter(|point| !point.probe).collect();
    assert!(
        asked.len() >= 2 && asked.iter().all(|point| point.outcome == Outcome::Ok),
        "{asked:?}"
    );
    for point in &asked {
        assert!(point.cpu_ms.is_some_and(|cpu| (15.0..60.0).contains(&cpu)), "{point:?}");
        assert!(point.p50 <= point.p95 && point.p95 <= point.p99 && point.init_duration.is_some());
        assert_eq!(point.memory_margin_mb, u64::from(point.value) - point.peak_memory_mb);
        assert!((1..590).contains(&point.peak_memory_mb), "{point:?}");
    }
    // On a busy machine any size may come out first; it is chosen if it did.
    let fastest = asked.iter().min_by(|a, b| a.average_duration.total_cmp(&b.average_duration));
    assert_eq!(tuning.power, fastest.map(|point| point.value));
    let explanation = tuning.explanation.as_ref().expect("explained");
    assert!(!explanation.sentence.is_empty());
    assert_eq!(tuning.predicted.last().map(|last| last.value > 10_000), Some(true));
    // As JSON and back, with the keys that Power Tuning's users read.
    let value = json!(tuning);
    for key in ["power", "cost", "duration", "stateMachine", "stats"] {
        assert!(value.get(key).is_some(), "{key}");
    }
    assert!(value["stats"][0].get("averagePrice").is_some());
    assert_eq!(value["stateMachine"]["executionCost"], 0.0);
    let back: Tuning = serde_json::from_value(value).expect("reads back");
    assert_eq!(back.stats.len(), tuning.stats.len());
    assert!(table(&back).contains("choose ") && html(&back, Some(&tuning)).contains("590"));
    looked_at(&html(&back, Some(&tuning)), asked.len());
}

/// The page in a browser: its chart is drawn, a point tells its values to the mouse, nothing is fetched, nothing is complained of.
fn looked_at(page: &str, sizes: usize) {
    let Some(browser) = Browser::find() else { return };
    let hover = "<script>const dot = document.querySelector('#chart circle');\
                 dot.dispatchEvent(new PointerEvent('pointermove', { clientX: 40, clientY: 40, bubbles: true }));\
                 const said = document.getElementById('tip');\
                 document.title = getComputedStyle(said).visibility + '|' + said.textContent.replaceAll('\\n', '|');\
                 </script></body>";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tuning.html");
    std::fs::write(&path, page.replacen("</body>", hover, 1)).expect("written");
    let opened = browser.open(&path);
    assert_eq!((opened.console, opened.requests), (Vec::new(), Vec::new()));
    assert!(opened.dom.matches("<circle").count() >= sizes, "{}", opened.dom);
    let title = opened.dom.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    let (title, _) = title.expect("a title");
    assert!(
        title.starts_with("visible|") && title.contains(" MB") && title.contains(" ms"),
        "{title}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_size_that_fails_is_a_point_and_not_the_end() {
    let event = json!({"do": "hold", "mb": 200});
    let tuning = tune(options(event, &[128, 1024]), |_| {}).await.expect("tuned");
    let outcome = |value: u32| {
        tuning.stats.iter().find(|point| point.value == value).map(|point| point.outcome)
    };
    assert_eq!(outcome(128), Some(Outcome::OutOfMemory));
    assert_eq!(outcome(1024), Some(Outcome::Ok));
    assert_eq!(tuning.power, Some(1024));
    let limited = Settings { timeout: Duration::from_millis(150), ..settings("serve") };
    let slow =
        TuneOptions { function: limited, ..options(json!({"do": "sleep", "ms": 5000}), &[1769]) };
    let tuning = tune(slow, |_| {}).await.expect("tuned");
    assert!(tuning.stats.iter().all(|point| point.outcome == Outcome::Timeout));
    assert_eq!((tuning.power, tuning.explanation), (None, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_cold_starts_start_each_invocation_anew() {
    let cold = TuneOptions { only_cold_starts: true, ..options(json!({}), &[1769]) };
    let tuning = tune(cold, |_| {}).await.expect("tuned");
    let point = tuning.stats.first().expect("measured");
    let init = point.init_duration.expect("cold");
    // Every invocation has its init in its time.
    assert!(point.average_duration >= init, "{point:?}");
    assert!(tune(TuneOptions { num: 4, ..options(json!({}), &[1769]) }, |_| {}).await.is_err());
    assert!(tune(options(json!({}), &[64]), |_| {}).await.is_err());
}
