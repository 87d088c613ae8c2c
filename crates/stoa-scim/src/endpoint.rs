//! Which endpoint a method and a path mean (RFC 7644 §3.2).

use crate::limits::ID_BYTES;
use crate::refusal::Refusal;
use crate::schema::ResourceType;

/// What a client wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /ServiceProviderConfig`
    ServiceProviderConfig,
    /// `GET /ResourceTypes`, or one of them
    ResourceTypes(Option<String>),
    /// `GET /Schemas`, or one of them
    Schemas(Option<String>),
    /// `GET /Users`, `GET /Groups`
    List(ResourceType),
    /// `POST /Users/.search`, `POST /Groups/.search`
    Search(ResourceType),
    /// `POST /Users`, `POST /Groups`
    Create(ResourceType),
    /// `GET /Users/{id}`, `GET /Groups/{id}`
    Read(ResourceType, String),
    /// `PUT /Users/{id}`, `PUT /Groups/{id}`
    Replace(ResourceType, String),
    /// `PATCH /Users/{id}`, `PATCH /Groups/{id}`
    Patch(ResourceType, String),
    /// `DELETE /Users/{id}`, `DELETE /Groups/{id}`
    Delete(ResourceType, String),
}

impl Endpoint {
    /// From the method and the decoded path behind `/scim/{connection}`. Doubled slashes and one at the end do not
    /// matter: clients join what administrators type.
    pub fn parse(method: &str, path: &str) -> Result<Self, Refusal> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        match segments.next() {
            Some("v2") => {}
            Some("v1") => return Err(Refusal::OldVersion),
            Some(_) | None => return Err(Refusal::NotFound),
        }
        let (first, second, rest) = (segments.next(), segments.next(), segments.next());
        if rest.is_some() {
            return Err(Refusal::NotFound);
        }
        let id = second.map(str::to_owned);
        match first.unwrap_or_default() {
            "Users" => of_resources(ResourceType::User, method, id),
            "Groups" => of_resources(ResourceType::Group, method, id),
            "ServiceProviderConfig" if id.is_none() => only_get(method, Self::ServiceProviderConfig),
            "ResourceTypes" => only_get(method, Self::ResourceTypes(id)),
            "Schemas" => only_get(method, Self::Schemas(id)),
            "Bulk" => Err(Refusal::NotSupported { what: "Bulk" }),
            "Me" => Err(Refusal::NotSupported { what: "/Me" }),
            ".search" => Err(Refusal::NotSupported { what: "A search through people and groups at once" }),
            _ => Err(Refusal::NotFound),
        }
    }
}

fn only_get(method: &str, endpoint: Endpoint) -> Result<Endpoint, Refusal> {
    if method == "GET" { Ok(endpoint) } else { Err(Refusal::Method) }
}

fn of_resources(resource: ResourceType, method: &str, id: Option<String>) -> Result<Endpoint, Refusal> {
    let Some(id) = id else {
        return match method {
            "GET" => Ok(Endpoint::List(resource)),
            "POST" => Ok(Endpoint::Create(resource)),
            _ => Err(Refusal::Method),
        };
    };
    if id == ".search" {
        return if method == "POST" { Ok(Endpoint::Search(resource)) } else { Err(Refusal::Method) };
    }
    if id.len() > ID_BYTES {
        return Err(Refusal::NotFound);
    }
    match method {
        "GET" => Ok(Endpoint::Read(resource, id)),
        "PUT" => Ok(Endpoint::Replace(resource, id)),
        "PATCH" => Ok(Endpoint::Patch(resource, id)),
        "DELETE" => Ok(Endpoint::Delete(resource, id)),
        _ => Err(Refusal::Method),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p15_every_endpoint_is_found_however_the_address_was_joined() {
        let user = || "u1".to_owned();
        for (method, path, wanted) in [
            ("GET", "/v2/ServiceProviderConfig", Ok(Endpoint::ServiceProviderConfig)),
            ("GET", "//v2//Users/", Ok(Endpoint::List(ResourceType::User))),
            ("POST", "/v2/Groups", Ok(Endpoint::Create(ResourceType::Group))),
            ("POST", "/v2/Users/.search", Ok(Endpoint::Search(ResourceType::User))),
            ("GET", "/v2/Users/u1", Ok(Endpoint::Read(ResourceType::User, user()))),
            ("PUT", "/v2/Users/u1", Ok(Endpoint::Replace(ResourceType::User, user()))),
            ("PATCH", "/v2/Users/u1", Ok(Endpoint::Patch(ResourceType::User, user()))),
            ("DELETE", "/v2/Groups/u1/", Ok(Endpoint::Delete(ResourceType::Group, user()))),
            ("GET", "/v2/Schemas", Ok(Endpoint::Schemas(None))),
            ("GET", "/v2/ResourceTypes/User", Ok(Endpoint::ResourceTypes(Some("User".to_owned())))),
            ("PATCH", "/v2/Users", Err(Refusal::Method)),
            ("POST", "/v2/Users/u1", Err(Refusal::Method)),
            ("GET", "/v2/Users/.search", Err(Refusal::Method)),
            ("DELETE", "/v2/Schemas", Err(Refusal::Method)),
            ("GET", "/v2/Users/u1/emails", Err(Refusal::NotFound)),
            ("GET", "/v2/users", Err(Refusal::NotFound)),
            ("GET", "/v2", Err(Refusal::NotFound)),
            ("GET", "/", Err(Refusal::NotFound)),
            ("GET", "/v3/Users", Err(Refusal::NotFound)),
            ("GET", "/v1/Users", Err(Refusal::OldVersion)),
        ] {
            assert_eq!(Endpoint::parse(method, path), wanted, "{method} {path}");
        }
        assert_eq!(Endpoint::parse("GET", &format!("/v2/Users/{}", "u".repeat(129))), Err(Refusal::NotFound));
        for (path, status) in [("/v2/Bulk", 501), ("/v2/Me", 501), ("/v2/.search", 501)] {
            assert_eq!(Endpoint::parse("POST", path).unwrap_err().status(), status, "{path}");
        }
    }
}
