//! Whether the account keeps a trail of who did what in it (CloudTrail, API 2013-11-01).

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::signed::Asked;
use super::{Answerer, OperatorError, StackAccess, sandbox};

/// More trails than an account has: five a region is the most.
const MOST_TRAILS: usize = 10;
/// The kind of data events that say who invoked a function.
const INVOCATIONS: &str = "AWS::Lambda::Function";

/// What is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Whether a trail records every change that is made in this region.
    pub is_on: bool,
    /// Whether one records who invokes the function `operator`.
    pub has_invocations: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trails {
    trail_list: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    #[serde(rename = "TrailARN")]
    arn: String,
    #[serde(default)]
    home_region: String,
    #[serde(default)]
    is_multi_region_trail: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    is_logging: bool,
}

impl StackAccess {
    /// What the trails record that the region has, those of the whole organization among them.
    pub async fn trail(&self) -> Result<Trail, OperatorError> {
        let (region, operator) = (self.signed.region(), self.operator_arn());
        let mut trail = Trail::default();
        let trails: Trails = self.ask_trail("DescribeTrails", &json!({})).await?;
        let here = |described: &Described| described.is_multi_region_trail || described.home_region == region;
        for described in trails.trail_list.into_iter().filter(here).take(MOST_TRAILS) {
            let name = &described.arn;
            let status: Status = self.ask_trail("GetTrailStatus", &json!({ "Name": name })).await?;
            if status.is_logging {
                let selected: Value = self.ask_trail("GetEventSelectors", &json!({ "TrailName": name })).await?;
                trail.is_on |= selects_changes(&selected);
                trail.has_invocations |= selects_invocations(&selected, &operator);
            }
        }
        Ok(trail)
    }

    /// The function itself: an event names no alias.
    fn operator_arn(&self) -> String {
        let named = &self.names.operator;
        match named.starts_with("arn:") {
            true => named.split(':').take(7).collect::<Vec<_>>().join(":"),
            // A sandbox is known by its names alone.
            false => format!("arn:aws:lambda:{}:{}:function:{named}", self.signed.region(), sandbox::ACCOUNT),
        }
    }

    async fn ask_trail<T: DeserializeOwned>(&self, operation: &str, body: &Value) -> Result<T, OperatorError> {
        let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
        let headers = &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let (what, service, body) = ("ask for the account's trail", "cloudtrail", body.to_string());
        let answer = self.signed.send(Asked { what, service, method: Method::POST, path: "/", headers, body }).await?;
        serde_json::from_slice(&answer).map_err(|_| OperatorError::Answer(Answerer::CloudTrail))
    }
}

/// Whether a trail records whatever is changed in the account, of the two forms in which it says what it records.
fn selects_changes(selected: &Value) -> bool {
    // One that records only some services, callers or operations has no value here that meets its condition.
    let change = [("eventCategory", "Management"), ("readOnly", "false")];
    let plain = |selector: &Value| records_writes(selector) && selector["IncludeManagementEvents"] == true;
    list(selected, "EventSelectors").iter().any(plain) || is_selected(selected, &change)
}

/// Whether it records who invokes a function. Of a function with its alias an event names the function alone.
fn selects_invocations(selected: &Value, function: &str) -> bool {
    // As it names every function: `arn:aws:lambda`.
    let every = function.split(':').take(3).collect::<Vec<_>>().join(":");
    let names = |resource: &Value| {
        let values = list(resource, "Values");
        resource["Type"] == INVOCATIONS && values.iter().any(|value| *value == function || *value == every)
    };
    let plain = |selector: &Value| records_writes(selector) && list(selector, "DataResources").iter().any(names);
    let invocation = [
        ("eventCategory", "Data"),
        ("readOnly", "false"),
        ("eventName", "Invoke"),
        ("eventSource", "lambda.amazonaws.com"),
        ("resources.type", INVOCATIONS),
        ("resources.ARN", function),
    ];
    list(selected, "EventSelectors").iter().any(plain) || is_selected(selected, &invocation)
}

/// Of the earlier form: an invocation counts as a write, too.
fn records_writes(selector: &Value) -> bool {
    matches!(selector["ReadWriteType"].as_str(), None | Some("All" | "WriteOnly"))
}

/// Of the later form: whether one of its selectors takes an event, each of whose fields has to meet all conditions on it.
fn is_selected(selected: &Value, event: &[(&str, &str)]) -> bool {
    let takes = |condition: &Value| {
        let field = condition["Field"].as_str().unwrap_or_default();
        meets(condition, event.iter().find(|(name, _)| *name == field).map(|(_, value)| *value))
    };
    list(selected, "AdvancedEventSelectors").iter().any(|selector| {
        let conditions = list(selector, "FieldSelectors");
        !conditions.is_empty() && conditions.iter().all(takes)
    })
}

