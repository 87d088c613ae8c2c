//! The peers in Rust, each set up as its documents say for a service provider that knows one identity provider.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::{DsigContext, KeysManager};
use saml::{
    Binding, ConsumeResponse, DigestAlgorithm, IdpDescriptor, LoginTracker, PeerCryptoPolicy, ReplayMode,
    ServiceProvider, ServiceProviderConfig, SignatureAlgorithm, SpWantSigned, SsoResponseBinding, SsoResponseEndpoint,
    StartLogin,
};
use saml_rs::{
    AcsEndpoint, BrowserInput, EntityId, FormField, MetadataTrustPolicy, PendingAuthnRequest, ReplayPolicy,
    SamlValidationContext, Sp, SpConfig, SpValidationPolicy, SsoResponse, StartSso,
};

use crate::{ACS, CERTIFICATE, IDP, SP};

/// What the identity provider publishes.
fn metadata() -> String {
    let certificate: String = CERTIFICATE.lines().filter(|line| !line.starts_with("-----")).collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{IDP}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"{IDP}/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

/// With its own defaults: trusted keys only, strict about where the signed element stands.
pub struct Bergshamra(DsigContext);

impl Bergshamra {
    pub fn new() -> Self {
        let mut keys = KeysManager::new();
        keys.add_key(bergshamra::keys::loader::load_x509_cert_pem(CERTIFICATE.as_bytes()).unwrap());
        let context = DsigContext::new(keys);
        assert!(context.trusted_keys_only && context.strict_verification);
        Self(context)
    }

    pub fn verifies(&self, xml: &str) -> bool {
        bergshamra::verify(&self.0, xml).is_ok_and(|result| result.all_reference_digests_verified())
    }
}

/// With strong algorithms only, and without its cache of used Assertions: the same one comes again and again.
pub struct Saml {
    provider: ServiceProvider,
    idp: IdpDescriptor,
    tracker: LoginTracker,
}

impl Saml {
    pub fn new() -> Self {
        let provider = ServiceProvider::new(ServiceProviderConfig {
            entity_id: SP.to_owned(),
            acs: vec![SsoResponseEndpoint::post(ACS, 0, true)],
            slo: vec![],
            name_id_formats: vec![],
            signing_key: None,
            decryption_key: None,
            sign_authn_requests: false,
            want_signed: SpWantSigned { response: true, assertions: false },
            allow_unsolicited: false,
            default_peer_crypto_policy: PeerCryptoPolicy::strong_defaults(),
            outbound_signature_algorithm: SignatureAlgorithm::RsaSha256,
            outbound_digest_algorithm: DigestAlgorithm::Sha256,
        })
        .unwrap();
        let idp = IdpDescriptor::from_metadata_xml(metadata().as_bytes()).unwrap();
        let start = StartLogin {
            relay_state: None,
            binding: Binding::HttpPost,
            force_authn: false,
            is_passive: false,
            requested_name_id_format: None,
            requested_authn_context: None,
            acs_index: None,
            acs_url: None,
            response_binding: None,
        };
        let tracker = provider.start_login(&idp, start).unwrap().tracker;
        Self { provider, idp, tracker }
    }

    pub fn request(&self) -> &str {
        self.tracker.request_id()
    }

    pub fn verifies(&self, field: &str) -> bool {
        let Ok(xml) = STANDARD.decode(field) else { return false };
        let consumed = self.provider.consume_response(ConsumeResponse {
            idp: &self.idp,
            peer_crypto_policy: None,
            saml_response: &xml,
            binding: SsoResponseBinding::HttpPost,
            relay_state: None,
            tracker: Some(&self.tracker),
            expected_destination: ACS,
            now: SystemTime::now(),
            clock_skew: Duration::from_secs(60),
            replay_cache: None,
            replay_mode: ReplayMode::OneTimeUseOnly,
            holder_of_key_cert: None,
        });
        consumed.is_ok()
    }
}

/// Over AWS-LC, with its recommended checks, and without a cache too.
pub struct SamlRs {
    provider: saml_rs::Saml<Sp>,
    idp: saml_rs::IdpDescriptor,
    pending: PendingAuthnRequest,
}

impl SamlRs {
    pub fn new() -> Self {
        let config = SpConfig::builder(EntityId::try_new(SP).unwrap())
            .acs_endpoint(AcsEndpoint::post(ACS).unwrap())
            .validation(SpValidationPolicy::recommended())
            .build()
            .unwrap();
        let provider = saml_rs::Saml::sp(config).unwrap();
        let idp = saml_rs::IdpDescriptor::from_metadata_xml_for(
            EntityId::try_new(IDP).unwrap(),
            &metadata(),
            MetadataTrustPolicy::UnsignedForCompatibility,
        )
        .unwrap();
        let pending = provider.start_sso(&idp, StartSso::post()).unwrap().pending;
        Self { provider, idp, pending }
    }

    pub fn request(&self) -> &str {
        self.pending.request_id().as_str()
    }

    pub fn verifies(&self, field: &str) -> bool {
        let fields = vec![FormField::new("SAMLResponse", field)];
        let context = SamlValidationContext::new(SystemTime::now(), ReplayPolicy::DisabledForCompatibility);
        self.provider.finish_sso(&self.idp, &self.pending, BrowserInput::<SsoResponse>::post(fields), context).is_ok()
    }
}
