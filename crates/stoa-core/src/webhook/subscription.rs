//! What a school is asked to tell, and what is done so that it does.

use super::TOPICS;
use crate::ids::SchoolId;

/// A subscription of a school's, as its Webhooks API lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Thinkific's id.
    pub id: String,
    /// What it tells of.
    pub topic: String,
    /// Where that is sent.
    pub target_url: String,
    /// `active`, or what Thinkific makes of one that failed for long.
    pub status: String,
}

/// What becomes of the subscriptions of a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is as it should be.
    Keep(Subscription),
    /// It is not active, or there is one too many: it is removed.
    Remove(Subscription),
    /// A topic is told nowhere: it is subscribed to.
    Create(&'static str),
    /// It leads elsewhere. That is somebody else's, perhaps another stack's.
    Leave(Subscription),
}

impl Step {
    /// Whether it changes anything.
    pub const fn is_change(&self) -> bool {
        match self {
            Self::Remove(_) | Self::Create(_) => true,
            Self::Keep(_) | Self::Leave(_) => false,
        }
    }
}

/// The address of a school's webhooks at our host.
pub fn target_url(public_url: &str, school: &SchoolId) -> String {
    format!("{public_url}/thinkific/{school}/webhook")
}

/// Compares what there is with what there should be: each topic once, at our address, active. Done twice, the second time
/// changes nothing. Subscriptions at our address to topics of no use are removed, since each costs the school and us a
/// message; what leads elsewhere is nobody's of ours to touch.
pub fn subscribe(existing: Vec<Subscription>, target: &str) -> Vec<Step> {
    let mut told: Vec<&str> = Vec::new();
    let mut steps = Vec::new();
    for own in existing {
        let topic = TOPICS.iter().find(|topic| **topic == own.topic);
        steps.push(match topic {
            _ if own.target_url != target => Step::Leave(own),
            Some(topic) if own.status == "active" && !told.contains(topic) => {
                told.push(topic);
                Step::Keep(own)
            }
            Some(_) | None => Step::Remove(own),
        });
    }
    steps.extend(TOPICS.iter().copied().filter(|topic| !told.contains(topic)).map(Step::Create));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "https://sso.example.com/thinkific/academy/webhook";

    fn of(id: &str, topic: &str, target: &str, status: &str) -> Subscription {
        Subscription { id: id.into(), topic: topic.into(), target_url: target.into(), status: status.into() }
    }

    /// What the steps leave, as the school has it then.
    fn done(steps: &[Step]) -> Vec<Subscription> {
        let left = steps.iter().filter_map(|step| match step {
            Step::Keep(own) | Step::Leave(own) => Some(own.clone()),
            Step::Create(topic) => Some(of("new", topic, TARGET, "active")),
            Step::Remove(_) => None,
        });
        left.collect()
    }

    #[test]
    fn whatever_there_is_each_topic_is_told_once_and_nothing_foreign_is_touched() {
        let foreign = of("9", "user.signup", "https://zapier.example/x", "active");
        let cases = [
            vec![],
            vec![foreign.clone()],
            vec![of("1", "user.signup", TARGET, "active"), of("2", "user.signup", TARGET, "active")],
            vec![
                of("1", "user.signup", TARGET, "disabled"),
                foreign.clone(),
                of("3", "user.updated", TARGET, "active"),
            ],
            vec![of("1", "lesson.completed", TARGET, "active")],
            TOPICS.iter().map(|topic| of("1", topic, TARGET, "active")).collect(),
        ];
        for existing in cases {
            let has_foreign = existing.contains(&foreign);
            let after = done(&subscribe(existing, TARGET));
            let mut told: Vec<_> = after.iter().filter(|own| own.target_url == TARGET).map(|own| &*own.topic).collect();
            told.sort_unstable();
            assert_eq!(told, TOPICS);
            assert_eq!(after.contains(&foreign), has_foreign);
            assert!(!subscribe(after, TARGET).iter().any(Step::is_change), "twice changes nothing");
        }
    }
}
