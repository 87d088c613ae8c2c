//! Why the command `stoa` did not do something.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use stoa_core::connection::ConnectionError;
use stoa_core::ids::{ConnectionId, CustomerId, SchoolId};
use stoa_core::oidc::JwksError;
use stoa_core::person::PersonState;
use stoa_core::trust::DiscoveryError;

use super::Untested;
use crate::egress::GetError;
use crate::store::{Key, NoAnswer, StoreError};

/// Why something was not done. Nothing was written, unless the text says so.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The file does not hold together.
    #[error("{0}")]
    Connection(#[from] ConnectionError),
    /// The file does not parse.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: String,
        /// What does not parse, and where.
        message: String,
    },
    /// The identity provider's metadata does not parse.
    #[error("{path}: {source}")]
    Metadata {
        /// The file, or the address that it was fetched from.
        path: String,
        /// What is wrong with it.
        source: stoa_saml::metadata::MetadataError,
    },
    /// The provider's discovery document is not used.
    #[error("{at}: {source}")]
    Discovery {
        /// Where it was.
        at: String,
        /// What is wrong with it.
        source: DiscoveryError,
    },
    /// The provider's key set is not used.
    #[error("{at}: {source}")]
    Jwks {
        /// Where it was.
        at: String,
        /// What is wrong with it.
        source: JwksError,
    },
    /// What an identity provider publishes could not be fetched from here.
    #[error("{url}: {source}")]
    Fetch {
        /// Where it should be.
        url: String,
        /// What was received instead.
        source: GetError,
    },
    /// The connection's school has not been applied.
    #[error("the school {0} does not exist; apply its file first")]
    NoSchool(SchoolId),
    /// There is no such connection.
    #[error("there is no connection {0}")]
    NoConnection(ConnectionId),
    /// The connection has no such version.
    #[error("the connection {0} has no version {1}")]
    NoVersion(ConnectionId, u32),
    /// Nobody has shown that the connection works.
    #[error("nothing was written: {0} is not tested: {1}")]
    Untested(ConnectionId, Untested),
    /// The probe's connection takes tests only.
    #[error("nothing was written: the connection probe is the probe's, which gets no further than the page of a test")]
    ProbeStays,
    /// Somebody else has changed the connection since it was read.
    #[error("nothing was written: somebody else has changed {0} in the meantime")]
    Meanwhile(ConnectionId),
    /// Somebody else has changed the school since it was read.
    #[error("nothing was written: somebody else has changed the school {0} in the meantime")]
    SchoolMeanwhile(SchoolId),
    /// Another customer has claimed the domain at this school.
    #[error("nothing was written: the domain {domain} belongs to {}, not to {wanted_by}", owner.as_deref().unwrap_or("another customer"))]
    DomainTaken {
        /// The domain that was asked for.
        domain: String,
        /// Who asks for it.
        wanted_by: CustomerId,
        /// Whose it is, where known.
        owner: Option<String>,
    },
    /// Another school is that site of Thinkific's already. Two would share its accounts, and not who has which domain.
    #[error("nothing was written: the site {site} is {} already, so it cannot be {wanted_by} too", owner.as_ref().map_or_else(|| "another school".to_owned(), |owner| format!("the school {owner}")))]
    SiteTaken {
        /// Its host.
        site: String,
        /// The school that asks for it.
        wanted_by: SchoolId,
        /// Which school it is, where known.
        owner: Option<SchoolId>,
    },
    /// A new connection of this name would take over the keys of an earlier one.
    #[error("nothing was written: the trust table still holds keys of an earlier connection {0}")]
    KeysLeft(ConnectionId),
    /// The connection neither trusts nor knows a key with this fingerprint.
    #[error("{0} has no key with the SHA-256 {1}")]
    NoKey(ConnectionId, String),
    /// The connection's metadata is nowhere to be looked at.
    #[error("{0} has no saml.metadata_url, so there is nothing to fetch")]
    NothingPublished(ConnectionId),
    /// The key is trusted already.
    #[error("nothing was written: {0} already trusts the key")]
    AlreadyTrusted(ConnectionId),
    /// Without a key nobody could log in. `disable` is the way to let nobody in.
    #[error("nothing was written: it is the last key that {0} trusts; add another first, or disable the connection")]
    LastKey(ConnectionId),
    /// The connection has as many keys as it may have.
    #[error("nothing was written: {0} has as many keys as it may have; remove one first")]
    TooManyKeys(ConnectionId),
    /// An OpenID provider's keys come from its own address, and are its own to change.
    #[error("{0} is not a SAML connection: its provider's key set is used as published")]
    NotSaml(ConnectionId),
    /// WorkOS's answers come over TLS, and a Teams tab may only open the login in the browser.
    #[error("{0} has no keys: nothing that it takes is signed for it")]
    NoKeys(ConnectionId),
    /// Other writes were under way on the same items.
    #[error("nothing was written: other writes to the same items were in progress")]
    Busy,
    /// An entity id of ours cannot be changed: the customer's administrator has it.
    #[error("saml.sp_entity_id of {0} is {1:?} and cannot be changed")]
    EntityIdFixed(ConnectionId, String),
    /// A connection whose directory has people stays with its school.
    #[error("{0} has people in its directory, whose accounts are at {1}: its school cannot be changed")]
    SchoolFixed(ConnectionId, SchoolId),
    /// Something is still to be done at a connection's school for people who are gone.
    #[error(
        "people who are gone from the directory of {0} are still to be dealt with at {1}: its school cannot be changed yet"
    )]
    SchoolBusy(ConnectionId, SchoolId),
    /// A connection asks a directory that is not there, or is of other people.
    #[error("directory.of of {0}: {1} has no directory of the same customer and school")]
    NoDirectoryBeside(ConnectionId, ConnectionId),
    /// Something needs the secret, so it stays.
    #[error("nothing was removed: the secret {0} is in use")]
    SecretNeeded(String),
    /// The secret's text is not usable.
    #[error("{0}")]
    Secret(&'static str),
    /// An item is not of a form that this version knows.
    #[error("{0}: the stored item is not in a form that this version knows")]
    Item(Key),
    /// What came back from AWS is not of a form that this version knows.
    #[error("the response from {0} is not in a form that this version knows")]
    Answer(Answerer),
    /// What was to be sent cannot be put into its form: a mistake of the command's.
    #[error("nothing was written: the request could not be built")]
    Unformed,
    /// The connection's directory has nobody with that id, or no longer.
    #[error("nothing was written: the directory of {0} has nobody with that id, or its source has deleted them")]
    NotInDirectory(ConnectionId),
    /// Something has to come before a person is forgotten.
    #[error("nothing was erased: {0}")]
    NotErasable(super::NotYet),
    /// The directory has no owner of that address.
    #[error("nobody at the school of {0} has that address")]
    NoPerson(ConnectionId),
    /// The person has no item that could be changed.
    #[error("this person has never signed in, so there is nothing to change")]
    NeverCameIn,
    /// The person's state does not allow it, or is that already.
    #[error("nothing was written: this person is already {}", .0.as_str())]
    PersonIs(PersonState),
    /// Somebody has come in under the subject already, or it is the same one.
    #[error("nothing was written: somebody is known under the new subject already")]
    SubjectTaken,
    /// The person has no address that could be freed.
    #[error("this person has no address to free")]
    NoAddress,
    /// Somebody, or a login of theirs, has changed the person since they were read.
    #[error("nothing was written: somebody else has changed this person in the meantime")]
    PersonMeanwhile,
    /// Nobody would send people by SCIM.
    #[error("nothing was written: {0} takes no people by SCIM; its file needs [directory] with source = \"scim\"")]
    NotScim(ConnectionId),
    /// Files would bring nobody in.
    #[error("nothing was written: {0} takes no people from files; its file needs [directory] with source = \"csv\"")]
    NotCsv(ConnectionId),
    /// As many tokens are live as may be.
    #[error("nothing was written: {0} has two tokens that are live; revoke one first")]
    TokensLive(ConnectionId),
    /// No token of the connection has this number.
    #[error("nothing was written: {0} has no token {1}")]
    NoToken(ConnectionId, String),
    /// The function could not answer the question.
    #[error("{who} answered {fault}{}", detail.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused {
        /// Which function.
        who: Answerer,
        /// The fault's code.
        fault: String,
        /// What the function noted for on-call.
        detail: Option<String>,
    },
    /// The function is of another version than the command.
    #[error("{who} of this stack understands only: {known}")]
    NotUnderstood {
        /// Which function.
        who: Answerer,
        /// The questions that it understands.
        known: String,
    },
    /// The outputs of the stack do not name the function.
    #[error("the outputs of the stack do not name {0}")]
    FunctionUnnamed(Answerer),
    /// The function broke off.
    #[error("{who} failed ({kind}); its log shows why")]
    Function {
        /// Which function.
        who: Answerer,
        /// How, as Lambda says it.
        kind: String,
    },
    /// AWS refused or did not answer.
    #[error("could not {what}: {code}")]
    Aws {
        /// What was wanted, as a verb.
        what: &'static str,
        /// AWS's error code.
        code: String,
    },
}

