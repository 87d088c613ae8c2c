//! What a SCIM client is answered.

use serde_json::{Value, json};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_scim::schema::ERROR_URN;
use stoa_scim::{Ignored, Refusal, ScimType};

use crate::visit::{Answer, Visit};

/// The largest body of an answer, in bytes: as a text within JSON it has to fit into what Lambda takes.
pub(super) const ANSWER_BYTES: usize = 4_000_000;

/// Keeps a refusal for the answer; returns it as what goes into the log.
pub(super) fn refuse(visit: &mut Visit<'_>, refusal: Refusal) -> Failure {
    let failure = Failure::noted(fault(&refusal), &refusal.to_string());
    visit.trail.refusal = Some(Box::new(refusal));
    failure
}

/// Which fault a refusal is.
fn fault(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::InOperation { refusal, .. } => fault(refusal),
        Refusal::Unauthorized => Fault::ScimTokenWrong,
        Refusal::TooManyRequests { .. } => Fault::ScimBusy,
        Refusal::NotFound => Fault::ScimNotFound,
        Refusal::Method | Refusal::NotSupported { .. } | Refusal::OldVersion => Fault::ScimNotOffered,
        Refusal::TooLarge { .. } | Refusal::TooManyValues { .. } | Refusal::TooManyOperations { .. } => {
            Fault::ScimTooLarge
        }
        Refusal::Taken { .. } => Fault::ScimTaken,
        Refusal::VersionDiffers => Fault::ScimVersionDiffers,
        Refusal::FilterBound { .. }
        | Refusal::FilterSyntax { .. }
        | Refusal::FilterAttribute { .. }
        | Refusal::FilterOperator { .. }
        | Refusal::FilterValue { .. }
        | Refusal::FilterForbidden
        | Refusal::TooMany { .. }
        | Refusal::Parameter { .. }
        | Refusal::BothProjections => Fault::ScimFilterRefused,
        Refusal::NotJson { .. }
        | Refusal::TooDeep { .. }
        | Refusal::RepeatedMember { .. }
        | Refusal::NotAnObject
        | Refusal::WrongSchema { .. }
        | Refusal::Missing { .. }
        | Refusal::WrongType { .. }
        | Refusal::ControlCharacter { .. }
        | Refusal::ManyPrimary { .. }
        | Refusal::ReadOnly { .. }
        | Refusal::Required { .. }
        | Refusal::SwitchedOff
        | Refusal::NoOperations
        | Refusal::UnknownOperation
        | Refusal::NoValue
        | Refusal::NoPath
        | Refusal::RemoveWithoutPath
        | Refusal::NamesNone { .. }
        | Refusal::NoTarget { .. }
        | Refusal::PathSyntax { .. }
        | Refusal::MembersFilter => Fault::ScimMalformed,
        Refusal::Unavailable => Fault::StoreUnavailable,
    }
}

/// A resource or another document.
pub(super) fn resource(visit: &mut Visit<'_>, status: u16, document: &Value) -> Result<Answer, Failure> {
    let body = document.to_string();
    if body.len() > ANSWER_BYTES {
        return Err(refuse(visit, Refusal::TooLarge { what: "answer", limit: ANSWER_BYTES, unit: "bytes" }));
    }
    let meta = |name: &str| document["meta"][name].as_str().map(str::to_owned);
    let etag = meta("version").map(|version| ("etag", version));
    let location = meta("location").filter(|_| status == 201).map(|location| ("location", location));
    Ok(Answer::Resource { status, body, headers: etag.into_iter().chain(location).collect() })
}

/// An answer without a body.
pub(super) const fn empty(status: u16) -> Answer {
    Answer::Resource { status, body: String::new(), headers: Vec::new() }
}

/// Notes what was left out of a request, by its names, and how many members are nobody's.
pub(super) fn note_ignored(visit: &mut Visit<'_>, ignored: &Ignored, unknown_members: usize) {
    let mut left_out = ignored.names().to_vec();
    if unknown_members > 0 {
        left_out.push(format!("{unknown_members} unknown members"));
    }
    if !left_out.is_empty() {
        visit.trail.ignored = Some(stoa_core::quote::quote(&left_out.join(", ")));
    }
}

/// A failure in SCIM's form (RFC 7644 §3.12), with what whoever runs stoa looks it up by.
pub(super) fn refused(visit: &Visit<'_>, failure: &Failure) -> Answer {
    let face = failure.fault.face();
    let refusal = visit.trail.refusal.as_deref();
    let (status, sentence) = match refusal {
        Some(refusal) => (refusal.status(), refusal.to_string()),
        None => (face.status, sentence(failure.fault, face.status)),
    };
    let incoming = visit.incoming;
    let reference = if incoming.gateway_id.is_empty() { &incoming.request_id } else { &incoming.gateway_id };
    let code = failure.fault.code();
    let mut document = json!({
        "schemas": [ERROR_URN],
        "status": status.to_string(),
        "detail": format!("{sentence} ({code}, reference {reference})"),
    });
    if let Some(scim_type) = refusal.and_then(Refusal::scim_type).map(ScimType::as_str) {
        document["scimType"] = scim_type.into();
    }
    let mut headers = Vec::new();
    if status == 401 {
        headers.push(("www-authenticate", "Bearer realm=\"scim\"".to_owned()));
    }
    if let Some(Refusal::TooManyRequests { seconds }) = refusal {
        headers.push(("retry-after", seconds.to_string()));
    }
    Answer::Resource { status, body: document.to_string(), headers }
}

/// What a client is told of a fault that is no refusal of its request.
fn sentence(fault: Fault, status: u16) -> String {
    let said = match fault {
        Fault::ScimOff => {
            "This connection takes no people by SCIM. Whoever runs stoa sets source = \"scim\" in its file."
        }
        Fault::ConnectionDisabled => "This connection is switched off.",
        Fault::ScimTooLarge => "More values change at once than can be written. Send them in several requests.",
        _ if status == 503 => "This cannot be done at the moment. Try again.",
        _ => "Something went wrong at stoa. Tell whoever runs it this reference.",
    };
    said.to_owned()
}

/// An instant of an item.
pub(super) fn instant(second: i64) -> Result<jiff::Timestamp, Failure> {
    jiff::Timestamp::from_second(second).map_err(|_| Failure::noted(Fault::StoreItemStrange, "an instant of directory"))
}
