//! Two tunings side by side.

use std::fmt::Write;

use super::output::{Outcome, Tuning};

/// A table of the sizes that both have measured: time and cost before, after, and the change.
pub fn compare(before: &Tuning, after: &Tuning) -> String {
    let mut text = format!(
        "{:>8} {:>12} {:>12} {:>8} {:>14} {:>14} {:>8}\n",
        "MB", "ms before", "ms after", "", "$/M before", "$/M after", ""
    );
    let works = |tuning: &Tuning, value: u32| {
        let point = tuning.stats.iter().find(|point| point.value == value)?;
        (point.outcome == Outcome::Ok).then_some((
            point.average_duration,
            (point.average_price + tuning.prices.request) * 1e6,
        ))
    };
    for value in before.stats.iter().map(|point| point.value) {
        if !after.stats.iter().any(|point| point.value == value) {
            continue;
        }
        let _ = match (works(before, value), works(after, value)) {
            (Some((ms, usd)), Some((ms_after, usd_after))) => writeln!(
                text,
                "{value:>8} {ms:>12.1} {ms_after:>12.1} {:>8} {usd:>14.2} {usd_after:>14.2} {:>8}",
                change(ms, ms_after),
                change(usd, usd_after)
            ),
            (one, other) => writeln!(
                text,
                "{value:>8} {:>12} {:>12}",
                if one.is_some() { "works" } else { "fails" },
                if other.is_some() { "works" } else { "fails" }
            ),
        };
    }
    for (word, tuning) in [("before", before), ("after", after)] {
        let sentence = tuning.explanation.as_ref().map(|explanation| explanation.sentence.as_str());
        let power =
            tuning.power.map_or_else(|| "no size".to_owned(), |power| format!("{power} MB"));
        let _ = writeln!(text, "{word}: {power}; {}", sentence.unwrap_or("not explained"));
    }
    text
}

fn change(before: f64, after: f64) -> String {
    if before > 0.0 { format!("{:+.0} %", (after / before - 1.0) * 100.0) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::choose::tests::point;

    #[test]
    fn what_both_have_measured_is_compared() {
        let tuning = |points| Tuning { stats: points, ..Tuning::default() };
        let mut killed = point(128, 0.0, 0.0);
        killed.outcome = Outcome::OutOfMemory;
        let before = tuning(vec![killed, point(1024, 1.8e-6, 200.0), point(2048, 1.0, 1.0)]);
        let after = tuning(vec![point(128, 1e-6, 900.0), point(1024, 0.8e-6, 100.0)]);
        let text = compare(&before, &after);
        assert!(text.contains("fails        works"), "{text}");
        assert!(
            text.lines().any(|line| line.contains("200.0") && line.contains("-50 %")),
            "{text}"
        );
        assert!(!text.contains("2048"));
    }
}
