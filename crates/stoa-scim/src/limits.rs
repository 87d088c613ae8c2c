//! The bounds. What is beyond one is refused with a sentence that names it.

/// Bytes of a body. A Lambda request holds 6 MB, and `application/scim+json` arrives in base64.
pub const BODY_BYTES: usize = 4_500_000;
/// Objects and arrays inside each other. The deepest that a client sends is six: an operation's value with an
/// extension with a list of objects.
pub const DEPTH: usize = 12;
/// Values of a body, of any kind: [`MEMBERS`] with four attributes each, and room beside them.
pub const VALUES: usize = 250_000;
/// Bytes of what is kept of a person or a group, as JSON and without members. With its keys it fits an item of a table.
pub const PROFILE_BYTES: usize = 64 * 1024;
/// Values of one multi-valued attribute other than `members`.
pub const ELEMENTS: usize = 50;
/// Operations of a PATCH. Entra removes each member by an operation of its own, Okta sends up to 256 members.
pub const OPERATIONS: usize = 1_000;
/// Members that one request names.
pub const MEMBERS: usize = 40_000;
/// Bytes of an id that a client sends: of a member, of a resource.
pub const ID_BYTES: usize = 128;
/// Bytes of a filter.
pub const FILTER_BYTES: usize = 4_096;
/// Comparisons of a filter.
pub const FILTER_TERMS: usize = 32;
/// Parentheses and brackets of a filter inside each other.
pub const FILTER_DEPTH: usize = 16;
/// Bytes of a PATCH path, its filter included.
pub const PATH_BYTES: usize = 1_024;
/// Comparisons of a PATCH path: each is made against every value, by every operation.
pub const PATH_TERMS: usize = 8;
/// Names in `attributes` or `excludedAttributes`.
pub const PROJECTED: usize = 64;
/// Resources of a page where the client does not say how many.
pub const DEFAULT_COUNT: usize = 100;
/// The most resources of a page.
pub const MAX_COUNT: usize = 1_000;
/// Tags of an `If-Match` or `If-None-Match`.
pub const TAGS: usize = 16;
/// Characters of a name from a request that a refusal or a note repeats.
pub const QUOTED_CHARS: usize = 64;
/// Names that are noted as ignored; more are counted.
pub const IGNORED_NAMES: usize = 20;
