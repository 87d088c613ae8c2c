//! CloudTrail, as far as `stoa doctor` asks it: one trail of the account, which records what is done to it and no data
//! events, as one that was made in the console does.

use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use serde_json::{Value, json};

use super::served::{Served, refused};
use super::{ACCOUNT, REGION};

/// What somebody has done to the trail.
#[derive(Default)]
pub(super) struct Trails(Mutex<State>);

#[derive(Clone, Copy, Default)]
struct State {
    is_stopped: bool,
    has_invocations: bool,
}

fn arn() -> String {
    format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/account")
}

impl Trails {
    /// Stops the trail.
    pub(super) fn stop(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_stopped = true;
    }

    /// Lets it record who invokes functions, too.
    pub(super) fn select_invocations(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).has_invocations = true;
    }

    /// An operation.
    pub(super) fn answer(&self, operation: &str, body: &Value) -> Served {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = body["Name"].as_str().or_else(|| body["TrailName"].as_str());
        if operation != "DescribeTrails" && named != Some(&arn()) {
            let unknown = "com.amazonaws.cloudtrail.v20131101#TrailNotFoundException";
            return refused(unknown, "Unknown trail");
        }
        let answer = match operation {
            "DescribeTrails" => json!({ "trailList": [{
                "Name": "account",
                "TrailARN": arn(),
                "HomeRegion": REGION,
                "IsMultiRegionTrail": true,
                "IncludeGlobalServiceEvents": true,
                "IsOrganizationTrail": false,
            }] }),
            "GetTrailStatus" => json!({ "IsLogging": !state.is_stopped }),
            "GetEventSelectors" => {
                let functions = json!([{ "Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"] }]);
                let selected = if state.has_invocations { functions } else { json!([]) };
                json!({ "TrailARN": arn(), "EventSelectors": [{
                    "ReadWriteType": "All",
                    "IncludeManagementEvents": true,
                    "DataResources": selected,
                }] })
            }
            _ => return refused("UnknownOperationException", "The operation is not known."),
        };
        Served::of(StatusCode::OK, answer)
    }
}
