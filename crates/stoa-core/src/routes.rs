//! The register of functions: what starts each, what it may touch, what it is told.
//!
//! Everything that must agree with the functions is derived from [`ROUTES`] or held against it by a test: the SAM
//! template, the IAM statements, the local gateway, the local IAM front, the sample events and the runbook.

mod bucket;
mod grant;
mod route;
mod secret;
mod table;
mod variable;

use self::grant::{attributes, bucket, index, keys_like, keys_not_like, objects, secrets, table};

use Action::{BatchGetItem, DeleteItem, GetItem, GetObject, ListBucket, PutItem, PutObject, Query, UpdateItem};
use Index::{DirectoryByDue, LoginsByEmail};
use Method::{Delete, Get, Patch, Post, Put};
use SecretKind::{Directory as DirectorySecret, Oidc, Pepper, Probe, Saml, Seal, Thinkific, Workos};
use Table::{Connections, Directory, Logins, Trust};

pub use self::bucket::Bucket;
pub use self::grant::{Action, Comparison, Condition, ConditionKey, Grant, Resource};
pub use self::route::{Method, Route};
pub use self::secret::SecretKind;
pub use self::table::{Index, Table};
pub use self::variable::Variable;

/// One Lambda function.
#[derive(Debug)]
pub struct Function {
    /// Folder, package, binary, sample event folder, log field and suffix of the AWS function name.
    pub name: &'static str,
    /// What it does, in one sentence, for tables in the documents.
    pub purpose: &'static str,
    /// The HTTP API routes that start it. `operator` and `csv-import` have none: the command `stoa` invokes them, and a
    /// file that is put into the bucket starts the second.
    pub routes: &'static [Route],
    /// When the clock starts it (EventBridge Scheduler, `ScheduleExpression`).
    pub schedule: Option<&'static str>,
    /// Where an object starts it that is put there.
    pub uploads: Option<Bucket>,
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
            Variable::Bucket(bucket) => self.grants.iter().any(|grant| grant.resource.bucket() == Some(*bucket)),
        })
    }
}

/// To write the key set of a token with an unknown key, and nothing else that is in `trust`: without `certificate` and
/// `from` no SAML key comes into being, without `by` and `kept` none gets the name of somebody on call.
const KEY_SETS: Grant = table(Trust, &[UpdateItem]).where_all(&[
    attributes(&["pk", "sk", "uri", "jwks", "at", "tried", "asking", "attempt"]),
    keys_not_like(&["watch#*"]),
]);

/// Of the table `logins`, logins only: neither the tests that an activation asks for, nor used Assertions, nor whose turn
/// it is to ask a school, nor what is left of its minute, nor the line before it, nor what a school has told.
const LOGINS_ONLY: Condition = keys_not_like(&["tested#*", "assertion#*", "turn#*", "calls#*", "line#*", "webhook#*"]);

/// Of the table `directory`, people and groups as their sources want them: no person at a school, nobody's address, no
/// token.
const PEOPLE_AND_GROUPS: Condition =
    keys_like(&["user#*", "users#*", "group#*", "groups#*", "lock#*", "used#*", "pace#*"]);

/// Of these, people and groups alone.
const PEOPLE: Condition = keys_like(&["user#*", "users#*", "group#*", "groups#*", "lock#*"]);

/// What whoever is on call may do to tables and secrets: the policies `OnCallRead` and `OnCallRepair` of the template,
/// together. The command `stoa` acts with these.
pub const ON_CALL_GRANTS: &[Grant] = {
    use Action::{
        ConditionCheckItem, CreateSecret, DeleteSecret, DescribeSecret, PutSecretValue, RestoreSecret, TagResource,
    };
    const ALL: &[Action] = &[Action::BatchGetItem, ConditionCheckItem, DeleteItem, GetItem, PutItem, Query, UpdateItem];
    &[
        table(Table::Connections, ALL),
        table(Table::Trust, ALL),
        table(Table::Logins, &[Action::BatchGetItem, GetItem, Query]),
        index(Index::LoginsByConnection, &[Query]),
        table(Table::Directory, ALL),
        index(Index::DirectoryByDue, &[Query]),
        Grant {
            actions: &[CreateSecret, DescribeSecret, RestoreSecret, TagResource],
            resource: Resource::Secrets(SecretKind::ALL),
            conditions: &[],
        },
        // Never a new pepper: each person's key depends on it (`docs/decisions/0008`).
        Grant {
            actions: &[PutSecretValue],
            resource: Resource::Secrets(&[
                SecretKind::Seal,
                SecretKind::Directory,
                SecretKind::Saml,
                SecretKind::Oidc,
                SecretKind::Workos,
                SecretKind::Thinkific,
                SecretKind::Probe,
            ]),
            conditions: &[],
        },
        // Of a connection or school that is no more. Every login needs the others.
        Grant {
            actions: &[DeleteSecret],
            resource: Resource::Secrets(&[
                SecretKind::Saml,
                SecretKind::Oidc,
                SecretKind::Workos,
                SecretKind::Thinkific,
                SecretKind::Probe,
            ]),
            conditions: &[],
        },
    ]
};

