//! The S3 buckets.

/// An S3 bucket of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Customers' files of people, and what became of them.
    Files,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: &[Self] = &[Self::Files];

    /// What it is called in the register and in the sandbox.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
        }
    }

    /// What the keys are like of objects that start a function when they are put there: `*` stands for any text.
    pub const fn starting(self) -> &'static str {
        match self {
            Self::Files => "*/in/*",
        }
    }

    /// How long an object is kept, in days.
    pub const fn kept_days(self) -> u32 {
        match self {
            Self::Files => 7,
        }
    }
}
