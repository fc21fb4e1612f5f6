//! A job and its options as data: what flags, environment and event all become.

use brawn_core::{Error, Job, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The serialisable description of a job and its options.
///
/// As JSON it is flat: the field `job` names the job, every other field is one of its options, and a field that is left
/// out has its default.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "a run has one recipe")]
pub enum Recipe {
    /// Compression.
    #[cfg(feature = "compress")]
    Compress(crate::compress::Options),
    /// Decompression.
    #[cfg(feature = "compress")]
    Decompress(crate::decompress::Options),
    /// Decryption.
    #[cfg(feature = "encrypt")]
    Decrypt(crate::decrypt::Options),
    /// Encryption.
    #[cfg(feature = "encrypt")]
    Encrypt(crate::encrypt::Options),
    /// Checksums.
    #[cfg(feature = "hash")]
    Hash(crate::hash::Options),
    /// Thumbnails, conversion and filters.
    #[cfg(feature = "image")]
    Image(crate::image::Options),
    /// Data points.
    #[cfg(feature = "points")]
    Points(crate::points::Options),
    /// Statistics of tables.
    #[cfg(feature = "stats")]
    Stats(crate::stats::Options),
}

/// The jobs of this build, as `job` names them.
const JOBS: &[&str] = &[
    #[cfg(feature = "compress")]
    "compress",
    #[cfg(feature = "compress")]
    "decompress",
    #[cfg(feature = "encrypt")]
    "decrypt",
    #[cfg(feature = "encrypt")]
    "encrypt",
    #[cfg(feature = "hash")]
    "hash",
    #[cfg(feature = "image")]
    "image",
    #[cfg(feature = "points")]
    "points",
    #[cfg(feature = "stats")]
    "stats",
];

impl Recipe {
    /// Reads the flat form: `{"job":"image","width":[320,800],"format":["webp"]}`.
    ///
    /// Where a list is meant, a single value stands for a list of one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field by its path, what it holds and
    /// what would be right. Ranges are checked by [`into_job`](Recipe::into_job).
    pub fn from_json(value: &Value) -> Result<Recipe> {
        let Value::Object(fields) = value else {
            return Err(Error::invalid_options(format!(
                "a recipe is a JSON object, this is {}",
                kind_of(value)
            ))
            .with_hint(r#"the smallest one is {"job":"image","width":800}"#));
        };
        let jobs = || JOBS.iter().map(|job| format!("`{job}`")).collect::<Vec<_>>().join(", ");
        let job = match fields.get("job") {
            Some(Value::String(job)) => job.as_str(),
            Some(other) => {
                return Err(Error::invalid_options(format!(
                    "`job` is {}: takes the name of a job, one of {}",
                    kind_of(other),
                    jobs()
                )));
            }
            None => {
                return Err(Error::invalid_options(format!(
                    "the recipe has no `job`: takes one of {}",
                    jobs()
                )));
            }
        };
        let mut options = fields.clone();
        options.remove("job");
        match job {
            #[cfg(feature = "compress")]
            "compress" => read(options).map(Recipe::Compress),
            #[cfg(feature = "compress")]
            "decompress" => read(options).map(Recipe::Decompress),
            #[cfg(feature = "encrypt")]
            "decrypt" => read(options).map(Recipe::Decrypt),
            #[cfg(feature = "encrypt")]
            "encrypt" => read(options).map(Recipe::Encrypt),
            #[cfg(feature = "hash")]
            "hash" => read(options).map(Recipe::Hash),
            #[cfg(feature = "image")]
            "image" => read(options).map(Recipe::Image),
            #[cfg(feature = "points")]
            "points" => read(options).map(Recipe::Points),
            #[cfg(feature = "stats")]
            "stats" => read(options).map(Recipe::Stats),
            _ => {
                drop(options);
                Err(Error::invalid_options(format!(
                    "`job` is `{job}`, which this build does not have: takes one of {}",
                    jobs()
                )))
            }
        }
    }

    /// What is asked of an object: the [flat form](Recipe::to_json) without what adds to the report alone. Rows that are loaded
    /// are loaded once for each question.
    pub fn question(&self) -> String {
        let mut form = self.to_json();
        if let Some(fields) = form.as_object_mut() {
            fields.remove("row_summary");
        }
        form.to_string()
    }

    /// The flat form, with the fields that differ from their defaults.
    pub fn to_json(&self) -> Value {
        match *self {
            #[cfg(feature = "compress")]
            Recipe::Compress(ref options) => write("compress", options),
            #[cfg(feature = "compress")]
            Recipe::Decompress(ref options) => write("decompress", options),
            #[cfg(feature = "encrypt")]
            Recipe::Decrypt(ref options) => write("decrypt", options),
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(ref options) => write("encrypt", options),
            #[cfg(feature = "hash")]
            Recipe::Hash(ref options) => write("hash", options),
            #[cfg(feature = "image")]
            Recipe::Image(ref options) => write("image", options),
            #[cfg(feature = "points")]
            Recipe::Points(ref options) => write("points", options),
            #[cfg(feature = "stats")]
            Recipe::Stats(ref options) => write("stats", options),
        }
    }

    /// The job's name, as in the field `job`.
    pub fn job(&self) -> &'static str {
        match *self {
            #[cfg(feature = "compress")]
            Recipe::Compress(_) => "compress",
            #[cfg(feature = "compress")]
            Recipe::Decompress(_) => "decompress",
            #[cfg(feature = "encrypt")]
            Recipe::Decrypt(_) => "decrypt",
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(_) => "encrypt",
            #[cfg(feature = "hash")]
            Recipe::Hash(_) => "hash",
            #[cfg(feature = "image")]
            Recipe::Image(_) => "image",
            #[cfg(feature = "points")]
            Recipe::Points(_) => "points",
            #[cfg(feature = "stats")]
            Recipe::Stats(_) => "stats",
        }
    }

    /// Extensions, in lower case, of the objects that the job is made for: what a folder is searched for. `None` where it
    /// takes everything.
    pub fn extensions(&self) -> Option<&'static [&'static str]> {
        match self {
            #[cfg(feature = "compress")]
            Recipe::Compress(_) => None,
            #[cfg(feature = "compress")]
            Recipe::Decompress(_) => Some(crate::decompress::EXTENSIONS),
            #[cfg(feature = "encrypt")]
            Recipe::Decrypt(_) => Some(crate::encrypt::EXTENSIONS),
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(_) => None,
            #[cfg(feature = "hash")]
            Recipe::Hash(_) => None,
            #[cfg(feature = "image")]
            Recipe::Image(_) => Some(crate::image::EXTENSIONS),
            #[cfg(feature = "points")]
            Recipe::Points(_) => Some(crate::points::EXTENSIONS),
            #[cfg(feature = "stats")]
            Recipe::Stats(_) => Some(crate::stats::EXTENSIONS),
        }
    }

    /// Extensions, in lower case, of objects that the job leaves alone where a folder, a prefix or a pattern leads to them: what is
    /// compressed, or encrypted, already.
    pub fn passed_over(&self) -> &'static [&'static str] {
        match self {
            #[cfg(feature = "compress")]
            Recipe::Compress(_) => crate::decompress::EXTENSIONS,
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(_) => crate::encrypt::EXTENSIONS,
            #[allow(unreachable_patterns, reason = "each build has some of the jobs")]
            _ => &[],
        }
    }

    /// Whether the job writes anything. One that does not has its result in the report, and needs no destination.
    pub fn writes(&self) -> bool {
        match self {
            #[cfg(feature = "compress")]
            Recipe::Compress(_) => true,
            #[cfg(feature = "compress")]
            Recipe::Decompress(options) => options.writes(),
            #[cfg(feature = "encrypt")]
            Recipe::Decrypt(_) => true,
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(_) => true,
            #[cfg(feature = "hash")]
            Recipe::Hash(options) => options.sums,
            #[cfg(feature = "image")]
            Recipe::Image(_) => true,
            #[cfg(feature = "points")]
            Recipe::Points(_) => true,
            #[cfg(feature = "stats")]
            Recipe::Stats(options) => options.writes(),
        }
    }

    /// Whether the job takes a JSON document with `data` and makes one JSON document of it: then the event of a function may
    /// bring the `data`, and the output can be the reply.
    pub fn replies(&self) -> bool {
        match self {
            #[cfg(feature = "points")]
            Recipe::Points(_) => true,
            #[allow(unreachable_patterns, reason = "each build has some of the jobs")]
            _ => false,
        }
    }

    /// The same for one exact output, `to`, whose name ends with `extension` (without the dot): what it is written as is
    /// what its name says, unless the options say it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where neither says it, or both and they differ.
    pub fn written_to(self, to: &str, extension: &str) -> Result<Recipe> {
        match self {
            #[cfg(feature = "compress")]
            Recipe::Compress(options) => options.written_to(to, extension).map(Recipe::Compress),
            #[cfg(feature = "compress")]
            Recipe::Decompress(options) => {
                let _ = (to, extension);
                Ok(Recipe::Decompress(crate::decompress::Options { any_name: true, ..options }))
            }
            #[cfg(feature = "encrypt")]
            Recipe::Decrypt(options) => {
                let _ = (to, extension);
                Ok(Recipe::Decrypt(crate::decrypt::Options { any_name: true, ..options }))
            }
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(options) => {
                let _ = (to, extension);
                Ok(Recipe::Encrypt(options))
            }
            #[cfg(feature = "hash")]
            Recipe::Hash(options) => {
                let _ = (to, extension);
                Ok(Recipe::Hash(options))
            }
            #[cfg(feature = "image")]
            Recipe::Image(options) => options.written_to(to, extension).map(Recipe::Image),
            #[cfg(feature = "points")]
            Recipe::Points(options) => {
                // The form of the input is that of the output.
                let _ = (to, extension);
                Ok(Recipe::Points(options))
            }
            #[cfg(feature = "stats")]
            Recipe::Stats(options) => options.written_to(to, extension).map(Recipe::Stats),
        }
    }

    /// Whether a function can do what the command line can: it has no stdin to read keys from.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field that is `-` and what would be right.
    pub fn for_function(&self) -> Result<()> {
        match self {
            #[cfg(feature = "encrypt")]
            Recipe::Decrypt(options) => options.for_function(),
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(options) => options.for_function(),
            #[allow(unreachable_patterns, reason = "each build has some of the jobs")]
            _ => Ok(()),
        }
    }

    /// The job, once its options are found to make sense.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field, its value and what would be
    /// right.
    pub fn into_job(self) -> Result<Box<dyn Job>> {
        match self {
            #[cfg(feature = "compress")]
            Recipe::Compress(options) => Ok(Box::new(crate::compress::CompressJob::new(options)?)),
            #[cfg(feature = "compress")]
            Recipe::Decompress(options) => {
                Ok(Box::new(crate::decompress::DecompressJob::new(options)?))
            }
            #[cfg(feature = "encrypt")]
            Recipe::Decrypt(options) => Ok(Box::new(crate::decrypt::DecryptJob::new(options)?)),
            #[cfg(feature = "encrypt")]
            Recipe::Encrypt(options) => Ok(Box::new(crate::encrypt::EncryptJob::new(options)?)),
            #[cfg(feature = "hash")]
            Recipe::Hash(options) => Ok(Box::new(crate::hash::HashJob::new(options)?)),
            #[cfg(feature = "image")]
            Recipe::Image(options) => Ok(Box::new(crate::image::ImageJob::new(options)?)),
            #[cfg(feature = "points")]
            Recipe::Points(options) => Ok(Box::new(crate::points::PointsJob::new(options)?)),
            #[cfg(feature = "stats")]
            Recipe::Stats(options) => Ok(Box::new(crate::stats::StatsJob::new(options)?)),
        }
    }
}

fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner().to_string();
        // serde names an unknown field itself and gives the path of the object around it.
        if path == "." || cause.starts_with("unknown field") {
            Error::invalid_options(cause)
        } else {
            Error::invalid_options(format!("`{path}`: {cause}"))
        }
    })
}

fn write<T: Serialize + Default>(job: &str, options: &T) -> Value {
    let fields = |options: &T| match serde_json::to_value(options) {
        Ok(Value::Object(fields)) => fields,
        // Options are plain structs of numbers, text and lists, which JSON can always hold.
        other => unreachable!("options are an object: {other:?}"),
    };
    let defaults = fields(&T::default());
    let mut recipe = Map::from_iter([("job".to_owned(), Value::from(job))]);
    recipe.extend(
        fields(options).into_iter().filter(|(name, value)| defaults.get(name) != Some(value)),
    );
    Value::Object(recipe)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(all(test, feature = "image"))]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(recipe: Value) -> String {
        let error = Recipe::from_json(&recipe).and_then(Recipe::into_job).err();
        error.expect("the recipe is refused").to_string()
    }

    #[test]
    fn a_single_value_stands_for_a_list_of_one() {
        let one = Recipe::from_json(&json!({"job": "image", "width": 800, "format": "webp"}));
        let many = Recipe::from_json(&json!({"job": "image", "width": [800], "format": ["webp"]}));
        assert_eq!(one.expect("a recipe"), many.expect("a recipe"));
    }

    #[test]
    fn only_what_differs_from_the_default_is_written() {
        let text =
            json!({"job": "image", "width": [320, 800], "fit": "cover", "background": "#ff0000"});
        let recipe = Recipe::from_json(&text).expect("a recipe");
        assert_eq!(recipe.to_json(), text);
        assert_eq!(Recipe::from_json(&recipe.to_json()).expect("a recipe"), recipe);
    }

    #[test]
    fn an_unknown_field_is_named_with_those_that_exist() {
        let text = refusal(json!({"job": "image", "widht": 800}));
        assert!(
            text.starts_with("unknown field `widht`, expected one of `width`, `height`"),
            "{text}"
        );
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path() {
        for (recipe, start) in [
            (json!({"job": "image", "width": "wide"}), "`width`: "),
            (json!({"job": "image", "width": [320, -1]}), "`width[1]`: "),
            (json!({"job": "image", "quality": 300}), "`quality`: "),
            (
                json!({"job": "image", "fit": "inner"}),
                "`fit`: unknown variant `inner`, expected one of `cover`",
            ),
            (
                json!({"job": "image", "background": "blurple"}),
                "`background`: `blurple` is not a colour",
            ),
            (
                json!({"job": "image", "format": ["webp", "bmp"]}),
                "`format[1]`: unknown variant `bmp`",
            ),
            (json!({"job": "image", "quality": 0}), "`quality` is 0"),
        ] {
            let text = refusal(recipe);
            assert!(text.starts_with(start), "{text}");
        }
    }

    #[test]
    fn an_unknown_job_is_refused_with_those_that_exist() {
        let unknown = refusal(json!({"job": "imagine"}));
        assert!(unknown.contains("takes one of `") && unknown.contains("`image`"), "{unknown}");
        assert!(refusal(json!({"width": 800})).contains("no `job`"));
        assert!(refusal(json!([1])).contains("a list"));
    }
}
