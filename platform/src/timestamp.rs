//! A moment in time, as Postgres' `timestamptz` and as RFC 3339 text in JSON.

use std::fmt;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

/// Microseconds from 1970 to 2000, where Postgres begins to count.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// A moment in time with microsecond resolution, as Postgres keeps it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The present moment.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// The moment so many microseconds after 1970; the nearest that there is when it is out of range.
    pub fn from_microseconds(microseconds: i64) -> Self {
        let nearest = if microseconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::from_microsecond(microseconds).unwrap_or(nearest))
    }

    /// The moment so many days of 24 hours later; the last that there is when it is out of range.
    pub fn plus_days(self, days: u16) -> Self {
        let later = self.0.checked_add(jiff::SignedDuration::from_hours(24 * i64::from(days)));
        Self(later.unwrap_or(jiff::Timestamp::MAX))
    }

    /// The moment as the `jiff` crate has it.
    pub fn as_jiff(self) -> jiff::Timestamp {
        self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Type<Postgres> for Timestamp {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("timestamptz")
    }
}

impl Encode<'_, Postgres> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&(self.0.as_microsecond() - POSTGRES_EPOCH), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Timestamp {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => {
                let micros: i64 = Decode::<Postgres>::decode(value)?;
                let since_1970 = micros.checked_add(POSTGRES_EPOCH).ok_or("the timestamp is infinite")?;
                Ok(Self(jiff::Timestamp::from_microsecond(since_1970)?))
            }
            // Only unprepared statements answer in text: 2026-11-23 08:00:00.123+00
            PgValueFormat::Text => Ok(Self(value.as_str()?.parse()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_rfc_3339() {
        let moment = Timestamp::from(jiff::Timestamp::from_microsecond(POSTGRES_EPOCH + 1_500_000).unwrap());
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2000-01-01T00:00:01.5Z\"");
    }
}
