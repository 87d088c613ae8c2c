//! Which function takes a request.

use percent_encoding::percent_decode_str;
use stoa_core::routes::{ROUTES, Route};

/// A route that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The function.
    pub function: &'static str,
    /// `POST /saml/{connection}/acs`, or `$default`.
    pub key: String,
    /// The path parameters, decoded.
    pub parameters: Vec<(String, String)>,
}

/// The route of a request: one without parameters before one with, `$default` last.
pub fn find(method: &str, path: &str) -> Option<Matched> {
    let routes = || ROUTES.iter().flat_map(|function| function.routes.iter().map(|route| (function.name, *route)));
    let mut best: Option<Matched> = None;
    for (function, route) in routes() {
        let Route::On(on, pattern) = route else { continue };
        if on.as_str() != method {
            continue;
        }
        let Some(parameters) = parameters(pattern, path) else { continue };
        if best.as_ref().is_none_or(|best| parameters.len() < best.parameters.len()) {
            best = Some(Matched { function, key: format!("{method} {pattern}"), parameters });
        }
    }
    best.or_else(|| {
        let (function, _) = routes().find(|(_, route)| *route == Route::Default)?;
        Some(Matched { function, key: "$default".to_owned(), parameters: Vec::new() })
    })
}

fn parameters(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut parameters = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parameters),
            (Some(wanted), Some(given)) => match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
                Some(name) if !given.is_empty() => parameters.push((name.to_owned(), decoded(given))),
                None if wanted == given => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
