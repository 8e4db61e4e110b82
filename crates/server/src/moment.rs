//! Moments in the past as a request names them: by a bundle, or by a time.

use openprod_core::{FieldType, Timestamp, Value};
use openprod_engine::{Moment, MomentError};

use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// Reads the id of a bundle, or a time in RFC 3339.
pub(crate) fn read_moment(text: &str) -> Result<Moment, Problem> {
    if let Ok(bundle) = text.parse() {
        return Ok(Moment::Bundle(bundle));
    }
    if let Ok(Value::DateTime(time)) = FieldType::DateTime.parse(text)
        && let Ok(micros) = u64::try_from(time.micros)
    {
        return Ok(Moment::Time(Timestamp::from_micros(micros)));
    }
    let found: String = text.chars().take(80).collect();
    let expected = "the id of a bundle, or a time as 2026-11-21T19:30:00Z";
    let detail = format!("show the past: {found:?} is not {expected}");
    Err(Problem::new(ProblemCode::BadQuery, detail).with(|problem| {
        problem.field = Some("at".to_owned());
        (problem.found, problem.expected) = (Some(found.clone()), Some(expected.to_owned()));
    }))
}

impl From<MomentError> for Problem {
    fn from(error: MomentError) -> Self {
        let detail = error.to_string();
        match error {
            MomentError::UnknownBundle(bundle) => Self::new(ProblemCode::UnknownBundle, detail)
                .with(|problem| problem.bundle_id = Some(bundle.to_string())),
            MomentError::HeldBundle(bundle) => Self::new(ProblemCode::HeldBundle, detail)
                .with(|problem| problem.bundle_id = Some(bundle.to_string())),
            MomentError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_bundles_or_times() {
        let bundle = "018f0000-0000-7000-8000-000000000000";
        assert_eq!(
            read_moment(bundle).unwrap(),
            Moment::Bundle(bundle.parse().unwrap())
        );
        for text in ["1970-01-01T00:00:02Z", "1970-01-01T01:00:02+01:00"] {
            let two = Moment::Time(Timestamp::from_micros(2_000_000));
            assert_eq!(read_moment(text).unwrap(), two);
        }
        for text in ["", "yesterday", "1969-12-31T23:59:59Z", "2026-11-21"] {
            assert_eq!(
                read_moment(text).unwrap_err().code(),
                ProblemCode::BadQuery,
                "{text}"
            );
        }
    }
}
