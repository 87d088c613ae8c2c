//! PingFederate's endpoints: a login as it is by default, and each refusal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use stoa_saml::idp::{DataEncryption, KeyTransport, Placement, SignWhat};
use stoa_saml::metadata::{SpMetadata, sp_metadata};
use stoa_saml::{
    AuthnRequest, Certificate, DecryptionKey, Expected, Freshness, Refusal, ResponseInput, Signed, SigningKey, Skew,
    Trust, VerifiedResponse, metadata, verify,
};
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::pingfederate::{Config, Encryption, EventKind, Person, PingFederate, Reason, SpConnection};

pub const ENTITY: &str = "https://stoa.example/saml/acme";
pub const ACS: &str = "http://stoa.localhost:9/saml/acme/acs";
const SP_CERTIFICATE: &str = include_str!("../../../stoa-saml/testdata/keys/sp.crt");
const SP_KEY: &str = include_str!("../../../stoa-saml/testdata/keys/sp.key");

/// PingFederate, a partner of it, and a person's browser, which stops at the form that carries the Response.
pub struct Customer {
    pub idp: PingFederate,
    pub browser: Browser,
}

impl Customer {
    pub async fn start() -> Self {
        let idp = PingFederate::start(Config::default()).await.unwrap();
        idp.register(partner(false));
        Self { idp, browser: Browser::new().following(Follow::WithoutScripts) }
    }

    pub fn request(&self, change: impl FnOnce(&mut AuthnRequest<'_>)) -> String {
        self.signed_request(None, change)
    }

    fn signed_request(&self, signer: Option<&SigningKey>, change: impl FnOnce(&mut AuthnRequest<'_>)) -> String {
        let destination = format!("{}/idp/SSO.saml2", self.idp.url());
        let mut request = AuthnRequest {
            id: "_r1",
            issue_instant: self.idp.clock().now(),
            destination: &destination,
            issuer: ENTITY,
            acs_url: ACS,
            force_authn: false,
            name_id_format: None,
            authn_context: &[],
        };
        change(&mut request);
        let here = AuthnRequest { destination: &destination, ..request };
        let url = here.redirect_url(Some("rs"), signer).unwrap();
        // Destination is part of the signed content only where it is not the address.
        if request.destination == destination { url } else { misdirected(&url, &request) }
    }

    /// Opens the address and, where it asks, signs on as this person.
    pub async fn sign_on(&self, url: &str, login: &str, defect: &str) -> Page {
        let page = self.browser.get(url).await.unwrap();
        let form = page.form_to("/resumeSAML20/idp/SSO.ping").unwrap_or_else(|| panic!("{}", page.text()));
        self.browser.submit(&page, form, &[("pf.username", login), ("defect", defect)]).await.unwrap()
    }

    pub fn trust(&self) -> Trust {
        let document = self.idp.metadata(ENTITY).unwrap();
        let read = metadata::parse(document.as_bytes(), None, self.idp.clock().now()).unwrap();
        Trust::new(read.entity_id, read.signing).unwrap()
    }

    pub fn verify(&self, page: &Page, request: Option<&str>) -> Result<VerifiedResponse, Refusal> {
        let form = page.sends_by_itself().unwrap_or_else(|| panic!("{}", page.text()));
        assert_eq!(form.action.as_str(), ACS);
        verify(&ResponseInput {
            xml: &STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap(),
            trust: &self.trust(),
            sp_entity_id: ENTITY,
            acs_url: ACS,
            expected: request.map_or(Expected::Unsolicited, |id| Expected::Request { id }),
            freshness: Freshness::Any,
            skew: Skew::default(),
            decryption_keys: &[DecryptionKey::from_pkcs8_pem(SP_KEY).unwrap()],
            now: self.idp.clock().now(),
        })
    }

    async fn refusal(&self, url: &str) -> Reason {
        let page = self.browser.get(url).await.unwrap();
        assert_eq!(page.status, 400);
        assert!(page.forms.is_empty(), "no Response goes anywhere");
        match self.idp.events().pop().unwrap().what {
            EventKind::Refused { reason } => reason,
            other @ (EventKind::Requested { .. } | EventKind::Issued { .. }) => panic!("{other:?}"),
        }
    }
}

/// The same request, addressed elsewhere but sent here.
fn misdirected(url: &str, request: &AuthnRequest<'_>) -> String {
    let elsewhere = request.redirect_url(Some("rs"), None).unwrap();
    let (here, _) = url.split_once('?').unwrap();
    format!("{here}?{}", elsewhere.split_once('?').unwrap().1)
}

fn partner(signed: bool) -> SpConnection {
    let certificates = [Certificate::from_pem(SP_CERTIFICATE).unwrap()];
    let document = sp_metadata(&SpMetadata {
        entity_id: ENTITY,
        acs_url: ACS,
        signing: if signed { &certificates } else { &[] },
        encryption: &certificates,
        name_id_format: None,
        authn_requests_signed: signed,
    });
    SpConnection::from_metadata(&document).unwrap()
}

fn attribute<'a>(verified: &'a VerifiedResponse, name: &str) -> Option<&'a [String]> {
    verified.attributes().iter().find(|attribute| attribute.name == name).map(|found| found.values.as_slice())
}

