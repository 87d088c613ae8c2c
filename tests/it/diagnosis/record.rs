//! What stands in one person's record: at the customer, in the directory, or at the school.

use serde_json::json;
use stoa_core::diagnosis::Cause;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::openid::{GLOBEX, Product};
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::thinkific::{Fault as SchoolFault, FaultTarget, NewUser, Trouble};
use stoa_service::operator::{Named, PersonChange};

use super::{Mend, ROW, Row, Via};
use crate::aws::{delete, set};
use crate::steps::{MARY, MARYS_EMAIL, World};

const DAY: i64 = 24 * 3600;

/// Somebody's record at the customer is changed.
fn edit(world: &World, login: &str, change: impl FnOnce(&mut Person)) {
    assert!(world.pingfederate.edit_person(login, change), "{login}");
}

/// Somebody's record is changed, and nothing else happens.
macro_rules! edited {
    ($login:expr, $change:expr) => {
        |world| Box::pin(async move { edit(world, $login, $change) })
    };
}

/// Only a group may enter.
macro_rules! admits {
    () => {
        |world| {
            Box::pin(async move {
                world.reconfigure(|file| format!("{file}[admit]\ngroups = [\"Learning-Users\"]\n")).await;
            })
        }
    };
}

async fn change(world: &World, named: Named, wanted: &PersonChange) {
    let id = ConnectionId::parse("pg").unwrap();
    let person = world.operator.person(&id, named).await.unwrap();
    world.operator.change_person(&person, wanted, "a test").await.unwrap();
}

pub(super) fn rows() -> Vec<Row> {
    [addresses(), groups(), accounts()].into_iter().flatten().collect()
}

