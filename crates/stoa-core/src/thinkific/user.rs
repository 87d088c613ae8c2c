//! Users of a school: searched, read, created, changed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::admin::{ApiAnswer, ApiMethod, ApiRequest, Page};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::identity::Redeemed;

/// A password that nobody knows: it replaces whatever the one who registered an account chose.
pub struct UnknownPassword(String);

impl UnknownPassword {
    /// From 32 random bytes. base64url, so 43 characters: more than Thinkific's 6, fewer than the 72 that bcrypt reads.
    pub fn from_bytes(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }
}

impl std::fmt::Debug for UnknownPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnknownPassword([redacted])")
    }
}
/// A user of the school, as far as stoa looks.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// Thinkific's id.
    pub id: u64,
    /// The address, in whatever case it was typed.
    pub email: String,
    /// Empty for a student.
    #[serde(default)]
    pub roles: Vec<String>,
    /// When it was made, as the school writes it.
    #[serde(default)]
    pub created_at: Option<String>,
}

impl User {
    /// When it was made, in epoch seconds, where the school says.
    pub fn created(&self) -> Option<i64> {
        self.created_at.as_ref()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
    }
}

/// What a page of a search for an address holds.
#[derive(Clone, Debug)]
pub enum Searched {
    /// The user who has it.
    Found(User),
    /// Nobody who has it, and there are more pages.
    NotYet,
    /// Nobody has it.
    Nobody,
}

/// Users on a page of a search. The API's most is 250; these are small enough to read while a browser waits.
const PAGE_USERS: usize = 100;
/// Pages that are searched for an address: one, unless the filter is loose and very many addresses contain it.
pub const SEARCH_PAGES: u32 = 5;

#[derive(Deserialize)]
struct Authentication {
    external_id: Option<String>,
}

/// Asks for the users under an address: a page of them, counted from 1.
pub fn find_user(email: &str, page: u32) -> ApiRequest {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("query[email]", email)
        .append_pair("limit", &PAGE_USERS.to_string())
        .append_pair("page", &page.to_string())
        .finish();
    ApiRequest { method: ApiMethod::Get, path: format!("/users?{query}"), body: None }
}

/// Asks for one user.
pub fn get_user(id: u64) -> ApiRequest {
    ApiRequest { method: ApiMethod::Get, path: format!("/users/{id}"), body: None }
}

/// Asks for the user who is bound to an `external_id`.
pub fn get_bound_user(external_id: &str) -> ApiRequest {
    let id: String = url::form_urlencoded::byte_serialize(external_id.as_bytes()).collect();
    let path = format!("/users/{}?provider=SSO", id.replace('+', "%20"));
    ApiRequest { method: ApiMethod::Get, path, body: None }
}

/// Asks which `external_id` a user is bound to.
pub fn get_binding(id: u64) -> ApiRequest {
    ApiRequest { method: ApiMethod::Get, path: format!("/users/{id}/authentications/SSO"), body: None }
}

/// Creates a user, bound to our id.
pub fn create_user<'a>(profile: impl Into<Profile<'a>>, external_id: &str) -> ApiRequest {
    let mut request = create_unbound_user(profile);
    if let Some(body) = &mut request.body {
        body["external_id"] = external_id.into();
        body["provider"] = "SSO".into();
    }
    request
}

/// Creates a user who is bound to nothing, as a file or an administrator does.
pub fn create_unbound_user<'a>(profile: impl Into<Profile<'a>>) -> ApiRequest {
    let mut body = profile.into().body();
    body["skip_custom_fields_validation"] = true.into();
    body["send_welcome_email"] = false.into();
    ApiRequest { method: ApiMethod::Post, path: "/users".into(), body: Some(body) }
}

/// Writes name and address. `external_id` cannot be changed on an existing user.
pub fn update_user<'a>(id: u64, profile: impl Into<Profile<'a>>) -> ApiRequest {
    ApiRequest { method: ApiMethod::Put, path: format!("/users/{id}"), body: Some(profile.into().body()) }
}

/// Writes name and address as [`update_user`] does, and replaces the password in the same call: there is no moment at
/// which the account is the person's and still opens with the password of whoever registered it.
pub fn take_over_user<'a>(id: u64, profile: impl Into<Profile<'a>>, password: &UnknownPassword) -> ApiRequest {
    let mut body = profile.into().body();
    body["password"] = password.0.as_str().into();
    ApiRequest { method: ApiMethod::Put, path: format!("/users/{id}"), body: Some(body) }
}

/// Replaces the password alone: of somebody who has left, and of whom nothing else is known any more.
pub fn reset_password(id: u64, password: &UnknownPassword) -> ApiRequest {
    let body = serde_json::json!({ "password": password.0.as_str() });
    ApiRequest { method: ApiMethod::Put, path: format!("/users/{id}"), body: Some(body) }
}