#[tokio::test]
async fn a_login_has_pingfederates_defaults() {
    let customer = Customer::start().await;
    let page = customer.sign_on(&customer.request(|_| {}), "bak.z", "").await;
    let form = page.sends_by_itself().unwrap();
    assert_eq!(form.field("RelayState"), Some("rs"));
    let xml = String::from_utf8(STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap()).unwrap();
    assert!(!xml.contains("KeyInfo") && !xml.contains("X509"), "no certificate travels");
    let verified = customer.verify(&page, Some("_r1")).unwrap();
    assert_eq!(verified.signed(), Signed::Response);
    assert_eq!(verified.name_id().unwrap().value, "bak.z");
    assert_eq!(
        verified.name_id().unwrap().format.as_deref(),
        Some("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")
    );
    assert_eq!(attribute(&verified, "lastName").unwrap(), ["Bąk-Østergård O’Neill"]);
    assert_eq!(attribute(&verified, "groups").unwrap(), ["Learning-Users"]);
    assert_eq!(attribute(&verified, "Email"), None, "names are case-sensitive");
}

#[tokio::test]
async fn everybody_active_can_sign_on_and_is_told_apart() {
    let customer = Customer::start().await;
    for person in customer.idp.people().iter().filter(|person| person.active) {
        let browser = Browser::new().following(Follow::WithoutScripts);
        let visit = Customer { idp: PingFederate::start(Config::default()).await.unwrap(), browser };
        visit.idp.register(partner(false));
        let page = visit.sign_on(&visit.request(|_| {}), &person.login, "").await;
        let verified = visit.verify(&page, Some("_r1")).unwrap();
        assert_eq!(verified.name_id().unwrap().value, person.login);
        assert_eq!(attribute(&verified, "email").map(|values| values[0].clone()), person.email);
        assert_eq!(attribute(&verified, "groups").unwrap_or_default(), person.groups);
    }
}

#[tokio::test]
async fn a_session_signs_on_again_unless_force_authn() {
    let customer = Customer::start().await;
    customer.sign_on(&customer.request(|_| {}), "miller.m", "").await;
    customer.idp.clock().advance(SignedDuration::from_mins(30));
    let page = customer.browser.get(&customer.request(|request| request.id = "_r2")).await.unwrap();
    let verified = customer.verify(&page, Some("_r2")).unwrap();
    let age = customer.idp.clock().now().duration_since(verified.authn_instant());
    assert!(age >= SignedDuration::from_mins(29), "the session is as old as it is");
    let forced = customer.request(|request| request.force_authn = true);
    let page = customer.sign_on(&forced, "miller.m", "").await;
    let age = customer.idp.clock().now().duration_since(customer.verify(&page, Some("_r1")).unwrap().authn_instant());
    assert!(age <= SignedDuration::from_secs(10));
}

#[tokio::test]
async fn a_login_can_begin_here_and_the_target_becomes_the_relay_state() {
    let customer = Customer::start().await;
    customer.idp.sign_on_as("miller.m");
    let url = customer.idp.start_url(ENTITY, Some("/courses/welcome?a=b&c=d"));
    let page = customer.browser.get(&url).await.unwrap();
    assert_eq!(page.sends_by_itself().unwrap().field("RelayState"), Some("/courses/welcome?a=b&c=d"));
    customer.verify(&page, None).unwrap();
    customer.idp.edit_partner(ENTITY, |partner| partner.idp_initiated = false);
    assert_eq!(customer.refusal(&url).await, Reason::IdpInitiatedDisabled);
}

