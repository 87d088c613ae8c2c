//! What an Assertion says, held against what this service provider expects (SAML core §2, profiles §4.1.4).

use jiff::{SignedDuration, Timestamp};
use roxmltree::Node;

use crate::refusal::{Refusal, RefusalCode};
use crate::response::{Attribute, Claims, Expected, Freshness, NameId, ResponseInput, UnverifiedStatements};
use crate::signature::SignedElement;
use crate::timestamp::Skew;
use crate::timestamp::{self, Clock};
use crate::xml::{self, is, ns};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Core §8.3.7 allows 256 characters; e-mail addresses and distinguished names stay below this too.
const MAX_NAME_ID: usize = 1024;
/// An Assertion is made when it is sent, whatever its Conditions allow. The hour is for the person who leaves the
/// page open.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(1);

/// An Assertion under a signature: its own, or that of the Response around it.
#[derive(Clone, Copy)]
pub(crate) struct SignedAssertion<'a, 'i>(Node<'a, 'i>);

impl<'a, 'i> SignedAssertion<'a, 'i> {
    /// The Assertion that is itself signed.
    pub(crate) fn signed(element: SignedElement<'a, 'i>) -> Option<Self> {
        is(element.element(), ns::SAML, "Assertion").then_some(Self(element.element()))
    }

    /// The Assertion inside a signed Response.
    pub(crate) fn inside(response: SignedElement<'a, 'i>) -> Option<Self> {
        response.element().children().find(|&child| is(child, ns::SAML, "Assertion")).map(Self)
    }

    /// The root of a plaintext whose ciphertext stood in a signed Response.
    pub(crate) fn decrypted_inside(_: SignedElement<'_, '_>, plaintext_root: Node<'a, 'i>) -> Option<Self> {
        is(plaintext_root, ns::SAML, "Assertion").then_some(Self(plaintext_root))
    }
}

/// Reads an Assertion and holds it against `input`.
pub(crate) fn read(assertion: SignedAssertion<'_, '_>, input: &ResponseInput<'_>) -> Result<Claims, Refusal> {
    let clock = Clock::new(input.now, input.skew);
    let element = assertion.0;
    let assertion_id = check_head(element)?;
    let issue_instant = issued(element, clock, input.now)?;
    let parts = Parts::read(element)?;

    check_issuer(parts.issuer, input.trust.idp_entity_id(), RefusalCode::IssuerMismatch)?;
    check_conditions(parts.conditions, input.sp_entity_id, clock)?;
    let name_id = read_subject(parts.subject, input, clock)?;
    let session = Session::among(&parts.authn_statements, input.freshness, clock)?;
    let mut attributes = Vec::new();
    for statement in parts.attribute_statements {
        read_attributes(statement, &mut attributes)?;
    }
    Ok(Claims {
        assertion_id: assertion_id.to_owned(),
        name_id,
        attributes,
        authn_instant: session.instant,
        session_index: session.index,
        authn_context: session.context,
        replay_until: replay_until(issue_instant)?,
    })
}

/// What an Assertion says about the person, held against nothing. What cannot be read is left out.
pub(crate) fn unverified(assertion: SignedAssertion<'_, '_>) -> UnverifiedStatements {
    let children = |name: &'static str| assertion.0.children().filter(move |&child| is(child, ns::SAML, name));
    let subject = children("Subject").next();
    let name_id = subject.and_then(|subject| subject.children().find(|&child| is(child, ns::SAML, "NameID")));
    let mut attributes = Vec::new();
    for statement in children("AttributeStatement") {
        // Those before the one that cannot be read are there.
        let _ = read_attributes(statement, &mut attributes);
    }
    UnverifiedStatements { name_id: read_name_id(name_id).ok(), attributes }
}

/// `Version` and `ID` of a Response or an Assertion (SAML core §2.3.3, §3.2.1).
pub(crate) fn check_head<'a>(element: Node<'a, '_>) -> Result<&'a str, Refusal> {
    let version = xml::required(element, "Version")?;
    if version != "2.0" {
        return Err(Refusal::from(RefusalCode::VersionUnsupported).wanted("2.0").got(version));
    }
    let id = element.attribute("ID").unwrap_or_default();
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    if id.is_empty() || id.len() > MAX_NAME_ID || !id.bytes().all(lawful) {
        return Err(Refusal::from(RefusalCode::IdInvalid).got(id));
    }
    Ok(id)
}

