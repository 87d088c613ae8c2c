//! SCIM 2.0 for a service provider, without IO.
//!
//! A client (Entra, Okta, PingFederate, …) sends people and groups; this crate says what its requests mean and how they
//! are answered. It opens nothing, stores nothing and knows no clock: the caller has the store, and gives instants,
//! ids and bytes.
//!
//! | module | what |
//! |---|---|
//! | [`endpoint`] | which endpoint a method and a path mean |
//! | [`discovery`] | the documents that say what is supported |
//! | [`schema`] | the attributes of people and groups, as data |
//! | `json` | a body as JSON, within bounds, no member twice |
//! | `shape` | a value in the form that its attribute has, whatever form the client gave it |
//! | [`profile`] | what is kept of a person or a group: POST and PUT |
//! | [`patch`] | PATCH: all operations or none, members as single edges |
//! | [`filter`] | filters: parse, print, evaluate, find by a key |
//! | `parser` | one parser of filters and of PATCH paths |
//! | `name` | which attribute a name means, with or without its schema |
//! | [`query`] | the parameters of a list, from an address or from `.search` |
//! | [`projection`] | `attributes` and `excludedAttributes` |
//! | [`sort`] | `sortBy`, with a stable order |
//! | [`list`] | pages and ListResponse |
//! | [`document`] | a resource as it is answered |
//! | [`version`] | ETags, `If-Match`, `If-None-Match` |
//! | [`text`] | the one normal form in which texts are compared and found |
//! | [`refusal`] | why a request is refused: status, `scimType`, a sentence |
//! | [`ignored`] | what was left out of a request that is otherwise done |
//! | [`limits`] | the bounds |
//!
//! # What holds
//! - A request is done or refused, never half done: [`patch::Patch::apply`] returns a new profile or a [`Refusal`].
//! - An attribute that nobody defined stops no person: it is left out and named in [`Ignored`]. What cannot be read
//!   changes nothing.
//! - A PATCH of a group names edges, and never needs the list of its members: two at once lose nothing of each other.
//! - One normal form ([`text::folded`]) decides whether two texts are the same, in a filter as in a key.
//! - No [`Refusal`] and no `Debug` holds a value: both may be logged.
//!
//! ```
//! use stoa_scim::{Patch, Profile, ResourceType};
//!
//! let body = br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
//!                 "userName":"ada@example.com","name":{"givenName":"Ada"}}"#;
//! let created = Profile::create(ResourceType::User, body)?;
//! assert!(created.profile.is_active());
//!
//! // As Entra switches somebody off: capitals, and a text where the truth value should be.
//! let body = br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!                 "Operations":[{"op":"Replace","path":"active","value":"False"}]}"#;
//! let patched = Patch::parse(ResourceType::User, body)?.apply(&created.profile)?;
//! assert!(!patched.profile.is_active());
//! # Ok::<(), stoa_scim::Refusal>(())
//! ```
//!
//! # Where the specifications are
//! Section numbers cite RFC 7643 (schemas) and RFC 7644 (protocol).

// A new variant must say what it means in every table.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod discovery;
pub mod document;
pub mod endpoint;
pub mod filter;
pub mod ignored;
mod json;
pub mod limits;
pub mod list;
mod name;
mod parser;
pub mod patch;
pub mod profile;
pub mod projection;
pub mod query;
pub mod refusal;
pub mod schema;
mod shape;
pub mod sort;
pub mod text;
pub mod version;

pub use endpoint::Endpoint;
pub use filter::{Filter, Lookup};
pub use ignored::Ignored;
pub use patch::{Edges, Patch, Patched};
pub use profile::{Profile, Received};
pub use projection::Projection;
pub use query::Query;
pub use refusal::{Refusal, ScimType};
pub use schema::ResourceType;
pub use version::{Precondition, Version};
