//! The register of functions: what starts each, what it may touch, what it is told.
//!
//! Everything that must agree with the functions is derived from [`ROUTES`] or held against it by a test: the SAM
//! template, the IAM statements, the local gateway, the local IAM front, the sample events and the runbook.

use Action::{BatchGetItem, DeleteItem, GetItem, PutItem, Query, UpdateItem};
use Index::LoginsByEmail;
use Method::{Get, Post};
use SecretKind::{Oidc, Pepper, Saml, Seal, Thinkific};
use Table::{Connections, Directory, Logins, Trust};

/// One Lambda function.
#[derive(Debug)]
pub struct Function {
    /// Folder, package, binary, sample event folder, log field and suffix of the AWS function name.
    pub name: &'static str,
    /// What it does, in one sentence, for tables in the documents.
    pub purpose: &'static str,
    /// The HTTP API routes that start it. `operator` has none: the operator's command invokes it.
    pub routes: &'static [Route],
    /// When the clock starts it (EventBridge Scheduler, `ScheduleExpression`).
    pub schedule: Option<&'static str>,
    /// Everything it may read and write. What is not here is refused, by AWS and by the sandbox.
    pub grants: &'static [Grant],
}

impl Function {
    /// The CloudFormation logical id: the name in UpperCamelCase.
    pub fn logical_id(&self) -> String {
        self.name
            .split('-')
            .map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_ascii_uppercase() + rest
            })
            .collect()
    }

    /// The environment variables it is given: three that every function has, and the names of what it may touch.
    pub fn environment(&self) -> impl Iterator<Item = Variable> {
        Variable::ALL.iter().copied().filter(|variable| match variable {
            Variable::Build | Variable::MetricNamespace | Variable::PublicUrl => true,
            Variable::SecretPrefix => self.grants.iter().any(|grant| matches!(grant.resource, Resource::Secrets(_))),
            Variable::Table(table) => self.grants.iter().any(|grant| grant.resource.table() == Some(*table)),
        })
    }
}

/// A route of the HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A method and a path, with `{connection}` for a path parameter.
    On(Method, &'static str),
    /// Whatever no other route takes (`$default`).
    Default,
}

impl Route {
    /// The gateway's name of it (`routeKey`): `POST /saml/{connection}/acs`, or `$default`.
    pub fn key(self) -> String {
        match self {
            Self::On(method, pattern) => format!("{} {pattern}", method.as_str()),
            Self::Default => "$default".to_owned(),
        }
    }

    /// Whether its pattern takes a path: then the path's parameters, by name, as they stand there. `$default` has no
    /// pattern.
    pub fn takes(self, path: &str) -> Option<Vec<(&'static str, &str)>> {
        let Self::On(_, pattern) = self else { return None };
        let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
        let mut parameters = Vec::new();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(parameters),
                (Some(wanted), Some(given)) => match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) if !given.is_empty() => parameters.push((name, given)),
                    None if wanted == given => {}
                    Some(_) | None => return None,
                },
                (Some(_), None) | (None, Some(_)) => return None,
            }
        }
    }
}

/// An HTTP method that a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// As it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

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
    const fn where_all(self, conditions: &'static [Condition]) -> Self {
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

const fn attributes(values: &'static [&'static str]) -> Condition {
    Condition { key: ConditionKey::Attributes, comparison: Comparison::Equals, values }
}

const fn keys_like(values: &'static [&'static str]) -> Condition {
    Condition { key: ConditionKey::LeadingKeys, comparison: Comparison::Like, values }
}

const fn keys_not_like(values: &'static [&'static str]) -> Condition {
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
    /// `secretsmanager:CreateSecret`
    CreateSecret,
    /// `secretsmanager:DescribeSecret`
    DescribeSecret,
    /// `secretsmanager:GetSecretValue`
    GetSecretValue,
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
            Self::CreateSecret => "secretsmanager:CreateSecret",
            Self::DescribeSecret => "secretsmanager:DescribeSecret",
            Self::GetSecretValue => "secretsmanager:GetSecretValue",
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
}

impl Resource {
    /// The table that it is, or is an index of.
    pub const fn table(self) -> Option<Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Index(index) => Some(index.table()),
            Self::Secrets(_) => None,
        }
    }
}

