//! How option values are written in JSON.
#![cfg_attr(
    not(all(feature = "hash", feature = "image")),
    allow(dead_code, reason = "each job uses some")
)]

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use brawn_core::{ByteSize, Error};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

/// A [`ByteSize`] as JSON: a number of bytes, or text with a unit.
pub(crate) mod size {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        size: &ByteSize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(size.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ByteSize, D::Error> {
        number_or_text(deserializer, "a number of bytes, or a size such as \"256MB\"", |bytes| {
            Some(ByteSize(bytes))
        })
    }
}

pub(crate) fn number_or_text<'de, D: Deserializer<'de>, T: FromStr<Err = Error>>(
    deserializer: D,
    expected: &'static str,
    number: fn(u64) -> Option<T>,
) -> Result<T, D::Error> {
    struct NumberOrText<T>(&'static str, fn(u64) -> Option<T>);

    impl<T: FromStr<Err = Error>> Visitor<'_> for NumberOrText<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
            (self.1)(value).ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(value), &self))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_any(NumberOrText(expected, number))
}

/// The same where it may be left out.
pub(crate) mod maybe_size {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        size: &Option<ByteSize>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match size {
            Some(size) => serializer.serialize_some(&size.0),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ByteSize>, D::Error> {
        #[derive(Deserialize)]
        struct Size(#[serde(with = "super::size")] ByteSize);
        Ok(Option::<Size>::deserialize(deserializer)?.map(|Size(size)| size))
    }
}

/// A list, or a single value that stands for a list of one.
pub(crate) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct OneOrMany<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a single value or a list of values")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|value| vec![value])
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|value| vec![value])
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|value| vec![value])
        }

        fn visit_str<E: de::Error>(self, value: &str) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|value| vec![value])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<T>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }

    deserializer.deserialize_any(OneOrMany(PhantomData))
}