fn addresses() -> Vec<Row> {
    vec![
        Row {
            failure: "a record at the customer names a colleague's address",
            neighbour: "an address was handed on to a new person",
            symptom: "email_owned",
            cause: Cause::ColleaguesAddress,
            says: "Nothing is to be changed in the school",
            fails: &["mallory.m"],
            since: &["li.xl"],
            mend: Mend::Act(edited!("mallory.m", |person| person.email = Some("mallory.m@pg.com".into()))),
            works: &["mallory.m", MARY],
            ..ROW
        },
        Row {
            failure: "an address was handed on to a new person",
            neighbour: "a record at the customer names a colleague's address",
            symptom: "email_owned",
            cause: Cause::AddressRecycled,
            says: "stoa person free-address --connection pg --email ADDRESS",
            before: &["smith.j1"],
            inject: |world| {
                Box::pin(async move {
                    // The owner came forty days ago, which is longer than logins are kept.
                    let then = json!({"N": (jiff::Timestamp::now().as_second() - 40 * DAY).to_string()});
                    set(world, Table::Directory, "person#", "checked", then.clone()).await;
                    set(world, Table::Directory, "email#", "since", then).await;
                    for login in world.logins() {
                        delete(world, Table::Logins, login["pk"]["S"].as_str().unwrap()).await;
                    }
                    world.log_in(&world.browser(), MARY).await;
                })
            },
            fails: &["smith.j2"],
            since: &["li.xl"],
            mend: Mend::Printed {
                address: "john.smith@pg.com",
                // The school's administrator has given the old account another address.
                input: |world| {
                    let old = world.thinkific.user("john.smith@pg.com").unwrap().id;
                    assert!(world.thinkific.edit_user(old, |user| user.email = "john.smith.left@pg.com".into()));
                    String::new()
                },
            },
            works: &["smith.j2", MARY],
            ..ROW
        },
        Row {
            failure: "everybody has a new subject at the customer",
            neighbour: "a record at the customer names a colleague's address",
            symptom: "email_owned",
            cause: Cause::SubjectsChanged,
            says: "Send the same subject as before",
            before: &[MARY, "li.xl"],
            inject: |world| {
                Box::pin(async move {
                    edit(world, MARY, |person| person.login = "E-1001".into());
                    edit(world, "li.xl", |person| person.login = "E-1002".into());
                })
            },
            fails: &["E-1001", "E-1002"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    edit(world, "E-1001", |person| person.login = MARY.into());
                    edit(world, "E-1002", |person| person.login = "li.xl".into());
                })
            }),
            works: &[MARY, "li.xl"],
            ..ROW
        },
        Row {
            failure: "everybody has a new subject, and the previous one is still sent",
            neighbour: "a record at the customer names a colleague's address",
            symptom: "email_owned",
            cause: Cause::SubjectsChanged,
            says: "as `subject.previous` until a date",
            before: &[MARY, "li.xl"],
            inject: |world| {
                Box::pin(async move {
                    for (login, new) in [(MARY, "E-1001"), ("li.xl", "E-1002")] {
                        edit(world, login, |person| {
                            person.login = new.into();
                            person.others = vec![("uid".into(), vec![login.into()])];
                        });
                    }
                })
            },
            fails: &["E-1001", "E-1002"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    let previous = "[subject]\nprevious = { from = \"uid\", until = \"2100-01-01\" }";
                    world.reconfigure(|text| text.replace("[subject]", previous)).await;
                })
            }),
            works: &["E-1001", "E-1002", "bak.z"],
            ..ROW
        },
        Row {
            failure: "a login that claimed the address broke off",
            neighbour: "a record at the customer names a colleague's address",
            symptom: "email_owned",
            cause: Cause::ClaimUnderWay,
            says: "Wait a minute",
            before: &["li.xl"],
            inject: |world| {
                Box::pin(async move {
                    // The school is gone for a moment, and so is the table when the claim is given up.
                    world.thinkific.inject(SchoolFault { target: FaultTarget::Admin, trouble: Trouble::Cut, times: 1 });
                    let give_up = Fault::next("thinkific-launch", "dynamodb:DeleteItem", FaultKind::Unavailable);
                    world.front.inject(give_up.times(3));
                    world.log_in(&world.browser(), MARY).await;
                    world.thinkific.clear_faults();
                    world.front.clear_faults();
                })
            },
            fails: &["mallory.m"],
            works: &[MARY, "bak.z"],
            ..ROW
        },
        Row {
            failure: "a record at the customer has an address of another domain",
            neighbour: "a colleague's apply takes a domain away",
            symptom: "email_domain_foreign",
            cause: Cause::ForeignDomain,
            says: "Correct the address in the person's record",
            fails: &["partner.p"],
            since: &["li.xl"],
            mend: Mend::Act(edited!("partner.p", |person| person.email = Some("pat@pg.com".into()))),
            works: &["partner.p", "bak.z"],
            ..ROW
        },
        Row {
            failure: "the customer has a domain that the connection does not name",
            neighbour: "a record at the customer has an address of another domain",
            symptom: "email_domain_foreign",
            cause: Cause::DomainUnclaimed,
            alone: false,
            says: "Let the customer confirm in writing",
            inject: |world| {
                Box::pin(async move {
                    edit(world, "suharto", |person| person.email = Some("suharto@pgcareers.com".into()));
                    edit(world, "li.xl", |person| person.email = Some("li.xl@pgcareers.com".into()));
                })
            },
            fails: &["suharto", "li.xl"],
            since: &["frontdesk"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    world.reconfigure(|file| file.replace("[\"pg.com\"]", "[\"pg.com\", \"pgcareers.com\"]")).await;
                })
            }),
            works: &["suharto", "li.xl", MARY],
            ..ROW
        },
        Row {
            failure: "one record has no address",
            neighbour: "the identity provider sends no address any more",
            symptom: "email_missing",
            cause: Cause::RecordLacks,
            says: "Fill in the value",
            fails: &["suharto"],
            since: &["li.xl"],
            inject: edited!("suharto", |person| person.email = None),
            mend: Mend::Act(edited!("suharto", |person| person.email = Some("suharto@pg.com".into()))),
            works: &["suharto", "bak.z"],
            ..ROW
        },
        Row {
            failure: "the identity provider sends no address any more",
            neighbour: "one record has no address",
            symptom: "email_missing",
            cause: Cause::ClaimsNotSent,
            says: "under exactly that name",
            inject: |world| {
                Box::pin(async move {
                    edit(world, MARY, |person| person.email = None);
                    edit(world, "suharto", |person| person.email = None);
                })
            },
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    edit(world, MARY, |person| person.email = Some(MARYS_EMAIL.into()));
                    edit(world, "suharto", |person| person.email = Some("suharto@pg.com".into()));
                })
            }),
            works: &[MARY, "suharto"],
            ..ROW
        },
        Row {
            failure: "one record has an address that is none",
            neighbour: "the identity provider sends no address any more",
            symptom: "email_malformed",
            cause: Cause::RecordLacks,
            says: "Fill in the value",
            fails: &["suharto"],
            since: &["li.xl"],
            inject: edited!("suharto", |person| person.email = Some("suharto at pg".into())),
            mend: Mend::Act(edited!("suharto", |person| person.email = Some("suharto@pg.com".into()))),
            works: &["suharto", "bak.z"],
            ..ROW
        },
    ]
}