const fn table(table: Table, actions: &'static [Action]) -> Grant {
    Grant { actions, resource: Resource::Table(table), conditions: &[] }
}

const fn index(index: Index, actions: &'static [Action]) -> Grant {
    Grant { actions, resource: Resource::Index(index), conditions: &[] }
}

const fn secrets(kinds: &'static [SecretKind]) -> Grant {
    Grant { actions: &[Action::GetSecretValue], resource: Resource::Secrets(kinds), conditions: &[] }
}

/// The DynamoDB tables (`docs/data.md` lists what each holds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Configuration: connections and their versions, schools, domain claims.
    Connections,
    /// Signing keys of identity providers, with dates.
    Trust,
    /// One item per login.
    Logins,
    /// Persons and e-mail owners.
    Directory,
}

impl Table {
    /// Every table.
    pub const ALL: &[Self] = &[Self::Connections, Self::Trust, Self::Logins, Self::Directory];

    /// The table's name in documents and, in UpperCamelCase, in the template.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Trust => "trust",
            Self::Logins => "logins",
            Self::Directory => "directory",
        }
    }

    /// The partition key, always a string.
    pub const fn partition_key(self) -> &'static str {
        "pk"
    }

    /// The sort key, a string, where the table has one. A login is one item, so `logins` has none.
    pub const fn sort_key(self) -> Option<&'static str> {
        match self {
            Self::Connections | Self::Trust | Self::Directory => Some("sk"),
            Self::Logins => None,
        }
    }

    /// Its indexes.
    pub const fn indexes(self) -> &'static [Index] {
        match self {
            Self::Logins => Index::ALL,
            Self::Connections | Self::Trust | Self::Directory => &[],
        }
    }

    /// The attribute DynamoDB's TTL reads, in epoch seconds. TTL only cleans: expiry is compared in code.
    pub const fn ttl_attribute(self) -> Option<&'static str> {
        match self {
            Self::Logins => Some("ttl"),
            Self::Connections | Self::Trust | Self::Directory => None,
        }
    }
}

/// The global secondary indexes. Each projects keys only: an entry is written when its keys are, and by no later write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Index {
    /// Every login of a connection, by when it began.
    LoginsByConnection,
    /// The proven logins of an e-mail address in a school, by when they began. Others have no `who` and no entry.
    LoginsByEmail,
}

impl Index {
    /// Every index.
    pub const ALL: &[Self] = &[Self::LoginsByConnection, Self::LoginsByEmail];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginsByConnection => "by-connection",
            Self::LoginsByEmail => "by-email",
        }
    }

    /// The table that it belongs to.
    pub const fn table(self) -> Table {
        match self {
            Self::LoginsByConnection | Self::LoginsByEmail => Table::Logins,
        }
    }

    /// The partition key, always a string.
    pub const fn partition_key(self) -> &'static str {
        match self {
            Self::LoginsByConnection => "connection",
            Self::LoginsByEmail => "who",
        }
    }

    /// The sort key, always a number.
    pub const fn sort_key(self) -> &'static str {
        match self {
            Self::LoginsByConnection | Self::LoginsByEmail => "began",
        }
    }
}

/// The purposes of secrets. A secret is named `{SecretPrefix}/{kind}` or `{SecretPrefix}/{kind}/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// Seals the identity between the functions that prove it and the one that uses it.
    Seal,
    /// Keys the person and e-mail indexes.
    Pepper,
    /// A connection's SAML private keys: `saml/{connection}`.
    Saml,
    /// A connection's OAuth client secret, private key, or WorkOS API key: `oidc/{connection}`.
    Oidc,
    /// A school's Thinkific API key: `thinkific/{school}`.
    Thinkific,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Seal, Self::Pepper, Self::Saml, Self::Oidc, Self::Thinkific];

    /// The part of the secret's name after the prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Pepper => "pepper",
            Self::Saml => "saml",
            Self::Oidc => "oidc",
            Self::Thinkific => "thinkific",
        }
    }

    /// Whether each connection or school has its own.
    pub const fn is_per_id(self) -> bool {
        match self {
            Self::Seal | Self::Pepper => false,
            Self::Saml | Self::Oidc | Self::Thinkific => true,
        }
    }
}