/// What whoever may only look reads of the table `directory`: what `stoa doctor` needs to know of SCIM clients, of
/// directories at WorkOS and of mirrors. A statement of the policy `OnCallRead`.
pub const ON_CALL_LOOKS: Grant = table(Table::Directory, &[GetItem, Query])
    .where_all(&[keys_like(&["scim#*", "used#*", "users#*", "school#*", "workos#*"])]);

/// What whoever is on call may list. IAM knows no resource for these: they show names, and limits, of the whole account.
pub const ON_CALL_LISTS: &[Action] = &[
    Action::ListSecrets,
    Action::GetAccountSettings,
    Action::DescribeLogGroups,
    Action::GetQueryResults,
    Action::StopQuery,
    Action::DescribeTrails,
];

/// What whoever is on call may do with each log group of the stack.
pub const ON_CALL_READS: &[Action] = &[Action::StartQuery];

/// What whoever is on call asks of the stack's schedules, failure queues and topic of alarms, and
/// of the trails that an account or its organization keeps.
pub const ON_CALL_ASKS: &[Action] = &[
    Action::GetSchedule,
    Action::GetQueueAttributes,
    Action::ListSubscriptionsByTopic,
    Action::GetTrailStatus,
    Action::GetEventSelectors,
];

/// Every function of stoa, in the order of a login.
pub const ROUTES: &[Function] = &[
    Function {
        name: "login",
        purpose: "Starts a login and sends the browser to the identity provider.",
        routes: &[Route::On(Get, "/login"), Route::On(Post, "/login"), Route::On(Get, "/login/{connection}")],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Connections, &[Query]).where_all(&[keys_like(&["discovery#*"])]),
            table(Logins, &[PutItem]).where_all(&[LOGINS_ONLY]),
            secrets(&[Saml]),
        ],
    },
    Function {
        name: "saml-acs",
        purpose: "Takes the SAML Response, proves it, and hands the identity on under a ticket.",
        routes: &[Route::On(Post, "/saml/{connection}/acs")],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Trust, &[Query]),
            table(Logins, &[PutItem, UpdateItem]).where_all(&[keys_not_like(&[
                "tested#*",
                "turn#*",
                "calls#*",
                "line#*",
                "webhook#*",
            ])]),
            secrets(&[Seal, Pepper, Saml]),
        ],
    },
    Function {
        name: "saml-metadata",
        purpose: "Publishes a connection's SAML service provider metadata.",
        routes: &[Route::On(Get, "/saml/{connection}/metadata")],
        schedule: None,
        uploads: None,
        grants: &[table(Connections, &[GetItem])],
    },
    Function {
        name: "oidc-callback",
        purpose: "Takes the response from an OpenID provider or WorkOS, proves it, and hands the identity on under a ticket.",
        routes: &[Route::On(Get, "/oidc/{connection}/callback")],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Trust, &[GetItem]),
            KEY_SETS,
            table(Logins, &[UpdateItem]).where_all(&[LOGINS_ONLY]),
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
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Trust, &[GetItem]),
            KEY_SETS,
            table(Logins, &[PutItem, UpdateItem]).where_all(&[LOGINS_ONLY]),
            secrets(&[Seal, Pepper]),
        ],
    },
    Function {
        name: "thinkific-launch",
        purpose: "Redeems the ticket, settles the account, signs the Thinkific token and sends the person there.",
        routes: &[Route::On(Get, "/launch"), Route::On(Post, "/launch")],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[BatchGetItem]),
            table(Logins, &[BatchGetItem, UpdateItem]),
            table(Directory, &[BatchGetItem]),
            table(Directory, &[PutItem, UpdateItem, DeleteItem])
                .where_all(&[keys_like(&["person#*", "email#*", "owed#*"])]),
            // Who of a directory has an address or an id, and nothing else of it.
            table(Directory, &[Query]).where_all(&[keys_like(&["lock#*"])]),
            secrets(&[Seal, Pepper, Thinkific]),
        ],
    },
    Function {
        name: "thinkific-return",
        purpose: "Shows what happened when Thinkific sends a person back, signs out, and answers unknown paths.",
        routes: &[Route::On(Get, "/return"), Route::On(Get, "/sign-out/{connection}"), Route::Default],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Logins, &[UpdateItem])
                .where_all(&[attributes(&["pk", "state", "ttl", "steps", "attempt"]), LOGINS_ONLY]),
        ],
    },
    Function {
        name: "thinkific-webhook",
        purpose: "Takes what a school tells by itself, proves it, and notes accounts and progress.",
        routes: &[Route::On(Post, "/thinkific/{school}/webhook")],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Logins, &[PutItem]).where_all(&[keys_like(&["webhook#*"])]),
            table(Directory, &[GetItem, BatchGetItem]),
            table(Directory, &[PutItem]).where_all(&[keys_like(&["school#*"])]),
            table(Directory, &[UpdateItem]).where_all(&[keys_like(&["progress#*"])]),
            // Which account the school has under an address, and not whose the address is.
            table(Directory, &[UpdateItem])
                .where_all(&[keys_like(&["email#*"]), attributes(&["pk", "sk", "v", "mirror"])]),
            secrets(&[Pepper, Thinkific]),
        ],
    },
    Function {
        name: "scim",
        purpose: "Takes people and groups from a customer's SCIM client, and answers what it asks about them.",
        routes: &[
            Route::On(Get, "/scim/{connection}/{proxy+}"),
            Route::On(Post, "/scim/{connection}/{proxy+}"),
            Route::On(Put, "/scim/{connection}/{proxy+}"),
            Route::On(Patch, "/scim/{connection}/{proxy+}"),
            Route::On(Delete, "/scim/{connection}/{proxy+}"),
        ],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Directory, &[GetItem, BatchGetItem]),
            table(Directory, &[Query, PutItem, UpdateItem, DeleteItem, Action::ConditionCheckItem])
                .where_all(&[PEOPLE_AND_GROUPS]),
            secrets(&[Pepper, DirectorySecret]),
        ],
    },
    Function {
        name: "workos-webhook",
        purpose: "Takes what WorkOS tells of a customer's directory, proves it, and notes people, groups and memberships.",
        routes: &[Route::On(Post, "/workos/{connection}/webhook")],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            table(Directory, &[GetItem, BatchGetItem]),
            table(Directory, &[Query, PutItem, UpdateItem, DeleteItem, Action::ConditionCheckItem])
                .where_all(&[PEOPLE]),
            secrets(&[Pepper, DirectorySecret, Workos]),
        ],
    },
    Function {
        name: "csv-import",
        purpose: "Takes people from a customer's file into their directory, and writes out what the directory has of them.",
        routes: &[],
        schedule: Some("rate(5 minutes)"),
        uploads: Some(Bucket::Files),
        grants: &[
            table(Connections, &[GetItem]),
            table(Directory, &[GetItem, BatchGetItem]),
            table(Directory, &[Query, PutItem, UpdateItem, DeleteItem, Action::ConditionCheckItem])
                .where_all(&[PEOPLE]),
            // Which files wait, how far one has come, whose turn it is, and what was imported.
            table(Directory, &[Query, PutItem, UpdateItem, DeleteItem])
                .where_all(&[keys_like(&["import#*", "upload#*"])]),
            // What it writes starts nothing, and it cannot write where a customer does. It lists nothing: without the
            // right to, a file that is gone looks like one that it may not read.
            bucket(Bucket::Files, &[ListBucket]),
            objects(Bucket::Files, "*/in/*", &[GetObject]),
            objects(Bucket::Files, "*/out/*", &[PutObject]),
            secrets(&[Pepper, DirectorySecret]),
        ],
    },
    Function {
        name: "operator",
        purpose: "Answers the command `stoa` where that needs a secret: whose logins, who is a person, what a school tells.",
        routes: &[],
        schedule: None,
        uploads: None,
        grants: &[
            table(Connections, &[GetItem]),
            index(LoginsByEmail, &[Query]),
            table(Directory, &[GetItem]),
            secrets(&[Pepper, Thinkific]),
        ],
    },
    Function {
        name: "provisioner",
        purpose: "Does at the schools what is due for people of a directory: accounts, courses, groups, and their end.",
        routes: &[],
        schedule: Some("rate(1 minute)"),
        uploads: None,
        grants: &[
            table(Connections, &[GetItem, Query]),
            table(Logins, &[GetItem, UpdateItem]).where_all(&[keys_like(&["calls#*"])]),
            index(DirectoryByDue, &[Query]),
            table(Directory, &[BatchGetItem, GetItem, Query]),
            table(Directory, &[PutItem, UpdateItem]).where_all(&[keys_like(&[
                "user#*",
                "lease#*",
                "removals#*",
                "account#*",
            ])]),
            secrets(&[Pepper, DirectorySecret, Thinkific]),
        ],
    },
    Function {
        name: "workos-sync",
        purpose: "Asks WorkOS what its webhooks may have missed: events, and now and then whole directories.",
        routes: &[],
        schedule: Some("rate(5 minutes)"),
        uploads: None,
        grants: &[
            table(Connections, &[GetItem, Query]),
            table(Directory, &[GetItem, BatchGetItem]),
            table(Directory, &[Query, PutItem, UpdateItem, DeleteItem, Action::ConditionCheckItem])
                .where_all(&[PEOPLE]),
            table(Directory, &[PutItem]).where_all(&[keys_like(&["workos#*"])]),
            secrets(&[Pepper, DirectorySecret, Oidc]),
        ],
    },
    Function {
        name: "trust-refresh",
        purpose: "Holds what identity providers publish against what their connections believe: keys, key sets, addresses.",
        routes: &[],
        schedule: Some("rate(1 hour)"),
        uploads: None,
        grants: &[
            table(Connections, &[GetItem, Query]),
            table(Trust, &[GetItem, Query, PutItem, UpdateItem, DeleteItem]),
            // When the tokens of SCIM clients end.
            table(Directory, &[GetItem]).where_all(&[keys_like(&["scim#*"])]),
        ],
    },
    Function {
        name: "mirror",
        purpose: "Looks at what schools have, so that launches need not ask, and does what has to follow those that did not.",
        routes: &[],
        schedule: Some("rate(1 minute)"),
        uploads: None,
        grants: &[
            table(Connections, &[GetItem, Query]),
            table(Logins, &[GetItem]),
            table(Logins, &[UpdateItem]).where_all(&[keys_like(&["calls#*"])]),
            table(Directory, &[BatchGetItem, GetItem]),
            table(Directory, &[DeleteItem, PutItem, Query, UpdateItem])
                .where_all(&[keys_like(&["email#*", "mirror#*", "owed#*", "person#*", "school#*"])]),
            secrets(&[Seal, Pepper, Thinkific]),
        ],
    },
    Function {
        name: "probe",
        purpose: "Signs in through the public host as somebody of its own, as far as the page of a test; counts who is locked out.",
        routes: &[],
        schedule: Some("rate(1 minute)"),
        uploads: None,
        grants: &[
            table(Connections, &[Query]),
            index(Index::LoginsByConnection, &[Query]),
            table(Logins, &[BatchGetItem]),
            secrets(&[Probe]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn c215_conditions_are_of_writes_and_queries_and_none_hides_another() {
        // The key that is read can be a condition too; in a batch it would hold for each of many.
        let is_read = |action: &Action| matches!(action, BatchGetItem | GetObject | Action::GetSecretValue);
        let is_key = |condition: &Condition| matches!(condition.key, grant::ConditionKey::LeadingKeys);
        for grant in ROUTES.iter().flat_map(|function| function.grants).filter(|grant| !grant.conditions.is_empty()) {
            let kinds =
                grant.conditions.iter().map(|condition| (condition.comparison.as_str(), condition.key.as_str()));
            assert_eq!(kinds.collect::<BTreeSet<_>>().len(), grant.conditions.len(), "{grant:?}");
            assert!(grant.conditions.iter().all(|condition| !condition.values.is_empty()), "{grant:?}");
            assert!(!grant.actions.iter().any(is_read), "{grant:?}");
            assert!(!grant.actions.contains(&GetItem) || grant.conditions.iter().all(is_key), "{grant:?}");
        }
    }
}