#[tokio::test]
async fn a_request_by_post_is_taken_too() {
    let customer = Customer::start().await;
    customer.idp.sign_on_as("miller.m");
    let destination = format!("{}/idp/SSO.saml2", customer.idp.url());
    let request = AuthnRequest {
        id: "_p1",
        issue_instant: customer.idp.clock().now(),
        destination: &destination,
        issuer: ENTITY,
        acs_url: ACS,
        force_authn: false,
        name_id_format: None,
        authn_context: &[],
    };
    let form = request.post_form(Some("rs"), None).unwrap();
    let fields = [("SAMLRequest", form.saml_request.as_str()), ("RelayState", "rs")];
    let page = customer.browser.post(Some("http://stoa.localhost/"), &destination, &fields).await.unwrap();
    customer.verify(&page, Some("_p1")).unwrap();
}

#[tokio::test]
async fn strangers_and_inactive_connections_get_an_error_page() {
    let customer = Customer::start().await;
    let stranger = customer.request(|request| request.issuer = "https://stranger.example");
    assert_eq!(customer.refusal(&stranger).await, Reason::UnknownConnection);
    assert_eq!(customer.refusal(&customer.idp.start_url("x", None)).await, Reason::UnknownConnection);
    assert_eq!(customer.refusal(&format!("{}/idp/startSSO.ping", customer.idp.url())).await, Reason::UnknownConnection);
    customer.idp.edit_partner(ENTITY, |partner| partner.active = false);
    assert_eq!(customer.refusal(&customer.request(|_| {})).await, Reason::InactiveConnection);
    assert_eq!(customer.refusal(&customer.idp.metadata_url(ENTITY)).await, Reason::InactiveConnection);
}

#[tokio::test]
async fn a_response_goes_to_a_registered_acs_only() {
    let customer = Customer::start().await;
    let elsewhere = customer.request(|request| request.acs_url = "http://evil.localhost:9/acs");
    assert_eq!(customer.refusal(&elsewhere).await, Reason::UnknownAcs);
}

#[tokio::test]
async fn a_stale_misdirected_or_broken_request_gets_an_error_page() {
    let customer = Customer::start().await;
    let old = customer.idp.clock().now() - SignedDuration::from_mins(6);
    assert_eq!(customer.refusal(&customer.request(|request| request.issue_instant = old)).await, Reason::StaleRequest);
    let early = customer.idp.clock().now() + SignedDuration::from_mins(6);
    assert_eq!(
        customer.refusal(&customer.request(|request| request.issue_instant = early)).await,
        Reason::StaleRequest
    );
    let other = customer.request(|request| request.destination = "https://other.example/idp/SSO.saml2");
    assert_eq!(customer.refusal(&other).await, Reason::WrongDestination);
    let broken = format!("{}/idp/SSO.saml2?SAMLRequest=AAAA", customer.idp.url());
    assert_eq!(customer.refusal(&broken).await, Reason::BadMessage);
    assert_eq!(customer.refusal(&format!("{}/idp/SSO.saml2", customer.idp.url())).await, Reason::BadMessage);
}

#[tokio::test]
async fn a_signature_is_checked_where_it_is_required_or_present() {
    let customer = Customer::start().await;
    customer.idp.register(partner(true));
    let key = SigningKey::from_pkcs8_pem(SP_KEY).unwrap();
    assert_eq!(customer.refusal(&customer.request(|_| {})).await, Reason::BadSignature);
    let signed = customer.signed_request(Some(&key), |_| {});
    customer.sign_on(&signed, "miller.m", "").await;
    let tampered = signed.replace("RelayState=rs", "RelayState=xx");
    assert_eq!(customer.refusal(&tampered).await, Reason::BadSignature);
    customer.idp.edit_partner(ENTITY, |partner| partner.require_signed_requests = false);
    assert_eq!(customer.refusal(&tampered).await, Reason::BadSignature);
}