/// `IssueInstant`, which must be of now, within [`MAX_AGE`].
pub(crate) fn issued(element: Node<'_, '_>, clock: Clock, now: Timestamp) -> Result<Timestamp, Refusal> {
    let text = xml::required(element, "IssueInstant")?;
    let instant = timestamp::parse(text)?;
    if !clock.has_begun(instant) {
        return Err(ahead(RefusalCode::IssuedInFuture, now, text));
    }
    if later(instant, MAX_AGE).is_none_or(|end| clock.has_ended(end)) {
        return Err(ahead(RefusalCode::IssuedTooLongAgo, now, text));
    }
    Ok(instant)
}

/// Compares an `Issuer` with the pinned entity id, octet for octet.
pub(crate) fn check_issuer(issuer: Node<'_, '_>, wanted: &str, code: RefusalCode) -> Result<(), Refusal> {
    same(xml::identifier(issuer)?, wanted, code)
}

pub(crate) fn same(got: &str, wanted: &str, code: RefusalCode) -> Result<(), Refusal> {
    if got == wanted { Ok(()) } else { Err(Refusal::from(code).wanted(wanted).got(got)) }
}

/// The children of an Assertion (SAML core §2.3.3).
struct Parts<'a, 'i> {
    issuer: Node<'a, 'i>,
    subject: Node<'a, 'i>,
    conditions: Node<'a, 'i>,
    authn_statements: Vec<Node<'a, 'i>>,
    attribute_statements: Vec<Node<'a, 'i>>,
}

impl<'a, 'i> Parts<'a, 'i> {
    fn read(assertion: Node<'a, 'i>) -> Result<Self, Refusal> {
        let (mut issuer, mut subject, mut conditions) = (None, None, None);
        let (mut authn_statements, mut attribute_statements) = (Vec::with_capacity(1), Vec::with_capacity(1));
        for child in xml::elements(assertion)? {
            match (child.tag_name().namespace(), child.tag_name().name()) {
                (Some(ns::SAML), "Issuer") => once(&mut issuer, child)?,
                (Some(ns::SAML), "Subject") => once(&mut subject, child)?,
                (Some(ns::SAML), "Conditions") => once(&mut conditions, child)?,
                (Some(ns::SAML), "AuthnStatement") => authn_statements.push(child),
                (Some(ns::SAML), "AttributeStatement") => attribute_statements.push(child),
                (Some(ns::SAML), "Advice" | "Statement" | "AuthzDecisionStatement") => {}
                (Some(ns::DSIG), "Signature") => {}
                (_, name) => return Err(Refusal::from(RefusalCode::ElementUnexpected).got(name)),
            }
        }
        Ok(Self {
            issuer: issuer.ok_or_else(|| missing("Issuer"))?,
            subject: subject.ok_or_else(|| missing("Subject"))?,
            conditions: conditions.ok_or(RefusalCode::ConditionsMissing)?,
            authn_statements,
            attribute_statements,
        })
    }
}

pub(crate) fn once<'a, 'i>(place: &mut Option<Node<'a, 'i>>, found: Node<'a, 'i>) -> Result<(), Refusal> {
    match place.replace(found) {
        None => Ok(()),
        Some(_) => Err(Refusal::from(RefusalCode::ElementRepeated).got(found.tag_name().name())),
    }
}

pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::from(RefusalCode::ElementMissing).wanted(name)
}

/// SAML core §2.5. Every AudienceRestriction must hold, each by any one of its audiences.
fn check_conditions(conditions: Node<'_, '_>, sp_entity_id: &str, clock: Clock) -> Result<(), Refusal> {
    if let Some(text) = conditions.attribute("NotBefore")
        && !clock.has_begun(timestamp::parse(text)?)
    {
        return Err(Refusal::from(RefusalCode::NotYetValid).got(text));
    }
    if let Some(text) = conditions.attribute("NotOnOrAfter")
        && clock.has_ended(timestamp::parse(text)?)
    {
        return Err(Refusal::from(RefusalCode::Expired).got(text));
    }
    let mut restricted = false;
    for condition in xml::elements(conditions)? {
        if is(condition, ns::SAML, "AudienceRestriction") {
            check_audience(condition, sp_entity_id)?;
            restricted = true;
        } else if !is(condition, ns::SAML, "OneTimeUse") && !is(condition, ns::SAML, "ProxyRestriction") {
            return Err(Refusal::from(RefusalCode::ConditionUnknown).got(condition.tag_name().name()));
        }
    }
    if restricted { Ok(()) } else { Err(Refusal::from(RefusalCode::AudienceMissing).wanted(sp_entity_id)) }
}

