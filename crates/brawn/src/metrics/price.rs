//! What an invocation costs.

/// USD for a GB-second, first tier, us-east-1, x86_64 and arm64, and USD for a request.
/// Source: aws.amazon.com/lambda/pricing, as quoted from AWS's price catalog of 2026-08-19. Other regions cost up to a
/// third more.
const X86_64: f64 = 0.000_016_666_7;
const ARM64: f64 = 0.000_013_333_4;
const REQUEST: f64 = 0.000_000_2;

/// GB-seconds: memory times the time rounded up to a millisecond.
pub(super) fn gb_seconds(wall_ms: f64, memory_mb: u32) -> f64 {
    wall_ms.ceil() / 1e3 * f64::from(memory_mb) / 1024.0
}

/// The list price in USD of one invocation on this architecture, without its init phase.
pub(super) fn usd(gb_seconds: f64) -> f64 {
    REQUEST + gb_seconds * if cfg!(target_arch = "aarch64") { ARM64 } else { X86_64 }
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
        let million = usd(seconds) * 1e6;
        let expected = if cfg!(target_arch = "aarch64") { 2.40 } else { 3.00 } + 0.20;
        assert!((million - expected).abs() < 0.001, "{million}");
    }
}