/// Who answers the command, besides the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// AWS Lambda.
    Lambda,
    /// AWS CloudTrail.
    CloudTrail,
    /// Amazon CloudWatch Logs.
    Logs,
    /// Amazon EventBridge Scheduler.
    Scheduler,
    /// Amazon SNS.
    Sns,
    /// Amazon SQS.
    Sqs,
    /// AWS STS.
    Sts,
    /// The function `operator`.
    Operator,
    /// The function `csv-import`.
    CsvImport,
}

impl Answerer {
    /// The function's name in the register, if it is one.
    pub const fn function(self) -> Option<&'static str> {
        match self {
            Self::CloudTrail | Self::Lambda | Self::Logs | Self::Scheduler | Self::Sns | Self::Sqs | Self::Sts => None,
            Self::Operator => Some("operator"),
            Self::CsvImport => Some("csv-import"),
        }
    }

    /// What was wanted, as a verb.
    pub(super) const fn asked(self) -> &'static str {
        match self {
            Self::Lambda => "ask Lambda",
            Self::CloudTrail => "ask CloudTrail",
            Self::Logs => "ask CloudWatch Logs",
            Self::Scheduler => "ask EventBridge Scheduler",
            Self::Sns => "ask SNS",
            Self::Sqs => "ask SQS",
            Self::Sts => "ask STS",
            Self::Operator => "ask the function operator",
            Self::CsvImport => "ask the function csv-import",
        }
    }
}

