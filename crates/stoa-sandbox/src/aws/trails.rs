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

#[derive(Clone, Default)]
struct State {
    is_stopped: bool,
    /// Of one region alone, if not of all. A region does not know of another one's.
    only: Option<String>,
    /// What it says that it records, if somebody has set it.
    selected: Option<Value>,
}

fn arn() -> String {
    format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/account")
}

impl Trails {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Stops the trail.
    pub(super) fn stop(&self) {
        self.set(|state| state.is_stopped = true);
    }

    /// Makes it one of this region alone.
    pub(super) fn keep_to(&self, region: &str) {
        self.set(|state| state.only = Some(region.to_owned()));
    }

    /// Lets it record this: `EventSelectors` or `AdvancedEventSelectors`, as `PutEventSelectors` has them.
    pub(super) fn select(&self, selected: Value) {
        self.set(|state| state.selected = Some(selected));
    }

    /// An operation.
    pub(super) fn answer(&self, operation: &str, body: &Value) -> Served {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let named = body["Name"].as_str().or_else(|| body["TrailName"].as_str());
        let is_here = state.only.as_deref().is_none_or(|only| only == REGION);
        if operation == "DescribeTrails" && !is_here {
            return Served::of(StatusCode::OK, json!({ "trailList": [] }));
        }
        if operation != "DescribeTrails" && (!is_here || named != Some(&arn())) {
            let unknown = "com.amazonaws.cloudtrail.v20131101#TrailNotFoundException";
            return refused(unknown, "Unknown trail");
        }
        let answer = match operation {
            "DescribeTrails" => json!({ "trailList": [{
                "Name": "account",
                "TrailARN": arn(),
                "HomeRegion": REGION,
                "IsMultiRegionTrail": state.only.is_none(),
                "IncludeGlobalServiceEvents": true,
                "IsOrganizationTrail": false,
            }] }),
            "GetTrailStatus" => json!({ "IsLogging": !state.is_stopped }),
            "GetEventSelectors" => {
                let management = json!({ "EventSelectors": [{
                    "ReadWriteType": "All",
                    "IncludeManagementEvents": true,
                    "DataResources": [],
                }] });
                let mut answer = state.selected.unwrap_or(management);
                answer["TrailARN"] = json!(arn());
                answer
            }
            _ => return refused("UnknownOperationException", "The operation is not known."),
        };
        Served::of(StatusCode::OK, answer)
    }
}
