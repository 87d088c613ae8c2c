//! Why a request is refused.
//!
//! A client steers its retries by the status (Okta takes 400 as final, Entra repeats a 5xx for weeks), and its
//! administrator reads the sentence. Neither holds a value from the request: only names of attributes, shortened.

use serde_json::{Value, json};

use crate::schema::ERROR_URN;

/// The reason's keyword (RFC 7644 §3.12, table 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter cannot be read, or compares what cannot be compared.
    InvalidFilter,
    /// The filter yields more than is worked on.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// The attribute cannot be changed in this way.
    Mutability,
    /// The body is not what this endpoint takes.
    InvalidSyntax,
    /// The PATCH path cannot be read.
    InvalidPath,
    /// The PATCH path selects nothing that could be changed.
    NoTarget,
    /// A value is missing or of another type.
    InvalidValue,
    /// Another version of SCIM.
    InvalidVers,
}

impl ScimType {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
        }
    }
}

/// One exact reason for a refusal. What it prints is the `detail` of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the sentence names")]
pub enum Refusal {
    /// The body, what is kept, or the number of values in it is beyond a bound.
    #[error("The {what} is larger than {limit} {unit}.")]
    TooLarge { what: &'static str, limit: usize, unit: &'static str },
    /// The body is not JSON in UTF-8.
    #[error("The body is not JSON: line {line}, column {column}.")]
    NotJson { line: usize, column: usize },
    /// Objects and arrays are nested too deeply.
    #[error("Objects and arrays are nested more than {limit} deep.")]
    TooDeep { limit: usize },
    /// A member twice, in whatever case: two readers could read two things.
    #[error("\"{name}\" stands twice in one object.")]
    RepeatedMember { name: String },
    /// The body is JSON, and no object.
    #[error("The body is not a JSON object.")]
    NotAnObject,
    /// `schemas` names something else.
    #[error("\"schemas\" does not name {wanted}.")]
    WrongSchema { wanted: &'static str },
    /// SCIM 1.1.
    #[error("This is SCIM 2.0, and the request is of SCIM 1.1. Set the version to 2.0 in the client.")]
    OldVersion,

    /// A required attribute is missing or empty.
    #[error("\"{attribute}\" is required.")]
    Missing { attribute: String },
    /// A value of another type.
    #[error("\"{attribute}\" has to be {wanted}.")]
    WrongType { attribute: String, wanted: &'static str },
    /// A control character in a text.
    #[error("\"{attribute}\" has a control character in it.")]
    ControlCharacter { attribute: String },
    /// More than one value is the primary one.
    #[error("More than one value of \"{attribute}\" is primary.")]
    ManyPrimary { attribute: String },
    /// More values of an attribute, or more members, than one request or resource may have.
    #[error("\"{attribute}\" has more than {limit} values.")]
    TooManyValues { attribute: String, limit: usize },
    /// The attribute is the server's.
    #[error("\"{attribute}\" cannot be written.")]
    ReadOnly { attribute: String },
    /// The attribute cannot be taken away.
    #[error("\"{attribute}\" is required and cannot be removed.")]
    Required { attribute: String },

    /// `active` of somebody who is switched off: without it they would be active, which nobody has asked for.
    #[error("The person is not active, and would be without \"active\". Set it to true if that is meant.")]
    SwitchedOff,

    /// A PATCH without operations.
    #[error("\"Operations\" is not a list of one or more operations.")]
    NoOperations,
    /// More operations than one PATCH may have.
    #[error("A PATCH has at most {limit} operations.")]
    TooManyOperations { limit: usize },
    /// What is wrong with one of the operations. Nothing of the others is done either.
    #[error("Operation {number}: {refusal}")]
    InOperation { number: usize, refusal: Box<Refusal> },
    /// `op` is none of the three.
    #[error("\"op\" has to be \"add\", \"replace\" or \"remove\".")]
    UnknownOperation,
    /// `add` or `replace` without a value.
    #[error("\"value\" is required.")]
    NoValue,
    /// Without a path the value has to say which attributes.
    #[error("Without a \"path\", \"value\" has to be an object of attributes.")]
    NoPath,
    /// `remove` without a path.
    #[error("A removal needs a \"path\".")]
    RemoveWithoutPath,
    /// A removal has a value from which no member can be read.
    #[error("The \"value\" of this removal names no value of \"{attribute}\". Nothing was removed.")]
    NamesNone { attribute: String },
    /// The path selects nothing.
    #[error("No value of \"{attribute}\" is selected by this path.")]
    NoTarget { attribute: String },
    /// The path cannot be read.
    #[error("The path cannot be read from character {at} on.")]
    PathSyntax { at: usize },
    /// Members are selected by something else than their ids.
    #[error("Members are selected by their ids: members[value eq \"…\"].")]
    MembersFilter,

    /// The filter is too long, too deep, or has too many comparisons.
    #[error("A filter has at most {limit} {what}.")]
    FilterBound { what: &'static str, limit: usize },
    /// The filter cannot be read.
    #[error("The filter cannot be read from character {at} on: {wanted} is missing.")]
    FilterSyntax { at: usize, wanted: &'static str },
    /// The filter names an attribute that there is not.
    #[error("The filter names \"{name}\", which is no attribute here.")]
    FilterAttribute { name: String },
    /// The filter compares an attribute in a way that its type does not have.
    #[error("\"{attribute}\" cannot be compared with \"{operator}\".")]
    FilterOperator { attribute: String, operator: &'static str },
    /// The filter compares an attribute with a value of another type.
    #[error("\"{attribute}\" is compared with something that is not {wanted}.")]
    FilterValue { attribute: String, wanted: &'static str },
    /// The filter would have to be evaluated over too many.
    #[error(
        "This filter would have to look at more than {limit} resources. Look for one by userName, externalId, displayName or an address."
    )]
    TooMany { limit: usize },

    /// A parameter of the query cannot be read.
    #[error("The parameter \"{name}\" cannot be read.")]
    Parameter { name: &'static str },
    /// `attributes` and `excludedAttributes` together.
    #[error("\"attributes\" and \"excludedAttributes\" exclude each other.")]
    BothProjections,
    /// The documents of discovery take no filter (RFC 7644 §4).
    #[error("This endpoint takes no filter.")]
    FilterForbidden,

    /// Another active person, or another group, has the value.
    #[error("Another one has this \"{attribute}\".")]
    Taken { attribute: &'static str },
    /// There is nothing under this id or path, or nothing of this client's.
    #[error("There is no such resource.")]
    NotFound,
    /// The path exists, and not with this method.
    #[error("This endpoint does not take this method.")]
    Method,
    /// No token, or none that is known, whichever.
    #[error("The bearer token is missing or not valid.")]
    Unauthorized,
    /// The resource is another version than the one the client names.
    #[error("The resource has changed in the meantime. Read it again.")]
    VersionDiffers,
    /// Part of SCIM that is not offered; `ServiceProviderConfig` says so too.
    #[error("{what} is not supported.")]
    NotSupported { what: &'static str },
    /// Too many requests of one client at a time.
    #[error("Too many requests. Try again in {seconds} seconds.")]
    TooManyRequests { seconds: u32 },
    /// The store does not answer.
    #[error("This cannot be done at the moment. Try again.")]
    Unavailable,
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::InOperation { refusal, .. } => refusal.status(),
            Self::TooLarge { .. } | Self::TooManyValues { .. } | Self::TooManyOperations { .. } => 413,
            Self::Unauthorized => 401,
            Self::FilterForbidden => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::Taken { .. } => 409,
            Self::VersionDiffers => 412,
            Self::TooManyRequests { .. } => 429,
            Self::NotSupported { .. } => 501,
            Self::Unavailable => 503,
            Self::NotJson { .. }
            | Self::TooDeep { .. }
            | Self::RepeatedMember { .. }
            | Self::NotAnObject
            | Self::WrongSchema { .. }
            | Self::OldVersion
            | Self::Missing { .. }
            | Self::WrongType { .. }
            | Self::ControlCharacter { .. }
            | Self::ManyPrimary { .. }
            | Self::ReadOnly { .. }
            | Self::Required { .. }
            | Self::SwitchedOff
            | Self::NoOperations
            | Self::UnknownOperation
            | Self::NoValue
            | Self::NoPath
            | Self::RemoveWithoutPath
            | Self::NamesNone { .. }
            | Self::NoTarget { .. }
            | Self::PathSyntax { .. }
            | Self::MembersFilter
            | Self::FilterBound { .. }
            | Self::FilterSyntax { .. }
            | Self::FilterAttribute { .. }
            | Self::FilterOperator { .. }
            | Self::FilterValue { .. }
            | Self::TooMany { .. }
            | Self::Parameter { .. }
            | Self::BothProjections => 400,
        }
    }

    /// The keyword, where RFC 7644 §3.12 has one.
    pub fn scim_type(&self) -> Option<ScimType> {
        match self {
            Self::InOperation { refusal, .. } => refusal.scim_type(),
            Self::NotJson { .. }
            | Self::TooDeep { .. }
            | Self::RepeatedMember { .. }
            | Self::NotAnObject
            | Self::WrongSchema { .. }
            | Self::NoOperations
            | Self::UnknownOperation => Some(ScimType::InvalidSyntax),
            Self::OldVersion => Some(ScimType::InvalidVers),
            Self::Missing { .. }
            | Self::WrongType { .. }
            | Self::ControlCharacter { .. }
            | Self::ManyPrimary { .. }
            | Self::NoValue
            | Self::NoPath
            | Self::NamesNone { .. }
            | Self::Parameter { .. }
            | Self::BothProjections => Some(ScimType::InvalidValue),
            Self::ReadOnly { .. } | Self::Required { .. } | Self::SwitchedOff => Some(ScimType::Mutability),
            Self::RemoveWithoutPath | Self::NoTarget { .. } => Some(ScimType::NoTarget),
            Self::PathSyntax { .. } => Some(ScimType::InvalidPath),
            Self::MembersFilter
            | Self::FilterBound { .. }
            | Self::FilterSyntax { .. }
            | Self::FilterAttribute { .. }
            | Self::FilterOperator { .. }
            | Self::FilterValue { .. } => Some(ScimType::InvalidFilter),
            Self::TooMany { .. } => Some(ScimType::TooMany),
            Self::Taken { .. } => Some(ScimType::Uniqueness),
            Self::TooLarge { .. }
            | Self::TooManyValues { .. }
            | Self::TooManyOperations { .. }
            | Self::FilterForbidden
            | Self::NotFound
            | Self::Method
            | Self::Unauthorized
            | Self::VersionDiffers
            | Self::NotSupported { .. }
            | Self::TooManyRequests { .. }
            | Self::Unavailable => None,
        }
    }

    /// The answer's body (RFC 7644 §3.12). `status` is a text there.
    pub fn document(&self) -> Value {
        let mut document =
            json!({ "schemas": [ERROR_URN], "status": self.status().to_string(), "detail": self.to_string() });
        if let Some(scim_type) = self.scim_type() {
            document["scimType"] = scim_type.as_str().into();
        }
        document
    }
}
