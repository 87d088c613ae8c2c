//! Filters (RFC 7644 §3.4.2.2).

mod lookup;
mod matching;
mod print;

use jiff::Timestamp;
pub use lookup::Lookup;

use crate::name::AttributePath;

/// A filter that was read: every name in it is an attribute, every comparison one that its type has.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of them.
    And(Vec<Filter>),
    /// One of them.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// One comparison.
    Term(Term),
    /// One and the same value of a list: `emails[type eq "work"]`, `emails[type eq "work"].value eq "…"`.
    Within {
        /// The list.
        path: AttributePath,
        /// What the value has to be.
        filter: Box<Filter>,
        /// What a part of it has to be as well.
        then: Option<Term>,
    },
}

/// One comparison.
#[derive(Clone, PartialEq)]
pub struct Term {
    pub(crate) path: AttributePath,
    pub(crate) test: Test,
}

#[derive(Clone, PartialEq)]
pub(crate) enum Test {
    Present,
    Compare(Operator, Operand),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// What a value is compared with.
#[derive(Clone, PartialEq)]
pub(crate) enum Operand {
    Text(String),
    Boolean(bool),
    Instant(Timestamp),
    Null,
}

impl Operator {
    pub(crate) const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// Its name in whatever case: PingOne sends `Eq`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str().eq_ignore_ascii_case(text))
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// What is compared with is personal; that something is compared is not.
impl std::fmt::Debug for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.test {
            Test::Present => write!(f, "{} pr", self.path),
            Test::Compare(operator, _) => write!(f, "{} {} …", self.path, operator.as_str()),
        }
    }
}
