//! What somebody changed in stoa, or what stoa itself lacks.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use stoa_core::connection::ConnectionState;
use stoa_core::diagnosis::Cause;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::openid::{Client, Defect, INITECH, PG_OIDC};
use stoa_sandbox::thinkific::NewUser;
use stoa_service::operator::{ConnectionFile, SecretName, SecretText};

use super::{Act, Mend, PRINTED, ROW, Row, Via};
use crate::aws::{set, spoil_secret};
use crate::steps::{MARY, World};

/// So that two writes of one second are told apart.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

/// A colleague applies the file, changed.
macro_rules! applied {
    ($change:expr) => {
        |world| Box::pin(async move { world.reconfigure($change).await })
    };
}

/// The same with the file of P&G's connection by OpenID Connect.
macro_rules! applied_oidc {
    ($change:expr) => {
        |world| {
            Box::pin(async move {
                apply_oidc(world, $change).await;
                world.advance(61);
            })
        }
    };
}

/// The connection is put into a state, and every process knows it.
macro_rules! put_into {
    ($state:expr) => {
        |world| {
            Box::pin(async move {
                world.set_state("pg", $state).await;
                world.advance(61);
            })
        }
    };
}

fn key_of(world: &World) -> String {
    world.thinkific.api_key().expose().to_owned()
}

async fn put(world: &World, name: SecretName, text: &str) {
    a_moment().await;
    world.operator.put_secret(&name, SecretText::new(text).unwrap()).await.unwrap();
    world.advance(61);
}

fn oidc(id: &str) -> SecretName {
    SecretName::Oidc(ConnectionId::parse(id).unwrap())
}

fn school() -> SecretName {
    SecretName::Thinkific(SchoolId::parse("pg-academy").unwrap())
}

/// A change of the file that is taken back by the command that is printed.
fn ours(failure: &'static str, neighbour: &'static str, symptom: &'static str, inject: Act) -> Row {
    let (cause, says) = (Cause::OurSetting, "stoa connection rollback pg 2 ");
    Row { failure, neighbour, symptom, inject, cause, says, mend: PRINTED, ..ROW }
}

/// The same of P&G's connection by OpenID Connect.
fn ours_by_oidc(failure: &'static str, neighbour: &'static str, symptom: &'static str, inject: Act) -> Row {
    let says = "stoa connection rollback pg-oidc 2 ";
    Row { says, via: Via::Example(&PG_OIDC), prepare: pg_oidc, ..ours(failure, neighbour, symptom, inject) }
}

