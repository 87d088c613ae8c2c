//! Templates, written as XML.

use crate::idp::encrypt::encrypt_assertions;
use crate::idp::template::{
    AssertionTemplate, AttributeTemplate, ConfirmationTemplate, Issue, ResponseTemplate, SignWhat, StatusTemplate,
};
use crate::idp::{IssueError, Random};
use crate::signing::{SignOptions, sign_enveloped};
use crate::xml::{escaped, ns};

impl ResponseTemplate {
    /// The Response as XML, unsigned.
    pub fn to_xml(&self) -> String {
        response(self)
    }

    /// The Response as XML, signed and encrypted as asked. `random` makes content keys and nonces; it is not called
    /// unless something is encrypted.
    pub fn issue(&self, issue: &Issue<'_>, random: Random<'_>) -> Result<Vec<u8>, IssueError> {
        let options = SignOptions {
            key: issue.key,
            algorithm: issue.algorithm,
            digest: issue.digest,
            key_info: issue.key_info,
            prefix_list: "",
        };
        let mut xml = self.to_xml();
        if matches!(issue.sign, SignWhat::Assertion | SignWhat::Both) {
            for assertion in &self.assertions {
                xml = sign_enveloped(&xml, &assertion.id, &options)?;
            }
        }
        if let Some(encrypt) = &issue.encrypt {
            xml = encrypt_assertions(&xml, encrypt, random)?;
        }
        if matches!(issue.sign, SignWhat::Response | SignWhat::Both) {
            xml = sign_enveloped(&xml, &self.id, &options)?;
        }
        Ok(xml.into_bytes())
    }
}

fn response(response: &ResponseTemplate) -> String {
    let attributes = attributes(&[
        ("ID", Some(&response.id)),
        ("Version", Some(&response.version)),
        ("IssueInstant", Some(&response.issue_instant)),
        ("Destination", response.destination.as_deref()),
        ("InResponseTo", response.in_response_to.as_deref()),
    ]);
    let assertions: String = response.assertions.iter().map(assertion).collect();
    format!(
        "<samlp:Response xmlns:samlp=\"{}\"{attributes}>{}{}{assertions}</samlp:Response>",
        ns::SAMLP,
        issuer(response.issuer.as_deref()),
        response.status.as_ref().map_or(String::new(), status),
    )
}

fn issuer(value: Option<&str>) -> String {
    value.map_or(String::new(), |v| format!("<saml:Issuer xmlns:saml=\"{}\">{}</saml:Issuer>", ns::SAML, escaped(v)))
}

fn status(status: &StatusTemplate) -> String {
    let sub_code =
        status.sub_code.as_deref().map_or(String::new(), |code| empty("samlp:StatusCode", &[("Value", code)]));
    let message = text("samlp:StatusMessage", status.message.as_deref());
    let code = escaped(&status.code);
    format!("<samlp:Status><samlp:StatusCode Value=\"{code}\">{sub_code}</samlp:StatusCode>{message}</samlp:Status>")
}

fn assertion(assertion: &AssertionTemplate) -> String {
    let head = attributes(&[
        ("ID", Some(&assertion.id)),
        ("Version", Some(&assertion.version)),
        ("IssueInstant", Some(&assertion.issue_instant)),
    ]);
    format!(
        "<saml:Assertion xmlns:saml=\"{}\"{head}>{}{}{}{}{}</saml:Assertion>",
        ns::SAML,
        text("saml:Issuer", assertion.issuer.as_deref()),
        subject(assertion),
        conditions(assertion),
        authn_statement(assertion),
        attribute_statement(&assertion.attributes),
    )
}

fn subject(assertion: &AssertionTemplate) -> String {
    let name_id = assertion.name_id.as_deref().map_or(String::new(), |value| {
        let format = attributes(&[("Format", assertion.name_id_format.as_deref())]);
        format!("<saml:NameID{format}>{}</saml:NameID>", escaped(value))
    });
    let confirmations: String = assertion.confirmations.iter().map(confirmation).collect();
    format!("<saml:Subject>{name_id}{confirmations}</saml:Subject>")
}

fn confirmation(confirmation: &ConfirmationTemplate) -> String {
    let data = attributes(&[
        ("Recipient", confirmation.recipient.as_deref()),
        ("InResponseTo", confirmation.in_response_to.as_deref()),
        ("NotBefore", confirmation.not_before.as_deref()),
        ("NotOnOrAfter", confirmation.not_on_or_after.as_deref()),
    ]);
    let method = escaped(&confirmation.method);
    format!(
        "<saml:SubjectConfirmation Method=\"{method}\"><saml:SubjectConfirmationData{data}/></saml:SubjectConfirmation>"
    )
}

fn conditions(assertion: &AssertionTemplate) -> String {
    if !assertion.conditions {
        return String::new();
    }
    let bounds = attributes(&[
        ("NotBefore", assertion.not_before.as_deref()),
        ("NotOnOrAfter", assertion.not_on_or_after.as_deref()),
    ]);
    let audience = |value: &String| text("saml:Audience", Some(value));
    let restriction = |audiences: &Vec<String>| {
        let audiences: String = audiences.iter().map(audience).collect();
        format!("<saml:AudienceRestriction>{audiences}</saml:AudienceRestriction>")
    };
    let restrictions: String = assertion.audiences.iter().map(restriction).collect();
    format!("<saml:Conditions{bounds}>{restrictions}{}</saml:Conditions>", assertion.extra_conditions)
}

fn authn_statement(assertion: &AssertionTemplate) -> String {
    let Some(instant) = &assertion.authn_instant else { return String::new() };
    let session = attributes(&[
        ("AuthnInstant", Some(instant)),
        ("SessionIndex", assertion.session_index.as_deref()),
        ("SessionNotOnOrAfter", assertion.session_not_on_or_after.as_deref()),
    ]);
    let class = text("saml:AuthnContextClassRef", assertion.authn_context.as_deref());
    format!("<saml:AuthnStatement{session}><saml:AuthnContext>{class}</saml:AuthnContext></saml:AuthnStatement>")
}

fn attribute_statement(templates: &[AttributeTemplate]) -> String {
    if templates.is_empty() {
        return String::new();
    }
    let attribute = |template: &AttributeTemplate| {
        let head = attributes(&[("Name", Some(&template.name)), ("NameFormat", template.name_format.as_deref())]);
        let values: String = template.values.iter().map(|value| text("saml:AttributeValue", Some(value))).collect();
        format!("<saml:Attribute{head}>{values}{}</saml:Attribute>", template.extra_values)
    };
    let all: String = templates.iter().map(attribute).collect();
    format!("<saml:AttributeStatement>{all}</saml:AttributeStatement>")
}

fn text(name: &str, value: Option<&str>) -> String {
    value.map_or(String::new(), |value| format!("<{name}>{}</{name}>", escaped(value)))
}

fn empty(name: &str, values: &[(&str, &str)]) -> String {
    let values: Vec<_> = values.iter().map(|&(name, value)| (name, Some(value))).collect();
    format!("<{name}{}/>", attributes(&values))
}

fn attributes(values: &[(&str, Option<&str>)]) -> String {
    let present = values.iter().filter_map(|&(name, value)| value.map(|value| (name, value)));
    present.map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect()
}
