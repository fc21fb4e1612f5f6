//! What Lambda costs: list prices as dated data.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The instruction set that a function is billed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// x86_64.
    #[serde(rename = "x86_64")]
    X86_64,
    /// arm64 (Graviton).
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// What this program was built for.
    pub const fn of_this_program() -> Architecture {
        if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 }
    }

    /// Lambda's own word.
    pub const fn name(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        }
    }
}

impl std::str::FromStr for Architecture {
    type Err = Error;

    fn from_str(text: &str) -> Result<Architecture> {
        match text {
            "x86_64" => Ok(Architecture::X86_64),
            "arm64" => Ok(Architecture::Arm64),
            other => Err(Error::invalid_options(format!(
                "`{other}` is not an architecture of Lambda: x86_64 or arm64"
            ))),
        }
    }
}

/// A price list in USD; as JSON it is what `brawn tune --prices` reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The region it holds for.
    pub region: String,
    /// The day it was read.
    pub as_of: String,
    /// Where it was read.
    pub source: String,
    /// A GB-second on x86_64, first tier.
    pub gb_second_x86_64: f64,
    /// A GB-second on arm64, first tier.
    pub gb_second_arm64: f64,
    /// One request.
    pub request: f64,
    /// A GB-second of `/tmp` above 512 MB.
    pub tmp_gb_second: f64,
    /// GB-seconds a month that are free.
    pub free_gb_seconds: f64,
    /// Requests a month that are free.
    pub free_requests: f64,
}

impl Prices {
    /// The list prices of us-east-1. Other regions cost up to a third more.
    pub fn us_east_1() -> Prices {
        Prices {
            region: "us-east-1".to_owned(),
            as_of: "2026-08-19".to_owned(),
            source: "aws.amazon.com/lambda/pricing, as quoted from AWS's price catalog".to_owned(),
            gb_second_x86_64: 0.000_016_666_7,
            gb_second_arm64: 0.000_013_333_4,
            request: 0.000_000_2,
            tmp_gb_second: 0.000_000_030_9,
            free_gb_seconds: 400_000.0,
            free_requests: 1_000_000.0,
        }
    }

    /// What `gb_seconds` cost.
    pub fn compute(&self, gb_seconds: f64, architecture: Architecture) -> f64 {
        gb_seconds
            * match architecture {
                Architecture::X86_64 => self.gb_second_x86_64,
                Architecture::Arm64 => self.gb_second_arm64,
            }
    }

    /// What `/tmp` of `ephemeral_mb` costs for `wall_ms` as they are billed: 512 MB are free.
    pub fn ephemeral(&self, wall_ms: f64, ephemeral_mb: u32) -> f64 {
        gb_seconds(wall_ms, ephemeral_mb.saturating_sub(512)) * self.tmp_gb_second
    }

    /// What `invocations` a month of `gb_seconds` each cost together, less the free tier.
    pub fn month(&self, invocations: f64, gb_seconds: f64, architecture: Architecture) -> f64 {
        let compute = (invocations * gb_seconds - self.free_gb_seconds).max(0.0);
        let requests = (invocations - self.free_requests).max(0.0);
        self.compute(compute, architecture) + requests * self.request
    }
}

/// GB-seconds: memory times the time rounded up to a millisecond.
pub fn gb_seconds(wall_ms: f64, memory_mb: u32) -> f64 {
    wall_ms.ceil() / 1e3 * f64::from(memory_mb) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_rounded_up_to_a_millisecond() {
        assert_eq!(gb_seconds(100.2, 1024), 0.101);
        assert_eq!(gb_seconds(1000.0, 512), 0.5);
        assert_eq!(gb_seconds(0.0, 10_240), 0.0);
    }

    #[test]
    fn a_million_requests_cost_what_the_price_list_says() {
        // AWS's own example: 1,000,000 requests of 120 ms at 1536 MB are 180,000 GB-s; x86_64 at 0.0000166667.
        let seconds = gb_seconds(120.0, 1536);
        assert!((seconds * 1e6 - 180_000.0).abs() < 1e-6);
        let prices = Prices::us_east_1();
        for (architecture, compute) in [(Architecture::X86_64, 3.00), (Architecture::Arm64, 2.40)] {
            let million = prices.compute(seconds * 1e6, architecture) + 1e6 * prices.request;
            assert!((million - compute - 0.20).abs() < 0.001, "{million}");
        }
    }

    #[test]
    fn what_tmp_takes_above_512_mb_is_paid_for() {
        // AWS's example: 10,240 MB of storage are 9.5 GB above the free ones; 1.5 million requests of 120 ms.
        let prices = Prices::us_east_1();
        let month = prices.ephemeral(120.0, 10_240) * 1.5e6;
        assert!((month - 9.5 * 0.12 * 1.5e6 * 0.000_000_030_9).abs() < 1e-9, "{month}");
        assert_eq!(prices.ephemeral(120.0, 512), 0.0);
    }

    #[test]
    fn a_month_within_the_free_tier_costs_nothing() {
        // The same example is within both free amounts; three times as many requests are within neither.
        let (prices, seconds) = (Prices::us_east_1(), gb_seconds(120.0, 1536));
        assert_eq!(prices.month(1e6, seconds, Architecture::X86_64), 0.0);
        // AWS's example with 3,000,000 requests: 540,000 - 400,000 GB-s and 2,000,000 requests.
        let month = prices.month(3e6, seconds, Architecture::X86_64);
        assert!((month - 140_000.0 * 0.000_016_666_7 - 0.40).abs() < 1e-6, "{month}");
    }
}
