//! The tables and their indexes.

/// The DynamoDB tables (`docs/data.md` lists what each holds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Configuration: connections and their versions, schools, domain claims.
    Connections,
    /// Signing keys of identity providers, with dates.
    Trust,
    /// One item per login.
    Logins,
    /// Persons and e-mail owners.
    Directory,
}

impl Table {
    /// Every table.
    pub const ALL: &[Self] = &[Self::Connections, Self::Trust, Self::Logins, Self::Directory];

    /// The table's name in documents and, in UpperCamelCase, in the template.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Trust => "trust",
            Self::Logins => "logins",
            Self::Directory => "directory",
        }
    }

    /// The partition key, always a string.
    pub const fn partition_key(self) -> &'static str {
        "pk"
    }

    /// The sort key, a string, where the table has one. A login is one item, so `logins` has none.
    pub const fn sort_key(self) -> Option<&'static str> {
        match self {
            Self::Connections | Self::Trust | Self::Directory => Some("sk"),
            Self::Logins => None,
        }
    }

    /// Its indexes.
    pub const fn indexes(self) -> &'static [Index] {
        match self {
            Self::Logins => &[Index::LoginsByConnection, Index::LoginsByEmail],
            Self::Directory => &[Index::DirectoryByDue],
            Self::Connections | Self::Trust => &[],
        }
    }

    /// The attribute DynamoDB's TTL reads, in epoch seconds. TTL only cleans: expiry is compared in code.
    pub const fn ttl_attribute(self) -> Option<&'static str> {
        match self {
            Self::Logins => Some("ttl"),
            Self::Connections | Self::Trust | Self::Directory => None,
        }
    }
}

/// The global secondary indexes. Each projects keys only: an entry is written when its keys are, and by no later write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Index {
    /// Every login of a connection, by when it began.
    LoginsByConnection,
    /// The proven logins of an e-mail address in a school, by when they began. Others have no `who` and no entry.
    LoginsByEmail,
    /// People of a directory for whom something is due at a school, by when. Others have no `due_of` and no entry.
    DirectoryByDue,
}

impl Index {
    /// Every index.
    pub const ALL: &[Self] = &[Self::LoginsByConnection, Self::LoginsByEmail, Self::DirectoryByDue];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginsByConnection => "by-connection",
            Self::LoginsByEmail => "by-email",
            Self::DirectoryByDue => "by-due",
        }
    }

    /// The table that it belongs to.
    pub const fn table(self) -> Table {
        match self {
            Self::LoginsByConnection | Self::LoginsByEmail => Table::Logins,
            Self::DirectoryByDue => Table::Directory,
        }
    }

    /// The partition key, always a string.
    pub const fn partition_key(self) -> &'static str {
        match self {
            Self::LoginsByConnection => "connection",
            Self::LoginsByEmail => "who",
            Self::DirectoryByDue => "due_of",
        }
    }

    /// The sort key, always a number.
    pub const fn sort_key(self) -> &'static str {
        match self {
            Self::LoginsByConnection | Self::LoginsByEmail => "began",
            Self::DirectoryByDue => "due_at",
        }
    }
}
