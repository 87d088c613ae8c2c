//! What happened at the customer's identity provider.

use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use serde_json::json;
use stoa_core::diagnosis::Cause;
use stoa_core::ids::ConnectionId;
use stoa_sandbox::openid::{ClientAuth, ClientSecret, Defect as Oidc, GLOBEX, INITECH, PG_OIDC, Product};
use stoa_sandbox::pingfederate::{Defect, Published};

use super::ours::pg_oidc;
use super::{Act, Login, Mend, PRINTED, ROW, Row, Via};
use crate::steps::World;

/// The connection reads its provider's metadata at its address.
pub(super) fn published(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let url = world.pingfederate.metadata_url(world.pingfederate_partner());
        let change =
            |file: &str| file.replace("metadata_file = \"pg-metadata.xml\"", &format!("metadata_url = \"{url}\""));
        world.apply_unaided(change).await;
        world.advance(60);
    })
}

/// The application's secret at the provider is another one now.
pub(super) fn new_client_secret(world: &World, secret: &str) {
    let secret = ClientSecret::new(secret);
    assert!(world.openid.edit_client(Product::PingFederate, PG_OIDC.client_id, |client| {
        client.auth = ClientAuth::Basic(secret);
    }));
}

/// The next Response has a defect.
macro_rules! defect {
    ($defect:expr) => {
        |world| Box::pin(async move { world.pingfederate.next_defect($defect) })
    };
}

/// The next login by OpenID Connect has one.
macro_rules! oidc_defect {
    ($defect:expr) => {
        |world| Box::pin(async move { world.openid.next_defect($defect) })
    };
}

/// The application is switched on or off there.
macro_rules! enabled {
    ($is:expr) => {
        |world| {
            Box::pin(async move {
                assert!(world.pingfederate.edit_partner(world.pingfederate_partner(), |sp| sp.active = $is));
            })
        }
    };
}

/// The identity provider's clock is moved.
macro_rules! clock {
    ($seconds:expr) => {
        |world| Box::pin(async move { world.pingfederate.clock().advance(SignedDuration::from_secs($seconds)) })
    };
}

/// Everybody fails, one Response after the other.
fn all(failure: &'static str, neighbour: &'static str, symptom: &'static str, each: Act, cause: Cause) -> Row {
    Row { failure, neighbour, symptom, cause, each, ..ROW }
}

/// One person fails, and others still get in.
const ONE: Row = Row { fails: &["suharto"], since: &["li.xl"], ..ROW };

fn one(failure: &'static str, neighbour: &'static str, symptom: &'static str, each: Act, cause: Cause) -> Row {
    Row { failure, neighbour, symptom, cause, each, ..ONE }
}

fn by_oidc(failure: &'static str, neighbour: &'static str, symptom: &'static str, each: Act, cause: Cause) -> Row {
    let via = Via::Example(&PG_OIDC);
    Row { failure, neighbour, symptom, cause, each, via, prepare: pg_oidc, ..ROW }
}

fn mended(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        world.openid.mend_keys(Product::PingFederate);
        world.advance(70);
    })
}

pub(super) fn rows() -> Vec<Row> {
    [keys(), messages(), silence(), openid(), policies()].into_iter().flatten().collect()
}

