//! From a proven message to a person who may enter.
//!
//! The proofs are types: a [`Verified`] is made only from what a protocol's verifier returned (a SAML Response, an ID
//! token, a WorkOS profile, a Teams token), an [`Admitted`] only from a `Verified` that the connection lets in, a
//! [`Redeemed`] only by opening the seal that an `Admitted` was put under. None can be deserialised or built by hand.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_saml::{Attribute, NameId, Refusal, RefusalCode, VerifiedResponse};
use stoa_scim::text::folded;
use stoa_scim::{Lookup, ResourceType};

use crate::arrived::Arrived;
use crate::connection::{Connection, JoinAttribute, NAME_ID};
use crate::directory::KeyOf;
use crate::email::Email;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::ids::{CustomerId, DetailsKey, EmailKey, PersonKey, SchoolId};
use crate::invisible::{is_invisible, is_joiner};
use crate::keys::{Key, KeySet, Pepper, Secret32, seal, ticket_key, unseal};
use crate::login::{LoginItem, Seal};
use crate::oidc::ProvenIdentity;
use crate::teams::TeamsToken;

/// The longest subject that becomes part of a key.
const MAX_SUBJECT: usize = 256;
/// The longest name that is sent to the school.
const MAX_NAME: usize = 100;
/// What stands for a name that a person does not have. Thinkific requires both.
const NO_NAME: &str = "-";

/// An identity whose proof has been checked: signature, trust, and every rule of the protocol.
pub struct Verified {
    subject: String,
    is_transient: bool,
    /// SAML's name identifier, or why there is none. Other protocols have no such thing.
    name_id: Option<Result<NameId, Refusal>>,
    attributes: Vec<Sent>,
}

/// What was sent under one name.
struct Sent {
    name: String,
    values: Vec<String>,
    /// Whether more came, as something other than text: whoever reads `values` alone would be misled.
    has_others: bool,
}

impl From<&Attribute> for Sent {
    fn from(attribute: &Attribute) -> Self {
        let Attribute { name, values, not_text, .. } = attribute;
        Self { name: name.clone(), values: values.clone(), has_others: *not_text > 0 }
    }
}

impl Verified {
    /// Takes the identity out of a verified SAML Response, by the connection's attribute names.
    pub fn from_saml(response: &VerifiedResponse, connection: &Connection) -> Result<Self, Failure> {
        let is_subject = connection.subject_from().iter().any(|name| name == NAME_ID);
        let format = response.name_id().ok().and_then(|name_id| name_id.format.as_deref());
        let verified = Self {
            subject: String::new(),
            is_transient: is_subject && format.is_some_and(|format| format.trim().ends_with(":transient")),
            name_id: Some(response.name_id().cloned().map_err(Clone::clone)),
            attributes: response.attributes().iter().map(Sent::from).collect(),
        };
        verified.with_subject(connection)
    }

    /// Takes the identity out of verified claims: an ID token's with userinfo's, a WorkOS profile's, a Teams token's.
    /// Each claim is a list of values; what is neither text, number nor truth value is left out by the caller, who names
    /// in `mixed` the lists that had such a thing.
    pub(crate) fn from_claims(
        claims: Vec<(String, Vec<String>)>,
        mixed: &[String],
        connection: &Connection,
    ) -> Result<Self, Failure> {
        let sent = |(name, values)| Sent { has_others: mixed.contains(&name), name, values };
        let attributes = claims.into_iter().map(sent).collect();
        Self { subject: String::new(), is_transient: false, name_id: None, attributes }.with_subject(connection)
    }

    /// Takes the identity out of a proven ID token's claims, if their address counts.
    pub fn from_id_token(identity: &ProvenIdentity, connection: &Connection) -> Result<Self, Failure> {
        let verified = Self::from_claims(identity.attributes(), &identity.mixed(), connection)?;
        let (oidc, address) = (connection.oidc()?, &connection.attribute_names().email);
        let checked = identity.check_email_verified(oidc.email_verified(), address);
        match checked.and_then(|()| identity.check_guest(oidc)) {
            Ok(()) => Ok(verified),
            Err(failure) => Err(failure.of(verified.arrived(connection))),
        }
    }

    /// Takes the identity out of a Teams token, by the connection's claim names.
    pub fn from_teams(token: &TeamsToken, connection: &Connection) -> Result<Self, Failure> {
        Self::from_claims(token.claims().attributes(), &token.claims().mixed(), connection)
    }