/// The environment variables that functions read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// Git revision and build, shown in logs and page footers.
    Build,
    /// CloudWatch's namespace of the stack's metrics.
    MetricNamespace,
    /// `https://` and the host that browsers use; no trailing slash.
    PublicUrl,
    /// First part of every secret's name.
    SecretPrefix,
    /// The generated name of a table.
    Table(Table),
}

impl Variable {
    /// Every variable.
    pub const ALL: &[Self] = &[
        Self::Build,
        Self::MetricNamespace,
        Self::PublicUrl,
        Self::SecretPrefix,
        Self::Table(Table::Connections),
        Self::Table(Table::Trust),
        Self::Table(Table::Logins),
        Self::Table(Table::Directory),
    ];

    /// The variable's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Build => "STOA_BUILD",
            Self::MetricNamespace => "STOA_METRIC_NAMESPACE",
            Self::PublicUrl => "STOA_PUBLIC_URL",
            Self::SecretPrefix => "STOA_SECRET_PREFIX",
            Self::Table(Table::Connections) => "STOA_TABLE_CONNECTIONS",
            Self::Table(Table::Directory) => "STOA_TABLE_DIRECTORY",
            Self::Table(Table::Logins) => "STOA_TABLE_LOGINS",
            Self::Table(Table::Trust) => "STOA_TABLE_TRUST",
        }
    }
}

/// To write the key set of a token with an unknown key, and nothing else that is in `trust`: without `certificate` and
/// `from` no SAML key comes into being, without `by` and `kept` none gets an operator's name.
const KEY_SETS: Grant = table(Trust, &[UpdateItem]).where_all(&[
    attributes(&["pk", "sk", "uri", "jwks", "at", "tried", "asking", "attempt"]),
    keys_not_like(&["watch#*"]),
]);

/// What whoever is on call may do to tables and secrets: the policies `OnCallRead` and `OnCallRepair` of the template,
/// together. The command `stoa` acts with these.
pub const ON_CALL_GRANTS: &[Grant] = {
    use Action::{ConditionCheckItem, CreateSecret, DescribeSecret, PutSecretValue, RestoreSecret, TagResource};
    const ALL: &[Action] = &[Action::BatchGetItem, ConditionCheckItem, DeleteItem, GetItem, PutItem, Query, UpdateItem];
    &[
        table(Table::Connections, ALL),
        table(Table::Trust, ALL),
        table(Table::Logins, &[Action::BatchGetItem, GetItem, Query]),
        index(Index::LoginsByConnection, &[Query]),
        table(Table::Directory, ALL),
        Grant {
            actions: &[CreateSecret, DescribeSecret, RestoreSecret, TagResource],
            resource: Resource::Secrets(SecretKind::ALL),
            conditions: &[],
        },
        // Never a new pepper: each person's key depends on it (`docs/decisions/0008`).
        Grant {
            actions: &[PutSecretValue],
            resource: Resource::Secrets(&[SecretKind::Seal, SecretKind::Saml, SecretKind::Oidc, SecretKind::Thinkific]),
            conditions: &[],
        },
    ]
};

