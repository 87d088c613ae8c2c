//! WorkOS: the customer's administrator follows WorkOS's own guide; the environment's has two things to do.

use stoa_core::connection::{Connection, WorkosDocument};

use super::attributes::{Travel, rows};
use super::section::Section;

pub(super) fn sections(connection: &Connection, settings: &WorkosDocument, public_url: &str) -> Vec<Section> {
    let named = |id: &Option<String>| id.clone().unwrap_or_else(|| "any".to_owned());
    vec![
        Section::new("For whoever runs the WorkOS environment: WorkOS Dashboard")
            .row("Redirects > Redirect URIs > Edit", connection.redirect_uri(public_url))
            .row("API Keys > Client ID, as we have it", &*settings.client_id)
            .row("API Keys > Secret key", format!("stoa secret put oidc/{}", connection.id()))
            .row("Organization, as we have it", named(&settings.organization))
            .row("Connection, as we have it", named(&settings.connection))
            .note("If people start from their identity provider's portal, the redirect URI must be the default one.")
            .note("Organizations > the organization > Invite admin > Single Sign-On > Copy setup link: the link, valid for")
            .note("30 days, goes to the customer's administrator."),
        Section::new("For the customer's administrator: open the setup link and choose the identity provider")
            .note("WorkOS shows the steps for it, with its values. Test the connection there at the end."),
        Section::new("What the profile must contain")
            .rows(rows(connection, Travel::Workos))
            .note("WorkOS's setup maps id to idp_id, firstName to first_name and lastName to last_name. Other attributes that")
            .note("the environment maps (Custom attributes) are called custom.NAME in our settings."),
    ]
}