    fn with_subject(self, connection: &Connection) -> Result<Self, Failure> {
        match self.subject_of(connection.subject_from()) {
            Ok(subject) => Ok(Self { subject, ..self }),
            Err(failure) => Err(failure.of(self.arrived(connection))),
        }
    }

    /// What came, for the page of an administrator who tests.
    fn arrived(&self, connection: &Connection) -> Arrived {
        let name_id = self.name_id.iter().flatten().map(|name_id| (NAME_ID, std::slice::from_ref(&name_id.value)));
        let attributes = self.attributes.iter().map(|sent| (sent.name.as_str(), sent.values.as_slice()));
        Arrived::new(name_id.chain(attributes), connection)
    }

    /// The values that are the subject, joined by `:`. Empty where one is missing: half a subject names nobody.
    fn subject_of(&self, names: &[String]) -> Result<String, Failure> {
        let parts: Vec<Option<&str>> = names.iter().map(|name| self.single(name)).collect::<Result<_, _>>()?;
        let parts = parts.into_iter().collect::<Option<Vec<&str>>>().unwrap_or_default();
        // `a:b` with `c` would be the same person as `a` with `b:c`.
        let mut before_the_last = parts.iter().rev().skip(1);
        if before_the_last.any(|part| part.contains(':')) {
            return Err(Failure::noted(Fault::SubjectMissing, "a colon in a part before the last"));
        }
        Ok(parts.join(":"))
    }

