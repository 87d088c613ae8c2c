//! The SAML side of a connection.

use serde::{Deserialize, Serialize};

use super::checks::{MAX_SKEW, UrlPolicy, check_url, default_skew};
use super::error::ConnectionError;

/// How settings call SAML's name identifier.
pub(crate) const NAME_ID: &str = "name_id";

/// The SAML side of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlDocument {
    /// Path of the identity provider's metadata, beside the TOML file. Read when the connection is applied; the
    /// table holds what was read, in `idp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_file: Option<String>,
    /// Where the identity provider publishes its metadata: read by `apply` where no file is named, and by
    /// `trust-refresh` ever after. PingFederate: with `PartnerSpId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_url: Option<String>,
    /// Which identity provider of the metadata is meant, where it describes several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp_entity_id: Option<String>,
    /// Certificates, PEM, one of which signs the metadata at `metadata_url`. What it signs is believed at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata_certificates: Vec<String>,
    /// What the metadata says; written by `stoa connection apply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp: Option<IdpDocument>,
    /// Our entity id. It outlives the host, so it may be that of an earlier integration.
    pub sp_entity_id: String,
    /// How the AuthnRequest travels.
    #[serde(default)]
    pub request_binding: RequestBinding,
    /// Whether AuthnRequests are signed, with the key in the secret `saml/{connection}`.
    #[serde(default)]
    pub sign_requests: bool,
    /// What happens to logins that the identity provider began.
    #[serde(default)]
    pub idp_initiated: IdpInitiated,
    /// Ask for a fresh authentication, and check that it was one.
    #[serde(default)]
    pub force_authn: bool,
    /// Clock difference borne, in seconds: at most 300.
    #[serde(default = "default_skew")]
    pub skew_seconds: u16,
    /// NameID format to ask for. Absent: none is asked for (PingFederate refuses an empty one).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_id_format: Option<String>,
    /// Our certificates, PEM, whose private keys are in the secret `saml/{connection}`: for signing requests and for
    /// assertions encrypted to us. Public; two while one follows the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sp_certificates: Vec<String>,
}

/// What stoa took from the identity provider's metadata. Its signing keys are in the `trust` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdpDocument {
    /// The issuer of its assertions.
    pub entity_id: String,
    /// `SingleSignOnService` with the HTTP-Redirect binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_redirect: Option<String>,
    /// `SingleSignOnService` with the HTTP-POST binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_post: Option<String>,
}

/// How an AuthnRequest travels (SAML bindings §3.4, §3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestBinding {
    /// In the address.
    #[default]
    Redirect,
    /// In a form that posts itself.
    Post,
}

/// What happens to logins that the identity provider began. There is no silent "allow": an unsolicited Response can
/// be posted into anybody's browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdpInitiated {
    /// The post is only a reason to begin a login here. Nothing in it is believed.
    #[default]
    Convert,
    /// The Response is verified, then the person is asked "Continue as Mary M. (m…r@pg.com)?".
    Confirm,
    /// A Response that answers no request of ours is refused.
    Off,
}

/// A SAML side whose parts hold together.
#[derive(Clone, Debug)]
pub struct Saml {
    document: SamlDocument,
    idp: IdpDocument,
    sso_url: String,
    sp_certificates: Vec<stoa_saml::Certificate>,
}

impl Saml {
    pub(super) fn check(document: &SamlDocument, policy: UrlPolicy) -> Result<Self, ConnectionError> {
        let idp = document.idp.clone().ok_or(ConnectionError::NoIdp)?;
        if !(1..=1024).contains(&document.sp_entity_id.len()) {
            return Err(ConnectionError::BadEntityId);
        }
        if document.skew_seconds > MAX_SKEW {
            return Err(ConnectionError::SkewTooLarge("saml"));
        }
        if document.name_id_format.as_deref().is_some_and(|format| format.ends_with(":transient")) {
            return Err(ConnectionError::TransientNameId);
        }
        if let Some(url) = &document.metadata_url {
            check_url("saml.metadata_url", url, policy)?;
        }
        let (sso_url, binding) = match document.request_binding {
            RequestBinding::Redirect => (&idp.sso_redirect, "HTTP-Redirect"),
            RequestBinding::Post => (&idp.sso_post, "HTTP-POST"),
        };
        let sso_url = sso_url.clone().ok_or(ConnectionError::NoEndpoint(binding))?;
        check_url("saml.idp", &sso_url, policy)?;
        let certificates = |field: &'static str, pems: &[String]| {
            let parse = |(i, pem): (usize, &String)| {
                stoa_saml::Certificate::from_pem(pem).map_err(|_| ConnectionError::BadCertificate(field, i))
            };
            pems.iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()
        };
        let sp_certificates = certificates("saml.sp_certificates", &document.sp_certificates)?;
        certificates("saml.metadata_certificates", &document.metadata_certificates)?;
        if document.sign_requests && sp_certificates.is_empty() {
            return Err(ConnectionError::NoSpCertificate);
        }
        Ok(Self { idp, sso_url, sp_certificates, document: document.clone() })
    }

    /// As written.
    pub fn document(&self) -> &SamlDocument {
        &self.document
    }
    /// The identity provider.
    pub fn idp(&self) -> &IdpDocument {
        &self.idp
    }
    /// Where AuthnRequests go, by the chosen binding.
    pub fn sso_url(&self) -> &str {
        &self.sso_url
    }
    /// Our certificates.
    pub fn sp_certificates(&self) -> &[stoa_saml::Certificate] {
        &self.sp_certificates
    }
}
