//! What HR systems call their columns.

use stoa_core::connection::Column;

/// A system whose exports are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The columns of Thinkific's own import, and of anything that uses plain words.
    Thinkific,
    /// SAP SuccessFactors: the employee export.
    SuccessFactors,
    /// Workday: a report as CSV.
    Workday,
    /// BambooHR: a report as CSV.
    BambooHr,
    /// Personio: the employee list, in English or German.
    Personio,
}

impl Preset {
    /// Every preset, the plainest last: it fits what others fit better.
    pub const ALL: &[Self] = &[Self::SuccessFactors, Self::Workday, Self::BambooHr, Self::Personio, Self::Thinkific];

    /// As it stands in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Thinkific => "thinkific",
            Self::SuccessFactors => "successfactors",
            Self::Workday => "workday",
            Self::BambooHr => "bamboohr",
            Self::Personio => "personio",
        }
    }

    /// The names of a column, in the order in which they are preferred. Upper case, spaces and signs do not count.
    pub(crate) const fn names(self, column: Column) -> &'static [&'static str] {
        match (self, column) {
            (Self::Thinkific, Column::Email) => &["email", "user email", "email address"],
            (Self::Thinkific, Column::ExternalId) => &["external id", "employee id", "id"],
            (Self::Thinkific, Column::FirstName) => &["first name", "given name"],
            (Self::Thinkific, Column::LastName) => &["last name", "surname", "family name"],
            (Self::Thinkific, Column::Company) => &["company"],
            (Self::Thinkific, Column::Groups) => &["groups", "group"],
            (Self::Thinkific, Column::Status) => &["status", "active"],

            (Self::SuccessFactors, Column::Email) => &["email"],
            (Self::SuccessFactors, Column::ExternalId) => &["userid", "empid"],
            (Self::SuccessFactors, Column::FirstName) => &["firstname"],
            (Self::SuccessFactors, Column::LastName) => &["lastname"],
            (Self::SuccessFactors, Column::Company) => &["company", "legal entity"],
            (Self::SuccessFactors, Column::Groups) => &["department"],
            (Self::SuccessFactors, Column::Status) => &["status"],

            (Self::Workday, Column::Email) => {
                &["email primary work", "primary work email", "work email", "email address work"]
            }
            (Self::Workday, Column::ExternalId) => &["employee id", "worker id", "workday id"],
            (Self::Workday, Column::FirstName) => &["preferred first name", "legal first name", "first name"],
            (Self::Workday, Column::LastName) => &["preferred last name", "legal last name", "last name"],
            (Self::Workday, Column::Company) => &["company"],
            (Self::Workday, Column::Groups) => &["cost center", "supervisory organization"],
            (Self::Workday, Column::Status) => &["active status", "worker status", "employee status"],

            (Self::BambooHr, Column::Email) => &["work email"],
            (Self::BambooHr, Column::ExternalId) => &["employee", "employee number", "eeid"],
            (Self::BambooHr, Column::FirstName) => &["preferred name", "first name"],
            (Self::BambooHr, Column::LastName) => &["last name"],
            (Self::BambooHr, Column::Company) => &["division"],
            (Self::BambooHr, Column::Groups) => &["department"],
            (Self::BambooHr, Column::Status) => &["status", "employment status"],

            (Self::Personio, Column::Email) => &["email", "e mail"],
            (Self::Personio, Column::ExternalId) => &["personnel number", "personalnummer", "employee id", "id"],
            (Self::Personio, Column::FirstName) => &["preferred name", "rufname", "first name", "vorname"],
            (Self::Personio, Column::LastName) => &["last name", "nachname"],
            (Self::Personio, Column::Company) => &["subcompany", "gesellschaft"],
            (Self::Personio, Column::Groups) => &["department", "abteilung", "team"],
            (Self::Personio, Column::Status) => &["status"],
        }
    }

    /// A name of a column that only this system has. A file with one is its.
    pub(crate) const fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Thinkific => &[],
            Self::SuccessFactors => &["userid", "empid"],
            Self::Workday => &["worker id", "workday id", "email primary work", "primary work email", "active status"],
            Self::BambooHr => &["employee number", "eeid", "work email"],
            Self::Personio => &["personnel number", "personalnummer", "subcompany", "vorname", "nachname"],
        }
    }
}
