//! What the mail to an identity provider's administrator asks them to do about a fault.

use stoa_core::fault::Fault;
use stoa_core::refusal::Family as Answered;
use stoa_saml::{Family, RefusalCode};

/// What they look at, and what they send back.
pub(super) fn ask(fault: Fault) -> &'static str {
    match fault {
        Fault::Saml(RefusalCode::AudienceMismatch) => {
            "Please compare the entity ID of this application in your identity provider, letter by letter, with the one\n\
             that we expected (above), and correct it there."
        }
        Fault::Saml(code) => of_family(code.family()),
        Fault::Oidc(code) => match code.family() {
            Answered::Answer(family) => of_family(family),
            Answered::Unavailable | Answered::SaidUnavailable => {
                "Please check whether your identity provider was in maintenance or overloaded at that time, and whether it\n\
                 still is. Its status page or its log shows it."
            }
            Answered::Browser | Answered::Said | Answered::SetUp => SETTINGS,
        },
        Fault::SubjectMissing | Fault::SubjectTransient | Fault::SubjectIsEmail => {
            "Please look at which attribute this application sends to name a person. It must be one that stays the same\n\
             for as long as they are with you, such as an employee number, and that nobody gets after them. Tell us its\n\
             exact name."
        }
        Fault::EmailMissing | Fault::EmailMalformed => {
            "Please look at this person's record: is their email address filled in, and in its plain form\n\
             (name@company.com)? If it is, look at whether this application is set up to send it."
        }
        Fault::AttributeAmbiguous => {
            "Please look at this person's record for the attribute above: it must have exactly one value."
        }
        Fault::EmailDomainForeign => {
            "Please look at this person's record: is the domain above really theirs? If your company owns it, tell us, and\n\
             we add it; if it is a private or a partner's address, the record needs their address with you."
        }
        Fault::GroupNotAdmitted => {
            "Please look at whether this person should have access. If so, add them to the group that we expected (above).\n\
             Was that group renamed or created again? Then tell us its current name or id."
        }
        Fault::GroupsOverage => {
            "Please restrict the groups that this application sends to those that decide on access, for instance \"groups\n\
             assigned to the application\". With too many of them your identity provider sends none."
        }
        Fault::PersonDeactivated | Fault::PersonDeleted | Fault::PersonUnknown => {
            "Please look at whether this person should have access. If so, assign them to this application again, or tell\n\
             us that they are back."
        }
        Fault::MediaTypeUnsupported | Fault::FormMalformed | Fault::BodyTooLarge => {
            "Please look at how this application sends its response: the SAML Response goes by HTTP POST, as a form, to our\n\
             assertion consumer service, with no more attributes and groups than we ask for."
        }
        _ => SETTINGS,
    }
}

const SETTINGS: &str = "Your identity provider's log has the message that it sent us at that time. Please compare the settings of this\n\
     application with the guide that we sent you.";

fn of_family(family: Family) -> &'static str {
    match family {
        Family::Malformed => {
            "Please look at what your identity provider sent at that time, in its log: was something between it and the\n\
             browser changing it (a proxy, an extension), or was it updated shortly before?"
        }
        Family::Untrusted => {
            "Please tell us whether your signing certificate or key has changed, and since when. If so, send us the address\n\
             of your current metadata, and have the certificate's SHA-256 fingerprint ready: we call you back on a number\n\
             that we already have and compare it. Do not send the fingerprint by email. If nothing has changed on your\n\
             side, tell us that at once: then somebody else has sent this."
        }
        Family::Protocol => {
            "Please compare the addresses and the entity ID of this application in your identity provider with the guide\n\
             that we sent you, letter by letter."
        }
        Family::Time => {
            "Please compare your identity provider's clock with the time above (it must be within two minutes), and look at\n\
             how long its messages are valid."
        }
        Family::IdpStatus => {
            "Your identity provider answered with an error of its own, so its log has the reason: please look for this\n\
             person at that time. Often they are not assigned to this application, or a sign-in policy stopped them."
        }
        Family::Policy => {
            "Please look at the sign-in policy of this application in your identity provider: what we expected and what\n\
             arrived is above."
        }
    }
}