#[tokio::test]
async fn logout_and_forgotten_transactions_get_an_error_page() {
    let customer = Customer::start().await;
    let logout = format!("{}/idp/SLO.saml2", customer.idp.url());
    assert_eq!(customer.refusal(&logout).await, Reason::NoLogout);
    let resume = format!("{}/idp/x/resumeSAML20/idp/SSO.ping", customer.idp.url());
    let page = customer.browser.post(None, &resume, &[("pf.username", "miller.m")]).await.unwrap();
    assert_eq!(page.status, 400);
}

#[tokio::test]
async fn who_cancels_is_deactivated_or_unknown_is_denied_in_a_signed_response() {
    let customer = Customer::start().await;
    for login in ["gone.g", "nobody"] {
        let page = customer.sign_on(&customer.request(|_| {}), login, "").await;
        let refusal = customer.verify(&page, Some("_r1")).unwrap_err();
        assert_eq!(refusal.code.family(), stoa_saml::Family::IdpStatus, "{login}: {refusal}");
        assert!(customer.browser.cookie("PF").is_none());
    }
    let page = customer.browser.get(&customer.request(|_| {})).await.unwrap();
    let page = customer.browser.press(&page, &page.forms[0], "Cancel").await.unwrap();
    assert_eq!(customer.verify(&page, Some("_r1")).unwrap_err().code.family(), stoa_saml::Family::IdpStatus);
}

#[tokio::test]
async fn an_empty_or_unfulfilled_name_id_format_is_denied() {
    let customer = Customer::start().await;
    for format in ["", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"] {
        let url = customer.request(|request| request.name_id_format = Some(format));
        let page = customer.browser.get(&url).await.unwrap();
        let refusal = customer.verify(&page, Some("_r1")).unwrap_err();
        assert_eq!(refusal.code.family(), stoa_saml::Family::IdpStatus, "{format:?}: {refusal}");
    }
    let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    let url = customer.request(|request| request.name_id_format = Some(unspecified));
    customer.sign_on(&url, "miller.m", "").await;
}

#[tokio::test]
async fn metadata_shows_the_partners_certificates_and_without_a_partner_another_one() {
    let customer = Customer::start().await;
    let read = async |url: &str| {
        let page = customer.browser.get(url).await.unwrap();
        metadata::parse(page.body.as_bytes(), None, Timestamp::now()).unwrap()
    };
    let partners = read(&customer.idp.metadata_url(ENTITY)).await;
    assert_eq!(partners.entity_id, customer.idp.entity_id());
    assert_eq!(partners.sso[0].location, format!("{}/idp/SSO.saml2", customer.idp.url()));
    let default = read(&format!("{}/pf/federation_metadata.ping", customer.idp.url())).await;
    assert_ne!(default.signing[0].fingerprint(), partners.signing[0].fingerprint());
}

#[tokio::test]
async fn certificates_are_announced_rotated_and_retired() {
    let customer = Customer::start().await;
    customer.idp.sign_on_as("miller.m");
    let shown = || customer.trust().keys().iter().map(|key| key.fingerprint().to_owned()).collect::<Vec<_>>();
    let signer = async || {
        let page = customer.browser.get(&customer.request(|_| {})).await.unwrap();
        customer.verify(&page, Some("_r1")).unwrap().signed_by().to_owned()
    };
    let first = shown()[0].clone();
    customer.idp.announce_next_certificate();
    let second = shown()[1].clone();
    assert_eq!(signer().await, first);
    customer.idp.rotate_certificate();
    assert_eq!(shown(), [second.clone(), first]);
    assert_eq!(signer().await, second);
    customer.idp.retire_previous_certificate();
    assert_eq!(shown(), [second]);
}

