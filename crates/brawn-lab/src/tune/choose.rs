//! The cheapest, the fastest, or the one in between.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brawn_core::Error;
use serde::{Deserialize, Serialize};

use super::TuneOptions;
use super::month::month;
use super::output::{Outcome, Point, Tuning};

/// By which rule a size is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// The cheapest; of equally cheap ones the fastest.
    Cost,
    /// The fastest; of equally fast ones the cheapest.
    Speed,
    /// The smallest sum of cost and time, each as a part of its largest, weighted.
    Balanced,
}

impl std::str::FromStr for Strategy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Strategy, Error> {
        match text {
            "cost" => Ok(Strategy::Cost),
            "speed" => Ok(Strategy::Speed),
            "balanced" => Ok(Strategy::Balanced),
            other => Err(Error::invalid_options(format!(
                "`{other}` is no strategy: cost, speed or balanced"
            ))),
        }
    }
}

/// Chooses among the sizes that were asked for and worked, and fills in what follows from that.
pub(super) fn choose(tuning: &mut Tuning, options: &TuneOptions) {
    let fits = |point: &&Point| {
        point.outcome == Outcome::Ok
            && !point.probe
            && options
                .max_duration
                .is_none_or(|most| point.average_duration <= most.as_secs_f64() * 1e3)
            && options
                .max_cost
                .is_none_or(|most| point.average_price + options.prices.request <= most)
    };
    let candidates: Vec<&Point> = tuning.stats.iter().filter(fits).collect();
    let chosen = best(&candidates, options.strategy, options.balanced_weight);
    tuning.power = chosen.map(|point| point.value);
    tuning.cost = chosen.map(|point| point.average_price);
    tuning.duration = chosen.map(|point| point.average_duration);
    tuning.month = month(tuning, options);
    tuning.state_machine.lambda_cost = tuning.stats.iter().map(|point| point.total_cost).sum();
    let drawn: Vec<&Point> =
        tuning.stats.iter().filter(|point| point.outcome == Outcome::Ok && !point.probe).collect();
    tuning.state_machine.visualization = visualization(&drawn);
}

fn best<'a>(points: &[&'a Point], strategy: Strategy, weight: f64) -> Option<&'a Point> {
    let largest = |of: fn(&Point) -> f64| points.iter().map(|point| of(point)).fold(0.0, f64::max);
    let (cost, time) = (largest(|point| point.average_price), largest(|p| p.average_duration));
    let weight = weight.clamp(0.0, 1.0);
    let balance = |point: &Point| {
        weight * point.average_price / cost + (1.0 - weight) * point.average_duration / time
    };
    let by_cost = |a: &Point, b: &Point| a.average_price.total_cmp(&b.average_price);
    let by_time = |a: &Point, b: &Point| a.average_duration.total_cmp(&b.average_duration);
    points.iter().copied().min_by(|a, b| match strategy {
        Strategy::Cost => by_cost(a, b).then(by_time(a, b)),
        Strategy::Speed => by_time(a, b).then(by_cost(a, b)),
        Strategy::Balanced => balance(a).total_cmp(&balance(b)),
    })
}