fn check_audience(restriction: Node<'_, '_>, sp_entity_id: &str) -> Result<(), Refusal> {
    let mut first = None;
    let mut found = false;
    for audience in xml::elements(restriction)? {
        if !is(audience, ns::SAML, "Audience") {
            return Err(Refusal::from(RefusalCode::ElementUnexpected).got(audience.tag_name().name()));
        }
        let audience = xml::identifier(audience)?;
        found |= audience == sp_entity_id;
        first.get_or_insert(audience);
    }
    if found {
        return Ok(());
    }
    Err(Refusal::from(RefusalCode::AudienceMismatch).wanted(sp_entity_id).got(first.unwrap_or_default()))
}

/// SAML core §2.4: at least one bearer confirmation that holds. A name identifier is read where there is one; that there
/// is none, or one of no use, is for whoever wants it to say.
fn read_subject(
    subject: Node<'_, '_>,
    input: &ResponseInput<'_>,
    clock: Clock,
) -> Result<Result<NameId, Refusal>, Refusal> {
    let mut identifier = None;
    let mut confirmed = Err(Refusal::from(RefusalCode::BearerMissing));
    for child in xml::elements(subject)? {
        match (child.tag_name().namespace(), child.tag_name().name()) {
            (Some(ns::SAML), "NameID" | "BaseID" | "EncryptedID") => once(&mut identifier, child)?,
            (Some(ns::SAML), "SubjectConfirmation") => {
                if child.attribute("Method") == Some(BEARER) {
                    confirmed = better(confirmed, || check_bearer(child, input, clock));
                }
            }
            (_, name) => return Err(Refusal::from(RefusalCode::ElementUnexpected).got(name)),
        }
    }
    confirmed.map(|()| read_name_id(identifier))
}

/// Of several that may hold, one that does; of those that do not, the one that was meant for us tells more.
fn better(before: Result<(), Refusal>, next: impl FnOnce() -> Result<(), Refusal>) -> Result<(), Refusal> {
    use RefusalCode::{BearerMissing, RecipientMismatch, RecipientMissing};
    let Err(refusal) = before else { return before };
    let is_for_others = matches!(refusal.code, BearerMissing | RecipientMismatch | RecipientMissing);
    next().map_err(|next| if is_for_others { next } else { refusal })
}

fn read_name_id(identifier: Option<Node<'_, '_>>) -> Result<NameId, Refusal> {
    let element = identifier.ok_or(RefusalCode::NameIdMissing)?;
    match element.tag_name().name() {
        "NameID" => {}
        "EncryptedID" => return Err(RefusalCode::EncryptedIdUnsupported.into()),
        other => return Err(Refusal::from(RefusalCode::NameIdMissing).got(other)),
    }
    let value = xml::identifier(element)?;
    if value.is_empty() {
        return Err(RefusalCode::NameIdEmpty.into());
    }
    if value.len() > MAX_NAME_ID {
        return Err(RefusalCode::NameIdTooLong.into());
    }
    let attribute = |name| element.attribute(name).map(str::to_owned);
    Ok(NameId {
        value: value.to_owned(),
        format: attribute("Format"),
        name_qualifier: attribute("NameQualifier"),
        sp_name_qualifier: attribute("SPNameQualifier"),
    })
}

/// SAML profiles §4.1.4.2: Recipient, NotOnOrAfter, no NotBefore, and the request that is answered.
fn check_bearer(confirmation: Node<'_, '_>, input: &ResponseInput<'_>, clock: Clock) -> Result<(), Refusal> {
    let mut found = None;
    for child in xml::elements(confirmation)?.filter(|&child| is(child, ns::SAML, "SubjectConfirmationData")) {
        once(&mut found, child)?;
    }
    let data = found.ok_or_else(|| missing("SubjectConfirmationData"))?;
    let recipient = data.attribute("Recipient").ok_or(RefusalCode::RecipientMissing)?;
    same(recipient, input.acs_url, RefusalCode::RecipientMismatch)?;
    if data.has_attribute("NotBefore") {
        return Err(RefusalCode::ConfirmationNotBefore.into());
    }
    let text = data.attribute("NotOnOrAfter").ok_or(RefusalCode::ConfirmationUnbounded)?;
    if clock.has_ended(timestamp::parse(text)?) {
        return Err(Refusal::from(RefusalCode::ConfirmationExpired).got(text));
    }
    check_in_response_to(data.attribute("InResponseTo"), input.expected)
}

/// The request a message answers, on the Response and in the signed confirmation alike.
pub(crate) fn check_in_response_to(got: Option<&str>, expected: Expected<'_>) -> Result<(), Refusal> {
    match (expected, got) {
        (Expected::Request { id }, Some(got)) => same(got, id, RefusalCode::InResponseToMismatch),
        (Expected::Request { id }, None) => Err(Refusal::from(RefusalCode::InResponseToMissing).wanted(id)),
        (Expected::Unsolicited, Some(got)) => Err(Refusal::from(RefusalCode::InResponseToUnexpected).got(got)),
        (Expected::Unsolicited, None) => Ok(()),
    }
}

