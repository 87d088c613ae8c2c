//! Grants: what a function may do to what, and under which conditions. What is not granted is refused.

use super::bucket::Bucket;
use super::secret::SecretKind;
use super::table::{Index, Table};

/// A permission: actions on one resource.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// What may be done.
    pub actions: &'static [Action],
    /// To what.
    pub resource: Resource,
    /// What must hold of a request besides; all of it.
    pub conditions: &'static [Condition],
}

impl Grant {
    pub(super) const fn where_all(self, conditions: &'static [Condition]) -> Self {
        Self { conditions, ..self }
    }
}

/// What every item or attribute that a request touches must be. IAM takes a request that touches none for one that
/// holds (`ForAllValues`), so a condition is for actions that name what they touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Which values of the request.
    pub key: ConditionKey,
    /// How they are compared.
    pub comparison: Comparison,
    /// With what.
    pub values: &'static [&'static str],
}

/// A condition key of DynamoDB's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKey {
    /// `dynamodb:Attributes`: the names of the attributes that a request writes, compares or asks for, its keys included.
    Attributes,
    /// `dynamodb:LeadingKeys`: the partition keys of the items.
    LeadingKeys,
}

impl ConditionKey {
    /// The key as IAM spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attributes => "dynamodb:Attributes",
            Self::LeadingKeys => "dynamodb:LeadingKeys",
        }
    }
}

/// How each value of a request is compared with those of a condition. `*` stands for any text in the last two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is one of them.
    Equals,
    /// It is like one of them.
    Like,
    /// It is like none of them.
    NotLike,
}

impl Comparison {
    /// The operator as IAM spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "ForAllValues:StringEquals",
            Self::Like => "ForAllValues:StringLike",
            Self::NotLike => "ForAllValues:StringNotLike",
        }
    }
}

pub(super) const fn attributes(values: &'static [&'static str]) -> Condition {
    Condition { key: ConditionKey::Attributes, comparison: Comparison::Equals, values }
}

pub(super) const fn keys_like(values: &'static [&'static str]) -> Condition {
    Condition { key: ConditionKey::LeadingKeys, comparison: Comparison::Like, values }
}

pub(super) const fn keys_not_like(values: &'static [&'static str]) -> Condition {
    Condition { key: ConditionKey::LeadingKeys, comparison: Comparison::NotLike, values }
}

/// An IAM action that stoa uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `dynamodb:BatchGetItem`
    BatchGetItem,
    /// `dynamodb:ConditionCheckItem`
    ConditionCheckItem,
    /// `dynamodb:DeleteItem`
    DeleteItem,
    /// `dynamodb:GetItem`
    GetItem,
    /// `dynamodb:PutItem`
    PutItem,
    /// `dynamodb:Query`
    Query,
    /// `dynamodb:UpdateItem`
    UpdateItem,
    /// `lambda:GetAccountSettings`
    GetAccountSettings,
    /// `scheduler:GetSchedule`
    GetSchedule,
    /// `sqs:GetQueueAttributes`
    GetQueueAttributes,
    /// `sns:ListSubscriptionsByTopic`
    ListSubscriptionsByTopic,
    /// `cloudtrail:DescribeTrails`
    DescribeTrails,
    /// `cloudtrail:GetEventSelectors`
    GetEventSelectors,
    /// `cloudtrail:GetTrailStatus`
    GetTrailStatus,
    /// `logs:DescribeLogGroups`
    DescribeLogGroups,
    /// `logs:StartQuery`
    StartQuery,
    /// `logs:GetQueryResults`
    GetQueryResults,
    /// `logs:StopQuery`
    StopQuery,
    /// `s3:GetObject`, which `HeadObject` asks for too
    GetObject,
    /// `s3:ListBucket`: who may list is told that an object is not there; whoever may not, that they may not read it
    ListBucket,
    /// `s3:PutObject`
    PutObject,
    /// `secretsmanager:CreateSecret`
    CreateSecret,
    /// `secretsmanager:DeleteSecret`
    DeleteSecret,
    /// `secretsmanager:DescribeSecret`
    DescribeSecret,
    /// `secretsmanager:GetSecretValue`
    GetSecretValue,
    /// `secretsmanager:ListSecrets`
    ListSecrets,
    /// `secretsmanager:PutSecretValue`
    PutSecretValue,
    /// `secretsmanager:RestoreSecret`
    RestoreSecret,
    /// `secretsmanager:TagResource`
    TagResource,
}

