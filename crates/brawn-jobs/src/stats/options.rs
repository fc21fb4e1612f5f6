//! The options of the stats job: one struct for flags, JSON and code.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use brawn_core::{ByteSize, Error, Result};
use serde::{Deserialize, Serialize};

use super::infer::Type;
use super::read::Encoding;
use crate::numbers::{Outliers, Quantile};
use crate::values;

/// How a table is read, and what is said of it. Names of reading options are those of DuckDB's CSV reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    /// Statistics of each column, or of the numbers of each row.
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHAT", default_value = "column"))]
    pub per: Per,

    /// Only these columns, by name: `a,b`. For rows the numbers of these. [default: all]
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAMES", value_delimiter = ','))]
    pub select: Vec<String>,

    /// Columns that say which row it is: they stand beside its statistics and are not part of them.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAMES", value_delimiter = ','))]
    pub key: Vec<String>,

    /// Columns statistics for each value of this column, or combination of these.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAMES", value_delimiter = ','))]
    pub group_by: Vec<String>,

    /// Quantiles, from 0 to 1.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0.25,0.5,0.75")
    )]
    pub quantiles: Vec<f64>,

    /// How a quantile is taken between two values, by NumPy's names.
    #[cfg_attr(feature = "clap", arg(long, value_name = "RULE", default_value_t))]
    pub quantile_rule: Quantile,

    /// Which values are outliers.
    #[cfg_attr(feature = "clap", arg(long, value_name = "RULE", default_value_t))]
    pub outliers: Outliers,

    /// How far is too far, in the unit of the rule. [default: 1.5, 3.5, 3]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    pub outlier_factor: Option<f64>,

    /// What the variance and the standard deviation are divided by: n - 1 as for a sample, or with 0, n.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 1))]
    pub ddof: u8,

    /// The most frequent values to name.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 5))]
    pub top: usize,

    /// Bins of the histograms.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = 20))]
    pub bins: usize,

    /// Whether it is CSV or JSON Lines. [default: as the name or the first character says]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FORMAT", help_heading = "Reading"))]
    pub input: Option<Input>,

    /// What stands between fields: one character, or `tab`. [default: sniffed]
    #[cfg_attr(feature = "clap", arg(long, value_name = "C", help_heading = "Reading"))]
    pub delimiter: Option<String>,

    /// What encloses fields; empty for nothing.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "C", default_value = "\"", help_heading = "Reading")
    )]
    pub quote: String,

    /// Whether the first record names the columns. [default: sniffed]
    #[cfg_attr(feature = "clap", arg(long, value_name = "BOOL", help_heading = "Reading"))]
    pub header: Option<bool>,

    /// How characters are bytes.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "NAME", default_value = "auto", help_heading = "Reading")
    )]
    pub encoding: Encoding,

    /// Words that stand for no value, beside the empty one.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(
        feature = "clap",
        arg(
            long = "null",
            value_name = "LIST",
            value_delimiter = ',',
            default_value = "-,N/A,NA,NULL,NaN,None,nan,null",
            allow_hyphen_values = true,
            help_heading = "Reading"
        )
    )]
    pub null: Vec<String>,

    /// The character before a fraction: `.` or `,`.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "C", default_value = ".", help_heading = "Reading")
    )]
    pub decimal_separator: char,

    /// Types of columns, `zip=text,price=float`, instead of what their first values look like.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub types: BTreeMap<String, Type>,

    /// Fill up records that have too few fields.
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Reading"))]
    pub null_padding: bool,

    /// Bad records to put aside before giving up: a number, or a share of all, `1%`.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "N", default_value = "0", help_heading = "Reading")
    )]
    pub max_rejects: Rejects,

    /// Write the bad records that were put aside, beside the results: a file `NAME.rejects.csv`, or a table.
    #[cfg_attr(feature = "clap", arg(skip = true))]
    pub store_rejects: bool,

    /// The longest record.
    #[serde(with = "values::size")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "SIZE", default_value = "2MB", help_heading = "Reading")
    )]
    pub max_line_size: ByteSize,

    /// With `per` row: say also, as of a column, how the rows' means, medians, deviations and numbers of outliers are distributed.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub row_summary: bool,

    /// What results are written as, where they go to files. [default: csv]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FORMAT"))]
    pub format: Option<Format>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            per: Per::Column,
            select: Vec::new(),
            key: Vec::new(),
            group_by: Vec::new(),
            quantiles: vec![0.25, 0.5, 0.75],
            quantile_rule: Quantile::Linear,
            outliers: Outliers::Iqr,
            outlier_factor: None,
            ddof: 1,
            top: 5,
            bins: 20,
            input: None,
            delimiter: None,
            quote: "\"".to_owned(),
            header: None,
            encoding: Encoding::Auto,
            null: ["-", "N/A", "NA", "NULL", "NaN", "None", "nan", "null"]
                .map(str::to_owned)
                .to_vec(),
            decimal_separator: '.',
            types: BTreeMap::new(),
            null_padding: false,
            max_rejects: Rejects::Count(0),
            store_rejects: true,
            max_line_size: ByteSize(2 << 20),
            row_summary: false,
            format: None,
        }
    }
}

/// Of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Per {
    /// Each column
    #[default]
    Column,
    /// Each row
    Row,
}

/// What a table is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Input {
    /// Fields with something between them: CSV, TSV
    Csv,
    /// An object a line
    Jsonl,
}

