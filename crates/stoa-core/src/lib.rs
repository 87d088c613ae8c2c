//! The decisions of stoa, without IO.
//!
//! Everything here is a function of untrusted input, stored records, configuration and *now*; random bytes and the
//! time are arguments. `stoa-service` carries the results out.
//!
//! | module | decides |
//! |---|---|
//! | [`routes`] | which functions exist and what each may touch |
//! | [`connection`] | whether a customer's configuration holds together |
//! | [`home_realm`] | which connection an address signs in through |
//! | [`binding`], [`ticket`] | what ties a login to its browser |
//! | [`relay`], [`destination`] | what a login remembers on its way, and where in the school it may end |
//! | [`again`] | that a login follows one that had ended |
//! | [`login`] | what a conditional write that was refused means |
//! | [`oidc`] | what an OpenID provider is asked, and whether what it answers is proven |
//! | [`workos`] | what WorkOS answered, and whose profile it is |
//! | [`teams`] | whether a Teams token is one of ours |
//! | [`identity`] | who a proven message speaks of, and whether they may enter |
//! | [`ids`], [`email`] | which names, references and addresses there can be |
//! | [`keys`] | what secrets are turned into: seals, and indexes that tell nobody |
//! | [`directory`] | whom a customer's directory wants at the school, and with what |
//! | [`person`], [`thinkific`] | which school account is theirs |
//! | [`webhook`] | whether what a school tells is proven, and what it says |
//! | [`dsync`] | whether what WorkOS tells of a directory is proven, and what it makes of what is known |
//! | [`provision`] | what is done at the school about a person of a directory |
//! | [`mirror`] | what a school has, as it was last seen |
//! | [`rehearsal`] | what a school is asked that Thinkific does not document, and what it answered |
//! | [`turn`] | who may ask a school about a person, and how often |
//! | `counted` | what is counted for a day, whatever an instance's clock says |
//! | [`line`] | when, where many have to ask |
//! | [`trust`] | whom a connection believes as time passes |
//! | [`refusal`] | why an answer, a token or a profile is not taken |
//! | [`fault`], [`failure`], [`pages`] | what a person is told, and what only on-call is |
//! | [`language`] | in which language |
//! | `published` | whether what a provider publishes is a JSON object |
//! | [`quote`], [`invisible`] | how much of a stranger's text is repeated, and which of its characters |
//! | [`arrived`] | what an administrator who tests is shown |
//! | [`diagnosis`] | why logins fail, from evidence |
//!
//! # From bytes to somebody who may enter
//!
//! Each step takes the proof of the one before, so none can be left out.
//!
//! ```
//! use stoa_core::connection::{Connection, ConnectionState, UrlPolicy};
//! use stoa_core::fault::Fault;
//! use stoa_core::identity::Verified;
//! use stoa_saml::{Certificate, Expected, Freshness, ResponseInput, Skew, Trust};
//! # use stoa_saml::{SigningKey, idp::{Issue, ResponseTemplate}};
//!
//! # macro_rules! key { ($file:literal) => {
//! #     include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../stoa-saml/testdata/keys/", $file))
//! # } }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = r#"
//!     id = "acme"
//!     customer = "acme"
//!     school = "pg-academy"
//!     domains = ["acme.com"]
//!     [attributes]
//!     email = "mail"
//!     [saml]
//!     sp_entity_id = "https://stoa.example/saml/acme"
//!     [saml.idp]
//!     entity_id = "https://idp.acme.com"
//!     sso_redirect = "https://idp.acme.com/sso"
//! "#;
//! let connection = Connection::check(toml::from_str(file)?, 1, ConnectionState::Active, UrlPolicy::Https)?;
//! let (us, acs) = ("https://stoa.example/saml/acme", connection.acs_url("https://stoa.example"));
//! let trust = Trust::new("https://idp.acme.com", vec![Certificate::from_pem(key!("idp-current.crt"))?])?;
//! let now = "2026-11-20T12:00:00Z".parse()?;
//!
//! let verified = |address: &str| -> Result<Verified, Box<dyn std::error::Error>> {
//!     // What the browser posts.
//! #   let key = SigningKey::from_pkcs8_pem(key!("idp-current.key"))?;
//! #   let response = ResponseTemplate::pingfederate("-1", "https://idp.acme.com", us, &acs, Some("_1"), "maria", now);
//! #   let xml = response.attribute("mail", &[address]).issue(&Issue::new(&key), &mut |_| ())?;
//!     let response = stoa_saml::verify(&ResponseInput {
//!         xml: &xml,
//!         trust: &trust,
//!         sp_entity_id: us,
//!         acs_url: &acs,
//!         expected: Expected::Request { id: "_1" },
//!         freshness: Freshness::Any,
//!         skew: Skew::default(),
//!         decryption_keys: &[],
//!         now,
//!     })?;
//!     Verified::from_saml(&response, &connection).map_err(|failure| failure.fault.code().into())
//! };
//! let admitted = verified("maria@acme.com")?.admit(&connection).map_err(|failure| failure.fault.code())?;
//! assert_eq!(format!("{admitted:?}"), "Admitted([redacted])");
//!
//! // Signed by their identity provider, and not theirs to say.
//! let failure = verified("maria@globex.com")?.admit(&connection).unwrap_err();
//! assert_eq!(failure.fault, Fault::EmailDomainForeign);
//! # Ok(())
//! # }
//! ```
// A new variant must say what it means in every table.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod again;
pub mod arrived;
pub mod binding;
pub mod connection;
mod counted;
pub mod destination;
pub mod diagnosis;
pub mod directory;
pub mod dsync;
pub mod email;
pub mod failure;
pub mod fault;
pub mod home_realm;
pub mod identity;
pub mod ids;
pub mod invisible;
pub mod keys;
pub mod language;
pub mod line;
pub mod login;
pub mod mirror;
pub mod oidc;
pub mod pages;
pub mod person;
pub mod provision;
mod published;
pub mod quote;
pub mod refusal;
pub mod rehearsal;
pub mod relay;
pub mod routes;
pub mod teams;
pub mod thinkific;
pub mod ticket;
pub mod trust;
pub mod turn;
pub mod webhook;
pub mod workos;
