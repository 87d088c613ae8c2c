//! Secrets Manager: the operations that stoa and its command use, with versions and staging labels.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ACCOUNT, REGION, StartError, Storage};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
const ARN_SUFFIX: usize = 6;

/// Why an operation was refused, in the words of AWS.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretsError {
    #[error("Secrets Manager can't find the specified secret.")]
    NoSecret,
    #[error("Secrets Manager can't find the specified secret value for staging label: {0}")]
    NoStage(String),
    #[error("Secrets Manager can't find the specified secret value for VersionId: {0}")]
    NoVersion(String),
    #[error("The operation failed because the secret {0} already exists.")]
    SecretExists(String),
    #[error("You can't modify a version of a secret: {0} already has another value.")]
    VersionExists(String),
    #[error("You must provide a ClientRequestToken value. We recommend a UUID-type value.")]
    NoToken,
    #[error("You can't perform this operation on the secret because it was marked for deletion.")]
    Marked,
    #[error("You can't create this secret because a secret with this name is already scheduled for deletion.")]
    NameMarked,
    #[error("{0}")]
    InvalidParameter(&'static str),
    #[error("The operation is not offered here.")]
    UnknownOperation,
    #[error("The secrets could not be kept.")]
    NotKept,
}

impl SecretsError {
    /// The error's name on the wire.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoSecret | Self::NoStage(_) | Self::NoVersion(_) => "ResourceNotFoundException",
            Self::SecretExists(_) | Self::VersionExists(_) => "ResourceExistsException",
            Self::NoToken | Self::Marked | Self::NameMarked => "InvalidRequestException",
            Self::InvalidParameter(_) => "InvalidParameterException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::NotKept => "InternalServiceError",
        }
    }
}