/// Every function of stoa, in the order of a login.
pub const ROUTES: &[Function] = &[
    Function {
        name: "login",
        purpose: "Starts a login and sends the browser to the identity provider.",
        routes: &[Route::On(Get, "/login"), Route::On(Post, "/login"), Route::On(Get, "/login/{connection}")],
        schedule: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Connections, &[Query]).where_all(&[keys_like(&["discovery#*"])]),
            table(Logins, &[PutItem]),
            secrets(&[Saml]),
        ],
    },
    Function {
        name: "saml-acs",
        purpose: "Takes the SAML Response, proves it, and hands the identity on under a ticket.",
        routes: &[Route::On(Post, "/saml/{connection}/acs")],
        schedule: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Trust, &[Query]),
            table(Logins, &[PutItem, UpdateItem]),
            secrets(&[Seal, Pepper, Saml]),
        ],
    },
    Function {
        name: "saml-metadata",
        purpose: "Publishes a connection's SAML service provider metadata.",
        routes: &[Route::On(Get, "/saml/{connection}/metadata")],
        schedule: None,
        grants: &[table(Connections, &[GetItem])],
    },
    Function {
        name: "oidc-callback",
        purpose: "Takes the response from an OpenID provider or WorkOS, proves it, and hands the identity on under a ticket.",
        routes: &[Route::On(Get, "/oidc/{connection}/callback")],
        schedule: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Trust, &[GetItem]),
            KEY_SETS,
            table(Logins, &[UpdateItem]),
            secrets(&[Seal, Pepper, Oidc]),
        ],
    },
    Function {
        name: "teams-session",
        purpose: "Serves the Teams tab, proves a Teams token, and hands the identity on to the browser by a one-time code.",
        routes: &[
            Route::On(Get, "/teams/{connection}"),
            Route::On(Post, "/teams/{connection}/session"),
            Route::On(Get, "/teams/{connection}/continue"),
            Route::On(Post, "/teams/{connection}/continue"),
            Route::On(Get, "/teams/script.js"),
        ],
        schedule: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Trust, &[GetItem]),
            KEY_SETS,
            table(Logins, &[PutItem, UpdateItem]),
            secrets(&[Seal, Pepper]),
        ],
    },
    Function {
        name: "thinkific-launch",
        purpose: "Redeems the ticket, settles the account, signs the Thinkific token and sends the person there.",
        routes: &[Route::On(Get, "/launch"), Route::On(Post, "/launch")],
        schedule: None,
        grants: &[
            table(Connections, &[BatchGetItem]),
            table(Logins, &[BatchGetItem, UpdateItem]),
            table(Directory, &[BatchGetItem, PutItem, DeleteItem]),
            secrets(&[Seal, Pepper, Thinkific]),
        ],
    },
    Function {
        name: "thinkific-return",
        purpose: "Shows what happened when Thinkific sends a person back, signs out, and answers unknown paths.",
        routes: &[Route::On(Get, "/return"), Route::On(Get, "/sign-out/{connection}"), Route::Default],
        schedule: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Logins, &[UpdateItem]).where_all(&[
                attributes(&["pk", "state", "ttl", "steps"]),
                keys_not_like(&["tested#*", "assertion#*"]),
            ]),
        ],
    },
    Function {
        name: "operator",
        purpose: "Answers the operator's command where that needs a secret: whose logins, and who is a person.",
        routes: &[],
        schedule: None,
        grants: &[index(LoginsByEmail, &[Query]), table(Directory, &[GetItem]), secrets(&[Pepper])],
    },
    Function {
        name: "trust-refresh",
        purpose: "Holds what identity providers publish against what their connections believe: keys, key sets, addresses.",
        routes: &[],
        schedule: Some("rate(1 hour)"),
        grants: &[
            table(Connections, &[GetItem, Query]),
            table(Trust, &[GetItem, Query, PutItem, UpdateItem, DeleteItem]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_route_takes_the_paths_of_its_pattern_and_no_other() {
        let acs = Route::On(Method::Post, "/saml/{connection}/acs");
        assert_eq!(acs.key(), "POST /saml/{connection}/acs");
        assert_eq!(acs.takes("/saml/pg%20/acs"), Some(vec![("connection", "pg%20")]));
        for other in ["/saml/pg", "/saml//acs", "/saml/pg/acs/", "/saml/pg/x/acs", "/oidc/pg/acs", "/", ""] {
            assert_eq!(acs.takes(other), None, "{other:?}");
        }
        let script = Route::On(Method::Get, "/teams/script.js");
        assert_eq!(script.takes("/teams/script.js"), Some(Vec::new()));
        assert_eq!((Route::Default.key().as_str(), Route::Default.takes("/")), ("$default", None));
    }

    #[test]
    fn c215_conditions_are_of_writes_and_queries_and_none_hides_another() {
        let is_read = |action: &Action| matches!(action, GetItem | BatchGetItem | Action::GetSecretValue);
        for grant in ROUTES.iter().flat_map(|function| function.grants).filter(|grant| !grant.conditions.is_empty()) {
            let kinds =
                grant.conditions.iter().map(|condition| (condition.comparison.as_str(), condition.key.as_str()));
            assert_eq!(kinds.collect::<BTreeSet<_>>().len(), grant.conditions.len(), "{grant:?}");
            assert!(grant.conditions.iter().all(|condition| !condition.values.is_empty()), "{grant:?}");
            assert!(!grant.actions.iter().any(is_read), "{grant:?}");
        }
    }
}
