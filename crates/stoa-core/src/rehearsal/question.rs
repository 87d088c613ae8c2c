//! The questions.

use serde::{Deserialize, Serialize};

use super::answer::Answer;

macro_rules! questions {
    ($($(#[doc = $doc:literal])+ $question:ident = $code:literal {
        people: $people:literal,
        asks: $asks:literal,
        how: $how:literal,
        answers: [$assumed:ident $(, $other:ident)*],
        matters: $matters:literal,
    })+) => {
        /// One question to a school, of those that its programming interfaces can answer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Question {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $question,)+
        }

        impl Question {
            /// Every question, in the order in which they are asked.
            pub const ALL: &[Self] = &[$(Self::$question,)+];

            /// Its name, as it is stored and given to the command.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$question => $code,)+
                }
            }

            /// How many people of our own it takes.
            pub const fn people(self) -> u8 {
                match self {
                    $(Self::$question => $people,)+
                }
            }

            /// What is asked, in words.
            pub const fn asks(self) -> &'static str {
                match self {
                    $(Self::$question => $asks,)+
                }
            }

            /// What is sent, and what the answer is read from.
            pub const fn how(self) -> &'static str {
                match self {
                    $(Self::$question => $how,)+
                }
            }

            /// What stoa assumes, and what the simulated school does.
            pub const fn assumed(self) -> Answer {
                match self {
                    $(Self::$question => Answer::$assumed,)+
                }
            }

            /// The answers that it can have, the assumed one first.
            pub const fn answers(self) -> &'static [Answer] {
                match self {
                    $(Self::$question => &[Answer::$assumed $(, Answer::$other)*],)+
                }
            }

            /// What depends on the answer.
            pub const fn matters(self) -> &'static str {
                match self {
                    $(Self::$question => $matters,)+
                }
            }
        }
    };
}

