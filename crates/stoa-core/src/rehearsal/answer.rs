//! What a school may answer, and what it did.

use serde::{Deserialize, Serialize};

macro_rules! answers {
    ($($(#[doc = $doc:literal])+ $answer:ident = $code:literal, $words:literal;)+) => {
        /// One of the answers that a question has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Answer {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $answer,)+
        }

        impl Answer {
            /// Every answer.
            pub const ALL: &[Self] = &[$(Self::$answer,)+];

            /// As it is stored.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$answer => $code,)+
                }
            }

            /// As it is printed.
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$answer => $words,)+
                }
            }
        }
    };
}

answers! {
    /// The browser is sent to `error_url`.
    ToErrorUrl = "to_error_url", "sent to error_url";
    /// It is sent elsewhere, or shown a page.
    Elsewhere = "elsewhere", "left at the school";
    /// The account is there afterwards, and bound to the token's `external_id`.
    Bound = "bound", "bound to external_id";
    /// The account is there afterwards, and not bound.
    Unbound = "unbound", "not bound";
    /// The school refuses.
    Refused = "refused", "refused";
    /// The school lets in, or takes it.
    Accepted = "accepted", "accepted";
    /// It is accepted, and nothing has changed.
    Unchanged = "unchanged", "nothing changes";
    /// The account has the token's address afterwards.
    AddressChanged = "address_changed", "the account's address changes";
    /// There is one account more.
    AccountMade = "account_made", "another account is made";
    /// What was there stays.
    Kept = "kept", "stays as it was";
    /// What is new replaces it.
    Overwritten = "overwritten", "is overwritten";
    /// Up to thirty seconds.
    HalfAMinute = "half_a_minute", "up to 30 s";
    /// Up to ninety seconds.
    AMinuteAndAHalf = "a_minute_and_a_half", "up to 90 s";
    /// Up to four minutes.
    FourMinutes = "four_minutes", "up to 4 min";
    /// Up to ten minutes.
    TenMinutes = "ten_minutes", "up to 10 min";
    /// An hour, and perhaps any time.
    AnHour = "an_hour", "an hour or longer";
    /// Nothing else is found.
    Exact = "exact", "finds that address only";
    /// Addresses that contain it are found, too.
    Loose = "loose", "also finds longer addresses";
    /// The second one's dates count.
    Updated = "updated", "the second one's dates count";
    /// There is no end any more.
    Cleared = "cleared", "takes the end away";
    /// It is closed from then on.
    Closed = "closed", "closes it at once";
    /// It is done when the answer comes.
    AtOnce = "at_once", "done at once";
    /// It is done some time after the answer.
    Later = "later", "done after the response";
    /// It is there.
    Sent = "sent", "sent with each response";
    /// It is not there.
    Absent = "absent", "not sent";
    /// They are over.
    Ended = "ended", "ended";
}

/// What a school answered to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The answer. None: what came was none of the answers that the question has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// What was seen, where the answer does not say it all. It names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Finding {
    /// What was seen is none of the answers.
    pub fn unclear(note: impl Into<String>) -> Self {
        Self { answer: None, note: Some(note.into()) }
    }

    /// An answer, and what else was seen.
    pub fn noted(answer: Answer, note: impl Into<String>) -> Self {
        Self { answer: Some(answer), note: Some(note.into()) }
    }

    /// As it is printed.
    pub fn words(&self) -> &str {
        self.answer.map_or("unclear", Answer::words)
    }
}

impl From<Answer> for Finding {
    fn from(answer: Answer) -> Self {
        Self { answer: Some(answer), note: None }
    }
}
