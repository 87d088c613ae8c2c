//! What WorkOS's API answers.

use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::Event;
use super::words::{GroupWords, PersonWords, WorkosId};
use crate::failure::Failure;
use crate::fault::Fault;

/// A page of a list.
pub struct ListPage<T> {
    /// What is on it, as far as it can be read.
    pub items: Vec<T>,
    /// How many cannot be.
    pub strange: usize,
    /// After which id the next page begins; `None`: there is none.
    pub next: Option<String>,
}

/// What became of a question for a page.
pub enum Paged<T> {
    /// It was answered, at least in part.
    Page(ListPage<T>),
    /// The API takes the question for none (400, 404 or 422): what it names is not there, or not there any more. Which of
    /// them says nothing: the id after which a page begins and a group that was deleted are refused alike.
    Refused(u16),
}

/// A directory, as WorkOS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryFound {
    /// Its organization's id.
    pub organization: Option<String>,
    /// How it stands.
    pub state: DirectoryState,
}

/// How a directory stands between WorkOS and the identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryState {
    /// It is connected: what its lists have is what there is.
    Linked,
    /// It is read for the first time: its lists are not whole yet.
    Validating,
    /// Nobody has connected it, or somebody has taken the connection back.
    Unlinked,
    /// The identity provider does not take what WorkOS shows it.
    InvalidCredentials,
    /// Another one.
    Other,
}

impl DirectoryState {
    fn of(text: &str) -> Self {
        match text {
            // Events call it active.
            "linked" | "active" => Self::Linked,
            "validating" => Self::Validating,
            "unlinked" => Self::Unlinked,
            "invalid_credentials" => Self::InvalidCredentials,
            _ => Self::Other,
        }
    }

    /// Whether its lists say who is there, and so who is not.
    pub const fn is_listed_truly(self) -> bool {
        matches!(self, Self::Linked)
    }

    /// In WorkOS's own word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Validating => "validating",
            Self::Unlinked => "unlinked",
            Self::InvalidCredentials => "invalid_credentials",
            Self::Other => "a state that is not known",
        }
    }
}

/// The directory, if it is still there.
pub fn directory_of(answer: &Response<Vec<u8>>) -> Result<DirectoryFound, Failure> {
    let directory = document(answer, Fault::WorkosDirectoryGone)?;
    let state = directory.get("state").and_then(Value::as_str).unwrap_or_default();
    if state == "deleting" {
        return Err(Failure::noted(Fault::WorkosDirectoryGone, state));
    }
    let organization = directory.get("organization_id").and_then(Value::as_str).map(str::to_owned);
    Ok(DirectoryFound { organization, state: DirectoryState::of(state) })
}

/// A page of events, whatever their age.
pub fn events_page(answer: &Response<Vec<u8>>) -> Result<Paged<Event>, Failure> {
    page(answer, |event| Event::of(event).ok())
}

/// A page of people, as of `as_of`, in epoch milliseconds.
pub fn people_page(answer: &Response<Vec<u8>>, as_of: i64) -> Result<Paged<PersonWords>, Failure> {
    page(answer, |user| PersonWords::read(user, as_of, ""))
}

/// A page of groups, as of `as_of`, in epoch milliseconds.
pub fn groups_page(answer: &Response<Vec<u8>>, as_of: i64) -> Result<Paged<GroupWords>, Failure> {
    page(answer, |group| GroupWords::read(group, as_of, ""))
}

fn page<T>(answer: &Response<Vec<u8>>, read: impl Fn(&Value) -> Option<T>) -> Result<Paged<T>, Failure> {
    if let status @ (400 | 404 | 422) = answer.status().as_u16() {
        return Ok(Paged::Refused(status));
    }
    let document = document(answer, Fault::WorkosAnswerStrange)?;
    let data = document.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| Failure::noted(Fault::WorkosAnswerStrange, "a list without data"))?;
    let items: Vec<T> = data.iter().filter_map(read).collect();
    let next = document.get("list_metadata").and_then(|paging| paging.get("after")).and_then(Value::as_str);
    let next =
        next.map(|next| WorkosId::parse(next).map(String::from).ok_or(Fault::WorkosAnswerStrange)).transpose()?;
    Ok(Paged::Page(ListPage { strange: data.len() - items.len(), items, next }))
}

