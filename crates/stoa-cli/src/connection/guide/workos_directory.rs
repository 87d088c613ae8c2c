//! A directory behind WorkOS: what whoever runs the environment sets up, and what the customer's administrator does.

use stoa_core::connection::Connection;

use super::scim::groups;
use super::section::Section;

pub(super) fn sections(connection: &Connection, public_url: &str) -> Vec<Section> {
    let Some(source) = connection.directory().and_then(|directory| directory.workos.as_ref()) else {
        return Vec::new();
    };
    let id = connection.id();
    vec![
        Section::new("Provision people, for whoever runs the WorkOS environment: WorkOS Dashboard > Webhooks")
            .row("Endpoint URL", format!("{public_url}/workos/{id}/webhook"))
            .row("Events", "all that begin with dsync.")
            .row("Signing secret", format!("stoa secret put workos/{id}"))
            .row("API Keys > Secret key", format!("stoa secret put oidc/{id}"))
            .row("Directory, as we have it", &*source.directory)
            .note("Organizations > the organization > Invite admin > Directory Sync > Copy setup link: the link, valid for")
            .note("30 days, goes to the customer's administrator."),
        Section::new("Provision people, for the customer's administrator: open the setup link and choose the directory")
            .note("WorkOS shows the steps for it. Assign the groups that are named below as well as the people.")
            .note("We keep address, names, state and ids of each person; other attributes that are mapped there we drop."),
        groups(connection),
    ]
}