fn keys() -> Vec<Row> {
    vec![
        Row {
            failure: "the identity provider signs with a new key, and publishes it",
            neighbour: "a message signed by a stranger's key",
            symptom: "saml_signature_mismatch",
            cause: Cause::KeyRotated,
            says: "stoa connection trust pg approve ",
            prepare: published,
            inject: |world| Box::pin(async move { world.pingfederate.rotate_certificate() }),
            mend: PRINTED,
            ..ROW
        },
        Row {
            prepare: published,
            says: "look whether your identity provider sent this response",
            ..one(
                "a message signed by a stranger's key",
                "the identity provider signs with a new key, and publishes it",
                "saml_signature_mismatch",
                defect!(Defect::SignedByAnotherKey),
                Cause::KeyUnpublished,
            )
        },
        Row {
            failure: "the identity provider signs with a new key, and its metadata is a file here",
            neighbour: "a message signed by a stranger's key",
            symptom: "saml_signature_mismatch",
            cause: Cause::KeyUnknownWhether,
            alone: false,
            says: "Send your current metadata file",
            inject: |world| Box::pin(async move { world.pingfederate.rotate_certificate() }),
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    let id = ConnectionId::parse("pg").unwrap();
                    let metadata = world.pingfederate.metadata(world.pingfederate_partner()).unwrap();
                    let keys = world.operator.trusts(&id).await.unwrap().keys;
                    let read = stoa_core::trust::read_metadata(metadata.as_bytes(), None, None, jiff::Timestamp::now());
                    let signing = read.unwrap().signing;
                    let new =
                        signing.iter().find(|key| keys.iter().all(|known| known.fingerprint != key.fingerprint()));
                    world.operator.add_key(&id, new.unwrap(), "confirmed by phone").await.unwrap();
                })
            }),
            ..ROW
        },
        Row {
            says: "Make the key set available again",
            fails: &["suharto"],
            mend: Mend::Act(mended),
            ..by_oidc(
                "the provider signs with a new key, and its key set cannot be fetched",
                "a token signed by a stranger's key",
                "oidc_keys_unavailable",
                oidc_defect!(Oidc::KeysUnavailable),
                Cause::KeysUnfetched,
            )
        },
        Row {
            fails: &["suharto"],
            since: &["li.xl"],
            says: "look whether your identity provider sent this response",
            ..by_oidc(
                "a token signed by a stranger's key",
                "the provider signs with a new key, and its key set cannot be fetched",
                "oidc_signature_wrong",
                oidc_defect!(Oidc::SignedByAnotherKey),
                Cause::KeyUnpublished,
            )
        },
    ]
}

