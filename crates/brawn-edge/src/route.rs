//! The edge half of a recipe: where from and where to.

use brawn_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::location::Location;
use crate::tables::{Mode, Tables};

/// Where a recipe's objects come from and where its outputs go; the rest of the recipe is the job's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// Files, folders, patterns, prefixes and keys. One may be written without the list around it.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub sources: Vec<Location>,
    /// Where the outputs go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Location>,
    /// Leave objects alone whose outputs are all there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skip_existing: bool,
    /// Plan only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The `Cache-Control` of what is delivered to a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// Where `to` is a database: the name of the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What becomes of rows that are there.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: Mode,
    /// With `upsert`: the key alone tells rows apart, whatever object they came from.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub key_alone: bool,
}

/// The names of the fields above.
const FIELDS: [&str; 8] =
    ["sources", "to", "skip_existing", "dry_run", "cache_control", "table", "mode", "key_alone"];

fn is_default(mode: &Mode) -> bool {
    *mode == Mode::default()
}

impl Route {
    /// How rows go into a database, for [`Destination::with_tables`](crate::Destination::with_tables).
    pub fn tables(&self) -> Tables {
        Tables { name: self.table.clone(), mode: self.mode, key_alone: self.key_alone }
    }

    /// Splits a flat recipe, `{"job":"image","width":[800],"sources":["s3://in/a.jpg"],"to":"s3://out/"}`, into its
    /// route and the rest.
    ///
    /// # Errors
    /// When it is no object or a field of the route is wrong; the error names the field.
    pub fn split(recipe: Value) -> Result<(Route, Value)> {
        let Value::Object(mut rest) = recipe else {
            return Err(Error::invalid_options("a recipe is a JSON object, and this is none")
                .with_hint(EXAMPLE));
        };
        let own: Map<String, Value> =
            FIELDS.into_iter().filter_map(|field| rest.remove_entry(field)).collect();
        let route = serde_path_to_error::deserialize(Value::Object(own)).map_err(|error| {
            let field = error.path().to_string();
            Error::invalid_options(format!("recipe field `{field}`: {}", error.inner()))
                .with_hint(EXAMPLE)
        })?;
        Ok((route, Value::Object(rest)))
    }
}

const EXAMPLE: &str = "for example {\"job\":\"image\",\"width\":[800],\"sources\":[\"s3://in/a.jpg\"],\"to\":\"s3://out/\"}";

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Location>, D::Error> {
    struct Visitor;
    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Vec<Location>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a location or a list of locations")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<Location>, E> {
            text.parse().map(|location| vec![location]).map_err(E::custom)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut list: A,
        ) -> Result<Vec<Location>, A::Error> {
            let mut locations = Vec::new();
            while let Some(location) = list.next_element()? {
                locations.push(location);
            }
            Ok(locations)
        }
    }
    deserializer.deserialize_any(Visitor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_flat_recipe_is_split_into_route_and_job() {
        let recipe = json!({
            "job": "image", "width": [800], "sources": ["s3://in/a b.jpg", "photos/"],
            "to": "s3://out/thumbs/", "skip_existing": true,
        });
        let (route, rest) = Route::split(recipe).expect("a recipe");
        assert_eq!(rest, json!({ "job": "image", "width": [800] }));
        assert_eq!(route.sources.len(), 2);
        assert_eq!(route.to, Some("s3://out/thumbs/".parse().expect("a location")));
        assert!(route.skip_existing && !route.dry_run);
        let again = serde_json::to_value(&route).expect("plain data");
        assert_eq!(Route::split(again).expect("its own form").0, route);
    }

    #[test]
    fn a_database_and_its_table_are_part_of_the_route_and_its_password_is_not_written() {
        let recipe = json!({
            "job": "stats", "sources": "a.csv", "to": "postgres://ann:hush@host/db", "table": "t",
            "mode": "upsert", "key_alone": true,
        });
        let (route, rest) = Route::split(recipe).expect("a recipe");
        assert_eq!(rest, json!({ "job": "stats" }));
        let tables = Tables { name: Some("t".into()), mode: Mode::Upsert, key_alone: true };
        assert_eq!(route.tables(), tables);
        let again = serde_json::to_value(&route).expect("plain data");
        assert_eq!(
            (&again["to"], &again["mode"]),
            (&json!("postgres://ann@host/db"), &json!("upsert"))
        );
        assert!(!format!("{route:?}{again}").contains("hush"));
    }

    #[test]
    fn one_source_needs_no_list() {
        let (route, _) = Route::split(json!({ "sources": "a.jpg" })).expect("a recipe");
        assert_eq!(route.sources, ["a.jpg".parse().expect("a location")]);
    }

    #[test]
    fn an_error_names_the_field() {
        for (recipe, says) in [
            (json!({ "sources": ["a.jpg", "gs://b/c"] }), "`sources[1]`: `gs://b/c`"),
            (json!({ "sources": 7 }), "`sources`: invalid type: integer `7`"),
            (json!({ "to": "s3://" }), "`to`: `s3://` names no bucket"),
            (json!({ "skip_existing": "yes" }), "`skip_existing`"),
            (json!({ "mode": "merge" }), "`mode`: unknown variant `merge`, expected one of `fail`"),
            (json!([1]), "a recipe is a JSON object"),
        ] {
            let error = Route::split(recipe).expect_err(says);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
