//! CPU share, memory and freezing, by the kernel where this machine allows it and by steering everywhere.

use std::time::Duration;

use brawn_lab::{Enforcement, Settings, Status};
use serde_json::json;

use crate::{Lab, settings, ways};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cpu_work_takes_as_long_as_its_share_says() {
    for enforcement in ways() {
        // A third of a vCPU: 200 ms of work take some 600, and never less than the share allows.
        let lab = Lab::start(Settings { memory_mb: 590, enforcement, ..settings("serve") }).await;
        lab.invoke(json!({"do": "echo"})).await;
        let (_, report) = lab.invoke(json!({"do": "spin", "ms": 200})).await;
        let took = report.duration.as_secs_f64() * 1e3;
        // One period at most is given away at either end; a busy machine can only make it longer.
        assert!(took > 200.0 / report.share - 45.0, "{enforcement:?}: {took} ms");
        assert!((0.19..0.25).contains(&report.cpu.as_secs_f64()), "{:?}", report.cpu);
        assert!(report.cpu_utilisation() < 1.15, "{}", report.cpu_utilisation());
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_threads_burn_the_same_share() {
    for enforcement in ways() {
        let lab = Lab::start(Settings { memory_mb: 885, enforcement, ..settings("serve") }).await;
        lab.invoke(json!({"do": "echo"})).await;
        let (_, report) = lab.invoke(json!({"do": "spin", "ms": 75, "threads": 2})).await;
        let took = report.duration.as_secs_f64() * 1e3;
        assert!(took > 150.0 / report.share - 45.0, "{enforcement:?}: {took} ms");
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_over_the_cap_is_the_end_and_the_caller_learns_of_it() {
    for enforcement in ways() {
        let limits =
            Settings { memory_mb: 128, share: Some(1.0), enforcement, ..settings("serve") };
        let lab = Lab::start(limits).await;
        let (held, report) = lab.invoke(json!({"do": "hold", "mb": 64})).await;
        assert_eq!(held["held"], 64 << 20);
        assert!((64..128).contains(&report.max_memory_mb()), "{}", report.max_memory_mb());
        let (error, report) = lab.invoke(json!({"do": "hold", "mb": 4000})).await;
        assert_eq!(
            report.status,
            Status::Error("Runtime.OutOfMemory".to_owned()),
            "{enforcement:?}"
        );
        assert!(
            error["errorMessage"].as_str().expect("text").ends_with("signal: killed"),
            "{error}"
        );
        let (next, _) = lab.invoke(json!({"do": "echo"})).await;
        assert_eq!(next["count"], 1, "{enforcement:?}");
        assert!(
            lab.log.text().contains(
                "Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory"
            )
        );
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_share_shows_as_many_cores_as_on_lambda() {
    // Rust counts the cores that the quota of a cgroup allows: on Lambda there is none to be seen.
    let cores = brawn_core::Vcpus::detect().visible.min(2);
    for enforcement in ways() {
        let limits = Settings { memory_mb: 512, enforcement, ..settings("serve") };
        let lab = Lab::start(limits).await;
        let (counted, _) = lab.invoke(json!({"do": "count cores"})).await;
        assert_eq!(counted, cores, "{enforcement:?}");
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_runs_between_invocations() {
    for enforcement in ways() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ticks");
        let lab = Lab::start(Settings { enforcement, ..settings("serve") }).await;
        lab.invoke(json!({"do": "tick", "file": file})).await;
        let ticks = || std::fs::metadata(&file).map_or(0, |file| file.len());
        lab.invoke(json!({"do": "sleep", "ms": 50})).await;
        let frozen = ticks();
        assert_ne!(frozen, 0);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(ticks(), frozen, "{enforcement:?}");
        lab.invoke(json!({"do": "sleep", "ms": 50})).await;
        assert_ne!(ticks(), frozen, "{enforcement:?}");
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_enforced_is_said() {
    for (enforcement, word) in
        [(Enforcement::Steered, "approximate"), (Enforcement::Off, "not limited")]
    {
        let lab = Lab::start(Settings { enforcement, ..settings("serve") }).await;
        assert!(lab.emulator.enforced().contains(word), "{}", lab.emulator.enforced());
    }
}
