//! Times and names as Lambda writes them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment in UTC, by the parts that formats are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Utc {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) millis: u16,
}

impl Utc {
    pub(crate) fn now() -> Utc {
        Utc::at(since_epoch())
    }

    /// Source of the calendar: Howard Hinnant, "chrono-compatible low-level date algorithms" (`civil_from_days`).
    pub(crate) fn at(since_epoch: Duration) -> Utc {
        let seconds = since_epoch.as_secs();
        let days = i64::try_from(seconds / 86_400).unwrap_or(0) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era =
            (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096).div_euclid(365);
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let small = |value: i64| u8::try_from(value).unwrap_or(0);
        let clock = |value: u64| u8::try_from(value).unwrap_or(0);
        Utc {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(of_year - (153 * shifted + 2) / 5 + 1),
            hour: clock(seconds % 86_400 / 3600),
            minute: clock(seconds % 3600 / 60),
            second: clock(seconds % 60),
            millis: u16::try_from(since_epoch.subsec_millis()).unwrap_or(0),
        }
    }

    /// `2026-11-24T22:01:02.345Z`.
    pub(crate) fn iso(&self) -> String {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            self.year, self.month, self.day, self.hour, self.minute, self.second, self.millis
        )
    }

    /// `24/Nov/2026:22:01:02 +0000`, as in the request context of a function URL.
    pub(crate) fn common_log(&self) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = MONTHS.get(usize::from(self.month).wrapping_sub(1)).unwrap_or(&"Jan");
        format!(
            "{:02}/{month}/{:04}:{:02}:{:02}:{:02} +0000",
            self.day, self.year, self.hour, self.minute, self.second
        )
    }
}

/// The time since 1970.
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// 64 bits that nobody has seen before: names must differ, secrets they are not.
pub(crate) fn random() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u128(since_epoch().as_nanos());
    hasher.finish()
}

/// A version 4 UUID, as request ids are.
pub(crate) fn uuid() -> String {
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0x0fff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // `date -u -d @N +%FT%TZ`
        for (seconds, iso, log) in [
            (0, "1970-01-01T00:00:00.000Z", "01/Jan/1970:00:00:00 +0000"),
            (951_782_399, "2000-02-28T23:59:59.000Z", "28/Feb/2000:23:59:59 +0000"),
            (951_782_400, "2000-02-29T00:00:00.000Z", "29/Feb/2000:00:00:00 +0000"),
            (1_796_169_599, "2026-12-01T23:59:59.000Z", "01/Dec/2026:23:59:59 +0000"),
        ] {
            let utc = Utc::at(Duration::from_secs(seconds));
            assert_eq!((utc.iso().as_str(), utc.common_log().as_str()), (iso, log));
        }
    }

    #[test]
    fn request_ids_have_the_shape_of_version_4_and_differ() {
        let (one, other) = (uuid(), uuid());
        assert_ne!(one, other);
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