fn messages() -> Vec<Row> {
    vec![
        Row {
            says: "whether something rewrites pages",
            ..one(
                "a signed message is changed on its way",
                "the identity provider no longer signs",
                "saml_digest_mismatch",
                defect!(Defect::BrokenDigest),
                Cause::Altered,
            )
        },
        Row {
            says: "whether something rewrites pages",
            ..one(
                "a forged assertion around a true signature",
                "a signed message is changed on its way",
                "saml_assertion_repeated",
                defect!(Defect::Xsw3),
                Cause::Altered,
            )
        },
        Row {
            says: "choose a signed response",
            ..all(
                "the identity provider no longer signs",
                "the identity provider signs with SHA-1",
                "saml_signature_missing",
                defect!(Defect::Unsigned),
                Cause::SignedOtherwise,
            )
        },
        Row {
            says: "RSA-SHA256",
            ..all(
                "the identity provider signs with SHA-1",
                "the identity provider no longer signs",
                "saml_digest_algorithm_refused",
                defect!(Defect::Sha1),
                Cause::SignedOtherwise,
            )
        },
        Row {
            says: "Correct the value that the step names",
            ..all(
                "the application there has another audience",
                "a response from another identity provider",
                "saml_audience_mismatch",
                defect!(Defect::WrongAudience),
                Cause::SetOtherwise,
            )
        },
        Row {
            says: "Correct the value that the step names",
            ..all(
                "the application there has another destination",
                "the application there has another recipient",
                "saml_destination_mismatch",
                defect!(Defect::WrongDestination),
                Cause::SetOtherwise,
            )
        },
        Row {
            says: "Correct the value that the step names",
            ..all(
                "the application there has another recipient",
                "the application there has another destination",
                "saml_recipient_mismatch",
                defect!(Defect::WrongRecipient),
                Cause::SetOtherwise,
            )
        },
        Row {
            prepare: published,
            says: "give them the right link",
            ..one(
                "a response from another identity provider",
                "the identity provider has a new name, and publishes it",
                "saml_response_issuer_mismatch",
                defect!(Defect::WrongIssuer),
                Cause::OtherProvider,
            )
        },
        Row {
            failure: "the identity provider has a new name, and publishes it",
            neighbour: "a response from another identity provider",
            symptom: "saml_response_issuer_mismatch",
            cause: Cause::ProviderRenamed,
            prepare: published,
            says: "stoa connection apply FILE",
            inject: |world| {
                Box::pin(async move {
                    let metadata = world.pingfederate.metadata(world.pingfederate_partner()).unwrap();
                    let renamed = metadata.replace(world.pingfederate.entity_id(), "https://another-idp.example");
                    world.pingfederate.publish_instead(Some(Published::Text(renamed)));
                })
            },
            each: defect!(Defect::WrongIssuer),
            mend: Mend::Act(|world| Box::pin(async move { world.pingfederate.publish_instead(None) })),
            ..ROW
        },
        Row {
            alone: false,
            says: "under exactly that name",
            ..all(
                "the identity provider sends no name identifier any more",
                "one record has an empty name identifier",
                "saml_name_id_missing",
                defect!(Defect::NoNameId),
                Cause::ClaimsNotSent,
            )
        },
        Row {
            says: "Fill in the value",
            ..one(
                "one record has an empty name identifier",
                "the identity provider sends no name identifier any more",
                "saml_name_id_empty",
                defect!(Defect::EmptyNameId),
                Cause::RecordLacks,
            )
        },
        Row {
            says: "under exactly that name",
            ..all(
                "the identity provider sends no attributes any more",
                "a colleague's apply names another attribute for the address",
                "email_missing",
                defect!(Defect::NoAttributes),
                Cause::ClaimsNotSent,
            )
        },
        Row {
            says: "Correct the value that the step names",
            ..all(
                "the identity provider sends a new name identifier each time",
                "everybody has a new subject at the customer",
                "subject_transient",
                defect!(Defect::TransientNameId),
                Cause::SetOtherwise,
            )
        },
    ]
}

fn silence() -> Vec<Row> {
    vec![
        Row {
            failure: "the identity provider's clock is some minutes ahead",
            neighbour: "one response came late",
            symptom: "saml_issued_in_future",
            cause: Cause::ProviderClock,
            says: "Set the clocks",
            inject: clock!(240),
            mend: Mend::Act(clock!(-240)),
            ..ROW
        },
        Row {
            failure: "the identity provider's clock is so far behind that it refuses by itself",
            neighbour: "the application is switched off at the identity provider",
            symptom: "not_back",
            cause: Cause::ProviderClock,
            says: "Set the clocks",
            later: 700,
            inject: clock!(-7200),
            mend: Mend::Act(clock!(7200)),
            ..ROW
        },
        Row {
            says: "Start again from the course link",
            ..one(
                "one response came late",
                "the identity provider's clock is some minutes ahead",
                "saml_expired",
                defect!(Defect::Expired),
                Cause::AnswerLate,
            )
        },
        Row {
            failure: "the application is switched off at the identity provider",
            neighbour: "one person closed the window",
            ..switched_off()
        },
        Row {
            failure: "the application is switched off at the identity provider, and nobody has a reference",
            neighbour: "a colleague closes the connection",
            complaint: true,
            ..switched_off()
        },
        Row {
            failure: "one person is blocked at the identity provider",
            neighbour: "the identity provider refuses everybody, and says so",
            symptom: "saml_status_authn_failed",
            cause: Cause::ProviderRefusesPerson,
            alone: false,
            says: "see in your sign-in log which policy refused them",
            fails: &["gone.g"],
            since: &["li.xl"],
            mend: Mend::Act(|world| {
                Box::pin(
                    async move { assert!(world.pingfederate.edit_person("gone.g", |person| person.active = true)) },
                )
            }),
            works: &["gone.g", "bak.z"],
            ..ROW
        },
        Row {
            failure: "one person closed the window",
            neighbour: "the application is switched off at the identity provider",
            symptom: "not_back",
            cause: Cause::PersonLeft,
            alone: false,
            says: "Try again from the course link",
            later: 700,
            login: Login::LeftThere,
            ..ONE
        },
        Row {
            failure: "something replaces one response by a page",
            neighbour: "the application is switched off at the identity provider",
            symptom: "not_back",
            cause: Cause::PersonLeft,
            alone: false,
            says: "Try again from the course link",
            later: 700,
            each: defect!(Defect::HtmlPage),
            ..ONE
        },
        Row {
            alone: false,
            says: "see in your sign-in log",
            ..one(
                "the identity provider refuses one person, and says so",
                "the identity provider refuses everybody, and says so",
                "saml_status_authn_failed",
                defect!(Defect::IdpErrorStatus),
                Cause::ProviderRefusesPerson,
            )
        },
        Row {
            alone: false,
            says: "See whether the application is still there",
            ..all(
                "the identity provider refuses everybody, and says so",
                "the identity provider refuses one person, and says so",
                "saml_status_authn_failed",
                defect!(Defect::IdpErrorStatus),
                Cause::ProviderRefusesRequest,
            )
        },
    ]
}