    /// The one value of an attribute, or the name identifier. Absent or blank is `None`; several values, the attribute
    /// twice, or a value that is not text is a fault, and so is a name identifier of no use.
    fn single(&self, name: &str) -> Result<Option<&str>, Failure> {
        if let Some(name_id) = self.name_id.as_ref().filter(|_| name == NAME_ID) {
            let name_id = name_id.as_ref().map_err(|refusal| Failure::from(refusal.clone()))?;
            return Ok(Some(&name_id.value));
        }
        if self.named(name).any(|sent| sent.has_others) {
            // An attribute's value may hold XML; of a list of claims, what is no value is one more of them.
            let is_saml = self.name_id.is_some();
            let fault = if is_saml { Fault::Saml(RefusalCode::TextNotPlain) } else { Fault::AttributeAmbiguous };
            return Err(Failure::noted(fault, name));
        }
        let mut values = self.named(name).flat_map(|sent| &sent.values);
        let first = values.next().map(|value| value.trim()).filter(|value| !value.is_empty());
        if values.next().is_some() {
            return Err(Failure::noted(Fault::AttributeAmbiguous, name));
        }
        Ok(first)
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Sent> {
        self.attributes.iter().filter(move |sent| sent.name == name)
    }

    /// Applies the connection's rules: subject, e-mail, domain, groups, names. What is not asked for goes no further
    /// than this request, or the page of an administrator who tests.
    pub fn admit(self, connection: &Connection) -> Result<Admitted, Failure> {
        match self.person(connection) {
            Ok(person) => Ok(Admitted { person, verified: self }),
            Err(failure) => Err(failure.of(self.arrived(connection))),
        }
    }

    fn person(&self, connection: &Connection) -> Result<Person, Failure> {
        let names = connection.attribute_names();
        let subject = self.check_subject(connection)?;
        let email = self.email(&names.email, connection)?;
        self.check_groups(connection)?;
        let (first_name, last_name) =
            full_name(self.single(&names.first_name)?.map(clean), self.single(&names.last_name)?.map(clean), &email);
        let company = match &names.company {
            Some(name) => self.single(name)?.map(clean),
            None => None,
        };
        let join = self.join(connection)?;
        let previous = self.previous_subject(connection);
        Ok(Person { subject, email, first_name, last_name, company, join, previous })
    }

    /// What named the person before, where that is still sent. Whatever is the matter with it turns nobody away: most
    /// were moved by an earlier login, and somebody new never had one.
    fn previous_subject(&self, connection: &Connection) -> Option<String> {
        let previous = self.subject_of(connection.previous_subject_from()).ok()?;
        Some(previous.trim().to_owned()).filter(|text| is_subject(text))
    }

    /// What the person is known by in the connection's directory, where that is not the address. Without it nobody could
    /// say whether they have left.
    fn join(&self, connection: &Connection) -> Result<Option<String>, Failure> {
        let claim = match connection.joined_directory() {
            Some((_, directory)) if directory.join.claim != JOIN_EMAIL => &directory.join.claim,
            Some(_) | None => return Ok(None),
        };
        if claim == NAME_ID {
            return Ok(Some(self.subject.trim().to_owned()));
        }
        match self.single(claim)?.map(str::trim).filter(|value| !value.is_empty()) {
            Some(value) => Ok(Some(value.to_owned())),
            None => Err(Failure::with(Fault::SubjectMissing, claim, "the claim that joins the directory was not sent")),
        }
    }

    fn check_subject(&self, connection: &Connection) -> Result<String, Failure> {
        if self.is_transient {
            return Err(Fault::SubjectTransient.into());
        }
        let subject = self.subject.trim();
        if !is_subject(subject) {
            return Err(Failure::with(
                Fault::SubjectMissing,
                format!("{}: 1 to {MAX_SUBJECT} characters", connection.subject_from().join("+")),
                &format!("{} characters", subject.chars().count()),
            ));
        }
        if !connection.document().subject.is_email && Email::parse(subject).is_ok() {
            return Err(Failure::noted(Fault::SubjectIsEmail, &connection.subject_from().join("+")));
        }
        Ok(subject.to_owned())
    }

    fn email(&self, attribute: &str, connection: &Connection) -> Result<Email, Failure> {
        let text = self.single(attribute)?.ok_or_else(|| {
            let sent: Vec<&str> = self.attributes.iter().map(|sent| sent.name.as_str()).collect();
            Failure::with(Fault::EmailMissing, attribute, &format!("attributes sent: {}", sent.join(", ")))
        })?;
        // The address itself never goes into a trace.
        let email = Email::parse(text).map_err(|_| Failure::noted(Fault::EmailMalformed, attribute))?;
        if connection.owns_domain(email.domain()) {
            Ok(email)
        } else {
            let claimed = connection.document().domains.join(", ");
            Err(Failure::with(Fault::EmailDomainForeign, claimed, email.domain()))
        }
    }

    fn check_groups(&self, connection: &Connection) -> Result<(), Failure> {
        let admitted = &connection.document().admit.groups;
        if admitted.is_empty() {
            return Ok(());
        }
        // Entra leaves the groups out past 150 and puts a link in their place.
        if self.attributes.iter().any(|sent| sent.name.ends_with("groups.link")) {
            return Err(Fault::GroupsOverage.into());
        }
        let attribute = &connection.attribute_names().groups;
        if self.named(attribute).flat_map(|sent| &sent.values).any(|group| admitted.contains(group)) {
            return Ok(());
        }
        if self.name_id.is_some() && self.named(attribute).any(|sent| sent.has_others) {
            return Err(Failure::noted(Fault::Saml(RefusalCode::TextNotPlain), attribute));
        }
        // An attribute that is not sent is the provider's to send; somebody outside the groups is nobody's mistake.
        let got = match self.named(attribute).map(|sent| sent.values.len()).max() {
            None => format!("{attribute} was not sent"),
            Some(0) => format!("{attribute} was sent without a value"),
            Some(_) => "none of these".to_owned(),
        };
        Err(Failure::with(Fault::GroupNotAdmitted, admitted.join(", "), &got))
    }
}

/// Whether it can name somebody.
fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_SUBJECT && !text.chars().any(char::is_control)
}

/// White space and control characters folded, cut to [`MAX_NAME`] characters. Characters that nobody sees are left out:
/// they turn the letters of the school's pages around, and nobody is turned away for what a directory copied from a
/// document. Only joiners stay, and they are no name by themselves.
pub(crate) fn clean(text: &str) -> String {
    let folded = text.split(|c: char| c.is_whitespace() || c.is_control());
    let seen = |word: &str| word.chars().filter(|c| !is_invisible(*c) || is_joiner(*c)).collect::<String>();
    let words: Vec<String> = folded.map(seen).filter(|word| !word.chars().all(is_joiner)).collect();
    words.join(" ").chars().take(MAX_NAME).collect()
}

/// The join that every login has.
const JOIN_EMAIL: &str = "email";

/// Thinkific requires both names. A person with one name has `-` for the other; one with none is called by the part
/// of the address before the `@`.
pub(crate) fn full_name(first: Option<String>, last: Option<String>, email: &Email) -> (String, String) {
    let given = |name: Option<String>| name.filter(|name| !name.is_empty());
    match (given(first), given(last)) {
        (Some(first), Some(last)) => (first, last),
        (Some(one), None) | (None, Some(one)) => (one, NO_NAME.to_owned()),
        (None, None) => (email.local().to_owned(), NO_NAME.to_owned()),
    }
}

