//! A function must not be triggered by what it wrote.

use crate::deliver::Destination;
use crate::location::Address;

/// Why an object named by an event is left alone: it lies where this run writes to, so its outputs would be the next
/// event. Lambda itself stops such a loop only after some 16 rounds, and only through services it knows.
pub(crate) fn refusal(destination: &Destination, source: &Address) -> Option<String> {
    destination.holds(source.scheme, &source.bucket, &source.key).then(|| {
        let advice = match destination.holds(source.scheme, &source.bucket, "") {
            true => "; `to` is the whole bucket that triggers: give it a prefix or another bucket",
            false => "",
        };
        format!("it lies in the destination: the outputs would trigger the function again{advice}")
    })
}

/// Why an object that brawn's `job` wrote is left alone: its outputs would come into the bucket it lies in, perhaps by
/// way of a trigger that knows no prefix. Between two buckets it is one step of a chain.
pub(crate) fn echo(destination: &Destination, source: &Address, job: &str) -> Option<String> {
    destination.is_in_bucket(source.scheme, &source.bucket).then(|| {
        format!(
            "it was written by brawn (job `{job}`), and the outputs would come into the same bucket"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_brawn_wrote_is_left_alone_only_where_the_outputs_come_back() {
        for (to, refused) in [("s3://b/thumbs/", true), ("s3://other/", false), ("out/", false)] {
            let destination = Destination::folder(to.parse().expect("a location"));
            let echo = echo(&destination, &Address::s3("b", "up/a.jpg"), "image");
            assert_eq!(echo.is_some(), refused, "{to}");
        }
    }

    #[test]
    fn an_object_within_the_destination_is_left_alone() {
        for (to, key, refused) in [
            ("s3://b/thumbs/", "thumbs/a.jpg", true),
            ("s3://b/thumbs", "thumbs/2024/a.jpg", true),
            ("s3://b/thumbs/", "photos/a.jpg", false),
            ("s3://b/thumbs/", "thumbs-of-mine/a.jpg", false),
            ("s3://b/", "photos/a.jpg", true),
            ("s3://other/", "photos/a.jpg", false),
            ("out/", "photos/a.jpg", false),
        ] {
            let destination = Destination::folder(to.parse().expect("a location"));
            let refusal = refusal(&destination, &Address::s3("b", key));
            assert_eq!(refusal.is_some(), refused, "{key} to {to}");
        }
    }
}
