//! Home-realm discovery: from the domain of an address to the connection that it signs in through.
//!
//! Only active connections that want to be found have entries, so a domain that is nobody's and one whose connection
//! is hidden, a draft or switched off are the same to whoever asks: one read, no entry.

use std::collections::BTreeMap;

use crate::connection::{ConnectionDocument, ConnectionState};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::ids::ConnectionId;

/// A connection that a domain leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The connection that it leads to.
    pub connection: ConnectionId,
    /// What people choose by.
    pub name: String,
}

/// Where a domain leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// To one connection, or to the one that was chosen.
    One(&'a Entry),
    /// To several: the person has to choose.
    Several,
}

/// Decides among the entries of a domain. `unverified_choice` came from the page and must be one of them.
pub fn find<'a>(domain: &str, entries: &'a [Entry], unverified_choice: Option<&str>) -> Result<Found<'a>, Failure> {
    match (entries, unverified_choice) {
        (_, Some(choice)) => {
            let chosen = entries.iter().find(|entry| entry.connection.as_str() == choice);
            chosen.map(Found::One).ok_or_else(|| Failure::noted(Fault::ChoiceForeign, choice))
        }
        ([], None) => Err(Failure::noted(Fault::DomainUnknown, domain)),
        ([one], None) => Ok(Found::One(one)),
        (_, None) => Ok(Found::Several),
    }
}

/// The domains by which a connection is found, each with the name that is shown.
pub fn entries(document: &ConnectionDocument, state: ConnectionState) -> BTreeMap<&str, &str> {
    let name = document.name.as_deref().unwrap_or(document.customer.as_str());
    match state {
        ConnectionState::Active if document.discoverable => {
            document.domains.iter().map(|domain| (domain.as_str(), name)).collect()
        }
        ConnectionState::Active | ConnectionState::Draft | ConnectionState::Tested | ConnectionState::Disabled => {
            BTreeMap::new()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry { connection: ConnectionId::parse(id).unwrap(), name: id.to_uppercase() }
    }

    #[test]
    fn c146_only_active_connections_that_want_to_be_found_have_entries() {
        let text = "id = \"pg\"\ncustomer = \"pg\"\nschool = \"s\"\ndomains = [\"pg.com\"]\n";
        let document = |more: &str| toml::from_str::<ConnectionDocument>(&format!("{text}{more}")).unwrap();
        let plain = document("");
        assert_eq!(entries(&plain, ConnectionState::Active), BTreeMap::from([("pg.com", "pg")]));
        for state in [ConnectionState::Draft, ConnectionState::Tested, ConnectionState::Disabled] {
            assert!(entries(&plain, state).is_empty(), "{state:?}");
        }
        assert!(entries(&document("discoverable = false"), ConnectionState::Active).is_empty());
    }

    #[test]
    fn c142_a_choice_must_be_one_of_the_domain_s() {
        let (one, two) = ([entry("pg")], [entry("pg"), entry("pg-two")]);
        let fault = |entries, choice| find("pg.com", entries, choice).unwrap_err().fault;
        assert_eq!(find("pg.com", &one, None).unwrap(), Found::One(&one[0]));
        assert_eq!(find("pg.com", &two, None).unwrap(), Found::Several);
        assert_eq!(find("pg.com", &two, Some("pg-two")).unwrap(), Found::One(&two[1]));
        assert_eq!(fault(&[], None), Fault::DomainUnknown);
        for (entries, choice) in [(&two[..], "acme"), (&one[..], "PG"), (&one[..], ""), (&[][..], "pg")] {
            assert_eq!(fault(entries, Some(choice)), Fault::ChoiceForeign);
        }
    }
}