/// The failure of a question that the API takes for none.
pub fn refused(status: u16) -> Failure {
    Failure::with(Fault::WorkosAnswerStrange, "200", &status.to_string())
}

fn document(answer: &Response<Vec<u8>>, missing: Fault) -> Result<Value, Failure> {
    let status = answer.status().as_u16();
    let fault = match status {
        200 => None,
        401 | 403 => Some(Fault::WorkosKeyRefused),
        404 => Some(missing),
        429 | 500.. => Some(Fault::WorkosUnavailable),
        _ => Some(Fault::WorkosAnswerStrange),
    };
    if let Some(fault) = fault {
        return Err(Failure::with(fault, "200", &status.to_string()));
    }
    serde_json::from_slice(answer.body()).map_err(|_| Failure::noted(Fault::WorkosAnswerStrange, "not JSON"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
        Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
    }

    fn page_of<T>(paged: Paged<T>) -> ListPage<T> {
        match paged {
            Paged::Page(page) => page,
            Paged::Refused(status) => panic!("refused with {status}"),
        }
    }

    #[test]
    fn a_page_is_read_as_far_as_it_can_be() {
        let body = r#"{"object":"list","data":[{"id":"directory_user_1","state":"active"},{"id":7}],
                       "list_metadata":{"before":null,"after":"directory_user_1"}}"#;
        let page = page_of(people_page(&answer(200, body), 7).unwrap());
        assert_eq!((page.items.len(), page.strange, page.next.as_deref()), (1, 1, Some("directory_user_1")));
        let last = r#"{"data":[],"list_metadata":{"after":null}}"#;
        assert_eq!(page_of(groups_page(&answer(200, last), 7).unwrap()).next, None);
    }

    #[test]
    fn each_refusal_has_its_fault() {
        for (status, body, wanted) in [
            (401, "", "workos_key_refused"),
            (403, "", "workos_key_refused"),
            (429, "", "workos_unavailable"),
            (500, "", "workos_unavailable"),
            (307, "", "workos_answer_strange"),
            (200, "<!doctype html>", "workos_answer_strange"),
            (200, "{}", "workos_answer_strange"),
            (200, r#"{"data":[],"list_metadata":{"after":"a b"}}"#, "workos_answer_strange"),
        ] {
            let fault = people_page(&answer(status, body), 7).err().unwrap().fault;
            assert_eq!(fault.code(), wanted, "{status} {body}");
        }
        assert_eq!(directory_of(&answer(404, "")).unwrap_err().fault, Fault::WorkosDirectoryGone);
        assert_eq!(
            directory_of(&answer(200, r#"{"state":"deleting"}"#)).unwrap_err().fault,
            Fault::WorkosDirectoryGone
        );
        // What that means is for whoever asked to say.
        for status in [400, 404, 422] {
            assert!(matches!(events_page(&answer(status, "")).unwrap(), Paged::Refused(own) if own == status));
            assert!(matches!(people_page(&answer(status, ""), 7).unwrap(), Paged::Refused(_)));
            assert!(matches!(groups_page(&answer(status, ""), 7).unwrap(), Paged::Refused(_)));
        }
        assert!(events_page(&answer(401, "")).is_err());
    }

    #[test]
    fn only_a_directory_that_is_connected_has_lists_that_are_true() {
        for (body, organization, is_true) in [
            (r#"{"organization_id":"org_1","state":"linked"}"#, Some("org_1"), true),
            (r#"{"organization_id":"org_1","state":"active"}"#, Some("org_1"), true),
            (r#"{"organization_id":"org_1","state":"validating"}"#, Some("org_1"), false),
            (r#"{"state":"unlinked"}"#, None, false),
            (r#"{"state":"invalid_credentials"}"#, None, false),
            (r#"{"state":"inactive"}"#, None, false),
            (r#"{"organization_id":"org_1"}"#, Some("org_1"), false),
        ] {
            let found = directory_of(&answer(200, body)).unwrap();
            assert_eq!(
                (found.organization.as_deref(), found.state.is_listed_truly()),
                (organization, is_true),
                "{body}"
            );
        }
    }
}
