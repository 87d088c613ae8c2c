//! What a school tells stoa by itself: Thinkific's webhooks.
//!
//! Whoever knows the address of the function can post to it. So nothing of a body is read before its [`Signature`] is
//! proven, over its very bytes; and what is proven is still read as what a school says, not as what stoa believes.

mod event;
mod progress;
mod signature;
mod subscription;

pub use event::{Event, EventId, Happened, MAX_BODY, TOPICS, UserChange, UserTold};
pub use progress::{Completion, Progress, percent};
pub use signature::Signature;
pub(crate) use signature::mac_of;
pub use subscription::{Step, Subscription, subscribe, target_url};
