//! What a filter can be answered from without looking at everybody.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::{Filter, Operand, Operator, Term, Test};
use crate::schema::ENTERPRISE;
use crate::text::folded;

/// A key under which the resources that a filter may match are found. All of them are; some may be too many, so that
/// [`Filter::matches`] still decides. Texts that are not `caseExact` are in their normal form ([`folded`]).
#[derive(Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Our id.
    Id(String),
    /// A person's `userName`, in normal form.
    UserName(String),
    /// The client's id, exactly.
    ExternalId(String),
    /// One of a person's addresses, in normal form.
    Email(String),
    /// A name as it is shown, in normal form.
    DisplayName(String),
    /// The id of a group's member.
    Member(String),
}

/// What is looked for is personal.
impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id(_) => "Id",
            Self::UserName(_) => "UserName",
            Self::ExternalId(_) => "ExternalId",
            Self::Email(_) => "Email",
            Self::DisplayName(_) => "DisplayName",
            Self::Member(_) => "Member",
        })
    }
}

impl Lookup {
    /// The fewest first.
    fn rank(&self) -> u8 {
        match self {
            Self::Id(_) => 0,
            Self::UserName(_) => 1,
            Self::ExternalId(_) => 2,
            Self::Email(_) => 3,
            Self::DisplayName(_) => 4,
            Self::Member(_) => 5,
        }
    }
}

impl Filter {
    /// The best key, if one of the terms that must hold has one; `None` means that everybody has to be looked at.
    pub fn lookup(&self) -> Option<Lookup> {
        self.necessary().into_iter().min_by_key(Lookup::rank)
    }

    /// Whether it says anything of this attribute of the core, or of a part of it: whoever evaluates it has to read that.
    pub fn mentions(&self, attribute: &str) -> bool {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().any(|filter| filter.mentions(attribute)),
            Self::Not(filter) => filter.mentions(attribute),
            Self::Term(term) => term.path.extension.is_none() && term.path.attribute.name == attribute,
            Self::Within { path, .. } => path.extension.is_none() && path.attribute.name == attribute,
        }
    }

    /// Whether this key is all that it says, so that whoever is found under it matches.
    pub fn is_only(&self, lookup: &Lookup) -> bool {
        let term = match self {
            Self::Term(term) => term.lookup(""),
            Self::And(_) | Self::Or(_) | Self::Not(_) | Self::Within { .. } => None,
        };
        term.as_ref() == Some(lookup)
    }

    /// The keys of all terms that must hold.
    fn necessary(&self) -> Vec<Lookup> {
        match self {
            Self::And(filters) => filters.iter().flat_map(Self::necessary).collect(),
            Self::Term(term) => term.lookup("").into_iter().collect(),
            Self::Within { path, filter, then } => {
                let list = path.attribute.name;
                let inner = filter.conjuncts().into_iter().chain(then);
                inner.filter_map(|term| term.lookup(list)).collect()
            }
            Self::Or(_) | Self::Not(_) => Vec::new(),
        }
    }

    /// The terms that must hold, without those inside of lists.
    fn conjuncts(&self) -> Vec<&Term> {
        match self {
            Self::And(filters) => filters.iter().flat_map(Self::conjuncts).collect(),
            Self::Term(term) => vec![term],
            Self::Within { .. } | Self::Or(_) | Self::Not(_) => Vec::new(),
        }
    }

    /// The values that `value eq "a" or value eq "b"` names, if that is all the filter says.
    pub(crate) fn named_values(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::Or(filters) => {
                let each: Option<Vec<BTreeSet<String>>> = filters.iter().map(Self::named_values).collect();
                Some(each?.into_iter().flatten().collect())
            }
            Self::Term(term) if term.path.leaf().name == "value" => {
                Some(BTreeSet::from([term.equal_text()?.to_owned()]))
            }
            Self::Term(_) | Self::And(_) | Self::Not(_) | Self::Within { .. } => None,
        }
    }

    /// What a value is that this filter selects, if the filter says so: `type eq "work" and primary eq true`.
    pub(crate) fn assertion(&self) -> Option<Map<String, Value>> {
        match self {
            Self::And(filters) => {
                let each: Option<Vec<_>> = filters.iter().map(Self::assertion).collect();
                Some(each?.into_iter().flatten().collect())
            }
            Self::Term(Term { path, test: Test::Compare(Operator::Eq, operand) }) => {
                let value = match operand {
                    Operand::Text(text) => Value::from(text.as_str()),
                    Operand::Boolean(value) => Value::from(*value),
                    Operand::Instant(_) | Operand::Null => return None,
                };
                Some(Map::from_iter([(path.attribute.name.to_owned(), value)]))
            }
            Self::Term(_) | Self::Or(_) | Self::Not(_) | Self::Within { .. } => None,
        }
    }
}

impl Term {
    fn equal_text(&self) -> Option<&str> {
        match &self.test {
            Test::Compare(Operator::Eq, Operand::Text(text)) => Some(text),
            Test::Compare(..) | Test::Present => None,
        }
    }

    /// `list` is the attribute in whose brackets the term stands.
    fn lookup(&self, list: &str) -> Option<Lookup> {
        let text = self.equal_text()?;
        if self.path.extension == Some(&ENTERPRISE) {
            return None;
        }
        let leaf = self.path.sub.map_or("", |sub| sub.name);
        match (list, self.path.attribute.name, leaf) {
            ("", "id", "") => Some(Lookup::Id(text.to_owned())),
            ("", "userName", "") => Some(Lookup::UserName(folded(text))),
            ("", "externalId", "") => Some(Lookup::ExternalId(text.to_owned())),
            ("", "displayName", "") => Some(Lookup::DisplayName(folded(text))),
            ("", "emails", "value") | ("emails", "value", "") => Some(Lookup::Email(folded(text))),
            ("", "members", "value") | ("members", "value", "") => Some(Lookup::Member(text.to_owned())),
            _ => None,
        }
    }
}