/// The address of Power Tuning's chart, with little-endian arrays: sizes as 16 bit integers, then times and costs as floats.
fn visualization(points: &[&Point]) -> String {
    let floats = |of: fn(&Point) -> f64| {
        let bytes: Vec<u8> = points.iter().flat_map(|p| (of(p) as f32).to_le_bytes()).collect();
        STANDARD.encode(bytes)
    };
    let sizes: Vec<u8> = points
        .iter()
        .flat_map(|point| i16::try_from(point.value).unwrap_or(i16::MAX).to_le_bytes())
        .collect();
    format!(
        "https://lambda-power-tuning.show/#{};{};{}",
        STANDARD.encode(sizes),
        floats(|point| point.average_duration),
        floats(|point| point.average_price)
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::tune) fn point(value: u32, price: f64, duration: f64) -> Point {
        Point {
            value,
            average_price: price,
            average_duration: duration,
            total_cost: price,
            outcome: Outcome::Ok,
            said: None,
            probe: false,
            invocations: 20,
            warm_duration: duration,
            p50: duration,
            p95: duration,
            p99: duration,
            spread: 0.0,
            init_duration: None,
            cpu_ms: Some(duration),
            cpu_utilisation: Some(1.0),
            share: f64::from(value) / 1769.0,
            peak_memory_mb: 64,
            memory_margin_mb: 64,
        }
    }

    fn chosen(stats: &[(u32, f64, f64)], strategy: Strategy, weight: f64) -> u32 {
        let points: Vec<Point> = stats.iter().map(|(v, p, d)| point(*v, *p, *d)).collect();
        let points: Vec<&Point> = points.iter().collect();
        best(&points, strategy, weight).expect("there are points").value
    }

    #[test]
    fn the_choices_are_those_of_power_tuning_on_the_numbers_of_its_own_tests() {
        // alexcasalboni/aws-lambda-power-tuning, test/unit/test-lambda.js, "analyzer", at 262ecc2.
        let (cost, speed, balanced) = (Strategy::Cost, Strategy::Speed, Strategy::Balanced);
        let falling = [(128, 100.0, 300.0), (256, 200.0, 200.0), (512, 300.0, 100.0)];
        let cheap_large = [(128, 100.0, 100.0), (256, 200.0, 300.0), (512, 30.0, 200.0)];
        let same_cost = [(128, 100.0, 100.0), (256, 100.0, 90.0), (512, 300.0, 200.0)];
        let same_time = [(128, 100.0, 200.0), (256, 90.0, 200.0), (512, 300.0, 400.0)];
        let uneven = [(128, 101.0, 300.0), (256, 200.0, 200.0), (512, 300.0, 101.0)];
        let dear = [falling.as_slice(), &[(1024, 1000.0, 50.0)]].concat();
        assert_eq!(chosen(&cheap_large, cost, 0.5), 512);
        assert_eq!(chosen(&same_cost, cost, 0.5), 256);
        assert_eq!(chosen(&falling, speed, 0.5), 512);
        assert_eq!(chosen(&same_time, speed, 0.5), 256);
        assert_eq!(chosen(&cheap_large, balanced, 1.0), 512);
        assert_eq!(chosen(&falling, balanced, 0.0), 512);
        assert_eq!(chosen(&uneven, balanced, 0.5), 256);
        assert_eq!(chosen(&dear, balanced, 0.3), 512);
        for name in ["foobar", "Balanced", " ", "-"] {
            assert!(name.parse::<Strategy>().is_err(), "{name}");
        }
    }

    #[test]
    fn what_failed_or_was_not_asked_for_is_not_chosen() {
        let mut tuning = Tuning {
            stats: vec![point(128, 1.0, 900.0), point(512, 2.0, 300.0), point(1769, 3.0, 100.0)],
            ..Tuning::default()
        };
        tuning.stats[0].outcome = Outcome::OutOfMemory;
        let mut options = TuneOptions::new(crate::Settings::new(["sh"]));
        choose(&mut tuning, &options);
        assert_eq!(
            (tuning.power, tuning.cost, tuning.duration),
            (Some(512), Some(2.0), Some(300.0))
        );
        assert_eq!(tuning.state_machine.lambda_cost, 6.0);
        options.max_duration = Some(std::time::Duration::from_millis(200));
        choose(&mut tuning, &options);
        assert_eq!(tuning.power, Some(1769));
        tuning.stats[2].probe = true;
        choose(&mut tuning, &options);
        assert_eq!(tuning.power, None);
    }

    #[test]
    fn the_chart_of_power_tuning_is_addressed_as_it_reads_it() {
        // new Int16Array([128, 256]), new Float32Array([1, 2]), new Float32Array([0.5, 0.25])
        let points = [point(128, 0.5, 1.0), point(256, 0.25, 2.0)];
        let address = visualization(&points.iter().collect::<Vec<_>>());
        assert_eq!(address, "https://lambda-power-tuning.show/#gAAAAQ==;AACAPwAAAEA=;AAAAPwAAgD4=");
    }
}