impl Action {
    /// The action as IAM spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BatchGetItem => "dynamodb:BatchGetItem",
            Self::ConditionCheckItem => "dynamodb:ConditionCheckItem",
            Self::DeleteItem => "dynamodb:DeleteItem",
            Self::GetItem => "dynamodb:GetItem",
            Self::PutItem => "dynamodb:PutItem",
            Self::Query => "dynamodb:Query",
            Self::UpdateItem => "dynamodb:UpdateItem",
            Self::GetAccountSettings => "lambda:GetAccountSettings",
            Self::GetSchedule => "scheduler:GetSchedule",
            Self::GetQueueAttributes => "sqs:GetQueueAttributes",
            Self::ListSubscriptionsByTopic => "sns:ListSubscriptionsByTopic",
            Self::DescribeTrails => "cloudtrail:DescribeTrails",
            Self::GetEventSelectors => "cloudtrail:GetEventSelectors",
            Self::GetTrailStatus => "cloudtrail:GetTrailStatus",
            Self::DescribeLogGroups => "logs:DescribeLogGroups",
            Self::StartQuery => "logs:StartQuery",
            Self::GetQueryResults => "logs:GetQueryResults",
            Self::StopQuery => "logs:StopQuery",
            Self::GetObject => "s3:GetObject",
            Self::ListBucket => "s3:ListBucket",
            Self::PutObject => "s3:PutObject",
            Self::CreateSecret => "secretsmanager:CreateSecret",
            Self::DeleteSecret => "secretsmanager:DeleteSecret",
            Self::DescribeSecret => "secretsmanager:DescribeSecret",
            Self::GetSecretValue => "secretsmanager:GetSecretValue",
            Self::ListSecrets => "secretsmanager:ListSecrets",
            Self::PutSecretValue => "secretsmanager:PutSecretValue",
            Self::RestoreSecret => "secretsmanager:RestoreSecret",
            Self::TagResource => "secretsmanager:TagResource",
        }
    }
}

/// What a grant is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A DynamoDB table, not its indexes.
    Table(Table),
    /// An index of a table, not the table.
    Index(Index),
    /// Secrets Manager secrets of these purposes.
    Secrets(&'static [SecretKind]),
    /// An S3 bucket, not its objects.
    Bucket(Bucket),
    /// Objects of an S3 bucket.
    Objects {
        /// In which bucket.
        bucket: Bucket,
        /// What their keys are like: `*` stands for any text.
        like: &'static str,
    },
}

impl Resource {
    /// The table that it is, or is an index of.
    pub const fn table(self) -> Option<Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Index(index) => Some(index.table()),
            Self::Secrets(_) | Self::Bucket(_) | Self::Objects { .. } => None,
        }
    }

    /// The bucket that it is, or whose objects they are.
    pub const fn bucket(self) -> Option<Bucket> {
        match self {
            Self::Bucket(bucket) | Self::Objects { bucket, .. } => Some(bucket),
            Self::Table(_) | Self::Index(_) | Self::Secrets(_) => None,
        }
    }
}

pub(super) const fn table(table: Table, actions: &'static [Action]) -> Grant {
    Grant { actions, resource: Resource::Table(table), conditions: &[] }
}

pub(super) const fn index(index: Index, actions: &'static [Action]) -> Grant {
    Grant { actions, resource: Resource::Index(index), conditions: &[] }
}

pub(super) const fn secrets(kinds: &'static [SecretKind]) -> Grant {
    Grant { actions: &[Action::GetSecretValue], resource: Resource::Secrets(kinds), conditions: &[] }
}

pub(super) const fn bucket(bucket: Bucket, actions: &'static [Action]) -> Grant {
    Grant { actions, resource: Resource::Bucket(bucket), conditions: &[] }
}

pub(super) const fn objects(bucket: Bucket, like: &'static str, actions: &'static [Action]) -> Grant {
    Grant { actions, resource: Resource::Objects { bucket, like }, conditions: &[] }
}
