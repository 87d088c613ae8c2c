//! What there is to say of one attribute (RFC 7643 §2.2, §7).

/// The type of a value (RFC 7643 §2.3). Numbers do not occur in what is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// An instant.
    DateTime,
    /// An address or a URN.
    Reference,
    /// Base64.
    Binary,
    /// An object of attributes.
    Complex,
}

impl AttributeType {
    /// As a schema says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Boolean => "boolean",
            Self::DateTime => "dateTime",
            Self::Reference => "reference",
            Self::Binary => "binary",
            Self::Complex => "complex",
        }
    }

    /// As a sentence says it.
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Self::Text | Self::Reference | Self::Binary => "a text",
            Self::Boolean => "true or false",
            Self::DateTime => "an instant such as 2026-05-04T08:00:00Z",
            Self::Complex => "an object",
        }
    }
}

/// Who may write an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// The server alone.
    ReadOnly,
    /// The client.
    ReadWrite,
    /// The client, once.
    Immutable,
}

impl Mutability {
    /// As a schema says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
        }
    }
}

/// When an attribute is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// Always, whatever the client asks for.
    Always,
    /// Unless the client asks otherwise.
    Default,
}

impl Returned {
    /// As a schema says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Default => "default",
        }
    }
}

/// Whether two resources may have the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// They may.
    None,
    /// Not within one client's directory.
    Server,
}

impl Uniqueness {
    /// As a schema says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
        }
    }
}

/// One attribute.
#[derive(Debug, PartialEq)]
pub struct Attribute {
    /// Its name, in the spelling that is answered.
    pub name: &'static str,
    /// What it means.
    pub description: &'static str,
    /// The type of its value, or of each of its values.
    pub kind: AttributeType,
    /// Whether it has a list of values.
    pub is_multi: bool,
    /// Whether a resource needs it.
    pub is_required: bool,
    /// Whether case counts where it is compared.
    pub is_case_exact: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// When it is answered.
    pub returned: Returned,
    /// Whether two may have the same.
    pub uniqueness: Uniqueness,
    /// Values that are usual. Others are taken too.
    pub canonical: &'static [&'static str],
    /// What a reference may lead to.
    pub references: &'static [&'static str],
    /// The attributes of a complex one.
    pub sub: &'static [Attribute],
}

impl Attribute {
    /// The sub-attribute of this name, in whatever case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        super::find(self.sub, name)
    }

    /// Its `value`, which stands for the whole where a client says only one thing of it.
    pub fn value(&self) -> Option<&'static Attribute> {
        self.sub("value")
    }

    /// Whether a client may write it.
    pub fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }

    pub(super) const fn multi(self) -> Self {
        Self { is_multi: true, ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    pub(super) const fn exact(self) -> Self {
        Self { is_case_exact: true, ..self }
    }

    pub(super) const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    pub(super) const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    pub(super) const fn always(self) -> Self {
        Self { returned: Returned::Always, ..self }
    }

    pub(super) const fn unique(self) -> Self {
        Self { uniqueness: Uniqueness::Server, ..self }
    }

    pub(super) const fn canonical(self, canonical: &'static [&'static str]) -> Self {
        Self { canonical, ..self }
    }

    pub(super) const fn to(self, references: &'static [&'static str]) -> Self {
        Self { references, ..self }
    }
}

const fn attribute(name: &'static str, description: &'static str, kind: AttributeType) -> Attribute {
    Attribute {
        name,
        description,
        kind,
        is_multi: false,
        is_required: false,
        is_case_exact: false,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        uniqueness: Uniqueness::None,
        canonical: &[],
        references: &[],
        sub: &[],
    }
}

pub(super) const fn text(name: &'static str, description: &'static str) -> Attribute {
    attribute(name, description, AttributeType::Text)
}

pub(super) const fn boolean(name: &'static str, description: &'static str) -> Attribute {
    attribute(name, description, AttributeType::Boolean)
}

pub(super) const fn timestamp(name: &'static str, description: &'static str) -> Attribute {
    attribute(name, description, AttributeType::DateTime)
}

pub(super) const fn reference(name: &'static str, description: &'static str) -> Attribute {
    attribute(name, description, AttributeType::Reference).exact().to(&["external"])
}

pub(super) const fn binary(name: &'static str, description: &'static str) -> Attribute {
    attribute(name, description, AttributeType::Binary).exact()
}

pub(super) const fn complex(name: &'static str, description: &'static str, sub: &'static [Attribute]) -> Attribute {
    Attribute { sub, ..attribute(name, description, AttributeType::Complex) }
}
