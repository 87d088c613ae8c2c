//! The documents that say what is supported (RFC 7644 §4, RFC 7643 §5–§7).

use serde_json::{Map, Value, json};

use crate::limits::MAX_COUNT;
use crate::list;
use crate::refusal::Refusal;
use crate::schema::{Attribute, ENTERPRISE, GROUP, ResourceType, Schema, USER};

const CONFIG_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

static SCHEMAS: [&Schema; 3] = [&USER, &ENTERPRISE, &GROUP];

/// `ServiceProviderConfig`. `base` is the address of the endpoints, without a slash at its end.
pub fn service_provider_config(base: &str) -> Value {
    let supported = |supported: bool| json!({ "supported": supported });
    json!({
        "schemas": [CONFIG_URN],
        "patch": supported(true),
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": supported(false),
        "sort": supported(true),
        "etag": supported(true),
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token from whoever runs this service, in the header Authorization",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") }
    })
}

/// All of `ResourceTypes`.
pub fn resource_types(base: &str) -> Value {
    list::whole(ResourceType::ALL.into_iter().map(|resource| type_document(resource, base)).collect())
}

/// One of `ResourceTypes`, by its name; `None` where there is none of it.
pub fn resource_type(name: &str, base: &str) -> Option<Value> {
    let resource = ResourceType::ALL.into_iter().find(|resource| resource.name() == name)?;
    Some(type_document(resource, base))
}

/// All of `Schemas`.
pub fn schemas(base: &str) -> Value {
    list::whole(SCHEMAS.iter().map(|schema| schema_document(schema, base)).collect())
}

/// One of `Schemas`, by its URN in whatever case; `None` where there is none of it.
pub fn schema(urn: &str, base: &str) -> Option<Value> {
    SCHEMAS.iter().find(|schema| schema.is(urn)).map(|schema| schema_document(schema, base))
}

/// These documents take no filter (RFC 7644 §4): a client that filters them believes that there are others.
pub fn refuse_filter<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), Refusal> {
    match parameters.into_iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        true => Err(Refusal::FilterForbidden),
        false => Ok(()),
    }
}

fn type_document(resource: ResourceType, base: &str) -> Value {
    let extensions: Vec<Value> =
        resource.extension().iter().map(|schema| json!({ "schema": schema.id, "required": false })).collect();
    let mut document = json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": resource.name(),
        "name": resource.name(),
        "description": resource.schema().description,
        "endpoint": format!("/{}", resource.endpoint()),
        "schema": resource.schema().id,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", resource.name()) }
    });
    if !extensions.is_empty() {
        document["schemaExtensions"] = extensions.into();
    }
    document
}

fn schema_document(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": [SCHEMA_URN],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute_document).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) }
    })
}

fn attribute_document(attribute: &Attribute) -> Value {
    let mut document = Map::new();
    let mut say = |name: &str, value: Value| document.insert(name.to_owned(), value);
    say("name", attribute.name.into());
    say("type", attribute.kind.as_str().into());
    say("multiValued", attribute.is_multi.into());
    say("description", attribute.description.into());
    say("required", attribute.is_required.into());
    say("caseExact", attribute.is_case_exact.into());
    say("mutability", attribute.mutability.as_str().into());
    say("returned", attribute.returned.as_str().into());
    say("uniqueness", attribute.uniqueness.as_str().into());
    if !attribute.canonical.is_empty() {
        say("canonicalValues", attribute.canonical.into());
    }
    if !attribute.references.is_empty() {
        say("referenceTypes", attribute.references.into());
    }
    if !attribute.sub.is_empty() {
        say("subAttributes", attribute.sub.iter().map(attribute_document).collect());
    }
    document.into()
}
