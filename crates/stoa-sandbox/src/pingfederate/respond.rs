//! Writes the Response of a login, right or wrong as asked.

use jiff::{SignedDuration, Timestamp, Unit};
use stoa_saml::SignatureAlgorithm;
use stoa_saml::idp::{AssertionTemplate, AttributeTemplate, Encrypt, Issue, IssueError, ResponseTemplate, SignWhat};

use super::defect::Defect;
use super::forge;
use super::keys::Keys;
use super::partner::{Encryption, SpConnection};
use super::people::Person;
use crate::rotation::Rotation;
use crate::web;

const BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
const AUTHN_FAILED: &str = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
const INVALID_NAME_ID_POLICY: &str = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy";

/// What a Response answers, and how.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) acs_url: String,
    pub(super) in_response_to: Option<String>,
    pub(super) authn_context: Option<String>,
    pub(super) authenticated_at: Timestamp,
    pub(super) defect: Option<Defect>,
    pub(super) sign: SignWhat,
    pub(super) encrypt: Option<Encryption>,
}

/// Why the identity provider says no, in a Response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    NotAuthenticated,
    NameIdPolicy,
}

pub(super) struct Writer<'a> {
    pub(super) entity_id: &'a str,
    pub(super) keys: &'a Keys,
    pub(super) rotation: Rotation,
    pub(super) now: Timestamp,
}

impl Writer<'_> {
    /// A login, with the order's defect.
    pub(super) fn login(&self, partner: &SpConnection, person: &Person, order: &Order) -> Result<String, IssueError> {
        if order.defect == Some(Defect::IdpErrorStatus) {
            return self.denial(partner, order, Denial::NotAuthenticated);
        }
        let mut template = self.template(partner, person, order);
        if let Some(defect) = order.defect {
            spoil(&mut template, defect, self.now);
        }
        let sign = match order.defect {
            Some(Defect::Unsigned) => SignWhat::Nothing,
            Some(defect) if defect.wraps_response() => SignWhat::Response,
            Some(defect) if defect.wraps_assertion() => SignWhat::Assertion,
            Some(_) | None => order.sign,
        };
        // What is rewritten must be readable.
        let rewrites = matches!(order.defect, Some(defect) if defect.rewrites());
        let order = &Order { encrypt: order.encrypt.filter(|_| !rewrites), ..order.clone() };
        let xml = self.sign(&template, partner, order, sign)?;
        let rewritten = match order.defect {
            Some(Defect::BrokenDigest) => forge::break_digest(&xml),
            Some(Defect::CommentInNameId) => forge::comment_in_name_id(&xml),
            Some(Defect::Sha1) => Some(call_it_sha1(&xml)),
            Some(defect) => forge::wrap(defect, &xml, &self.forgery(partner, order).to_xml()),
            None => None,
        };
        Ok(rewritten.unwrap_or(xml))
    }

    /// A failure, signed as PingFederate signs it.
    pub(super) fn denial(&self, partner: &SpConnection, order: &Order, why: Denial) -> Result<String, IssueError> {
        let (code, sub_code) = match why {
            Denial::NotAuthenticated => (RESPONDER, AUTHN_FAILED),
            Denial::NameIdPolicy => (REQUESTER, INVALID_NAME_ID_POLICY),
        };
        let template = self.bare(partner, order, "").failure(code, Some(sub_code));
        self.sign(&template, partner, &Order { encrypt: None, ..order.clone() }, SignWhat::Response)
    }

    fn bare(&self, partner: &SpConnection, order: &Order, name_id: &str) -> ResponseTemplate {
        let id = web::token();
        let request = order.in_response_to.as_deref();
        let (issuer, sp) = (self.entity_id, &partner.entity_id);
        ResponseTemplate::pingfederate(&id, issuer, sp, &order.acs_url, request, name_id, self.now)
    }

    fn template(&self, partner: &SpConnection, person: &Person, order: &Order) -> ResponseTemplate {
        let mut template = self.bare(partner, order, &person.login);
        let groups: Vec<_> = person.groups.iter().map(String::as_str).collect();
        let single = |value: &Option<String>| value.clone().into_iter().collect::<Vec<_>>();
        for (name, values) in [
            ("email", single(&person.email)),
            ("firstName", single(&person.first_name)),
            ("lastName", single(&person.last_name)),
        ] {
            if let [value] = values.as_slice() {
                template = template.attribute(name, &[value]);
            }
        }
        if !groups.is_empty() {
            template = template.attribute("groups", &groups);
        }
        for (name, values) in &person.others {
            template = template.attribute(name, &values.iter().map(String::as_str).collect::<Vec<_>>());
        }
        for assertion in &mut template.assertions {
            assertion.authn_instant = Some(time(order.authenticated_at));
            assertion.authn_context = order.authn_context.clone().or(assertion.authn_context.take());
            for attribute in &mut assertion.attributes {
                attribute.name_format = Some(BASIC.to_owned());
            }
        }
        template
    }

    /// What an attacker would like the service provider to read.
    fn forgery(&self, partner: &SpConnection, order: &Order) -> ResponseTemplate {
        let victim = Person::new("admin.s", "admin@pg.com", "Sasha", "Admin", "");
        self.template(partner, &victim, order)
    }

    fn sign(
        &self,
        template: &ResponseTemplate,
        partner: &SpConnection,
        order: &Order,
        sign: SignWhat,
    ) -> Result<String, IssueError> {
        let key = match order.defect {
            Some(Defect::SignedByAnotherKey) => &self.keys.attacker,
            Some(Defect::NextCertificate) => &self.keys.ring.next(self.rotation).key,
            Some(_) | None => &self.keys.ring.current(self.rotation).key,
        };
        let mut issue = Issue::new(key);
        issue.sign = sign;
        let to = order.encrypt.zip(partner.encryption.as_ref());
        issue.encrypt = to.map(|(how, certificate)| Encrypt {
            certificate,
            data: how.data,
            transport: how.transport,
            placement: how.placement,
        });
        let xml = template.issue(&issue, &mut web::fill)?;
        Ok(String::from_utf8_lossy(&xml).into_owned())
    }
}

