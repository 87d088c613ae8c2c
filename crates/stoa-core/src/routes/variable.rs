//! The environment variables that functions read.

use super::bucket::Bucket;
use super::table::Table;

/// The environment variables that functions read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// Git revision and build, shown in logs and page footers.
    Build,
    /// CloudWatch's namespace of the stack's metrics.
    MetricNamespace,
    /// `https://` and the host that browsers use; no trailing slash.
    PublicUrl,
    /// First part of every secret's name.
    SecretPrefix,
    /// The generated name of a table.
    Table(Table),
    /// The generated name of a bucket.
    Bucket(Bucket),
}

impl Variable {
    /// Every variable.
    pub const ALL: &[Self] = &[
        Self::Build,
        Self::MetricNamespace,
        Self::PublicUrl,
        Self::SecretPrefix,
        Self::Table(Table::Connections),
        Self::Table(Table::Trust),
        Self::Table(Table::Logins),
        Self::Table(Table::Directory),
        Self::Bucket(Bucket::Files),
    ];

    /// The variable's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket(Bucket::Files) => "STOA_BUCKET_FILES",
            Self::Build => "STOA_BUILD",
            Self::MetricNamespace => "STOA_METRIC_NAMESPACE",
            Self::PublicUrl => "STOA_PUBLIC_URL",
            Self::SecretPrefix => "STOA_SECRET_PREFIX",
            Self::Table(Table::Connections) => "STOA_TABLE_CONNECTIONS",
            Self::Table(Table::Directory) => "STOA_TABLE_DIRECTORY",
            Self::Table(Table::Logins) => "STOA_TABLE_LOGINS",
            Self::Table(Table::Trust) => "STOA_TABLE_TRUST",
        }
    }
}