/// What results are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// CSV (RFC 4180)
    Csv,
    /// JSON Lines
    Jsonl,
    /// One JSON document, of columns alone
    Json,
    /// Parquet, in a build with the feature of that name
    Parquet,
}

impl Format {
    /// The extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Json => "json",
            Format::Parquet => "parquet",
        }
    }

    /// The MIME type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv",
            Format::Jsonl => "application/jsonl",
            Format::Json => "application/json",
            // Registered with IANA in 2024.
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// How many bad records there may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rejects {
    /// So many.
    Count(u64),
    /// So many of a hundred records.
    Percent(f64),
}

impl Rejects {
    /// Whether there may be any.
    pub fn any(self) -> bool {
        self != Rejects::Count(0) && self != Rejects::Percent(0.0)
    }

    /// Whether `rejects` bad ones of `records` are too many. With a share, only once all are read.
    pub(crate) fn exceeded(self, rejects: u64, records: u64, at_end: bool) -> bool {
        match self {
            Rejects::Count(most) => rejects > most,
            Rejects::Percent(_) if !at_end => false,
            Rejects::Percent(most) => rejects as f64 * 100.0 > most * records as f64,
        }
    }
}

impl FromStr for Rejects {
    type Err = Error;

    fn from_str(text: &str) -> Result<Rejects> {
        let wrong = || {
            Error::invalid_options(format!(
                "`max_rejects` is `{text}`: takes a number of records, or a share such as `1%`"
            ))
        };
        match text.strip_suffix('%') {
            Some(share) => match share.trim().parse() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Rejects::Percent(percent)),
                _ => Err(wrong()),
            },
            None => text.parse().map(Rejects::Count).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Rejects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejects::Count(count) => write!(f, "{count}"),
            Rejects::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for Rejects {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Rejects::Count(count) => serializer.serialize_u64(*count),
            Rejects::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Rejects {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rejects, D::Error> {
        let expected = "a number of records, or a share such as \"1%\"";
        values::number_or_text(deserializer, expected, |count| Some(Rejects::Count(count)))
    }
}

impl Options {
    /// Whether they make sense together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field, its value and what would be
    /// right.
    pub fn validate(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::invalid_options(text));
        if let Some(q) = self.quantiles.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return wrong(format!("`quantiles` has {q}: takes shares from 0 to 1, such as 0.95"));
        }
        if let Some(factor) =
            self.outlier_factor.filter(|factor| !(*factor > 0.0 && factor.is_finite()))
        {
            return wrong(format!("`outlier_factor` is {factor}: takes a number above 0"));
        }
        if !matches!(self.decimal_separator, '.' | ',') {
            let found = self.decimal_separator;
            return wrong(format!("`decimal_separator` is `{found}`: takes `.` or `,`"));
        }
        if self.decimal_separator == ',' && self.delimiter.as_deref() == Some(",") {
            return wrong("`delimiter` and `decimal_separator` are both `,`".to_owned());
        }
        if self.bins > 10_000 || self.top > super::MOST_TOP {
            return wrong(format!(
                "`bins` is {}, `top` is {}: take up to 10000",
                self.bins, self.top
            ));
        }
        if !(16..=1 << 30).contains(&self.max_line_size.0) {
            return wrong(format!(
                "`max_line_size` is {}: takes 16 bytes to 1 GB",
                self.max_line_size
            ));
        }
        if self.format == Some(Format::Parquet) && !cfg!(feature = "parquet") {
            return Err(Error::invalid_options(
                "`format` is parquet, which this build cannot write",
            )
            .with_hint("build brawn with the feature `parquet`, or write csv"));
        }
        match self.per {
            Per::Row if !self.group_by.is_empty() => {
                wrong("`group_by` is for columns, and `per` is `row`".to_owned())
            }
            Per::Row if self.format == Some(Format::Json) => {
                wrong("`format` json is for columns: takes csv, jsonl or parquet".to_owned())
            }
            Per::Column if !self.key.is_empty() => {
                wrong("`key` names rows, and `per` is `column`: `group_by` groups them".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether there is more to write than the report says.
    pub fn writes(&self) -> bool {
        self.per == Per::Row || self.format.is_some() || self.keeps_rejects()
    }

    /// Whether bad records are written.
    pub(crate) fn keeps_rejects(&self) -> bool {
        self.max_rejects.any() && self.store_rejects
    }

    /// The same for one exact output whose name ends with `extension`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where the extension is of no format, and
    /// none was asked for, or another.
    pub fn written_to(self, to: &str, extension: &str) -> Result<Options> {
        let named = match extension {
            "csv" => Some(Format::Csv),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            "json" => Some(Format::Json),
            "parquet" => Some(Format::Parquet),
            _ => None,
        };
        let format = match (self.format, named) {
            (None, Some(named)) => named,
            (Some(format), None) => format,
            (Some(format), Some(named)) if format == named => format,
            (Some(format), Some(_)) => {
                return Err(Error::invalid_options(format!(
                    "`{to}` does not look like `format` {}",
                    format.extension()
                )));
            }
            (None, None) => {
                return Err(Error::invalid_options(format!("`{to}`: `.{extension}` is no format"))
                    .with_hint("name it .csv, .jsonl, .json or .parquet, or say the format"));
            }
        };
        let options = Options { format: Some(format), ..self };
        options.validate()?;
        Ok(options)
    }
}