/// The secret's name in a `SecretId`, which may be an ARN with its random suffix.
pub(super) fn name_of(id: &str) -> &str {
    match id.split_once(":secret:") {
        Some((_, rest)) => match rest.rsplit_once('-') {
            Some((name, suffix)) if suffix.len() == ARN_SUFFIX => name,
            _ => rest,
        },
        None => id,
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum SecretValue {
    SecretString(String),
    SecretBinary(String),
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Version {
    id: String,
    value: SecretValue,
    created: Timestamp,
    stages: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Secret {
    name: String,
    description: Option<String>,
    created: Timestamp,
    changed: Timestamp,
    versions: Vec<Version>,
    /// Since when it is marked for deletion. Until its time is over it can be restored.
    #[serde(default)]
    deleted: Option<Timestamp>,
}

/// The secrets, in memory and, where asked, in a file.
#[derive(Debug)]
pub(super) struct Secrets {
    secrets: Mutex<BTreeMap<String, Secret>>,
    file: Option<PathBuf>,
}

impl Secrets {
    pub(super) fn open(storage: &Storage) -> Result<Self, StartError> {
        let file = match storage {
            Storage::Memory | Storage::Another(_) => None,
            Storage::Folder(folder) => Some(folder.join("secrets.json")),
        };
        let kept = match &file {
            Some(file) if file.exists() => serde_json::from_slice(&std::fs::read(file)?)?,
            _ => BTreeMap::new(),
        };
        Ok(Self { secrets: Mutex::new(kept), file })
    }

    /// Carries out one operation.
    pub(super) fn answer(&self, operation: &str, request: &Value) -> Result<Value, SecretsError> {
        let now = Timestamp::now();
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        match operation {
            "GetSecretValue" => find(&mut secrets, request)?.unmarked()?.value(request),
            "DescribeSecret" => Ok(find(&mut secrets, request)?.describe("VersionIdsToStages")),
            "ListSecrets" => Ok(list(&secrets, request)),
            "CreateSecret" => {
                let answer = create(&mut secrets, request, now)?;
                self.keep(&secrets)?;
                Ok(answer)
            }
            "PutSecretValue" => {
                let answer = find(&mut secrets, request)?.unmarked()?.put(request, now)?;
                self.keep(&secrets)?;
                Ok(answer)
            }
            "DeleteSecret" => {
                let answer = find(&mut secrets, request)?.unmarked()?.mark(request, now)?;
                self.keep(&secrets)?;
                Ok(answer)
            }
            "RestoreSecret" => {
                let secret = find(&mut secrets, request)?;
                secret.deleted = None;
                let answer = json!({"ARN": secret.arn(), "Name": secret.name});
                self.keep(&secrets)?;
                Ok(answer)
            }
            _ => Err(SecretsError::UnknownOperation),
        }
    }

    fn keep(&self, secrets: &BTreeMap<String, Secret>) -> Result<(), SecretsError> {
        match &self.file {
            Some(file) => write(file, secrets).map_err(|_| SecretsError::NotKept),
            None => Ok(()),
        }
    }
}

/// Replaces the file at once, so a killed sandbox leaves the old or the new one.
fn write(file: &Path, secrets: &BTreeMap<String, Secret>) -> std::io::Result<()> {
    let next = file.with_extension("json.new");
    let mut open = OpenOptions::new();
    open.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.open(&next)?.write_all(&serde_json::to_vec_pretty(secrets)?)?;
    std::fs::rename(next, file)
}

fn find<'a>(secrets: &'a mut BTreeMap<String, Secret>, request: &Value) -> Result<&'a mut Secret, SecretsError> {
    let id = request["SecretId"].as_str().ok_or(SecretsError::InvalidParameter("SecretId is missing."))?;
    secrets.get_mut(name_of(id)).ok_or(SecretsError::NoSecret)
}

fn create(secrets: &mut BTreeMap<String, Secret>, request: &Value, now: Timestamp) -> Result<Value, SecretsError> {
    let name = request["Name"].as_str().ok_or(SecretsError::InvalidParameter("Name is missing."))?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@!-".contains(c)) {
        return Err(SecretsError::InvalidParameter(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    if secrets.get(name).is_some_and(|existing| existing.deleted.is_some()) {
        return Err(SecretsError::NameMarked);
    }
    if let Some(existing) = secrets.get(name) {
        return existing.repeated_creation(request);
    }
    let mut secret = Secret {
        name: name.to_owned(),
        description: request["Description"].as_str().map(str::to_owned),
        created: now,
        changed: now,
        versions: Vec::new(),
        deleted: None,
    };
    let answer = match value_in(request) {
        Some(_) => secret.put(request, now)?,
        None => json!({"ARN": secret.arn(), "Name": secret.name}),
    };
    secrets.insert(name.to_owned(), secret);
    Ok(answer)
}

fn list(secrets: &BTreeMap<String, Secret>, request: &Value) -> Value {
    let prefixes: Vec<&str> = request["Filters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|filter| filter["Key"] == "name")
        .filter_map(|filter| filter["Values"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let with_marked = request["IncludePlannedDeletion"].as_bool().unwrap_or(false);
    let is_named =
        |secret: &Secret| prefixes.is_empty() || prefixes.iter().any(|prefix| secret.name.starts_with(prefix));
    let wanted = |secret: &&Secret| is_named(secret) && (with_marked || secret.deleted.is_none());
    let found: Vec<Value> =
        secrets.values().filter(wanted).map(|secret| secret.describe("SecretVersionsToStages")).collect();
    json!({"SecretList": found})
}

fn value_in(request: &Value) -> Option<SecretValue> {
    let text = |field: &str| request[field].as_str().map(str::to_owned);
    text("SecretString").map(SecretValue::SecretString).or_else(|| text("SecretBinary").map(SecretValue::SecretBinary))
}

fn token_in(request: &Value) -> Result<&str, SecretsError> {
    let token = request["ClientRequestToken"].as_str().ok_or(SecretsError::NoToken)?;
    if (32..=64).contains(&token.len()) {
        Ok(token)
    } else {
        Err(SecretsError::InvalidParameter("ClientRequestToken must have 32 to 64 characters."))
    }
}

impl Secret {
    /// AWS adds six random characters; here they come from the name, so that an ARN survives a restart.
    fn arn(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.name.hash(&mut hasher);
        format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{}-{:06x}", self.name, hasher.finish() & 0xff_ffff)
    }

    /// One that is marked for deletion does nothing but be described and restored.
    fn unmarked(&mut self) -> Result<&mut Self, SecretsError> {
        if self.deleted.is_some() { Err(SecretsError::Marked) } else { Ok(self) }
    }

    /// `DeleteSecret`: after the window it is gone, which takes longer than a sandbox runs.
    fn mark(&mut self, request: &Value, now: Timestamp) -> Result<Value, SecretsError> {
        let days = request["RecoveryWindowInDays"].as_i64().unwrap_or(30);
        if !(7..=30).contains(&days) {
            return Err(SecretsError::InvalidParameter(
                "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
            ));
        }
        self.deleted = Some(now);
        let end = now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX);
        Ok(json!({"ARN": self.arn(), "Name": self.name, "DeletionDate": epoch_seconds(end)}))
    }

    fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    fn value(&self, request: &Value) -> Result<Value, SecretsError> {
        let stage = request["VersionStage"].as_str();
        let version = match request["VersionId"].as_str() {
            Some(id) => self
                .version(id)
                .filter(|version| stage.is_none_or(|stage| version.stages.iter().any(|s| s == stage)))
                .ok_or_else(|| SecretsError::NoVersion(id.to_owned()))?,
            None => {
                let stage = stage.unwrap_or(CURRENT);
                self.versions
                    .iter()
                    .find(|version| version.stages.iter().any(|s| s == stage))
                    .ok_or_else(|| SecretsError::NoStage(stage.to_owned()))?
            }
        };
        let mut answer = self.answer_for(version);
        answer["CreatedDate"] = json!(epoch_seconds(version.created));
        match &version.value {
            SecretValue::SecretString(text) => answer["SecretString"] = json!(text),
            SecretValue::SecretBinary(base64) => answer["SecretBinary"] = json!(base64),
        }
        Ok(answer)
    }

    /// `PutSecretValue`. The token is the version's id: the same again is the same version.
    fn put(&mut self, request: &Value, now: Timestamp) -> Result<Value, SecretsError> {
        let value = value_in(request)
            .ok_or(SecretsError::InvalidParameter("You must provide either SecretString or SecretBinary."))?;
        let token = token_in(request)?;
        if let Some(existing) = self.version(token) {
            return if existing.value == value {
                Ok(self.answer_for(existing))
            } else {
                Err(SecretsError::VersionExists(token.to_owned()))
            };
        }
        let stages = match request["VersionStages"].as_array() {
            Some(stages) => stages.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => vec![CURRENT.to_owned()],
        };
        for stage in &stages {
            self.take_stage(stage);
        }
        self.changed = now;
        let version = Version { id: token.to_owned(), value, created: now, stages };
        let answer = self.answer_for(&version);
        self.versions.push(version);
        Ok(answer)
    }

    /// Frees a label. The version that was current becomes the previous one.
    fn take_stage(&mut self, stage: &str) {
        if stage == CURRENT {
            self.versions.iter_mut().for_each(|version| version.stages.retain(|s| s != PREVIOUS));
        }
        for version in &mut self.versions {
            if let Some(label) = version.stages.iter_mut().find(|label| *label == stage) {
                if stage == CURRENT {
                    PREVIOUS.clone_into(label);
                } else {
                    version.stages.retain(|label| label != stage);
                }
            }
        }
        // A version without a label is deprecated, and AWS removes it in its own time; here at once.
        self.versions.retain(|version| !version.stages.is_empty());
    }

    /// `CreateSecret` again: fine if it is the same request.
    fn repeated_creation(&self, request: &Value) -> Result<Value, SecretsError> {
        match (self.version(token_in(request)?), value_in(request)) {
            (Some(version), Some(value)) if version.value == value => Ok(self.answer_for(version)),
            _ => Err(SecretsError::SecretExists(self.name.clone())),
        }
    }

    fn answer_for(&self, version: &Version) -> Value {
        json!({"ARN": self.arn(), "Name": self.name, "VersionId": version.id, "VersionStages": version.stages})
    }

    fn describe(&self, versions_field: &str) -> Value {
        let versions: BTreeMap<&str, &[String]> =
            self.versions.iter().map(|version| (version.id.as_str(), version.stages.as_slice())).collect();
        let mut answer = json!({
            "ARN": self.arn(),
            "Name": self.name,
            "CreatedDate": epoch_seconds(self.created),
            "LastChangedDate": epoch_seconds(self.changed),
        });
        answer[versions_field] = json!(versions);
        if let Some(deleted) = self.deleted {
            answer["DeletedDate"] = json!(epoch_seconds(deleted));
        }
        if let Some(description) = &self.description {
            answer["Description"] = json!(description);
        }
        answer
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
fn epoch_seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
