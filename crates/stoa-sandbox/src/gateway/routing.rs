//! Which function takes a request.

use percent_encoding::percent_decode_str;
use stoa_core::routes::{ROUTES, Route};

/// A route that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The name of the function that the route starts.
    pub function: &'static str,
    /// `POST /saml/{connection}/acs`, or `$default`.
    pub key: String,
    /// The path parameters, decoded.
    pub parameters: Vec<(String, String)>,
}

/// The route of a request: one without parameters before one with, `$default` last.
pub fn find(method: &str, path: &str) -> Option<Matched> {
    let routes = || ROUTES.iter().flat_map(|function| function.routes.iter().map(|route| (function.name, *route)));
    let taking = routes().filter(|(_, route)| matches!(route, Route::On(on, _) if on.as_str() == method));
    let matching = taking.filter_map(|(function, route)| Some((function, route, route.takes(path)?)));
    let best = matching.min_by_key(|(_, _, parameters)| parameters.len());
    let default = || routes().find(|(_, route)| *route == Route::Default);
    let (function, route, parameters) =
        best.or_else(|| default().map(|(function, route)| (function, route, Vec::new())))?;
    let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), decoded(value))).collect();
    Some(Matched { function, key: route.key(), parameters })
}

pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
