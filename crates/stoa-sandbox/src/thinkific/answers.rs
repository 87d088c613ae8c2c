//! A school that gives a certain answer to a question of a rehearsal.

use jiff::SignedDuration;
use stoa_core::rehearsal::{Answer, Question};

use super::{ByToken, Config, Conflict, Effect, NullExpiry, Repeated};

impl Config {
    /// The same school, but for the answer to one question. None: the question has no such answer.
    #[must_use]
    pub fn answering(self, question: Question, answer: Answer) -> Option<Self> {
        let seconds = SignedDuration::from_secs;
        Some(match (question, answer) {
            (Question::Refusal, Answer::ToErrorUrl) => Self { honors_error_url: true, ..self },
            (Question::Refusal, Answer::Elsewhere) => Self { honors_error_url: false, ..self },
            (Question::NewAddress, answer) => Self { new_by_token: by_token(answer)?, ..self },
            (Question::UnboundAccount, answer) => Self { unbound_by_token: by_token(answer)?, ..self },
            (Question::OtherAddress | Question::TakenAddress, Answer::Refused) => {
                Self { conflict: Conflict::Refused, ..self }
            }
            (Question::OtherAddress, Answer::Unchanged) => Self { conflict: Conflict::ExternalId, ..self },
            (Question::OtherAddress, Answer::AddressChanged) => Self { conflict: Conflict::Moves, ..self },
            (Question::OtherAddress, Answer::AccountMade) | (Question::TakenAddress, Answer::Accepted) => {
                Self { conflict: Conflict::Address, ..self }
            }
            (Question::Names, Answer::Kept) => Self { login_updates_names: false, ..self },
            (Question::Names, Answer::Overwritten) => Self { login_updates_names: true, ..self },
            (Question::TokenAge, Answer::Refused) => Self { iat_window: seconds(20), ..self },
            (Question::TokenAge, Answer::HalfAMinute) => Self { iat_window: seconds(60), ..self },
            (Question::TokenAge, Answer::AMinuteAndAHalf) => Self { iat_window: seconds(120), ..self },
            (Question::TokenAge, Answer::TenMinutes) => Self { iat_window: seconds(900), ..self },
            (Question::TokenAge, Answer::AnHour) => Self { iat_window: seconds(7200), ..self },
            (Question::TokenAhead, Answer::Refused) => Self { iat_leeway: SignedDuration::ZERO, ..self },
            (Question::TokenAhead, Answer::HalfAMinute) => Self { iat_leeway: seconds(60), ..self },
            (Question::TokenAhead, Answer::FourMinutes) => Self { iat_leeway: seconds(300), ..self },
            (Question::TokenTwice, Answer::Refused) => Self { spends_tokens: true, ..self },
            (Question::TokenTwice, Answer::Accepted) => Self { spends_tokens: false, ..self },
            (Question::Search, Answer::Exact) => Self { loose_email_query: false, ..self },
            (Question::Search, Answer::Loose) => Self { loose_email_query: true, ..self },
            (Question::SecondEnrollment, Answer::Refused) => Self { repeated_enrollment: Repeated::Refused, ..self },
            (Question::SecondEnrollment, Answer::Updated) => Self { repeated_enrollment: Repeated::Updated, ..self },
            (Question::SecondEnrollment, Answer::Unchanged) => Self { repeated_enrollment: Repeated::Ignored, ..self },
            (Question::NullExpiry, Answer::Cleared) => Self { null_expiry: NullExpiry::Clears, ..self },
            (Question::NullExpiry, Answer::Unchanged) => Self { null_expiry: NullExpiry::Ignored, ..self },
            (Question::PastExpiry, Answer::Closed) => Self { takes_past_expiry: true, ..self },
            (Question::PastExpiry, Answer::Refused) => Self { takes_past_expiry: false, ..self },
            (Question::GroupRemoval, Answer::Refused) => Self { graphql_takes_api_key: false, ..self },
            (Question::GroupRemoval, Answer::AtOnce) => {
                Self { graphql_takes_api_key: true, group_removal: Effect::AtOnce, ..self }
            }
            (Question::GroupRemoval, Answer::Later) => {
                Self { graphql_takes_api_key: true, group_removal: Effect::Later(seconds(1)), ..self }
            }
            (Question::RateLimit, Answer::Absent) => Self { always_sends_reset: false, ..self },
            (Question::RateLimit, Answer::Sent) => Self { always_sends_reset: true, ..self },
            (Question::WebhooksKey, Answer::Accepted) => Self { webhooks_take_api_key: true, ..self },
            (Question::WebhooksKey, Answer::Refused) => Self { webhooks_take_api_key: false, ..self },
            (Question::PasswordReset, Answer::Kept) => Self { password_ends_sessions: false, ..self },
            (Question::PasswordReset, Answer::Ended) => Self { password_ends_sessions: true, ..self },
            _ => return None,
        })
    }
}

fn by_token(answer: Answer) -> Option<ByToken> {
    match answer {
        Answer::Bound => Some(ByToken::Binds),
        Answer::Unbound => Some(ByToken::Leaves),
        Answer::Refused => Some(ByToken::Refused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_school_can_give_each_answer_of_each_question_and_no_other() {
        for question in Question::ALL {
            for answer in Answer::ALL {
                let gives = Config::default().answering(*question, *answer).is_some();
                assert_eq!(gives, question.answers().contains(answer), "{question:?} {answer:?}");
            }
        }
    }
}
