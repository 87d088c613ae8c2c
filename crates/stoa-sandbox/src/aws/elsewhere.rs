//! Other accounts and other regions, where nothing of the stack is: its tables and functions are not found, and a secret
//! that is written there is written there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use serde_json::{Value, json};

use super::request::{Caller, Operation, Service};
use super::secrets::Secrets;
use super::served::{Served, refused};
use super::{ACCOUNT, REGION, StartError, Storage};

/// The secrets of every other account and region, by both.
#[derive(Debug, Default)]
pub(super) struct Elsewhere(Mutex<BTreeMap<(String, String), Secrets>>);

impl Elsewhere {
    /// Whether a caller asks in another account or region than the stack's.
    pub(super) fn is_asked(caller: &Caller) -> bool {
        caller.account != ACCOUNT || caller.region != REGION
    }

    /// Answers a caller who does.
    pub(super) fn answer(&self, caller: &Caller, operation: &Operation, body: &Value) -> Result<Served, StartError> {
        match &operation.service {
            Service::SecretsManager => {
                let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let place = (caller.account.clone(), caller.region.clone());
                let secrets = match places.entry(place) {
                    std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                    std::collections::btree_map::Entry::Vacant(new) => new.insert(Secrets::open(&Storage::Memory)?),
                };
                Ok(Served::of_secrets(secrets.answer(&operation.name, body)))
            }
            Service::Lambda { function } => {
                Ok(refused("ResourceNotFoundException", &format!("Function not found: {function}")))
            }
            Service::LambdaAccount => {
                Ok(Served::of(StatusCode::OK, json!({ "AccountLimit": { "ConcurrentExecutions": 1000 } })))
            }
            Service::Scheduler { .. } | Service::Sqs | Service::Logs | Service::CloudTrail => {
                Ok(refused("ResourceNotFoundException", "It does not exist."))
            }
            Service::DynamoDb => Ok(refused(
                "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                "Requested resource not found",
            )),
        }
    }

    /// The names of all secrets there.
    pub(super) fn secrets(&self) -> BTreeSet<String> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lists = places.values().filter_map(|secrets| secrets.answer("ListSecrets", &json!({})).ok());
        let names = |list: Value| {
            let list = list["SecretList"].as_array().cloned().unwrap_or_default();
            list.into_iter().filter_map(|secret| secret["Name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        lists.flat_map(names).collect()
    }
}