/// What names somebody, and what the school is told of them.
struct Person {
    subject: String,
    email: Email,
    first_name: String,
    last_name: String,
    company: Option<String>,
    join: Option<String>,
    previous: Option<String>,
}

/// A proven identity that the connection lets in.
pub struct Admitted {
    person: Person,
    verified: Verified,
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admitted([redacted])")
    }
}

/// The sealed form. Private: it becomes an identity only through [`redeem`].
#[derive(Serialize, Deserialize)]
struct SealedIdentity {
    s: String,
    e: String,
    f: String,
    l: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    j: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived: Option<Arrived>,
}

/// What the seal is bound to: the login, its connection and that connection's version.
fn seal_context(reference: &str, connection: &str, version: u32) -> Vec<u8> {
    format!("{reference}\0{connection}\0{version}").into_bytes()
}

impl Admitted {
    /// The person's key: (customer, stable subject) under the pepper.
    pub fn person_key(&self, connection: &Connection, pepper: &Pepper) -> PersonKey {
        person_key(connection.customer(), &self.person.subject, pepper)
    }

    /// The key of the e-mail address in the school.
    pub fn email_key(&self, connection: &Connection, pepper: &Pepper) -> EmailKey {
        email_key(connection.school(), &self.person.email, pepper)
    }

    /// Who it is, for the page that asks them: `Mary M. (m…r@pg.com)`. Without a name, the address alone.
    ///
    /// It has to tell them from a colleague who sent them here as themselves, and is shown to nobody else.
    pub fn hint(&self) -> String {
        let Person { email, first_name, last_name, .. } = &self.person;
        let initial = last_name.chars().next().filter(|_| last_name != NO_NAME);
        let address = email.hint();
        match initial {
            _ if first_name == email.local() => address,
            Some(initial) => format!("{first_name} {initial}. ({address})"),
            None => format!("{first_name} ({address})"),
        }
    }

    /// Seals the identity under a new ticket, for one login; where an administrator tests, with everything that came.
    pub fn seal(
        &self,
        ticket: &Secret32,
        seal_secret: &Key,
        reference: &str,
        connection: &Connection,
        with_arrived: bool,
    ) -> Result<Seal, Failure> {
        let identity = SealedIdentity {
            s: self.person.subject.clone(),
            e: self.person.email.as_str().to_owned(),
            f: self.person.first_name.clone(),
            l: self.person.last_name.clone(),
            c: self.person.company.clone(),
            j: self.person.join.clone(),
            p: self.person.previous.clone(),
            arrived: with_arrived.then(|| self.verified.arrived(connection)),
        };
        let plaintext = serde_json::to_vec(&identity).map_err(|_| Fault::Internal)?;
        let context = seal_context(reference, connection.id().as_str(), connection.version);
        let sealed = seal(&ticket_key(ticket, seal_secret), &context, plaintext).map_err(|_| Fault::Internal)?;
        Ok(Seal { identity: URL_SAFE_NO_PAD.encode(sealed), key: seal_secret.id.clone() })
    }
}

/// The key of an e-mail address in a school.
pub fn email_key(school: &SchoolId, email: &Email, pepper: &Pepper) -> EmailKey {
    EmailKey::from_bytes(pepper.index("email", &[school.as_str(), email.as_str()]))
}

/// The key of a customer's person.
pub fn person_key(customer: &CustomerId, subject: &str, pepper: &Pepper) -> PersonKey {
    PersonKey::from_bytes(pepper.index("person", &[customer.as_str(), subject]))
}

/// An identity that came back out of its seal, whose connection still lets it in.
pub struct Redeemed {
    person: Person,
    arrived: Option<Arrived>,
}

impl fmt::Debug for Redeemed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redeemed([redacted])")
    }
}

/// Opens the seal of a login with the ticket, and checks the domain once more against the connection as it is now.
pub fn redeem(
    login: &LoginItem,
    connection: &Connection,
    ticket: &Secret32,
    seal_secrets: &KeySet,
) -> Result<Redeemed, Failure> {
    let wrong = || Failure::noted(Fault::TicketWrong, "the seal does not open");
    let (Some(sealed), Some(key_id)) = (&login.sealed, &login.seal_key) else { return Err(wrong()) };
    let secret = seal_secrets.all().iter().find(|key| key.id == *key_id).ok_or_else(wrong)?;
    let ciphertext = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| wrong())?;
    let context = seal_context(login.reference.as_str(), login.connection.as_str(), login.connection_version);
    let plaintext = unseal(&ticket_key(ticket, secret), &context, ciphertext).map_err(|_| wrong())?;
    let identity: SealedIdentity = serde_json::from_slice(&plaintext).map_err(|_| Fault::StoreItemStrange)?;
    let email = Email::parse(&identity.e).map_err(|_| Fault::StoreItemStrange)?;
    if !connection.owns_domain(email.domain()) {
        let claimed = connection.document().domains.join(", ");
        return Err(Failure::with(Fault::EmailDomainForeign, claimed, email.domain()));
    }
    let person = Person {
        subject: identity.s,
        email,
        first_name: identity.f,
        last_name: identity.l,
        company: identity.c,
        join: identity.j,
        previous: identity.p,
    };
    Ok(Redeemed { person, arrived: identity.arrived })
}

