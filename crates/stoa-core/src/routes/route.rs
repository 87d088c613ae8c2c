//! The routes of the HTTP API, and which paths they take.

/// A route of the HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A method and a path, with `{connection}` for a path parameter.
    On(Method, &'static str),
    /// Whatever no other route takes (`$default`).
    Default,
}

impl Route {
    /// The gateway's name of it (`routeKey`): `POST /saml/{connection}/acs`, or `$default`.
    pub fn key(self) -> String {
        match self {
            Self::On(method, pattern) => format!("{} {pattern}", method.as_str()),
            Self::Default => "$default".to_owned(),
        }
    }

    /// Whether its pattern takes a path: then the path's parameters, by name, as they stand there. `$default` has no
    /// pattern.
    pub fn takes(self, path: &str) -> Option<Vec<(&'static str, &str)>> {
        let Self::On(_, pattern) = self else { return None };
        let mut parameters = Vec::new();
        let (mut wanted, mut given) = (pattern, Some(path));
        loop {
            let (segment, wanted_after) =
                wanted.split_once('/').map_or((wanted, None), |(one, rest)| (one, Some(rest)));
            let left = given?;
            let parameter = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            // A greedy parameter is the last one, and takes all that is left.
            if let Some(name) = parameter.and_then(|name| name.strip_suffix('+')) {
                parameters.push((name, left));
                return (!left.is_empty()).then_some(parameters);
            }
            let (text, given_after) = left.split_once('/').map_or((left, None), |(one, rest)| (one, Some(rest)));
            match parameter {
                Some(name) if !text.is_empty() => parameters.push((name, text)),
                None if segment == text => {}
                Some(_) | None => return None,
            }
            match (wanted_after, given_after) {
                (None, None) => return Some(parameters),
                (Some(rest), given_after) => (wanted, given) = (rest, given_after),
                (None, Some(_)) => return None,
            }
        }
    }
}

/// An HTTP method that a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// As it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_takes_the_paths_of_its_pattern_and_no_other() {
        let acs = Route::On(Method::Post, "/saml/{connection}/acs");
        assert_eq!(acs.key(), "POST /saml/{connection}/acs");
        assert_eq!(acs.takes("/saml/pg%20/acs"), Some(vec![("connection", "pg%20")]));
        for other in ["/saml/pg", "/saml//acs", "/saml/pg/acs/", "/saml/pg/x/acs", "/oidc/pg/acs", "/", ""] {
            assert_eq!(acs.takes(other), None, "{other:?}");
        }
        let scim = Route::On(Method::Patch, "/scim/{connection}/{proxy+}");
        assert_eq!(scim.takes("/scim/pg/v2/Users/7"), Some(vec![("connection", "pg"), ("proxy", "v2/Users/7")]));
        assert_eq!(scim.takes("/scim/pg/v2/"), Some(vec![("connection", "pg"), ("proxy", "v2/")]));
        for other in ["/scim/pg", "/scim/pg/", "/scim//v2", "/scim", "/x/pg/v2"] {
            assert_eq!(scim.takes(other), None, "{other:?}");
        }
        let script = Route::On(Method::Get, "/teams/script.js");
        assert_eq!(script.takes("/teams/script.js"), Some(Vec::new()));
        assert_eq!((Route::Default.key().as_str(), Route::Default.takes("/")), ("$default", None));
    }
}
