//! What the chosen size costs in a month.

use brawn_core::price::{Architecture, gb_seconds};
use serde::{Deserialize, Serialize};

use super::TuneOptions;
use super::output::Tuning;

/// A month of the chosen size, less the free tier, in USD.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Month {
    /// Invocations in it.
    pub invocations: f64,
    /// On x86_64.
    pub x86_64: f64,
    /// On arm64, if it took the same time there.
    pub arm64: f64,
}

pub(super) fn month(tuning: &Tuning, options: &TuneOptions) -> Option<Month> {
    let invocations = options.monthly?;
    let (power, duration) = (tuning.power?, tuning.duration?);
    let seconds = gb_seconds(duration, power);
    let ephemeral = invocations * options.prices.ephemeral(duration, options.ephemeral_mb);
    let on = |architecture| options.prices.month(invocations, seconds, architecture) + ephemeral;
    Some(Month { invocations, x86_64: on(Architecture::X86_64), arm64: on(Architecture::Arm64) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[test]
    fn a_month_is_what_awss_own_example_says() {
        // 3,000,000 requests of 120 ms at 1536 MB: 2.33 + 0.40 USD on x86_64; on arm64 1.87 + 0.40.
        let mut options = TuneOptions::new(Settings::new(["sh"]));
        let tuning = Tuning { power: Some(1536), duration: Some(120.0), ..Tuning::default() };
        assert_eq!(month(&tuning, &options), None);
        options.monthly = Some(3e6);
        let found = month(&tuning, &options).expect("a month");
        assert!((found.x86_64 - 2.73).abs() < 0.01, "{found:?}");
        assert!((found.arm64 - 2.27).abs() < 0.01, "{found:?}");
        // 1.5 GB of /tmp above the free ones.
        options.ephemeral_mb = 2048;
        let with_tmp = month(&tuning, &options).expect("a month");
        assert!((with_tmp.x86_64 - found.x86_64 - 3e6 * 0.18 * 3.09e-8).abs() < 1e-9);
    }
}