fn groups() -> Vec<Row> {
    vec![
        Row {
            failure: "one person is in no group that may enter",
            neighbour: "the group was made again, and is sent under another id",
            symptom: "group_not_admitted",
            cause: Cause::NotInGroup,
            says: "Add the person to one of the groups",
            prepare: admits!(),
            fails: &["suharto"],
            since: &["li.xl"],
            inject: edited!("suharto", |person| person.groups = vec!["Others".into()]),
            mend: Mend::Act(edited!("suharto", |person| person.groups.push("Learning-Users".into()))),
            works: &["suharto", "bak.z"],
            ..ROW
        },
        Row {
            failure: "the group was made again, and is sent under another id",
            neighbour: "a colleague's apply admits another group only",
            symptom: "group_not_admitted",
            cause: Cause::GroupRemade,
            says: "Send us the id or name of the group",
            prepare: admits!(),
            inject: |world| {
                Box::pin(async move {
                    edit(world, MARY, |person| person.groups = vec!["7c1e-learning".into()]);
                    edit(world, "suharto", |person| person.groups = vec!["7c1e-learning".into()]);
                })
            },
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    let both = "[admit]\ngroups = [\"Learning-Users\", \"7c1e-learning\"]\n";
                    world.reconfigure(|file| format!("{file}{both}")).await;
                })
            }),
            ..ROW
        },
        Row {
            failure: "the identity provider does not send the groups any more",
            neighbour: "one person is in no group that may enter",
            symptom: "group_not_admitted",
            cause: Cause::GroupsNotSent,
            says: "Release the groups",
            prepare: admits!(),
            inject: |world| {
                Box::pin(async move {
                    edit(world, MARY, |person| person.groups.clear());
                    edit(world, "suharto", |person| person.groups.clear());
                })
            },
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    edit(world, MARY, |person| person.groups.push("Learning-Users".into()));
                    edit(world, "suharto", |person| person.groups.push("Learning-Users".into()));
                })
            }),
            works: &[MARY, "suharto"],
            ..ROW
        },
        Row {
            failure: "one person is in too many groups to be sent",
            neighbour: "one person is in no group that may enter",
            via: Via::Example(&GLOBEX),
            symptom: "groups_overage",
            cause: Cause::GroupsTooMany,
            says: "Send only the groups that are assigned",
            prepare: |world| {
                Box::pin(async move {
                    let admits = "[admit]\ngroups = [\"6f1d9b1c-0000-4000-8000-000000000001\"]\n";
                    world.connect_openid(&GLOBEX, |file| format!("{file}\n{admits}")).await.unwrap();
                    world.openid.edit_client(Product::Entra, GLOBEX.client_id, |client| client.groups = true);
                })
            },
            before: &["mila@globex.com"],
            fails: &["olga@globex.com"],
            since: &["mila@globex.com"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    assert!(world.openid.edit_person(Product::Entra, "olga@globex.com", |person| {
                        person.groups.truncate(1);
                    }));
                })
            }),
            works: &["olga@globex.com", "mila@globex.com"],
            ..ROW
        },
    ]
}