/// SAML core §2.7.2.
struct Session {
    instant: Timestamp,
    index: Option<String>,
    context: Option<String>,
}

impl Session {
    /// The first that holds: an Assertion may tell of several authentications (SAML core §2.3.3), and one is enough
    /// (profiles §4.1.4.2).
    fn among(statements: &[Node<'_, '_>], freshness: Freshness, clock: Clock) -> Result<Self, Refusal> {
        let mut sessions = statements.iter().map(|&statement| Self::read(statement, freshness, clock));
        let first = sessions.next().ok_or(RefusalCode::AuthnStatementMissing)?;
        first.or_else(|refusal| sessions.find_map(Result::ok).ok_or(refusal))
    }

    fn read(statement: Node<'_, '_>, freshness: Freshness, clock: Clock) -> Result<Self, Refusal> {
        let text = xml::required(statement, "AuthnInstant")?;
        let instant = timestamp::parse(text)?;
        if !clock.has_begun(instant) {
            return Err(Refusal::from(RefusalCode::IssuedInFuture).got(text));
        }
        if let Freshness::AuthenticatedSince(since) = freshness
            && !clock.follows(instant, since)
        {
            return Err(Refusal::from(RefusalCode::AuthenticationStale).wanted(&timestamp::format(since)).got(text));
        }
        if let Some(text) = statement.attribute("SessionNotOnOrAfter")
            && clock.has_ended(timestamp::parse(text)?)
        {
            return Err(Refusal::from(RefusalCode::SessionExpired).got(text));
        }
        let index = statement.attribute("SessionIndex").map(str::to_owned);
        Ok(Self { instant, index, context: authn_context(statement)? })
    }
}

/// SAML core §2.7.2.2. For people to read: one that is not plain text is none.
fn authn_context(statement: Node<'_, '_>) -> Result<Option<String>, Refusal> {
    let mut class = None;
    for context in xml::elements(statement)?.filter(|&child| is(child, ns::SAML, "AuthnContext")) {
        for child in xml::elements(context)?.filter(|&child| is(child, ns::SAML, "AuthnContextClassRef")) {
            once(&mut class, child)?;
        }
    }
    Ok(class.and_then(|class| xml::identifier(class).ok()).map(str::to_owned))
}

/// SAML core §2.7.3. Values are kept as they are, white space included; one that is no text is lawful (§2.7.3.1.1), and
/// only counted.
fn read_attributes(statement: Node<'_, '_>, attributes: &mut Vec<Attribute>) -> Result<(), Refusal> {
    for element in xml::elements(statement)? {
        if is(element, ns::SAML, "EncryptedAttribute") {
            return Err(RefusalCode::EncryptedAttributeUnsupported.into());
        }
        if !is(element, ns::SAML, "Attribute") {
            return Err(Refusal::from(RefusalCode::ElementUnexpected).got(element.tag_name().name()));
        }
        let (mut values, mut not_text) = (Vec::new(), 0);
        for value in xml::elements(element)? {
            if !is(value, ns::SAML, "AttributeValue") {
                return Err(Refusal::from(RefusalCode::ElementUnexpected).got(value.tag_name().name()));
            }
            match xml::text(value) {
                Ok(text) => values.push(text.to_owned()),
                Err(_) => not_text += 1,
            }
        }
        attributes.push(Attribute {
            name: xml::required(element, "Name")?.to_owned(),
            name_format: element.attribute("NameFormat").map(str::to_owned),
            friendly_name: element.attribute("FriendlyName").map(str::to_owned),
            values,
            not_text,
        });
    }
    Ok(())
}

/// Until when the same Assertion could pass [`issued`] again, whatever the skew is set to meanwhile.
fn replay_until(issue_instant: Timestamp) -> Result<Timestamp, Refusal> {
    let longest = MAX_AGE + SignedDuration::from_secs(i64::from(Skew::MAX_SECONDS));
    later(issue_instant, longest).ok_or_else(|| RefusalCode::TimestampInvalid.into())
}

fn later(time: Timestamp, by: SignedDuration) -> Option<Timestamp> {
    time.checked_add(by).ok()
}

fn ahead(code: RefusalCode, now: Timestamp, got: &str) -> Refusal {
    Refusal::from(code).wanted(&timestamp::format(now)).got(got)
}
