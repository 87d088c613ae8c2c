//! What gives reason to warn before a connection is used: the same in `check`, `plan` and `apply`.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use stoa_core::connection::{ConnectionDocument, Preset, PreviousSubjectDocument, SamlDocument};
use stoa_saml::Certificate;
use stoa_saml::metadata::IdpMetadata;
use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;

/// The first of the alarms on a certificate's end.
const SOON: SignedDuration = SignedDuration::from_hours(60 * 24);
/// For how long people may be moved by what they bring: whoever has not come by then has left, or is moved by a file.
const LONG_DAYS: i64 = 180;
const LONG: SignedDuration = SignedDuration::from_hours(24 * LONG_DAYS);
/// sha1WithRSAEncryption (RFC 3279) and ecdsa-with-SHA1 (RFC 3279).
const SHA1: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.1")];

/// About groups that give access and never come: nobody would get in.
pub(super) fn of_groups(document: &ConnectionDocument) -> Option<&'static str> {
    let oidc = document.oidc.as_ref().filter(|_| !document.admit.groups.is_empty())?;
    match document.preset {
        // An authorization server of their own (`/oauth2/…`) decides by itself which scope has the groups.
        Preset::Okta if !oidc.issuer.contains("/oauth2/") && !oidc.scopes.iter().any(|scope| scope == "groups") => {
            Some(
                "admit.groups is set, and Okta sends groups only if they are asked for: oidc.scopes = [\"openid\", \
                 \"profile\", \"email\", \"groups\"]",
            )
        }
        Preset::Google => Some("admit.groups is set, and Google sends no groups by OpenID Connect; by SAML it can"),
        Preset::Okta | Preset::Entra | Preset::Pingfederate | Preset::Generic => None,
    }
}

/// About metadata that a connection is about to take.
pub(super) fn of_metadata(metadata: &IdpMetadata, saml: &SamlDocument) -> Vec<String> {
    let mut warnings = Vec::new();
    if metadata.signing.len() > 1 {
        warnings.push(format!(
            "{} signing certificates: a new connection trusts all of them. Ask whether one is being phased out.",
            metadata.signing.len()
        ));
    }
    for left_out in &metadata.left_out {
        warnings.push(format!("left out, {left_out}"));
    }
    // At an address it is fetched again every hour.
    if let Some(end) = metadata.valid_until.filter(|_| saml.metadata_url.is_none()) {
        warnings.push(format!("the metadata is valid until {end}; fetch it again before then"));
    }
    if metadata.wants_signed_requests && !saml.sign_requests {
        warnings.push("the identity provider wants signed requests, but saml.sign_requests is not set".to_owned());
    }
    warnings
}

/// About a certificate, theirs or ours.
pub(super) fn of_certificate(certificate: &Certificate, now: Timestamp) -> Vec<&'static str> {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let mut warnings = Vec::new();
    if until <= now {
        warnings.push(
            "it has expired. It still verifies (docs/runbook/trust-keys.md), but its owner will probably replace it soon.",
        );
    } else if until.duration_since(now) < SOON {
        warnings.push("it expires within 60 days. Ask for the next one now.");
    }
    if from > now {
        warnings.push("it is not valid yet.");
    }
    if signed_with_sha1(certificate) {
        warnings.push(
            "it is itself signed with SHA-1, a sign of an old setup. Its messages may be, too, and those are refused.",
        );
    }
    warnings
}

/// What `subject.previous` does, and whether it is wise: none, where the file does not have it.
pub(super) fn of_previous_subject(document: &ConnectionDocument, now: Timestamp) -> Option<String> {
    let PreviousSubjectDocument { from, until } = document.subject.previous.as_ref()?;
    let ends = TimeZone::UTC.to_timestamp(until.to_datetime(Time::midnight())).ok()?;
    Some(if !document.subject.previous.as_ref()?.counts(now) {
        format!("warning: subject.previous ended on {until} and moves nobody any more; remove it")
    } else if ends.duration_since(now) > LONG {
        format!("warning: subject.previous moves people until {until}. Choose a day within {LONG_DAYS} days of today")
    } else {
        format!(
            "note: until {until}, somebody who is new and whose {from} names a known person with the same email address \
             becomes that person. People must not be able to edit {from} by themselves"
        )
    })
}

