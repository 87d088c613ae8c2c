//! What WorkOS's API answers.

use http::Response;
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

/// The directory's organization, if the directory is still there.
pub fn directory_of(answer: &Response<Vec<u8>>) -> Result<Option<String>, Failure> {
    let directory = document(answer, Fault::WorkosDirectoryGone)?;
    let state = directory.get("state").and_then(Value::as_str).unwrap_or_default();
    if state == "deleting" {
        return Err(Failure::noted(Fault::WorkosDirectoryGone, state));
    }
    Ok(directory.get("organization_id").and_then(Value::as_str).map(str::to_owned))
}

/// A page of events, whatever their age. `None`: the API does not know the event any more after which it was asked.
pub fn events_page(answer: &Response<Vec<u8>>) -> Result<Option<ListPage<Event>>, Failure> {
    match answer.status().as_u16() {
        400 | 404 | 422 => Ok(None),
        _ => page(answer, |event| Event::of(event).ok()).map(Some),
    }
}

/// A page of people, as of `as_of`, in epoch milliseconds.
pub fn people_page(answer: &Response<Vec<u8>>, as_of: i64) -> Result<ListPage<PersonWords>, Failure> {
    page(answer, |user| PersonWords::read(user, as_of, ""))
}

/// A page of groups, as of `as_of`, in epoch milliseconds.
pub fn groups_page(answer: &Response<Vec<u8>>, as_of: i64) -> Result<ListPage<GroupWords>, Failure> {
    page(answer, |group| GroupWords::read(group, as_of, ""))
}

fn page<T>(answer: &Response<Vec<u8>>, read: impl Fn(&Value) -> Option<T>) -> Result<ListPage<T>, Failure> {
    let document = document(answer, Fault::WorkosAnswerStrange)?;
    let data = document.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| Failure::noted(Fault::WorkosAnswerStrange, "a list without data"))?;
    let items: Vec<T> = data.iter().filter_map(read).collect();
    let next = document.get("list_metadata").and_then(|paging| paging.get("after")).and_then(Value::as_str);
    let next =
        next.map(|next| WorkosId::parse(next).map(String::from).ok_or(Fault::WorkosAnswerStrange)).transpose()?;
    Ok(ListPage { strange: data.len() - items.len(), items, next })
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

    #[test]
    fn a_page_is_read_as_far_as_it_can_be() {
        let body = r#"{"object":"list","data":[{"id":"directory_user_1","state":"active"},{"id":7}],
                       "list_metadata":{"before":null,"after":"directory_user_1"}}"#;
        let page = people_page(&answer(200, body), 7).unwrap();
        assert_eq!((page.items.len(), page.strange, page.next.as_deref()), (1, 1, Some("directory_user_1")));
        let last = r#"{"data":[],"list_metadata":{"after":null}}"#;
        assert_eq!(groups_page(&answer(200, last), 7).unwrap().next, None);
    }

    #[test]
    fn each_refusal_has_its_fault() {
        for (status, body, wanted) in [
            (401, "", "workos_key_refused"),
            (403, "", "workos_key_refused"),
            (404, "", "workos_answer_strange"),
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
        assert_eq!(directory_of(&answer(200, r#"{"organization_id":"org_1"}"#)).unwrap().as_deref(), Some("org_1"));
        assert!(events_page(&answer(422, "")).unwrap().is_none());
        assert!(events_page(&answer(401, "")).is_err());
    }
}
