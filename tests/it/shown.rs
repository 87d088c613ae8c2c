//! What an administrator's test link shows of a login that fails: what arrived, wherever its signature was good, and
//! nothing of it elsewhere. By each defect that the simulators have.

use stoa_core::ids::ConnectionId;
use stoa_sandbox::browser::Page;
use stoa_sandbox::openid::{self, Example, GLOBEX, PG_OIDC, Stage};
use stoa_sandbox::pingfederate;

use crate::oidc;
use crate::steps::{MARY, MARYS_EMAIL, World};

const SHOWN: &str = "Everything that arrived";
const NOT_SHOWN: &str = "only if it could be verified";

async fn link(world: &World, id: &str) -> String {
    let (link, _) = world.operator.open_test_link(&ConnectionId::parse(id).unwrap()).await.unwrap();
    link.address(&world.url())
}

/// What is wrong with the page of a failed test, where something is.
fn mistake(page: &Page, is_proven: bool, needle: &str) -> Option<String> {
    let text = page.text();
    let (shows, refuses) = (text.contains(SHOWN), text.contains(NOT_SHOWN));
    let is_right = match is_proven {
        true => shows && !refuses,
        // A page for whoever comes with no login of theirs says nothing of either.
        false => !shows && !text.contains(needle),
    };
    (!is_right).then(|| text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saml_test_shows_what_arrived_with_each_refusal_after_the_signature() {
    use pingfederate::Defect;
    let world = World::start().await;
    let link = link(&world, "pg").await;
    let mut wrong = Vec::new();
    for defect in Defect::ALL.iter().copied() {
        let is_proven = match defect {
            Defect::EmptyNameId
            | Defect::Expired
            | Defect::NoAttributes
            | Defect::NoInResponseTo
            | Defect::NoNameId
            | Defect::NotYetValid
            | Defect::TransientNameId
            | Defect::WrongAudience
            | Defect::WrongDestination
            | Defect::WrongIssuer
            | Defect::WrongRecipient => true,
            // The signature still holds over what a comment cuts in two.
            Defect::CommentInNameId => true,
            Defect::BrokenDigest
            | Defect::IdpErrorStatus
            | Defect::NextCertificate
            | Defect::Sha1
            | Defect::SignedByAnotherKey
            | Defect::TwoAssertions
            | Defect::Unsigned
            | Defect::Xsw1
            | Defect::Xsw2
            | Defect::Xsw3
            | Defect::Xsw4
            | Defect::Xsw5
            | Defect::Xsw6
            | Defect::Xsw7
            | Defect::Xsw8 => false,
            // No Response, one to another login, or a lawful one.
            Defect::HtmlPage | Defect::OtherInResponseTo | Defect::ReplayPrevious | Defect::StructuredAttribute => {
                continue;
            }
        };
        world.forget();
        world.pingfederate.next_defect(defect);
        world.pingfederate.sign_on_as(MARY);
        let page = world.browser().get(&link).await.unwrap();
        assert_eq!(world.faults().len(), 1, "{defect:?}: {}", page.text());
        wrong.extend(mistake(&page, is_proven, MARYS_EMAIL).map(|text| format!("{defect:?}: {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each defect says itself where it shows: up to the signature, or after it.
async fn each_openid_defect(example: &Example, settings: &str, needle: &str) {
    let world = oidc::connected(example, |text| text.replace("[oidc]\n", &format!("[oidc]\n{settings}"))).await;
    let link = link(&world, example.id).await;
    let mut wrong = Vec::new();
    let mut proven = 0;
    for defect in openid::Defect::ALL.iter().copied() {
        world.forget();
        world.openid.next_defect(defect);
        world.openid.sign_on_as(example.product, example.person);
        let page = world.browser().get(&link).await.unwrap();
        // Some are lawful, or no matter where nothing demands what they lack.
        if !world.faults().is_empty() {
            let is_proven = match defect.stage() {
                Stage::Claims | Stage::UserInfo => true,
                Stage::Answer | Stage::Signature | Stage::Token => false,
            };
            proven += usize::from(is_proven);
            wrong.extend(mistake(&page, is_proven, needle).map(|text| format!("{defect:?}: {text}")));
        }
        world.openid.mend_keys(example.product);
        world.advance(130);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(proven > 20, "{proven}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openid_test_shows_what_arrived_with_each_refusal_after_the_signature() {
    let settings = "acr_values = [\"mfa\"]\nmax_age = 3600\nuserinfo = \"always\"\n";
    each_openid_defect(&PG_OIDC, settings, MARYS_EMAIL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entra_test_shows_what_arrived_with_each_refusal_after_the_signature() {
    each_openid_defect(&GLOBEX, "max_age = 3600\n", GLOBEX.person).await;
}

/// Somebody kept the address of the callback, or came back to it: they begin again, and nobody is called.
#[tokio::test(flavor = "multi_thread")]
async fn c149_a_callback_with_nothing_in_it_leads_to_a_fresh_login() {
    let world = oidc::as_it_comes(&PG_OIDC).await;
    world.connect_workos(str::to_owned).await.unwrap();
    for id in [PG_OIDC.id, "umbrella"] {
        world.forget();
        let browser = world.browser();
        let page = browser.get(&format!("{}/oidc/{id}/callback", world.url())).await.unwrap();
        world.refused(&page, "oidc_state_missing");
        assert_eq!(page.status, 400);
        assert!(page.text().contains("login-expired") && !page.text().contains("help desk"), "{}", page.text());
        let again = page.link("Try again").unwrap_or_else(|| panic!("no way on: {}", page.text()));
        assert!(again.as_str().ends_with(&format!("/login/{id}")), "{again}");
    }
    // Whoever waits for an answer that came where no server sees it is told what is wrong.
    let browser = world.browser();
    world.openid.ask(PG_OIDC.product);
    browser.get(&oidc::login_url(&world, &PG_OIDC, "")).await.unwrap();
    world.forget();
    let page = browser.get(&format!("{}/oidc/{}/callback", world.url(), PG_OIDC.id)).await.unwrap();
    world.refused(&page, "oidc_response_empty");
}
