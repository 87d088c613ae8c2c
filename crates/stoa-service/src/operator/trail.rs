//! Whether the account keeps a trail of who did what in it (CloudTrail, API 2013-11-01).

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::signed::Asked;
use super::{Answerer, OperatorError, StackAccess};

/// More trails than an account has: five a region is the most.
const MOST_TRAILS: usize = 10;
/// The kind of data events that say who invoked a function.
const INVOCATIONS: &str = "AWS::Lambda::Function";

/// What is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Whether any trail records.
    pub is_on: bool,
    /// Whether one of these records who invokes functions.
    pub has_invocations: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trails {
    trail_list: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    #[serde(rename = "TrailARN")]
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    is_logging: bool,
}

impl StackAccess {
    /// What the trails record that the region has, those of the whole organization among them.
    pub async fn trail(&self) -> Result<Trail, OperatorError> {
        let mut trail = Trail::default();
        let trails: Trails = self.ask_trail("DescribeTrails", &json!({})).await?;
        for described in trails.trail_list.into_iter().take(MOST_TRAILS) {
            let name = &described.arn;
            let status: Status = self.ask_trail("GetTrailStatus", &json!({ "Name": name })).await?;
            if status.is_logging {
                trail.is_on = true;
                let selected: Value = self.ask_trail("GetEventSelectors", &json!({ "TrailName": name })).await?;
                trail.has_invocations |= selects_invocations(&selected);
            }
        }
        Ok(trail)
    }

    async fn ask_trail<T: DeserializeOwned>(&self, operation: &str, body: &Value) -> Result<T, OperatorError> {
        let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
        let headers = &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let (what, service, body) = ("ask for the account's trail", "cloudtrail", body.to_string());
        let answer = self.signed.send(Asked { what, service, method: Method::POST, path: "/", headers, body }).await?;
        serde_json::from_slice(&answer).map_err(|_| OperatorError::Answer(Answerer::CloudTrail))
    }
}

/// Of the two forms in which a trail says what it records.
fn selects_invocations(selected: &Value) -> bool {
    let of = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let plain = of(selected, "EventSelectors")
        .iter()
        .any(|selector| of(selector, "DataResources").iter().any(|resource| resource["Type"] == INVOCATIONS));
    let advanced = of(selected, "AdvancedEventSelectors").iter().any(|selector| {
        let fields = of(selector, "FieldSelectors");
        fields
            .iter()
            .any(|field| field["Field"] == "resources.type" && of(field, "Equals").contains(&json!(INVOCATIONS)))
    });
    plain || advanced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_trail_records_is_read_in_both_forms() {
        let plain =
            |kind: &str| json!({ "EventSelectors": [{ "DataResources": [{ "Type": kind, "Values": ["arn"] }] }] });
        let advanced = |field: &str| {
            let fields = json!([
                { "Field": "eventCategory", "Equals": ["Data"] },
                { "Field": field, "Equals": [INVOCATIONS] },
            ]);
            json!({ "AdvancedEventSelectors": [{ "Name": "x", "FieldSelectors": fields }] })
        };
        assert!(selects_invocations(&plain(INVOCATIONS)) && selects_invocations(&advanced("resources.type")));
        for other in [plain("AWS::S3::Object"), advanced("resources.ARN"), json!({}), json!({ "EventSelectors": [] })] {
            assert!(!selects_invocations(&other), "{other}");
        }
    }
}
