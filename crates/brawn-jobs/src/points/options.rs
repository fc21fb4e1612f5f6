//! The options of the points job: one struct for flags, JSON and code.

use std::fmt;

use brawn_core::{ByteSize, Error, Result};
use serde::{Deserialize, Serialize};

use super::Algorithm;
use super::classes::{Classes, LONGEST_NAME, usual_names};
use crate::numbers::Quantile;
use crate::values;

/// What is computed of each point, and how it is classified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    /// What is computed of each point's values, whatever the document says. [default: what the document says, else
    /// standard]
    #[cfg_attr(feature = "clap", arg(long, short = 'a', value_name = "NAME"))]
    pub algorithm: Option<Algorithm>,

    /// Where the classes of results meet, ascending; what is equal to one belongs to the class above.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "NUMBERS",
            value_delimiter = ',',
            default_value = "0,10",
            allow_hyphen_values = true
        )
    )]
    pub thresholds: Vec<f64>,

    /// The names of the classes from the lowest, one more than thresholds. [default: low,medium,high]
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAMES", value_delimiter = ','))]
    pub classes: Vec<String>,

    /// What the count is lessened by before a variance divides by it, for `std`, `variance` and the standard deviation over
    /// all results: 0 for a population, as NumPy does it, 1 for a sample.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 0))]
    pub ddof: u8,

    /// The quantile that the algorithm `quantile` gives, 0 to 1.
    #[cfg_attr(feature = "clap", arg(long, value_name = "SHARE"))]
    pub q: Option<f64>,

    /// How a quantile is taken that falls between two values, for `quantile` and `iqr`: the methods of numpy.quantile.
    #[cfg_attr(feature = "clap", arg(long, value_name = "METHOD", default_value_t))]
    pub quantile_method: Quantile,

    /// What becomes of a point that has no result: no values, something else than finite numbers among them, a result that
    /// overflows.
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHAT", default_value_t))]
    pub on_error: OnError,

    /// The longest point that is taken, as text.
    #[serde(with = "values::size")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE", default_value_t = LONGEST_POINT, hide_short_help = true))]
    pub max_point: ByteSize,
}

const LONGEST_POINT: ByteSize = ByteSize(8 << 20);

/// What becomes of a point that has no result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum OnError {
    /// The object is refused, with the point and the reason
    #[default]
    Fail,
    /// The point is left out, and counted in a warning
    Skip,
    /// Its result and class are null, and `error` says why
    Null,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            algorithm: None,
            thresholds: vec![0.0, 10.0],
            classes: Vec::new(),
            ddof: 0,
            q: None,
            quantile_method: Quantile::default(),
            on_error: OnError::Fail,
            max_point: LONGEST_POINT,
        }
    }
}

impl Options {
    /// Whether they make sense together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field, its value and what would be
    /// right.
    pub fn validate(&self) -> Result<()> {
        if self.thresholds.is_empty() {
            return Err(Error::invalid_options("`thresholds` is empty: takes one number at least"));
        }
        if let Some(odd) = self.thresholds.iter().find(|threshold| !threshold.is_finite()) {
            return Err(Error::invalid_options(format!(
                "`thresholds` has {odd}: takes finite numbers"
            )));
        }
        let unordered = |pair: &[f64]| match pair {
            [a, b] if a >= b => Some((*a, *b)),
            _ => None,
        };
        if let Some((a, b)) = self.thresholds.windows(2).find_map(unordered) {
            return Err(Error::invalid_options(format!(
                "`thresholds` has {b} after {a}: takes each number once, in ascending order"
            )));
        }
        let (names, needed) = (self.classes.len(), self.thresholds.len() + 1);
        if names > 0 && names != needed {
            return Err(Error::invalid_options(format!(
                "`classes` has {names} names, and {} thresholds make {needed} classes",
                self.thresholds.len()
            )));
        }
        if names == 0 && usual_names(self.thresholds.len()).is_none() {
            return Err(Error::invalid_options(format!(
                "`thresholds` has {} numbers, and classes beyond low, medium and high have no names",
                self.thresholds.len()
            ))
            .with_hint(format!("give {needed} names in `classes`")));
        }
        if let Some(name) = self.classes.iter().find(|name| name.len() > LONGEST_NAME) {
            return Err(Error::invalid_options(format!(
                "`classes` has a name of {} bytes: takes {LONGEST_NAME} at most",
                name.len()
            )));
        }
        if let Some(q) = self.q.filter(|q| !(0.0..=1.0).contains(q)) {
            return Err(Error::invalid_options(format!("`q` is {q}: takes a share from 0 to 1")));
        }
        if self.algorithm == Some(Algorithm::Quantile) && self.q.is_none() {
            return Err(no_q(Error::invalid_options));
        }
        if !(1 << 10..=1 << 30).contains(&self.max_point.0) {
            return Err(Error::invalid_options(format!(
                "`max_point` is {}: takes 1KB to 1GB",
                self.max_point
            )));
        }
        Ok(())
    }

    pub(super) fn classes(&self) -> Classes {
        let names = match self.classes.as_slice() {
            [] => usual_names(self.thresholds.len()).unwrap_or_default(),
            names => names.to_vec(),
        };
        Classes::new(&self.thresholds, &names)
    }
}

/// The error, of a kind, that the algorithm `quantile` and no `q` make.
pub(super) fn no_q(kind: fn(&'static str) -> Error) -> Error {
    kind("the algorithm `quantile` does not say which one")
        .with_hint("give `q`, such as 0.9 for the ninth decile")
}

impl fmt::Display for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            OnError::Fail => "fail",
            OnError::Skip => "skip",
            OnError::Null => "null",
        })
    }
}