/// Nobody gets in, and there is no login to look at.
fn closed() -> Row {
    let (cause, says) = (Cause::OurState, "stoa connection activate pg ");
    Row { complaint: true, fails: &[], symptom: "closed", cause, says, ..ROW }
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        ours(
            "a colleague's apply takes a domain away",
            "a record at the customer has an address of another domain",
            "email_domain_foreign",
            applied!(|file| file.replace("\"pg.com\"", "\"pg.example\"")),
        ),
        ours(
            "a colleague's apply names another attribute for the address",
            "the identity provider sends no address any more",
            "email_missing",
            applied!(|file| file.replace("email = \"email\"", "email = \"mail\"")),
        ),
        ours(
            "a colleague's apply admits another group only",
            "the group was made again, and is sent under another id",
            "group_not_admitted",
            applied!(|file| format!("{file}[admit]\ngroups = [\"Learning-Admins\"]\n")),
        ),
        Row {
            before: &[MARY, "li.xl"],
            fails: &[MARY, "li.xl"],
            ..ours(
                "a colleague's apply takes the subject from another attribute",
                "everybody has a new subject at the customer",
                "email_owned",
                applied!(|file| file.replace("from = \"name_id\"", "from = \"firstName\"")),
            )
        },
        Row {
            fails: &["li.xl", "suharto"],
            since: &[MARY],
            ..ours(
                "a colleague's apply lets no unknown person in",
                "the directory does not know a person, and the file lets in only those whom it knows",
                "person_unknown",
                applied!(|file| format!("{file}[account]\nunknown_person = \"refuse\"\n")),
            )
        },
        Row {
            prepare: |world| {
                Box::pin(async move {
                    world.reconfigure(|file| format!("{file}[account]\nallow_roles = [\"affiliate\"]\n")).await;
                    let user = world.thinkific.add_user(NewUser::student("suharto@pg.com", "Suharto", "-"));
                    assert!(world.thinkific.edit_user(user, |user| user.roles = vec!["affiliate".to_owned()]));
                })
            },
            before: &["suharto"],
            fails: &["suharto"],
            since: &["li.xl"],
            says: "stoa connection rollback pg 3 ",
            works: &["suharto", MARY],
            ..ours(
                "a colleague's apply allows a role no more",
                "the person's account has a role",
                "account_privileged",
                |world| {
                    Box::pin(async move {
                        world.reconfigure(str::to_owned).await;
                        world.advance(3600);
                    })
                },
            )
        },
        Row {
            fails: &["existing.e"],
            ..ours(
                "a colleague's apply takes no accounts over any more",
                "nobody is bound to the account, and the file takes none over",
                "account_unbound",
                applied!(|file| format!("{file}[account]\nexisting = \"refuse\"\n")),
            )
        },
        Row {
            each: |world| Box::pin(async move { world.openid.next_defect(Defect::AuthTimeOld) }),
            ..ours_by_oidc(
                "a colleague's apply asks for a fresh sign-in, which the provider ignores",
                "the provider ignores that a fresh sign-in is asked for",
                "oidc_authentication_too_old",
                applied_oidc!(|file| file.replace("client_id", "prompt = \"login\"\nclient_id")),
            )
        },
        Row {
            later: 700,
            ..ours_by_oidc(
                "a colleague's apply names another client id",
                "the application is switched off at the identity provider",
                "not_back",
                applied_oidc!(|file| file.replace("P&G Academy (test)", "P&G Academy (live)")),
            )
        },
        Row {
            failure: "a colleague closes the connection",
            neighbour: "the connection was never opened",
            inject: put_into!(ConnectionState::Disabled),
            mend: PRINTED,
            ..closed()
        },
        Row {
            failure: "the connection was never opened",
            neighbour: "a colleague closes the connection",
            before: &[],
            prepare: put_into!(ConnectionState::Draft),
            mend: Mend::Act(|world| Box::pin(async move { world.set_state("pg", ConnectionState::Active).await })),
            ..closed()
        },
        Row {
            failure: "a colleague stops trusting the key that is in use",
            neighbour: "the identity provider signs with a new key, and publishes it",
            symptom: "saml_signature_mismatch",
            cause: Cause::OurTrust,
            says: "stoa connection trust pg approve ",
            prepare: |world| {
                Box::pin(async move {
                    super::provider::published(world).await;
                    world.pingfederate.announce_next_certificate();
                    let id = ConnectionId::parse("pg").unwrap();
                    let look = world.operator.look(&id).await.unwrap();
                    let next = look.watch.waiting[0].fingerprint.clone();
                    world.operator.approve_key(&id, &next, "announced").await.unwrap();
                })
            },
            inject: |world| {
                Box::pin(async move {
                    let id = ConnectionId::parse("pg").unwrap();
                    let keys = world.operator.trusts(&id).await.unwrap().keys;
                    let first = keys.iter().find(|key| key.by.is_none()).unwrap();
                    world.operator.remove_key(&id, &first.fingerprint, "thought to be old").await.unwrap();
                    world.advance(61);
                })
            },
            mend: PRINTED,
            ..ROW
        },
        Row {
            failure: "a colleague stores a wrong client secret",
            neighbour: "the client secret expired at the provider",
            symptom: "oidc_client_refused",
            cause: Cause::OurSecret,
            says: "stoa secret put oidc/pg-oidc < FILE",
            inject: |world| Box::pin(async move { put(world, oidc("pg-oidc"), "not the secret").await }),
            mend: Mend::Printed { address: "", input: |_| PG_OIDC.secret.to_owned() },
            ..by_oidc()
        },
        Row {
            failure: "a colleague stores the new client secret under another connection's name",
            neighbour: "the client secret expired at the provider",
            symptom: "oidc_client_refused",
            cause: Cause::SecretElsewhere,
            says: "stoa secret put oidc/pg-oidc < FILE",
            prepare: |world| {
                Box::pin(async move {
                    pg_oidc(world).await;
                    world.connect_openid(&INITECH, str::to_owned).await.unwrap();
                })
            },
            inject: |world| {
                Box::pin(async move {
                    super::provider::new_client_secret(world, "renewed");
                    put(world, oidc("initech"), "renewed").await;
                })
            },
            mend: Mend::Printed { address: "", input: |_| "renewed".to_owned() },
            ..Row { via: Via::Example(&PG_OIDC), ..ROW }
        },
        Row {
            failure: "a colleague stores a wrong key of the school",
            neighbour: "the school's key was renewed in Thinkific, and somebody known comes",
            symptom: "thinkific_sent_back",
            cause: Cause::OurSchoolKey,
            fails: &[MARY],
            says: "stoa secret put thinkific/pg-academy < FILE",
            inject: |world| Box::pin(async move { put(world, school(), "ffffffffffffffffffffffffffffffff").await }),
            mend: Mend::Printed { address: "", input: key_of },
            ..ROW
        },
        Row {
            failure: "a colleague's apply gives the school a wrong API address",
            neighbour: "the Admin API fails",
            symptom: "thinkific_answer_strange",
            cause: Cause::OurSchoolFile,
            fails: &["li.xl", "suharto"],
            says: "`base_url`, `api_url` and `subdomain`",
            alone: false,
            inject: |world| {
                Box::pin(async move {
                    a_moment().await;
                    let file = world.school_file().replace("/public/v1", "/public/v9");
                    world.operator.apply_school("pg-academy.toml", &file).await.unwrap();
                })
            },
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    world.operator.apply_school("pg-academy.toml", &world.school_file()).await.unwrap();
                })
            }),
            ..ROW
        },
        Row {
            failure: "a stored secret is not of stoa's form",
            neighbour: "a client secret was never stored",
            symptom: "secret_broken",
            cause: Cause::SecretMalformed,
            says: "stoa secret put oidc/pg-oidc < FILE",
            inject: |world| {
                Box::pin(async move {
                    spoil_secret(world, "oidc/pg-oidc").await;
                    world.advance(4000);
                })
            },
            mend: Mend::Printed { address: "", input: |_| PG_OIDC.secret.to_owned() },
            ..by_oidc()
        },
        Row {
            failure: "a client secret was never stored",
            neighbour: "a stored secret is not of stoa's form",
            symptom: "secret_broken",
            cause: Cause::SecretAbsent,
            says: "stoa secret put oidc/pg-oidc < FILE",
            before: &[],
            prepare: |world| {
                Box::pin(async move {
                    apply_oidc(world, str::to_owned).await;
                    let uri = format!("{}/oidc/pg-oidc/callback", world.url());
                    world.openid.register(Client::new(PG_OIDC.product, PG_OIDC.client_id, PG_OIDC.secret, &uri));
                    world.set_state("pg-oidc", ConnectionState::Active).await;
                })
            },
            mend: Mend::Printed { address: "", input: |_| PG_OIDC.secret.to_owned() },
            ..by_oidc()
        },
        Row {
            failure: "a role lacks a permission",
            neighbour: "DynamoDB does not answer",
            symptom: "permission_missing",
            cause: Cause::PermissionAbsent,
            fails: &["suharto", "li.xl"],
            says: "Deploy the release again",
            each: |world| {
                Box::pin(async move {
                    world.front.inject(Fault::next("thinkific-launch", "dynamodb:PutItem", FaultKind::Deny));
                })
            },
            ..ROW
        },
        Row {
            failure: "DynamoDB does not answer",
            neighbour: "a role lacks a permission",
            symptom: "store_unavailable",
            cause: Cause::AwsAway,
            fails: &["suharto", "li.xl"],
            says: "Wait and look again",
            each: |world| {
                Box::pin(async move {
                    let away = Fault::next("thinkific-launch", "dynamodb:PutItem", FaultKind::Unavailable);
                    world.front.inject(away.times(3));
                })
            },
            ..ROW
        },
        Row {
            failure: "DynamoDB does not answer the launch, so that no step says so",
            neighbour: "the browser did not follow to the launch",
            symptom: "not_launched",
            cause: Cause::AwsAway,
            alone: false,
            later: 200,
            says: "Wait and look again",
            each: |world| {
                Box::pin(async move {
                    let away = Fault::next("thinkific-launch", "dynamodb:BatchGetItem", FaultKind::Unavailable);
                    world.front.inject(away.times(3));
                })
            },
            ..ROW
        },
        Row {
            failure: "somebody writes into the directory by hand",
            neighbour: "DynamoDB does not answer",
            symptom: "store_item_strange",
            cause: Cause::ItemBroken,
            fails: &[MARY],
            since: &["li.xl"],
            says: "docs/runbook/faults/store_item_strange.md",
            inject: |world| {
                Box::pin(async move { set(world, Table::Directory, "person#", "state", json!({"S": "paused"})).await })
            },
            mend: Mend::Act(|world| {
                Box::pin(async move { set(world, Table::Directory, "person#", "state", json!({"S": "active"})).await })
            }),
            ..ROW
        },
    ]
}

fn by_oidc() -> Row {
    Row { via: Via::Example(&PG_OIDC), prepare: pg_oidc, ..ROW }
}

pub(super) fn pg_oidc(world: &World) -> BoxFuture<'_, ()> {
    const CONNECTED: Act = connected!(PG_OIDC);
    CONNECTED(world)
}

/// The file of P&G's connection by OpenID Connect, changed and applied by itself.
async fn apply_oidc(world: &World, change: impl FnOnce(&str) -> String) {
    let text = change(PG_OIDC.file).replace(PG_OIDC.issuer, &world.openid.url(PG_OIDC.product));
    let file = ConnectionFile { path: "pg-oidc.toml".into(), text, ..ConnectionFile::default() };
    world.operator.apply(world.operator.plan(&file).await.unwrap()).await.unwrap();
}