/// Whether a value meets a condition. One that is not known (`None`) meets none that names what it must be.
fn meets(condition: &Value, value: Option<&str>) -> bool {
    type Compare = fn(&str, &str) -> bool;
    let equals: Compare = |value, named| value == named;
    let starts: Compare = |value, named| value.starts_with(named);
    let ends: Compare = |value, named| value.ends_with(named);
    let is_one = |operator: &str, compare: Compare| {
        let named = list(condition, operator);
        let texts = named.iter().filter_map(Value::as_str);
        (!named.is_empty()).then(|| value.is_some_and(|value| texts.into_iter().any(|text| compare(value, text))))
    };
    [("Equals", equals), ("StartsWith", starts), ("EndsWith", ends)].into_iter().all(|(operator, compare)| {
        let must = is_one(operator, compare).unwrap_or(true);
        let must_not = is_one(&format!("Not{operator}"), compare).unwrap_or(false);
        must && !must_not
    })
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:stoa-live-operator";

    fn plain(kind: &str, values: &Value) -> Value {
        json!({ "EventSelectors": [{
            "ReadWriteType": "All",
            "IncludeManagementEvents": false,
            "DataResources": [{ "Type": kind, "Values": values }],
        }] })
    }

    /// With these conditions beside its category.
    fn advanced(category: &str, conditions: &[Value]) -> Value {
        let mut fields = vec![json!({ "Field": "eventCategory", "Equals": [category] })];
        fields.extend(conditions.iter().cloned());
        json!({ "AdvancedEventSelectors": [{ "Name": "x", "FieldSelectors": fields }] })
    }

    #[test]
    fn a_trail_of_changes_records_them_all() {
        let management = |kind: &str, included: bool| json!({ "EventSelectors": [{ "ReadWriteType": kind, "IncludeManagementEvents": included }] });
        let kms = json!({ "Field": "eventSource", "NotEquals": ["kms.amazonaws.com"] });
        let read_only = |value: &str| json!({ "Field": "readOnly", "Equals": [value] });
        for all in [
            management("All", true),
            management("WriteOnly", true),
            advanced("Management", &[]),
            advanced("Management", &[kms.clone(), read_only("false")]),
        ] {
            assert!(selects_changes(&all), "{all}");
        }
        for some in [
            management("ReadOnly", true),
            management("All", false),
            advanced("Data", &[]),
            advanced("Management", &[kms, read_only("true")]),
            advanced("Management", &[json!({ "Field": "eventSource", "Equals": ["ec2.amazonaws.com"] })]),
            advanced("Management", &[json!({ "Field": "userIdentity.arn", "StartsWith": ["arn:aws:iam::1"] })]),
            json!({ "AdvancedEventSelectors": [{ "FieldSelectors": [] }] }),
            json!({ "EventSelectors": [] }),
            json!({}),
        ] {
            assert!(!selects_changes(&some), "{some}");
        }
    }

    #[test]
    fn a_trail_of_invocations_is_one_of_this_function() {
        let of_function = json!({ "Field": "resources.type", "Equals": [INVOCATIONS] });
        let arn = |operator: &str, value: &str| json!({ "Field": "resources.ARN", operator: [value] });
        let with = |condition: Value| advanced("Data", &[of_function.clone(), condition]);
        for ours in [
            plain(INVOCATIONS, &json!(["arn:aws:lambda"])),
            plain(INVOCATIONS, &json!(["arn:aws:lambda:eu-central-1:123456789012:function:other", FUNCTION])),
            advanced("Data", std::slice::from_ref(&of_function)),
            with(arn("Equals", FUNCTION)),
            with(arn("StartsWith", "arn:aws:lambda:eu-central-1:123456789012:function:stoa-live-")),
            with(arn("NotEndsWith", "-login")),
            with(json!({ "Field": "eventName", "Equals": ["Invoke"] })),
        ] {
            assert!(selects_invocations(&ours, FUNCTION), "{ours}");
        }
        let read_only = json!({ "EventSelectors": [{ "ReadWriteType": "ReadOnly", "DataResources": [
            { "Type": INVOCATIONS, "Values": ["arn:aws:lambda"] },
        ] }] });
        for other in [
            plain("AWS::S3::Object", &json!(["arn:aws:s3"])),
            plain(INVOCATIONS, &json!(["arn:aws:lambda:eu-central-1:123456789012:function:stoa-live-operator-2"])),
            advanced(
                "Data",
                &[arn("Equals", FUNCTION), json!({ "Field": "resources.type", "Equals": ["AWS::S3::Object"] })],
            ),
            advanced("Management", &[]),
            with(arn("Equals", "arn:aws:lambda:eu-central-1:123456789012:function:other")),
            with(arn("NotStartsWith", "arn:aws:lambda:eu-central-1:123456789012:function:stoa-live-")),
            with(json!({ "Field": "readOnly", "Equals": ["true"] })),
            read_only,
            json!({}),
        ] {
            assert!(!selects_invocations(&other, FUNCTION), "{other}");
        }
    }
}