/// Nobody gets an answer from the identity provider.
fn switched_off() -> Row {
    Row {
        symptom: "not_back",
        cause: Cause::ProviderSilent,
        says: "Is the application still enabled",
        later: 700,
        inject: enabled!(false),
        mend: Mend::Act(enabled!(true)),
        ..ROW
    }
}

fn openid() -> Vec<Row> {
    vec![
        Row {
            says: "stoa secret put oidc/pg-oidc < FILE",
            inject: |world| Box::pin(async move { new_client_secret(world, "renewed") }),
            mend: Mend::Printed { address: "", input: |_| "renewed".to_owned() },
            ..by_oidc(
                "the client secret expired at the provider",
                "a colleague stores a wrong client secret",
                "oidc_client_refused",
                super::nothing,
                Cause::OurTokenRefused,
            )
        },
        Row {
            says: "Start again from the course link",
            fails: &["suharto"],
            since: &["li.xl"],
            ..by_oidc(
                "a code is used twice",
                "tokens are meant for another client",
                "oidc_code_refused",
                oidc_defect!(Oidc::TokenInvalidGrant),
                Cause::CodeRefused,
            )
        },
        Row {
            says: "See why the token endpoint fails",
            ..by_oidc(
                "the token endpoint fails",
                "the token endpoint has moved",
                "oidc_token_endpoint_unavailable",
                oidc_defect!(Oidc::Token500),
                Cause::TokenEndpointDown,
            )
        },
        Row {
            says: "stoa connection apply FILE",
            inject: |world| {
                Box::pin(async move {
                    let moved = format!("{}/as/token2.oauth2", world.openid.url(Product::PingFederate));
                    world.openid.change_discovery(Product::PingFederate, json!({ "token_endpoint": moved }));
                })
            },
            mend: Mend::Act(|world| {
                Box::pin(async move { world.openid.change_discovery(Product::PingFederate, json!({})) })
            }),
            ..by_oidc(
                "the token endpoint has moved",
                "the token endpoint fails",
                "oidc_token_endpoint_unavailable",
                oidc_defect!(Oidc::Token500),
                Cause::TokenEndpointMoved,
            )
        },
        Row {
            says: "a maintenance page, a firewall",
            ..by_oidc(
                "a maintenance page stands before the token endpoint",
                "the token endpoint fails",
                "oidc_token_answer_strange",
                oidc_defect!(Oidc::TokenHtml),
                Cause::TokenStrange,
            )
        },
        Row {
            says: "See why userinfo fails",
            ..by_oidc(
                "the userinfo endpoint fails",
                "the token endpoint fails",
                "oidc_userinfo_unavailable",
                oidc_defect!(Oidc::UserInfo500),
                Cause::UserInfoDown,
            )
        },
        Row {
            alone: false,
            fails: &["suharto"],
            since: &["li.xl"],
            says: "see in your sign-in log",
            ..by_oidc(
                "the provider denies one person",
                "the application lacks a scope at the provider",
                "oidc_access_denied",
                oidc_defect!(Oidc::AccessDenied),
                Cause::ProviderRefusesPerson,
            )
        },
        Row {
            says: "compare its client id, redirect address and scopes",
            ..by_oidc(
                "the application lacks a scope at the provider",
                "the provider denies one person",
                "oidc_request_refused",
                oidc_defect!(Oidc::InvalidScope),
                Cause::ProviderRefusesRequest,
            )
        },
        Row {
            says: "Correct the value that the step names",
            alone: false,
            ..by_oidc(
                "tokens are meant for another client",
                "somebody of another tenant uses the application",
                "oidc_audience_wrong",
                oidc_defect!(Oidc::AudienceOther),
                Cause::SetOtherwise,
            )
        },
        Row {
            says: "Start again from the course link",
            fails: &["suharto"],
            since: &["li.xl"],
            alone: false,
            ..by_oidc(
                "one token is old",
                "the identity provider's clock is some minutes ahead",
                "oidc_token_expired",
                oidc_defect!(Oidc::Expired),
                Cause::AnswerLate,
            )
        },
    ]
}

