//! How a simulator lists what can be wrong with its answers.

/// Writes each defect once: its documentation, its name in Rust, and its name in forms and addresses.
macro_rules! defects {
    (
        $(#[$enum_doc:meta])*
        pub enum $Defect:ident {
            $($(#[$doc:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $Defect {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl $Defect {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in forms and addresses.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The defect of this name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|defect| defect.as_str() == name)
            }
        }
    };
}

pub(crate) use defects;
