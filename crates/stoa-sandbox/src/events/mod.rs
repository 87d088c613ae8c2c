//! Sample events: the static ones of `events/`, each with its answer, and fresh ones where the answer depends on time.

mod fresh;
mod replay;

pub use fresh::{EventError, Fresh, fresh};
pub use replay::{ReplayError, replay};