questions! {
    /// Where the browser goes with a token that is refused.
    Refusal = "refusal" {
        people: 1,
        asks: "a refused token",
        how: "opens the SSO address with a token under another key; reads Location",
        answers: [ToErrorUrl, Elsewhere],
        matters: "Whoever is refused is met by stoa, with a reference. Without it they are left at the school, not signed \
                  in, and no question about tokens can be answered.",
    }
    /// What a token does for an address without an account.
    NewAddress = "new_address" {
        people: 1,
        asks: "a token for an address without an account",
        how: "opens the SSO address; reads the account under the address and its binding",
        answers: [Bound, Unbound, Refused],
        matters: "first_logins = \"sign\" lets people in by the token alone. It may be set only if the account is made and \
                  bound.",
    }
    /// What a token does for an account that nobody is bound to.
    UnboundAccount = "unbound_account" {
        people: 1,
        asks: "a token for an account that is not bound",
        how: "creates an account without external_id, opens the SSO address with its address; reads its binding",
        answers: [Bound, Unbound, Refused],
        matters: "Accounts that a file or the person made are taken over by a token. If it is refused, nobody who has one \
                  gets in; if it stays unbound, first_logins = \"sign\" must not be set.",
    }
    /// What a known id with a new address does.
    OtherAddress = "other_address" {
        people: 2,
        asks: "a known external_id with an address that is free",
        how: "creates a bound account, opens the SSO address with its id and another address; reads both addresses",
        answers: [Refused, Unchanged, AddressChanged, AccountMade],
        matters: "stoa changes the address by the Admin API before it signs, so that people do not depend on it. If another \
                  account is made, a mirror that is behind costs somebody their progress.",
    }
    /// What a known id with somebody else's address does.
    TakenAddress = "taken_address" {
        people: 2,
        asks: "a known external_id with somebody else's address",
        how: "creates a bound account and one that is not bound, opens the SSO address with the id of one and the address \
              of the other",
        answers: [Refused, Accepted],
        matters: "stoa signs no such token. If it is accepted, an address that was changed at the school a moment ago can \
                  let somebody into the account of whoever has it now.",
    }
    /// Whether a login writes names.
    Names = "names" {
        people: 1,
        asks: "names in a second sign-in",
        how: "creates a bound account, opens the SSO address with another name; reads the names",
        answers: [Kept, Overwritten],
        matters: "If they stay, a changed name is written by the Admin API, one call. If not, a name that an administrator \
                  has corrected is overwritten by the next sign-in.",
    }
    /// How old a token may be.
    TokenAge = "token_age" {
        people: 1,
        asks: "the age of a token that is accepted",
        how: "opens the SSO address with iat 30 s, 90 s, 10 min and an hour ago, without exp",
        answers: [AMinuteAndAHalf, Refused, HalfAMinute, TenMinutes, AnHour],
        matters: "stoa's tokens last a minute by exp. What is accepted for longer is bounded by exp alone.",
    }
    /// How far ahead a token's time may be.
    TokenAhead = "token_ahead" {
        people: 1,
        asks: "a token whose iat lies in the future",
        how: "opens the SSO address with iat 30 s and 4 min ahead",
        answers: [Refused, HalfAMinute, FourMinutes],
        matters: "stoa dates its tokens back by 5 s. If none in the future is accepted, a clock that is further ahead lets \
                  nobody in.",
    }
    /// Whether a token can be used twice.
    TokenTwice = "token_twice" {
        people: 1,
        asks: "the same token again",
        how: "opens the SSO address twice with one token",
        answers: [Refused, Accepted],
        matters: "If it is accepted, an address that leaks from a browser's history opens the account for a minute.",
    }
    /// Whether a look-up by address is exact.
    Search = "search" {
        people: 2,
        asks: "query[email]",
        how: "creates two accounts, the address of one within the other's; searches for the shorter one",
        answers: [Exact, Loose],
        matters: "stoa compares again, so both are right; a loose search can take more calls.",
    }
    /// What a second enrollment does.
    SecondEnrollment = "second_enrollment" {
        people: 1,
        asks: "a second enrollment in a course",
        how: "enrolls somebody twice, the second time with an end; reads the status and the enrollments",
        answers: [Refused, Updated, Unchanged],
        matters: "stoa lists first, and changes what is there. The answer tells what a response that was lost has done.",
    }
    /// What an expiry of null does.
    NullExpiry = "null_expiry" {
        people: 1,
        asks: "\"expiry_date\": null",
        how: "enrolls somebody until next year, writes null; reads the enrollment",
        answers: [Cleared, Unchanged],
        matters: "Whoever comes back is given their courses without an end by it. If it does nothing, they are given an end in \
                  the year 2999 instead, which the school shows.",
    }
    /// What an expiry in the past does.
    PastExpiry = "past_expiry" {
        people: 1,
        asks: "\"expiry_date\" in the past",
        how: "enrolls somebody, writes an end of yesterday; reads the enrollment",
        answers: [Closed, Refused],
        matters: "Whoever leaves loses their courses by it. If it is refused, they stay open: `stoa directory stuck` \
                  lists these people.",
    }
    /// Whether somebody can be taken out of a group with the API key.
    GroupRemoval = "group_removal" {
        people: 1,
        asks: "bulkRemoveUsersFromGroups with the API key",
        how: "makes a group with somebody in it, removes them over GraphQL; reads who is in the group",
        answers: [Refused, AtOnce, Later],
        matters: "stoa leaves people in groups, since it has the API key only. If GraphQL takes it, that can change.",
    }
    /// Whether `RateLimit-Reset` comes with every answer.
    RateLimit = "rate_limit" {
        people: 0,
        asks: "RateLimit-Reset outside 429",
        how: "asks for one course; reads the header",
        answers: [Absent, Sent],
        matters: "If it is sent, stoa could pace its calls by it. Now it counts them itself.",
    }
    /// Whether the Webhooks API takes the API key.
    WebhooksKey = "webhooks_key" {
        people: 0,
        asks: "the Webhooks API with the API key",
        how: "lists the subscriptions with the key as a bearer token; reads the status",
        answers: [Accepted, Refused],
        matters: "`stoa thinkific webhooks` works only if it is accepted. Otherwise subscriptions are made by hand, and \
                  unsigned.",
    }
    /// Whether a new password ends sessions.
    PasswordReset = "password_reset" {
        people: 1,
        asks: "sessions after a password reset",
        how: "signs somebody in by a token, replaces their password; reads /enrollments with their cookie before and after",
        answers: [Kept, Ended],
        matters: "Whoever was signed in to an account when it was taken over, or when its person left, stays in until the \
                  session ends, unless it is ended.",
    }
}

impl Question {
    /// The one with this name.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|question| question.code() == code)
    }
}

/// What no program can ask, and how to find out.
pub const NOT_ASKED: &[(&str, &str)] = &[
    (
        "what a browser is shown after a refusal without error_url",
        "open the address of an expired token in a browser, without error_url in it",
    ),
    (
        "whether a limit of 429 is counted per minute or by another window",
        "it would take everybody's calls: after a busy morning, compare `got` (RateLimit-Reset) and the time of the log lines with thinkific_busy",
    ),
    (
        "how often and for how long webhooks are tried again",
        "answer 503 for an hour from a host of your own that is subscribed by hand, and count",
    ),
    (
        "whether a webhook that was made by hand is signed",
        "press the test button of one in the school's administration and read the headers",
    ),
    (
        "which frames may show the school",
        "open a course in the Teams tab, and read Content-Security-Policy in the browser's tools",
    ),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_question_has_a_name_of_its_own_and_at_least_two_answers() {
        let codes: BTreeSet<&str> = Question::ALL.iter().map(|question| question.code()).collect();
        assert_eq!(codes.len(), Question::ALL.len());
        for question in Question::ALL {
            assert_eq!(Question::of_code(question.code()), Some(*question));
            assert_eq!(serde_json::to_value(question).unwrap(), question.code());
            let answers: BTreeSet<_> = question.answers().iter().collect();
            assert!(answers.len() > 1 && answers.len() == question.answers().len(), "{question:?}");
            assert_eq!(question.answers()[0], question.assumed());
        }
        let used: BTreeSet<_> = Question::ALL.iter().flat_map(|question| question.answers()).collect();
        assert_eq!(used.len(), Answer::ALL.len(), "each answer answers something");
    }
}
