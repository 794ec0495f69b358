//! A question to Prometheus, and whether the answer is within its limits.

use reqwest::StatusCode;
use serde_json::Value;

use super::client::{Api, Probe, ProbeError};
use crate::crd::PrometheusSpec;

/// Asks.
///
/// # Errors
/// When there is no answer, or no single number, or it lies outside.
pub(super) async fn ask(probe: &Probe, question: &PrometheusSpec) -> Result<(), ProbeError> {
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("query", &question.query).finish();
    let request = probe.get(&format!("{}/api/v1/query?{query}", question.url.trim_end_matches('/')));
    let (_, answer) = Api::expect(request, "Prometheus query", &[StatusCode::OK]).await?;
    let wrong = |answer: String, expected: String| ProbeError::Wrong {
        request: format!("Prometheus query {:?}", question.query),
        answer,
        expected,
    };
    let value =
        number(&answer).ok_or_else(|| wrong("no single number".to_owned(), "one number".to_owned()))?;
    let least = question.min.is_none_or(|min| value >= min);
    let most = question.max.is_none_or(|max| value <= max);
    if least && most {
        return Ok(());
    }
    let bound = |bound: Option<f64>| bound.map_or_else(|| "any".to_owned(), |bound| bound.to_string());
    Err(wrong(value.to_string(), format!("from {} to {}", bound(question.min), bound(question.max))))
}

/// The number of an instant vector with one element, or of a scalar; NaN is none.
fn number(answer: &Value) -> Option<f64> {
    let result = answer.pointer("/data/result")?;
    let pair = match result.as_array()?.as_slice() {
        [one] => one.get("value")?.as_array()?.get(1)?,
        [_, value] => value,
        _ => return None,
    };
    pair.as_str()?.parse::<f64>().ok().filter(|value| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_vector_of_one_and_a_scalar_are_numbers() {
        let vector = json!({"data": {"result": [{"metric": {}, "value": [1, "0.25"]}]}});
        assert_eq!(number(&vector), Some(0.25));
        assert_eq!(number(&json!({"data": {"resultType": "scalar", "result": [1, "7"]}})), Some(7.0));
        assert_eq!(number(&json!({"data": {"result": []}})), None);
        assert_eq!(number(&json!({"data": {"result": [{"value": [1, "NaN"]}]}})), None);
    }
}
