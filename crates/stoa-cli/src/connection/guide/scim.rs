//! The SCIM client of the customer's product: where to paste what, what to map, which boxes to tick.

use stoa_core::connection::{Connection, Preset, Source};

use super::section::Section;

pub(super) fn sections(connection: &Connection, public_url: &str) -> Vec<Section> {
    let is_scim = connection.directory().is_some_and(|directory| directory.source == Source::Scim);
    if !is_scim {
        return Vec::new();
    }
    let id = connection.id();
    let base = format!("{public_url}/scim/{id}/v2");
    let token = format!("from us; we make it with `stoa scim token create {id}`");
    let sections = match connection.document().preset {
        Preset::Entra => entra(&base, &token),
        Preset::Okta => okta(&base, &token),
        Preset::Pingfederate => pingfederate(&base, &token),
        Preset::Generic | Preset::Google => any(&base, &token),
    };
    sections.into_iter().chain([groups(connection)]).collect()
}

fn entra(base: &str, token: &str) -> Vec<Section> {
    vec![
        Section::new("Provision people: Enterprise applications > the application > Provisioning > New configuration")
            .row("Tenant URL", format!("{base}?aadOptscim062020"))
            .row("Secret Token", token)
            .note("Test Connection asks for somebody who does not exist and succeeds if nobody is found."),
        Section::new("Provisioning > Mappings > Provision Microsoft Entra ID Users")
            .row("externalId", "objectId; Match objects using this attribute: Yes, precedence 1")
            .row("userName", "userPrincipalName")
            .row("active", "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")")
            .row("emails[type eq \"work\"].value", "mail")
            .row("name.givenName, name.familyName", "givenName, surname")
            .note("externalId is mapped from mailNickname at first, which changes with a person's name: change it.")
            .note("Remove the other mappings. An attribute that becomes empty in Entra is not sent, and stays here."),
        Section::new("Provisioning > Settings, and Users and groups")
            .row("Scope", "Sync only assigned users and groups")
            .note("Assign the groups, not only the people: groups in groups are not sent. A cycle takes 40 minutes."),
    ]
}

fn okta(base: &str, token: &str) -> Vec<Section> {
    vec![
        Section::new("Provision people: the application > General > App Settings > Provisioning: SCIM")
            .row("Provisioning > Integration > SCIM connector base URL", base)
            .row("Unique identifier field for users", "userName")
            .row("Supported provisioning actions", "Push New Users, Push Profile Updates, Push Groups")
            .row("Authentication Mode", "HTTP Header")
            .row("Authorization: Bearer", token)
            .note("Test Connector Configuration succeeds for the actions above."),
        Section::new("Provisioning > To App > Edit")
            .row("Enable", "Create Users, Update User Attributes, Deactivate Users")
            .row("Attributes to keep", "userName, givenName, familyName, email")
            .note("Sync Password stays off: a password is neither read nor kept."),
        Section::new("Push Groups > Push Groups > Find groups by name")
            .note("Do not push a group that is also used for assignments: Okta does not support that."),
    ]
}

fn pingfederate(base: &str, token: &str) -> Vec<Section> {
    vec![
        Section::new("Provision people: SP Connections > the connection > Connection Type > Outbound Provisioning")
            .row("Type", "SCIM Connector (the add-on; the bundled provisioner speaks SCIM 1.1 only)")
            .row("SCIM URL", base)
            .row("SCIM Version", "2.0")
            .row("Authentication Method", "OAuth 2 Bearer Token")
            .row("Access Token", token)
            .row("Unique User Identifier", "userName")
            .row("Remove User Action", "Disable")
            .row("Provision Disabled Users", "off"),
        Section::new("Outbound Provisioning > Manage Channels > the channel > Attribute Mapping")
            .row("userName", "what SAML_SUBJECT is, so that one person has one name")
            .row("workEmail", "mail")
            .row("givenName, familyName", "givenName, sn")
            .note("Source Location > Groups: the groups whose members get courses."),
    ]
}

fn any(base: &str, token: &str) -> Vec<Section> {
    vec![
        Section::new("Provision people: the SCIM 2.0 client of your directory")
            .row("Base URL", base)
            .row("Bearer token", token)
            .row("Must be sent", "userName, active")
            .row("Needed for an account", "emails, or an address as userName; name.givenName, name.familyName")
            .row("Should be sent", "externalId: an id that never changes")
            .note("Whoever leaves is sent with active = false, or deleted. Passwords are neither read nor kept."),
    ]
}

pub(super) fn groups(connection: &Connection) -> Section {
    let grants = connection.directory().map_or(&[][..], |directory| &directory.grant);
    let named: Vec<&str> = grants.iter().filter_map(|grant| grant.group.as_deref()).collect();
    let section = Section::new("Send the groups that give people their courses");
    let section = match named.is_empty() {
        true => section.note("No group gives anything at the moment, so none needs to be sent."),
        false => section.row("Groups, by name", named.join(", ")),
    };
    section.note(format!(
        "An address counts if its domain is {}. Whoever has another one gets no account.",
        connection.document().domains.join(" or ")
    ))
}
