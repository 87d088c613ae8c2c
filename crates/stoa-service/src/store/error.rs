//! Why a table did not do what was asked. That a condition is refused is an answer, and no error.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;

use super::items::Key;

/// Why a table did not do what was asked.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// AWS did not do it.
    Aws {
        /// Which table, or which call where it is about several.
        what: &'static str,
        /// What came instead.
        answer: NoAnswer,
    },
    /// An item is not of the form that this version knows.
    Strange {
        /// Where the item is.
        key: Key,
        /// What does not fit.
        why: serde_dynamo::Error,
    },
    /// What is to be written, or asked for, cannot be put into DynamoDB's form: a mistake of ours.
    Unformed,
    /// Items of a batch were left out again and again.
    Unfinished,
}

/// What came from AWS in place of an answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// A refusal, with its code where it had one.
    Refused(Option<String>),
    /// Nothing in time.
    Late,
    /// Nothing at all.
    Nothing,
}

impl StoreError {
    pub(super) fn aws<E: ProvideErrorMetadata, R>(what: &'static str, error: &SdkError<E, R>) -> Self {
        Self::Aws { what, answer: NoAnswer::of(error) }
    }
}

impl NoAnswer {
    pub(crate) fn of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        match error {
            SdkError::ServiceError(service) => Self::Refused(service.err().meta().code().map(str::to_owned)),
            SdkError::TimeoutError(_) => Self::Late,
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | _ => {
                Self::Nothing
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Aws { what, answer } => {
                let code = match &answer {
                    NoAnswer::Refused(code) => code.as_deref(),
                    NoAnswer::Late => Some("timeout"),
                    NoAnswer::Nothing => None,
                };
                let fault = match code {
                    Some("AccessDeniedException") => Fault::PermissionMissing,
                    Some("TransactionConflictException") => Fault::StoreContended,
                    Some(_) | None => Fault::StoreUnavailable,
                };
                Self::with(fault, what, code.unwrap_or("no answer"))
            }
            StoreError::Strange { key, why } => {
                Self::with(Fault::StoreItemStrange, key.table.as_str(), &why.to_string())
            }
            StoreError::Unformed => Fault::Internal.into(),
            StoreError::Unfinished => Self::noted(Fault::StoreUnavailable, "a batch stayed unfinished"),
        }
    }
}