impl Redeemed {
    /// The person's key: (customer, stable subject) under the pepper.
    pub fn person_key(&self, connection: &Connection, pepper: &Pepper) -> PersonKey {
        person_key(connection.customer(), &self.person.subject, pepper)
    }
    /// The key that they had under the subject before, while the connection moves people.
    pub fn previous_key(&self, connection: &Connection, pepper: &Pepper, now: Timestamp) -> Option<PersonKey> {
        connection.document().subject.previous.as_ref().filter(|previous| previous.counts(now))?;
        Some(person_key(connection.customer(), self.person.previous.as_deref()?, pepper))
    }
    /// The key of the e-mail address in the school.
    pub fn email_key(&self, connection: &Connection, pepper: &Pepper) -> EmailKey {
        email_key(connection.school(), &self.person.email, pepper)
    }
    /// What would be written to the school, as one opaque value: the same as last time means nothing to do.
    pub fn fingerprint(&self, pepper: &Pepper) -> DetailsKey {
        let company = self.person.company.as_deref().unwrap_or_default();
        let told = [self.person.email.as_str(), &self.person.first_name, &self.person.last_name, company];
        DetailsKey::from_bytes(pepper.index("fingerprint", &told))
    }
    /// The stable subject.
    pub fn subject(&self) -> &str {
        &self.person.subject
    }
    /// The address, of a domain that the connection claims.
    pub fn email(&self) -> &Email {
        &self.person.email
    }
    /// The given name.
    pub fn first_name(&self) -> &str {
        &self.person.first_name
    }
    /// The family name.
    pub fn last_name(&self) -> &str {
        &self.person.last_name
    }
    /// The company that the identity provider named.
    pub fn company(&self) -> Option<&str> {
        self.person.company.as_deref()
    }
    /// What the person is known by in the connection's directory, where it has one.
    pub fn join_key(&self, connection: &Connection, pepper: &Pepper) -> Option<KeyOf> {
        let value = self.person.join.as_deref().unwrap_or_else(|| self.person.email.as_str());
        let (of, directory) = connection.joined_directory()?;
        let lookup = match directory.join.attribute {
            JoinAttribute::UserName => Lookup::UserName(folded(value)),
            JoinAttribute::ExternalId => Lookup::ExternalId(value.to_owned()),
            JoinAttribute::Email => Lookup::Email(folded(value)),
        };
        KeyOf::of_lookup(&lookup, ResourceType::User, of, pepper)
    }
    /// What the address is in keys of the connection's directory, whatever joins the two.
    pub fn address_key(&self, connection: &Connection, pepper: &Pepper) -> Option<KeyOf> {
        let lookup = Lookup::Email(folded(self.person.email.as_str()));
        KeyOf::of_lookup(&lookup, ResourceType::User, connection.joined_directory()?.0, pepper)
    }
    /// Everything that came, where an administrator tests.
    pub fn arrived(&self) -> Option<&Arrived> {
        self.arrived.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_what_is_seen_of_it() {
        for (sent, kept) in [
            ("  Zoë\t Anaïs\r\n", "Zoë Anaïs"),
            ("Ma\u{200b}ry\u{202e}", "Mary"),
            ("\u{2066}Mary\u{2069}\u{ad} \u{feff}Ann\u{2028}Lee", "Mary Ann Lee"),
            ("\u{202e}\u{200d} \u{200c}", ""),
            ("می\u{200c}نا", "می\u{200c}نا"),
            ("José e\u{301} 葛\u{e0100}", "José e\u{301} 葛\u{e0100}"),
        ] {
            assert_eq!(clean(sent), kept, "{sent:?}");
        }
        assert_eq!(clean(&"x".repeat(1000)).len(), MAX_NAME);
    }
}
