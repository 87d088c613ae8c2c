//! The two forms of Entra's tokens, and which of them speak of a guest.

/// Which of the two forms of Entra's access tokens.
#[derive(Clone, Copy)]
pub(crate) enum TokenForm {
    /// Version 1.
    One,
    /// Version 2.
    Two,
}

impl TokenForm {
    /// The issuer of a tenant's tokens.
    pub(crate) fn issuer(self, tenant: &str) -> String {
        match self {
            Self::One => format!("https://sts.windows.net/{tenant}/"),
            Self::Two => format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        }
    }

    /// The claim that names the program which asked for the token.
    pub(crate) const fn application(self) -> &'static str {
        match self {
            Self::One => "appid",
            Self::Two => "azp",
        }
    }
}

/// A guest belongs to another tenant: `idp` is there where not the issuer signed the person on, and the optional claim
/// `acct` says it outright.
pub(crate) fn is_guest(attributes: &[(String, Vec<String>)], tenant: &str, issuer: &str) -> bool {
    // The issuer's own form besides: national clouds have other hosts.
    let home = [TokenForm::One.issuer(tenant), TokenForm::Two.issuer(tenant), issuer.to_owned()];
    let is_foreign = |(name, values): &(String, Vec<String>)| match name.as_str() {
        "idp" => values.iter().any(|value| !home.contains(value)),
        "acct" => values.iter().any(|value| value != "0"),
        _ => false,
    };
    attributes.iter().any(is_foreign)
}
