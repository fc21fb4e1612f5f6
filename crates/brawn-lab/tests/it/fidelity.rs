//! How precisely the limits bind on this machine: a table for docs/lab.md, not a test. On an idle machine:
//! `cargo test -p brawn-lab --test it fidelity -- --ignored --nocapture --test-threads 1`

use std::time::Duration;

use brawn_lab::Settings;
use serde_json::json;

use crate::{Lab, settings, ways};

const MARGIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and means something only on an idle machine"]
async fn fidelity() {
    for enforcement in ways() {
        println!("{enforcement:?}\n{:>6} {:>8} {:>8} {:>8}", "MB", "share", "measured", "off");
        for memory_mb in [128, 512, 1009, 1769, 2048, 3008] {
            let limits = Settings { memory_mb, enforcement, timeout: MARGIN, ..settings("serve") };
            let lab = Lab::start(limits).await;
            lab.invoke(json!({"do": "echo"})).await;
            let threads = if memory_mb > 1769 { 2 } else { 1 };
            // Two seconds by the clock, so that the period at either end weighs one in a hundred.
            let ms = (2000.0 * f64::from(memory_mb) / 1769.0 / f64::from(threads)) as u64;
            let (_, report) = lab.invoke(json!({"do": "spin", "ms": ms, "threads": threads})).await;
            let measured = report.cpu.as_secs_f64() / report.duration.as_secs_f64();
            println!(
                "{memory_mb:>6} {:>8.4} {measured:>8.4} {:>+7.1} %",
                report.share,
                (measured / report.share - 1.0) * 100.0
            );
            lab.emulator.shut_down().await;
        }
        for cap in [128, 512] {
            let limits =
                Settings { memory_mb: cap, share: Some(1.0), enforcement, ..settings("serve") };
            let lab = Lab::start(limits).await;
            let (_, report) = lab.invoke(json!({"do": "hold", "mb": 4096})).await;
            let log = lab.log.text();
            let held =
                log.lines().filter_map(|line| line.strip_suffix(" MB")?.parse::<u32>().ok()).max();
            println!("memory cap {cap} MB: {:?} after {held:?} MB were held", report.status);
            lab.emulator.shut_down().await;
        }
        let (mut late, mut beyond) = (Vec::new(), Vec::new());
        for _ in 0..10 {
            let timeout = Duration::from_millis(300);
            let limits = Settings { timeout, enforcement, ..settings("serve") };
            let lab = Lab::start(limits).await;
            lab.invoke(json!({"do": "echo"})).await;
            let file = tempfile::NamedTempFile::new().expect("a file");
            let (_, report) = lab.invoke(json!({"do": "beat", "file": file.path()})).await;
            let last = std::fs::read_to_string(file.path()).expect("text");
            beyond.push(last.trim().parse::<f64>().expect("a number") / 1e3);
            late.push(report.duration.saturating_sub(timeout).as_secs_f64() * 1e3);
            lab.emulator.shut_down().await;
        }
        late.sort_by(f64::total_cmp);
        println!("deadline: given up {:.1} ms late at most, median {:.1}", late[9], late[5]);
        beyond.sort_by(f64::total_cmp);
        println!(
            "its last sign of life: {:.1} ms late at most, median {:.1}",
            beyond[9], beyond[5]
        );
        let lab = Lab::start(Settings { enforcement, ..settings("serve") }).await;
        lab.invoke(json!({"do": "echo"})).await;
        let mut taken = Vec::new();
        for _ in 0..200 {
            let (_, report) = lab.invoke(json!({"do": "echo"})).await;
            taken.push(report.duration.as_secs_f64() * 1e3);
        }
        taken.sort_by(f64::total_cmp);
        println!(
            "an invocation that does nothing: median {:.2} ms, p95 {:.2} ms",
            taken[100], taken[190]
        );
        lab.emulator.shut_down().await;
    }
}