/// The defects that lie in the values.
fn spoil(template: &mut ResponseTemplate, defect: Defect, now: Timestamp) {
    let hour = SignedDuration::from_hours(1);
    match defect {
        Defect::Expired => shift(template, now, -hour),
        Defect::NotYetValid => shift(template, now, hour),
        Defect::NoAttributes => each(template, |assertion| assertion.attributes.clear()),
        Defect::EmptyNameId => each(template, |assertion| assertion.name_id = Some(String::new())),
        Defect::NoNameId => each(template, |assertion| assertion.name_id = None),
        Defect::StructuredAttribute => each(template, |assertion| {
            assertion.attributes.push(AttributeTemplate {
                name: "eduPersonTargetedID".to_owned(),
                name_format: Some(BASIC.to_owned()),
                values: Vec::new(),
                extra_values: "<saml:AttributeValue><saml:NameID>a1b2</saml:NameID></saml:AttributeValue>".to_owned(),
            });
        }),
        Defect::NoInResponseTo => answer(template, None),
        Defect::OtherInResponseTo => answer(template, Some("_another-request")),
        Defect::TransientNameId => each(template, |assertion| {
            assertion.name_id = Some(web::token());
            assertion.name_id_format = Some(TRANSIENT.to_owned());
        }),
        Defect::TwoAssertions => {
            if let Some(mut second) = template.assertions.first().cloned() {
                second.id.push_str("-2");
                template.assertions.push(second);
            }
        }
        Defect::WrongAudience => each(template, |assertion| {
            assertion.audiences = vec![vec!["https://another-service.example".to_owned()]];
        }),
        Defect::WrongDestination => template.destination = Some("https://another-service.example/acs".to_owned()),
        Defect::WrongIssuer => {
            let other = Some("https://another-idp.example".to_owned());
            template.issuer.clone_from(&other);
            each(template, |assertion| assertion.issuer.clone_from(&other));
        }
        Defect::WrongRecipient => each(template, |assertion| {
            for confirmation in &mut assertion.confirmations {
                confirmation.recipient = Some("https://another-service.example/acs".to_owned());
            }
        }),
        Defect::BrokenDigest
        | Defect::CommentInNameId
        | Defect::HtmlPage
        | Defect::IdpErrorStatus
        | Defect::NextCertificate
        | Defect::ReplayPrevious
        | Defect::Sha1
        | Defect::SignedByAnotherKey
        | Defect::Unsigned
        | Defect::Xsw1
        | Defect::Xsw2
        | Defect::Xsw3
        | Defect::Xsw4
        | Defect::Xsw5
        | Defect::Xsw6
        | Defect::Xsw7
        | Defect::Xsw8 => {}
    }
}

fn each(template: &mut ResponseTemplate, change: impl Fn(&mut AssertionTemplate)) {
    template.assertions.iter_mut().for_each(change);
}

/// The whole message as it would have been written at another time.
fn shift(template: &mut ResponseTemplate, now: Timestamp, by: SignedDuration) {
    let then = now.saturating_add(by).unwrap_or(now);
    let from = Some(time(then.saturating_sub(SignedDuration::from_mins(5)).unwrap_or(then)));
    let until = Some(time(then.saturating_add(SignedDuration::from_mins(5)).unwrap_or(then)));
    template.issue_instant = time(then);
    each(template, |assertion| {
        assertion.issue_instant = time(then);
        assertion.authn_instant = Some(time(then));
        assertion.not_before.clone_from(&from);
        assertion.not_on_or_after.clone_from(&until);
        for confirmation in &mut assertion.confirmations {
            confirmation.not_on_or_after.clone_from(&until);
        }
    });
}

fn answer(template: &mut ResponseTemplate, request: Option<&str>) {
    let request = request.map(str::to_owned);
    template.in_response_to.clone_from(&request);
    each(template, |assertion| {
        for confirmation in &mut assertion.confirmations {
            confirmation.in_response_to.clone_from(&request);
        }
    });
}

fn call_it_sha1(xml: &str) -> String {
    xml.replace(SignatureAlgorithm::RsaSha256.uri(), "http://www.w3.org/2000/09/xmldsig#rsa-sha1")
        .replace("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1")
}

fn time(at: Timestamp) -> String {
    at.round(Unit::Millisecond).unwrap_or(at).to_string()
}
