//! The points job, against the guide's semantics, NumPy and SciPy, certified values, and bad input.

mod bad;
mod forms;
mod guide;
mod inputs;
mod numbers;
mod sizes;

use brawn_core::{Budget, Error, Job, MemorySink, Source, Tally};
use brawn_jobs::points::{Options, PointsJob};
use serde_json::Value;

/// Runs the job on text.
fn run(options: Options, text: impl AsRef<[u8]>) -> Result<(String, Tally), Error> {
    let mut sink = MemorySink::default();
    let job = PointsJob::new(options)?;
    let source = Source::bytes("in.json", text.as_ref());
    let tally = job.run(source, &mut sink, &Budget::unlimited())?;
    let [output] = sink.outputs.as_slice() else { panic!("one output: {:?}", sink.outputs) };
    assert_eq!(output.bytes.len() as u64, tally.bytes_out);
    assert_eq!(text.as_ref().len() as u64, tally.bytes_in);
    Ok((String::from_utf8(output.bytes.clone()).expect("UTF-8"), tally))
}

/// The result document.
fn document(options: Options, text: impl AsRef<[u8]>) -> Value {
    let (text, tally) = run(options, text).expect("results");
    let [(fact, stats)] = tally.facts.as_slice() else { panic!("one fact: {tally:?}") };
    assert_eq!(fact, "statistics");
    assert!(text.ends_with(&format!("],\"stats\":{stats}}}\n")), "{text}");
    serde_json::from_str(&text).expect("JSON")
}

fn options(fields: Value) -> Options {
    serde_json::from_value(fields).expect("options")
}

/// The one result of these values.
fn result(fields: Value, values: &[f64]) -> f64 {
    let text = serde_json::json!([{ "values": values }]).to_string();
    document(options(fields), text)["processed"][0]["result"].as_f64().expect("a number")
}