#[tokio::test]
async fn what_is_signed_and_encrypted_is_the_connections_choice() {
    let customer = Customer::start().await;
    customer.idp.sign_on_as("vandenberg.mc");
    for (sign, signed) in [
        (SignWhat::Response, Signed::Response),
        (SignWhat::Assertion, Signed::Assertion),
        (SignWhat::Both, Signed::Both),
    ] {
        for data in [DataEncryption::Aes128Gcm, DataEncryption::Aes256Gcm] {
            for transport in [KeyTransport::OaepMgf1pSha1, KeyTransport::OaepSha256] {
                for placement in [Placement::Inside, Placement::Sibling] {
                    customer.idp.edit_partner(ENTITY, |partner| {
                        partner.sign = sign;
                        partner.encrypt = Some(Encryption { data, transport, placement });
                    });
                    let page = customer.browser.get(&customer.request(|_| {})).await.unwrap();
                    let verified = customer.verify(&page, Some("_r1")).unwrap();
                    assert!(verified.was_encrypted());
                    assert_eq!(verified.signed(), signed);
                    assert_eq!(attribute(&verified, "groups").unwrap().len(), 200);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_page_chooses_signature_and_encryption_for_one_login() {
    let customer = Customer::start().await;
    let page = customer.browser.get(&customer.request(|_| {})).await.unwrap();
    let choice = [("sign", "both"), ("encrypt", "aes256-gcm"), ("transport", "oaep-sha256"), ("placement", "sibling")];
    let fields = [&[("pf.username", "miller.m")][..], &choice[..]].concat();
    let page = customer.browser.submit(&page, &page.forms[0], &fields).await.unwrap();
    let verified = customer.verify(&page, Some("_r1")).unwrap();
    assert!(verified.was_encrypted() && verified.signed() == Signed::Both);
    let again = customer.browser.get(&customer.request(|_| {})).await.unwrap();
    assert!(!customer.verify(&again, Some("_r1")).unwrap().was_encrypted(), "the connection is as before");
}

#[tokio::test]
async fn who_was_deactivated_has_no_session() {
    let customer = Customer::start().await;
    customer.sign_on(&customer.request(|_| {}), "miller.m", "").await;
    customer.idp.edit_person("miller.m", |person| person.active = false);
    let page = customer.sign_on(&customer.request(|_| {}), "miller.m", "").await;
    assert_eq!(customer.verify(&page, Some("_r1")).unwrap_err().code.family(), stoa_saml::Family::IdpStatus);
}

#[tokio::test]
async fn records_can_change_between_logins() {
    let customer = Customer::start().await;
    customer.idp.add_person(Person::new("new.n", "new.n@pg.com", "New", "Person", ""));
    customer.idp.edit_person("new.n", |person| person.email = Some("married@pg.com".to_owned()));
    let page = customer.sign_on(&customer.request(|_| {}), "new.n", "").await;
    let verified = customer.verify(&page, Some("_r1")).unwrap();
    assert_eq!(attribute(&verified, "email").unwrap(), ["married@pg.com"]);
}

#[tokio::test]
async fn the_sandbox_paths_do_what_the_handle_does() {
    let customer = Customer::start().await;
    let at = |path: &str| format!("{}/sandbox/{path}", customer.idp.url());
    let post = async |path: &str, fields: &[(&str, &str)]| {
        customer.browser.post(None, &at(path), fields).await.unwrap().status
    };
    assert_eq!(post("sign-on-as", &[("person", "miller.m")]).await, 200);
    assert_eq!(post("defect", &[("defect", "expired")]).await, 200);
    assert_eq!(post("defect", &[("defect", "unheard-of")]).await, 422);
    let typed = |acs| [("entity_id", "https://new.example/saml/new"), ("acs_url", acs)];
    assert_eq!(post("sp-connection", &typed("/saml/new/acs")).await, 422);
    assert_eq!(post("sp-connection", &typed("https://new.example/saml/new/acs")).await, 200);
    let page = customer.browser.get(&customer.idp.url()).await.unwrap().url.join("/sandbox").unwrap();
    let page = customer.browser.get(page.as_str()).await.unwrap();
    assert!(page.body.contains("https://new.example/saml/new → https://new.example/saml/new/acs"), "{}", page.body);
    assert!(customer.idp.metadata("https://new.example/saml/new").is_some());
    assert_eq!(post("certificate", &[("step", "announce")]).await, 200);
    assert_eq!(post("clock", &[("advance_seconds", "60")]).await, 200);
    assert_eq!(customer.trust().keys().len(), 2);
    let page = customer.browser.get(&customer.request(|_| {})).await.unwrap();
    assert!(customer.verify(&page, Some("_r1")).is_err());
    assert!(customer.browser.get(&at("people")).await.unwrap().body.contains("miller.m"));
    assert!(customer.browser.get(&at("events")).await.unwrap().body.contains("expired"));
    let page = customer.browser.get(&format!("{}/sandbox", customer.idp.url())).await.unwrap().body;
    for part in
        ["an unsigned request of https://", "a Response for https://", " about miller.m, with the defect expired"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Issued {"), "{page}");
}
