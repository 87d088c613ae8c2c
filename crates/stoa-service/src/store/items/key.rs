//! Keys: where an item is. Each kind of item has one form, and all its keys are made from that form.

use std::fmt;

use stoa_core::routes::Table;

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// In which table.
    pub table: Table,
    /// The partition key.
    pub pk: String,
    /// The sort key, where the table has one.
    pub sk: Option<String>,
}

/// The items of a partition, or those of them whose sort key begins so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) table: Table,
    pub(crate) pk: String,
    pub(crate) begin: Option<String>,
}

/// The form of the keys of one kind of item: what differs from one to the other is in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// In which table.
    pub table: Table,
    /// Of the partition key.
    pub pk: &'static str,
    /// Of the sort key, where the table has one.
    pub sk: Option<&'static str>,
}

impl Key {
    /// The partition that the item is in.
    pub(super) fn partition(self) -> Range {
        Range { table: self.table, pk: self.pk, begin: None }
    }
}

impl Range {
    /// Those whose sort key begins so.
    pub(super) fn from(self, begin: impl Into<String>) -> Self {
        Self { begin: Some(begin.into()), ..self }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pk)?;
        self.sk.as_ref().map_or(Ok(()), |sk| write!(f, " / {sk}"))
    }
}

/// As the documents have it.
impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.pk)?;
        self.sk.map_or(Ok(()), |sk| write!(f, " / `{sk}`"))
    }
}

/// Makes of each form a function that makes such keys, and the list of the forms. `=>` says how a part is shown, where
/// it is not as `Display` has it.
macro_rules! keys {
    ($table:ident: $(
        $(#[$doc:meta])*
        $name:ident($($part:ident: $type:ty $(=> $shown:expr)?),*) = $pk:literal $(/ $sk:literal)?;
    )+) => {
        pub(super) const FORMS: &[Form] =
            &[$(Form { table: Table::$table, pk: $pk, sk: keys!(@form $($sk)?) }),+];

        impl Key {
            $(
                $(#[$doc])*
                pub(crate) fn $name($($part: $type),*) -> Self {
                    $($(let $part = $shown;)?)*
                    Self { table: Table::$table, pk: format_args!($pk).to_string(), sk: keys!(@text $($sk)?) }
                }
            )+
        }
    };
    (@form) => { None };
    (@form $sk:literal) => { Some($sk) };
    (@text) => { None };
    (@text $sk:literal) => { Some(format_args!($sk).to_string()) };
}

pub(super) use keys;