impl fmt::Display for Answerer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lambda => "Lambda",
            Self::CloudTrail => "CloudTrail",
            Self::Logs => "CloudWatch Logs",
            Self::Scheduler => "EventBridge Scheduler",
            Self::Sns => "SNS",
            Self::Sqs => "SQS",
            Self::Sts => "STS",
            Self::Operator => "the function operator",
            Self::CsvImport => "the function csv-import",
        })
    }
}

impl OperatorError {
    pub(super) fn aws<E: ProvideErrorMetadata, R>(what: &'static str, error: &SdkError<E, R>) -> Self {
        Self::no_answer(what, NoAnswer::of(error))
    }

    /// What a table did not do, as a verb says it.
    pub(super) fn store(what: &'static str) -> impl FnOnce(StoreError) -> Self {
        move |error| match error {
            StoreError::Aws { answer, .. } => Self::no_answer(what, answer),
            StoreError::Strange { key, .. } => Self::Item(key),
            StoreError::Unformed => Self::Unformed,
            StoreError::Unfinished => Self::Busy,
        }
    }

    fn no_answer(what: &'static str, answer: NoAnswer) -> Self {
        let code = match answer {
            NoAnswer::Refused(Some(code)) => code,
            NoAnswer::Refused(None) => "unknown error".to_owned(),
            NoAnswer::Late => "no answer in time".to_owned(),
            NoAnswer::Nothing => "no connection".to_owned(),
        };
        Self::Aws { what, code }
    }
}

impl From<StoreError> for OperatorError {
    fn from(error: StoreError) -> Self {
        Self::store("read the table")(error)
    }
}
