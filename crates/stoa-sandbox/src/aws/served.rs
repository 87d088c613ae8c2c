//! What a service answers, and the errors that the front makes itself.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use super::request::Service;
use super::secrets::SecretsError;

/// What a service answered.
pub(super) struct Served {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    /// Capacity units, by table.
    pub(super) units: BTreeMap<String, f64>,
    /// Whether the body is what became of a Lambda function that broke off.
    pub(super) is_function_error: bool,
}

impl Served {
    pub(super) fn of(status: StatusCode, body: Value) -> Self {
        Self { status, body, units: BTreeMap::new(), is_function_error: false }
    }

    /// What Secrets Manager answers.
    pub(super) fn of_secrets(answer: Result<Value, SecretsError>) -> Self {
        match answer {
            Ok(answer) => Self::of(StatusCode::OK, answer),
            Err(error) => {
                let body = json!({"__type": error.code(), "Message": error.to_string()});
                Self::of(StatusCode::BAD_REQUEST, body)
            }
        }
    }

    pub(super) fn nothing() -> Self {
        Self::of(StatusCode::OK, Value::Null)
    }

    pub(super) fn message(&self) -> Option<&str> {
        self.error()?;
        // Some errors of DynamoDB write it small.
        self.body["Message"].as_str().or_else(|| self.body["message"].as_str())
    }

    pub(super) fn error(&self) -> Option<&str> {
        let name = self.body["__type"].as_str().filter(|_| !self.status.is_success())?;
        Some(name.rsplit_once('#').map_or(name, |(_, name)| name))
    }

    /// The request's number where clients look for the request id, so that a log line leads to the journal.
    pub(super) fn numbered(&self, number: u64) -> Response<Full<Bytes>> {
        let mut response = reply(self.status, &self.body);
        response.headers_mut().insert("x-amzn-requestid", number.into());
        if self.is_function_error {
            response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
        }
        response
    }
}

pub(super) fn throttled(service: &Service) -> Served {
    let body = match service {
        Service::DynamoDb => json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "message": "The level of configured provisioned throughput for the table was exceeded. \
                        Consider increasing your provisioning level with the UpdateTable API.",
        }),
        Service::SecretsManager | Service::Logs | Service::CloudTrail | Service::Scheduler { .. } => {
            json!({"__type": "ThrottlingException", "message": "Rate exceeded"})
        }
        Service::Sqs => json!({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Request is throttled."}),
        Service::Lambda { .. } | Service::LambdaAccount => {
            json!({"__type": "TooManyRequestsException", "message": "Rate Exceeded."})
        }
    };
    Served::of(StatusCode::BAD_REQUEST, body)
}

pub(super) fn unavailable(service: &Service) -> Served {
    let body = match service {
        Service::DynamoDb => {
            json!({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "Internal server error"})
        }
        Service::SecretsManager => {
            json!({"__type": "InternalServiceError", "Message": "An error occurred on the server side."})
        }
        Service::Lambda { .. }
        | Service::LambdaAccount
        | Service::Scheduler { .. }
        | Service::Sqs
        | Service::Logs
        | Service::CloudTrail => {
            json!({"__type": "ServiceException", "Message": "An error occurred."})
        }
    };
    Served::of(StatusCode::INTERNAL_SERVER_ERROR, body)
}

pub(super) fn refusal(kind: &str, message: &str) -> Response<Full<Bytes>> {
    let refused = refused(kind, message);
    reply(refused.status, &refused.body)
}

/// Another transaction has one of the items in hand.
pub(super) fn conflicting(members: usize, operation: &str) -> Served {
    let kind = |name: &str| format!("com.amazonaws.dynamodb.v20120810#{name}");
    if operation != "TransactWriteItems" {
        return refused(&kind("TransactionConflictException"), "Transaction is ongoing for the item");
    }
    let reason = |at: usize| match at {
        0 => json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}),
        _ => json!({"Code": "None"}),
    };
    let reasons: Vec<_> = (0..members).map(reason).collect();
    let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    let kind = kind("TransactionCanceledException");
    Served::of(StatusCode::BAD_REQUEST, json!({"__type": kind, "Message": message, "CancellationReasons": reasons}))
}

pub(super) fn refused(kind: &str, message: &str) -> Served {
    Served::of(StatusCode::BAD_REQUEST, json!({"__type": kind, "Message": message}))
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