fn accounts() -> Vec<Row> {
    vec![
        Row {
            failure: "the directory does not know a person, and the file lets in only those whom it knows",
            neighbour: "a colleague's apply lets no unknown person in",
            symptom: "person_unknown",
            cause: Cause::PersonNotKnown,
            says: "Provision the person",
            inject: |world| {
                Box::pin(async move {
                    world.reconfigure(|file| format!("{file}[account]\nunknown_person = \"refuse\"\n")).await;
                    world.log_in(&world.browser(), MARY).await;
                })
            },
            fails: &["suharto"],
            since: &[MARY],
            mend: Mend::Act(|world| Box::pin(async move { world.reconfigure(str::to_owned).await })),
            works: &["suharto", MARY],
            ..ROW
        },
        Row {
            failure: "on-call has deactivated the person",
            neighbour: "the directory does not know a person, and the file lets in only those whom it knows",
            symptom: "person_deactivated",
            cause: Cause::PersonBarred,
            says: "stoa person reactivate --connection pg --email ADDRESS",
            inject: |world| {
                Box::pin(async move {
                    change(world, Named::Email(MARYS_EMAIL.into()), &PersonChange::Deactivate).await;
                })
            },
            fails: &[MARY],
            since: &["li.xl"],
            mend: Mend::Printed { address: MARYS_EMAIL, input: |_| String::new() },
            ..ROW
        },
        Row {
            failure: "an earlier integration bound the account",
            neighbour: "the new address is another person's account",
            symptom: "account_bound",
            cause: Cause::AccountEarlier,
            alone: false,
            says: "account.earlier_external_id",
            inject: |world| {
                Box::pin(async move {
                    world.thinkific.add_user(NewUser {
                        external_id: Some("legacy-17".into()),
                        ..NewUser::student("suharto@pg.com", "Suharto", "-")
                    });
                })
            },
            fails: &["suharto"],
            since: &["li.xl"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    let user = world.thinkific.user("suharto@pg.com").unwrap().id;
                    let link = PersonChange::Link { user, external_id: "legacy-17".into() };
                    change(world, Named::Subject("suharto".into()), &link).await;
                })
            }),
            works: &["suharto", "bak.z"],
            ..ROW
        },
        Row {
            failure: "the new address is another person's account",
            neighbour: "an earlier integration bound the account",
            symptom: "account_bound",
            cause: Cause::AccountOther,
            alone: false,
            says: "Look in Thinkific who uses the account",
            before: &[MARY, "suharto"],
            inject: |world| {
                Box::pin(async move {
                    world.thinkific.add_user(NewUser::student("s.new@pg.com", "Somebody", "Else"));
                    edit(world, "suharto", |person| person.email = Some("s.new@pg.com".into()));
                })
            },
            fails: &["suharto"],
            since: &["li.xl"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    let other = world.thinkific.user("s.new@pg.com").unwrap().id;
                    assert!(world.thinkific.edit_user(other, |user| user.email = "somebody@pg.com".into()));
                    world.advance(3600);
                })
            }),
            works: &["suharto", MARY],
            ..ROW
        },
        Row {
            failure: "the person's account has a role",
            neighbour: "a colleague's apply allows a role no more",
            symptom: "account_privileged",
            cause: Cause::AccountRole,
            says: "Take the role away",
            fails: &["admin.s"],
            since: &["li.xl"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    let admin = world.thinkific.user("admin@pg.com").unwrap().id;
                    assert!(world.thinkific.edit_user(admin, |user| user.roles.clear()));
                    world.advance(3600);
                })
            }),
            works: &["admin.s", MARY],
            ..ROW
        },
        Row {
            failure: "nobody is bound to the account, and the file takes none over",
            neighbour: "a colleague's apply takes no accounts over any more",
            symptom: "account_unbound",
            cause: Cause::AccountUnbound,
            says: "Confirm whose the account is",
            prepare: |world| {
                Box::pin(async move {
                    world.reconfigure(|file| format!("{file}[account]\nexisting = \"refuse\"\n")).await;
                })
            },
            fails: &["existing.e"],
            since: &["li.xl"],
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    let user = world.thinkific.user("existing@pg.com").unwrap().id;
                    assert!(world.thinkific.edit_user(user, |user| user.external_id = Some("theirs".into())));
                    let link = PersonChange::Link { user, external_id: "theirs".into() };
                    change(world, Named::Subject("existing.e".into()), &link).await;
                })
            }),
            works: &["existing.e", MARY],
            ..ROW
        },
    ]
}