fn policies() -> Vec<Row> {
    vec![
        Row {
            failure: "the provider does not call one address verified",
            neighbour: "the provider calls nobody's address verified",
            via: Via::Example(&INITECH),
            prepare: connected!(INITECH),
            before: &["peter@initech.com"],
            fails: &["milton@initech.com"],
            since: &["peter@initech.com"],
            symptom: "oidc_email_unverified",
            cause: Cause::EmailUnproven,
            says: "Verify the address",
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    assert!(world.openid.edit_person(Product::Okta, "milton@initech.com", |person| {
                        person.email_verified = Some(json!(true));
                    }));
                })
            }),
            works: &["milton@initech.com", "peter@initech.com"],
            ..ROW
        },
        Row {
            failure: "the provider calls nobody's address verified",
            neighbour: "the provider does not call one address verified",
            via: Via::Example(&INITECH),
            prepare: connected!(INITECH),
            before: &["peter@initech.com"],
            fails: &["peter@initech.com", "peter@initech.com"],
            each: oidc_defect!(Oidc::EmailUnverified),
            symptom: "oidc_email_unverified",
            cause: Cause::EmailUnproven,
            says: "Verify the address",
            works: &["peter@initech.com"],
            ..ROW
        },
        Row {
            failure: "somebody of another tenant uses the application",
            neighbour: "tokens are meant for another client",
            via: Via::Example(&GLOBEX),
            prepare: connected!(GLOBEX),
            before: &["mila@globex.com"],
            fails: &["mila@globex.com"],
            since: &[],
            each: oidc_defect!(Oidc::TenantOther),
            symptom: "oidc_issuer_wrong",
            cause: Cause::OtherProvider,
            says: "give them the right link",
            works: &["mila@globex.com"],
            ..ROW
        },
        Row {
            prepare: |world| {
                Box::pin(async move {
                    let change = |file: &str| file.replace("client_id", "prompt = \"login\"\nclient_id");
                    world.connect_openid(&PG_OIDC, change).await.unwrap();
                })
            },
            before: &[],
            says: "ask for a fresh sign-in",
            ..by_oidc(
                "the provider ignores that a fresh sign-in is asked for",
                "a colleague's apply asks for a fresh sign-in, which the provider ignores",
                "oidc_authentication_too_old",
                oidc_defect!(Oidc::AuthTimeOld),
                Cause::SignInTooWeak,
            )
        },
    ]
}
