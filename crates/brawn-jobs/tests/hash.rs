//! The hash job: published vectors, and the tools that others use.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use brawn_core::{Budget, Head, Job, MemorySink, Planning, Pool, Source};
use brawn_jobs::hash::{Algorithm, HashJob, Options, Sum};

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

fn job(algorithm: &[Algorithm]) -> HashJob {
    HashJob::new(Options { algorithm: algorithm.to_vec(), ..Options::default() }).expect("valid")
}

/// The facts of one run on a pool of two, from a reader.
fn facts(job: &HashJob, mut bytes: &[u8]) -> Vec<(String, String)> {
    let pool = Pool::new(NonZeroUsize::new(2).expect("not zero")).expect("threads");
    let budget = Budget::unlimited().on(&pool);
    let mut sink = MemorySink::default();
    let tally = job.run(Source::reader("a", &mut bytes), &mut sink, &budget).expect("hashed");
    assert!(sink.outputs.is_empty());
    let text = |value: serde_json::Value| value.as_str().expect("text").to_owned();
    tally.facts.into_iter().map(|(fact, value)| (fact, text(value))).collect()
}

fn hash(algorithm: Algorithm, bytes: &[u8]) -> String {
    facts(&job(&[algorithm]), bytes).remove(0).1
}

#[test]
fn several_in_one_pass_are_those_alone() {
    let bytes = content(9 << 20);
    let together = facts(&job(&Algorithm::ALL), &bytes);
    for (algorithm, (name, value)) in Algorithm::ALL.into_iter().zip(together) {
        assert_eq!((name.as_str(), value), (algorithm.name(), hash(algorithm, &bytes)));
    }
}

#[test]
fn the_plan_of_a_small_object_is_small_and_of_a_pipe_is_bounded() {
    let plan = |size| match job(&[Algorithm::Sha256])
        .plan(&Head { name: "a", bytes: &[], size })
        .expect("planned")
    {
        Planning::Ready(plan) => plan.peak_memory,
        Planning::NeedsHead(more) => panic!("{more} are asked for"),
    };
    assert_eq!(plan(Some(10)), 128 << 10);
    assert_eq!(plan(None), 8 << 20);
    assert_eq!(plan(Some(5 << 30)), 8 << 20);
}

fn vectors(name: &str) -> Option<String> {
    let Some(inputs) = std::env::var_os("BRAWN_INPUTS") else {
        println!("skipped: BRAWN_INPUTS is not set, so {name} is not there");
        return None;
    };
    let path = PathBuf::from(inputs).join("kat").join(name);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}")))
}

#[test]
fn the_official_vectors_of_blake3() {
    let Some(text) = vectors("blake3/test_vectors.json") else { return };
    let vectors: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cases = vectors["cases"].as_array().expect("a list");
    assert!(cases.len() > 20);
    for case in cases {
        let len = case["input_len"].as_u64().expect("a number") as usize;
        let wanted = &case["hash"].as_str().expect("text")[..64];
        assert_eq!(hash(Algorithm::Blake3, &content(len)), wanted, "{len} bytes");
    }
}

#[test]
fn the_messages_of_nist() {
    for (name, algorithm, count) in [
        ("sha2-nist/SHA256ShortMsg.rsp", Algorithm::Sha256, 60),
        ("sha2-nist/SHA256LongMsg.rsp", Algorithm::Sha256, 60),
        ("sha2-nist/SHA512ShortMsg.rsp", Algorithm::Sha512, 120),
    ] {
        let Some(text) = vectors(name) else { return };
        let (mut bits, mut message, mut seen) = (0, Vec::new(), 0);
        for line in text.lines() {
            match line.split_once(" = ") {
                Some(("Len", value)) => bits = value.trim().parse().expect("a number"),
                Some(("Msg", value)) => {
                    let hex = value.trim().as_bytes().chunks(2);
                    let byte = |pair| {
                        let text = std::str::from_utf8(pair).expect("hex");
                        u8::from_str_radix(text, 16).expect("hex")
                    };
                    message = hex.map(byte).take(bits / 8).collect();
                }
                Some(("MD", value)) => {
                    assert_eq!(hash(algorithm, &message), value.trim(), "{name}, {bits} bits");
                    seen += 1;
                }
                _ => {}
            }
        }
        assert!(seen >= count, "{seen} of {name}");
    }
}

#[test]
fn the_tools_of_the_system_agree() {
    let bytes = content(5_000_001);
    for (tool, arguments, algorithm) in [
        ("sha256sum", &["-"][..], Algorithm::Sha256),
        ("sha512sum", &["-"], Algorithm::Sha512),
        ("sha1sum", &["-"], Algorithm::Sha1),
        ("md5sum", &["-"], Algorithm::Md5),
        ("b3sum", &["-"], Algorithm::Blake3),
    ] {
        let started =
            Command::new(tool).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut tool_runs) = started else {
            println!("skipped: no {tool} here");
            continue;
        };
        tool_runs.stdin.take().expect("piped").write_all(&bytes).expect("it reads");
        let output = tool_runs.wait_with_output().expect("it ends");
        let line = String::from_utf8(output.stdout).expect("text");
        let sum = Sum::parse(line.trim_end()).expect("a sum");
        assert_eq!(sum.digest, hash(algorithm, &bytes), "{tool}");
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for (options, says) in [
        (Options { algorithm: vec![], ..Options::default() }, "`algorithm` is empty"),
        (
            Options { algorithm: vec![Algorithm::Md5, Algorithm::Md5], ..Options::default() },
            "`md5` twice",
        ),
        (
            Options { part_size: Some(brawn_core::ByteSize(0)), ..Options::default() },
            "`part_size` is 0",
        ),
    ] {
        let error = HashJob::new(options).expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_recipe_is_the_options() {
    let recipe = serde_json::json!({"job": "hash", "algorithm": "blake3", "part_size": "8MB"});
    let recipe = brawn_jobs::Recipe::from_json(&recipe).expect("a recipe");
    assert!(!recipe.writes() && recipe.extensions().is_none());
    assert_eq!(
        recipe.to_json(),
        serde_json::json!({"job": "hash", "algorithm": ["blake3"], "part_size": 8 << 20})
    );
    assert_eq!(brawn_jobs::Recipe::from_json(&recipe.to_json()).expect("again"), recipe);
}