/// Everything there is to warn of in one list, for whoever is not shown the certificates one by one.
pub(super) fn all(metadata: Option<&IdpMetadata>, saml: &SamlDocument, now: Timestamp) -> Vec<String> {
    let theirs = metadata.into_iter().flat_map(|metadata| metadata.signing.iter().cloned());
    let theirs = theirs.map(|certificate| ("signing certificate", certificate));
    let ours = saml.sp_certificates.iter().filter_map(|pem| Certificate::from_pem(pem).ok());
    let ours = ours.map(|certificate| ("our certificate", certificate));
    let mut warnings = metadata.map(|metadata| of_metadata(metadata, saml)).unwrap_or_default();
    for (whose, certificate) in theirs.chain(ours) {
        let name = format!("{whose} {} ({:.16}…)", certificate.subject(), certificate.fingerprint());
        warnings.extend(of_certificate(&certificate, now).iter().map(|warning| format!("{name}: {warning}")));
    }
    warnings
}

fn signed_with_sha1(certificate: &Certificate) -> bool {
    x509_cert::Certificate::from_der(certificate.der())
        .is_ok_and(|parsed| SHA1.contains(&parsed.signature_algorithm().oid))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_never_come_are_warned_of() {
        for (preset, oidc, wanted) in [
            ("okta", "issuer = \"https://x.okta.com\"", "oidc.scopes"),
            ("okta", "issuer = \"https://x.okta.com\"\nscopes = [\"openid\", \"groups\"]", ""),
            ("okta", "issuer = \"https://x.okta.com/oauth2/default\"", ""),
            ("google", "issuer = \"https://accounts.google.com\"", "by SAML"),
            ("entra", "issuer = \"https://login.microsoftonline.com/x/v2.0\"", ""),
        ] {
            let file = |admit| {
                let head = "id = \"a\"\ncustomer = \"a\"\nschool = \"s\"\ndomains = [\"a.example\"]\n";
                let text = format!("{head}preset = \"{preset}\"\n{admit}\n[oidc]\nclient_id = \"c\"\n{oidc}");
                toml::from_str::<ConnectionDocument>(&text).unwrap()
            };
            let warning = of_groups(&file("admit.groups = [\"g\"]")).unwrap_or_default();
            assert!(warning.contains(wanted) && warning.is_empty() == wanted.is_empty(), "{preset} {oidc}: {warning}");
            assert_eq!(of_groups(&file("")), None);
        }
    }

    #[test]
    fn a_previous_subject_says_what_it_does_and_warns_where_it_does_nothing_or_lasts() {
        let text = include_str!("../../../../examples/connections/pg-oidc.toml");
        let said = |until: &str| {
            let previous = format!("[subject]\nprevious = {{ from = \"uid\", until = \"{until}\" }}");
            let document = toml::from_str(&text.replace("[subject]", &previous)).unwrap();
            of_previous_subject(&document, "2026-11-28T12:00:00Z".parse().unwrap()).unwrap()
        };
        assert!(said("2026-11-28").starts_with("note: until 2026-11-28, somebody who is new and whose uid names"));
        assert!(said("2026-11-27").starts_with("warning: subject.previous ended on 2026-11-27"));
        assert!(said("2028-01-01").contains("within 180 days"));
        assert_eq!(of_previous_subject(&toml::from_str(text).unwrap(), Timestamp::now()), None);
    }

    #[test]
    fn a_certificate_is_warned_of_before_it_ends_and_for_sha1() {
        let certificate = Certificate::from_pem(include_str!("../../testdata/sha1.pem")).unwrap();
        let days = |count: i64| SignedDuration::from_hours(24 * count);
        let (from, until) = (certificate.not_before(), certificate.not_after());
        for (now, wanted) in [
            (from - days(1), "not valid yet"),
            (until - days(61), ""),
            (until - days(59), "within 60 days"),
            (until + days(1), "has expired"),
        ] {
            let warnings = of_certificate(&certificate, now);
            assert!(warnings.last().unwrap().contains("SHA-1"));
            assert_eq!(warnings.len(), if wanted.is_empty() { 1 } else { 2 }, "{warnings:?}");
            assert!(warnings[0].contains(wanted), "{warnings:?}");
        }
    }
}