/// Deletes a user for ever, with everything that they have learned.
pub fn delete_user(id: u64) -> ApiRequest {
    ApiRequest { method: ApiMethod::Delete, path: format!("/users/{id}"), body: None }
}

/// What a school is told of a person.
#[derive(Clone, Copy)]
pub struct Profile<'a> {
    /// The address.
    pub email: &'a str,
    /// The given name.
    pub first_name: &'a str,
    /// The family name.
    pub last_name: &'a str,
    /// The company, where it is told.
    pub company: Option<&'a str>,
}

impl<'a> From<&'a Redeemed> for Profile<'a> {
    fn from(identity: &'a Redeemed) -> Self {
        Self {
            email: identity.email().as_str(),
            first_name: identity.first_name(),
            last_name: identity.last_name(),
            company: identity.company(),
        }
    }
}

impl Profile<'_> {
    fn body(self) -> serde_json::Value {
        let mut body = serde_json::json!({
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
        });
        if let Some(company) = self.company {
            body["company"] = company.into();
        }
        body
    }
}

impl ApiAnswer {
    /// The answer to [`find_user`]. Whether the filter is exact is not documented, so the address is compared again: as
    /// [`Email`](crate::email::Email) has it, ASCII without regard to case. An address that is merely like it is
    /// somebody else's.
    pub fn searched(&self, email: &str) -> Result<Searched, Failure> {
        let Page { items, has_more, .. } = self.page::<User>(PAGE_USERS)?;
        let mut holders = items.into_iter().filter(|user| user.email.eq_ignore_ascii_case(email));
        match (holders.next(), holders.next()) {
            (Some(_), Some(_)) => Err(Failure::noted(Fault::ThinkificAnswerStrange, "several users hold one address")),
            (Some(user), None) => Ok(Searched::Found(user)),
            (None, _) if has_more => Ok(Searched::NotYet),
            (None, _) => Ok(Searched::Nobody),
        }
    }

    /// The answer to [`get_user`] and [`get_bound_user`]; `None`: there is none.
    pub fn user(&self) -> Result<Option<User>, Failure> {
        if self.status == 404 { Ok(None) } else { self.json().map(Some) }
    }

    /// The answer to [`get_binding`]; `None`: not bound.
    pub fn binding(&self) -> Result<Option<String>, Failure> {
        if self.status == 404 { Ok(None) } else { Ok(self.json::<Authentication>()?.external_id) }
    }

    /// The answer to [`create_user`]: the new user.
    pub fn created(&self) -> Result<User, Failure> {
        self.json()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answer(body: &str) -> ApiAnswer {
        ApiAnswer { status: 200, rate_limit_reset: None, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_found_user_must_hold_the_very_address() {
        let page = |users: &[&str], next: Option<u32>| {
            let user = |(id, email): (usize, &&str)| serde_json::json!({"id": id + 1, "email": email});
            let items: Vec<_> = users.iter().enumerate().map(user).collect();
            answer(&serde_json::json!({"items": items, "meta": {"pagination": {"next_page": next}}}).to_string())
        };
        let search = |answer: &ApiAnswer| match answer.searched("maria@pg.com") {
            Ok(Searched::Found(user)) => format!("user {}", user.id),
            Ok(Searched::NotYet) => "not yet".to_owned(),
            Ok(Searched::Nobody) => "nobody".to_owned(),
            Err(failure) => failure.fault.code().to_owned(),
        };
        let likes = ["maria@pg.com.br", "amaria@pg.com", "maria@pg.com ", "mar\u{131}a@pg.com", ""];
        assert_eq!(search(&page(&likes, None)), "nobody");
        assert_eq!(search(&page(&likes, Some(2))), "not yet");
        assert_eq!(search(&page(&[likes[0], "Maria@PG.com"], Some(2))), "user 2");
        assert_eq!(search(&page(&["Maria@PG.com", "maria@pg.com"], None)), "thinkific_answer_strange");
        // A page that is full may not be the last one, whatever it says of itself.
        assert_eq!(search(&page(&[likes[0]; PAGE_USERS], None)), "not yet");
        let bare = serde_json::json!({"items": [{"id": 1, "email": "maria@pg.com"}]});
        assert_eq!(search(&answer(&bare.to_string())), "user 1");
    }

    #[test]
    fn no_password_is_in_what_a_request_prints() {
        let password = UnknownPassword::from_bytes([7; 32]);
        let body = serde_json::json!({"password": password.0.as_str()});
        let request = ApiRequest { method: ApiMethod::Put, path: "/users/1".into(), body: Some(body) };
        assert!(!format!("{request:?} {password:?}").contains(&password.0));
    }
}
