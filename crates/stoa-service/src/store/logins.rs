//! The `logins` table: the three writes of a login, and the notes on one that fails.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure as OnRefusal};
use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::Reference;
use stoa_core::login::{ITEM_VERSION, LoginItem, MAX_NOTES, State, Step, begun_since, kept_until};
use stoa_core::teams::code_since;

use super::{Store, read_item, store_failure};

/// How a conditional write ended.
#[derive(Debug)]
pub enum Written {
    /// It was applied.
    Applied,
    /// Its condition was refused; the item as it was, if there is one.
    Refused(Option<Box<LoginItem>>),
}

/// What is put into a login whose identity is proven.
pub struct Sealed<'a> {
    /// The login.
    pub reference: &'a Reference,
    /// This write's attempt.
    pub attempt: &'a str,
    /// Hash of the browser's secret.
    pub binding: &'a str,
    /// When the cookie says that the login began; the item must agree.
    pub began: i64,
    /// Through which connection, and as of which of its versions.
    pub connection: &'a str,
    /// The version.
    pub connection_version: u32,
    /// Hash of the assertion or the code.
    pub assertion: &'a str,
    /// Hash of the ticket.
    pub ticket: &'a str,
    /// The sealed identity.
    pub sealed: &'a str,
    /// Which seal secret.
    pub seal_key: &'a str,
    /// The key of the e-mail address.
    pub who: &'a str,
    /// The step to add, where one fits.
    pub step: Option<&'a Step>,
}

/// What the browser brings from the Teams tab.
pub struct Code<'a> {
    /// The login.
    pub reference: &'a Reference,
    /// This write's attempt.
    pub attempt: &'a str,
    /// Through which connection.
    pub connection: &'a str,
    /// Hash of the code and its hint.
    pub hash: &'a str,
    /// Hash of the ticket.
    pub ticket: &'a str,
    /// The step to add.
    pub step: &'a Step,
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn step_value(step: &Step) -> Result<AttributeValue, Failure> {
    let step = serde_dynamo::to_attribute_value(step).map_err(|_| Fault::Internal)?;
    Ok(AttributeValue::L(vec![step]))
}

impl Store {
    /// Write 1: the login begins. A reference that exists already with another attempt is [`Written::Refused`].
    pub async fn begin_login(&self, item: &LoginItem) -> Result<Written, Failure> {
        let values: HashMap<String, AttributeValue> = serde_dynamo::to_item(item).map_err(|_| Fault::Internal)?;
        let answer = self
            .client
            .put_item()
            .table_name(&self.logins)
            .set_item(Some(values))
            .condition_expression("attribute_not_exists(pk) OR attempt = :attempt")
            .expression_attribute_values(":attempt", text(&item.attempt))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Written::Applied),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(Written::Refused(None))
            }
            Err(error) => Err(store_failure("logins", &error)),
        }
    }

    /// Write 2: Started → Verified.
    pub async fn verify_login(&self, sealed: &Sealed<'_>, now: Timestamp) -> Result<Written, Failure> {
        let update = self
            .sealing_update(sealed, now)?
            .condition_expression(
                "#state = :from AND binding = :binding AND #connection = :connection AND began = :began \
                 AND began >= :since",
            )
            .expression_attribute_names("#connection", "connection")
            .expression_attribute_values(":from", text(State::Started.as_str()))
            .expression_attribute_values(":binding", text(sealed.binding))
            .expression_attribute_values(":connection", text(sealed.connection))
            .expression_attribute_values(":began", number(sealed.began))
            .expression_attribute_values(":since", number(begun_since(now)));
        written(update.send().await)
    }

    /// The same browser sent the same assertion again: a new ticket in place of the last writer's.
    pub async fn renew_ticket(
        &self,
        sealed: &Sealed<'_>,
        last_attempt: &str,
        now: Timestamp,
    ) -> Result<Written, Failure> {
        let update = self
            .sealing_update(sealed, now)?
            .condition_expression("#state = :from AND attempt = :last")
            .expression_attribute_values(":from", text(State::Verified.as_str()))
            .expression_attribute_values(":last", text(last_attempt));
        written(update.send().await)
    }

    fn sealing_update(&self, sealed: &Sealed<'_>, now: Timestamp) -> Result<UpdateItemFluentBuilder, Failure> {
        let mut expression = "SET #state = :to, attempt = :attempt, cv = :cv, #assertion = :assertion, \
                              ticket = :ticket, sealed = :sealed, seal_key = :seal_key, who = :who, verified = :now, \
                              #ttl = :ttl, v = :v"
            .to_owned();
        let mut update = self.update_login(sealed.reference);
        if let Some(step) = sealed.step {
            expression.push_str(", steps = list_append(steps, :step)");
            update = update.expression_attribute_values(":step", step_value(step)?);
        }
        Ok(update
            .update_expression(expression)
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#assertion", "assertion")
            .expression_attribute_values(":to", text(State::Verified.as_str()))
            .expression_attribute_values(":attempt", text(sealed.attempt))
            .expression_attribute_values(":cv", number(sealed.connection_version.into()))
            .expression_attribute_values(":assertion", text(sealed.assertion))
            .expression_attribute_values(":ticket", text(sealed.ticket))
            .expression_attribute_values(":sealed", text(sealed.sealed))
            .expression_attribute_values(":seal_key", text(sealed.seal_key))
            .expression_attribute_values(":who", text(sealed.who))
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":ttl", number(kept_until(now)))
            .expression_attribute_values(":v", number(ITEM_VERSION.into())))
    }

    /// Write 3: Verified → Launched. Nothing can fail after it.
    pub async fn launch_login(
        &self,
        reference: &Reference,
        ticket: &str,
        attempt: &str,
        step: &Step,
    ) -> Result<Written, Failure> {
        let update = self
            .update_login(reference)
            // The sealed identity has done its work.
            .update_expression(
                "SET #state = :to, attempt = :attempt, steps = list_append(steps, :step) REMOVE sealed, seal_key, ticket",
            )
            .condition_expression("#state = :from AND ticket = :ticket")
            .expression_attribute_values(":to", text(State::Launched.as_str()))
            .expression_attribute_values(":from", text(State::Verified.as_str()))
            .expression_attribute_values(":attempt", text(attempt))
            .expression_attribute_values(":ticket", text(ticket))
            .expression_attribute_values(":step", step_value(step)?);
        written(update.send().await)
    }

    /// Notes a step on a login that is in state `from`, and moves it on to `to`; where a browser's cookie named the
    /// login, only if that browser began it. Best effort: the person's page does not depend on it. A login that has
    /// something to tell is kept as long as one that arrived. Returns the login as it was.
    pub async fn note_step(
        &self,
        reference: &Reference,
        binding: Option<&str>,
        from: State,
        to: State,
        step: &Step,
        now: Timestamp,
    ) -> Result<Option<Box<LoginItem>>, Failure> {
        let mut condition = "#state = :from AND size(steps) < :max".to_owned();
        let mut update = self.update_login(reference);
        if let Some(binding) = binding {
            condition.push_str(" AND binding = :binding");
            update = update.expression_attribute_values(":binding", text(binding));
        }
        let update = update
            .update_expression("SET #state = :to, #ttl = :ttl, steps = list_append(steps, :step)")
            .condition_expression(condition)
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":to", text(to.as_str()))
            .expression_attribute_values(":ttl", number(kept_until(now)))
            .expression_attribute_values(":from", text(from.as_str()))
            .expression_attribute_values(":max", number(i64::try_from(MAX_NOTES).unwrap_or(i64::MAX)))
            .expression_attribute_values(":step", step_value(step)?)
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld);
        match update.send().await {
            Ok(output) => output.attributes.map(|item| read_item("logins", item).map(Box::new)).transpose(),
            Err(error) => match written::<(), _>(Err(error))? {
                Written::Applied => Ok(None),
                Written::Refused(old) => Ok(old),
            },
        }
    }

    /// A login that a Teams token began gets its ticket, once: until then it has none, and nothing can launch it.
    pub async fn hand_over(&self, code: &Code<'_>, now: Timestamp) -> Result<Written, Failure> {
        let update = self
            .update_login(code.reference)
            .update_expression("SET attempt = :attempt, ticket = :ticket, steps = list_append(steps, :step)")
            .condition_expression(
                "#state = :from AND #connection = :connection AND binding = :code AND attribute_not_exists(ticket) \
                 AND verified >= :since",
            )
            .expression_attribute_names("#connection", "connection")
            .expression_attribute_values(":from", text(State::Verified.as_str()))
            .expression_attribute_values(":connection", text(code.connection))
            .expression_attribute_values(":code", text(code.hash))
            .expression_attribute_values(":since", number(code_since(now)))
            .expression_attribute_values(":attempt", text(code.attempt))
            .expression_attribute_values(":ticket", text(code.ticket))
            .expression_attribute_values(":step", step_value(code.step)?);
        written(update.send().await)
    }

    /// Marks an unsolicited assertion as used. `false`: it was used before.
    pub async fn use_assertion(&self, hash: &str, attempt: &str, until: Timestamp) -> Result<bool, Failure> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.logins)
            .item("pk", text(format!("assertion#{hash}")))
            .item("attempt", text(attempt))
            .item("ttl", number(until.as_second() + 3600))
            .condition_expression("attribute_not_exists(pk) OR attempt = :attempt")
            .expression_attribute_values(":attempt", text(attempt))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(store_failure("logins", &error)),
        }
    }

    fn update_login(&self, reference: &Reference) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.logins)
            .key("pk", text(reference.as_str()))
            .expression_attribute_names("#state", "state")
            .return_values_on_condition_check_failure(OnRefusal::AllOld)
    }
}

fn written<T, R>(answer: Result<T, SdkError<UpdateItemError, R>>) -> Result<Written, Failure>
where
    R: std::fmt::Debug,
{
    match answer {
        Ok(_) => Ok(Written::Applied),
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
            let UpdateItemError::ConditionalCheckFailedException(refused) = error.into_err() else {
                return Err(Fault::Internal.into());
            };
            let old = refused.item.map(|item| read_item("logins", item).map(Box::new)).transpose()?;
            Ok(Written::Refused(old))
        }
        Err(error) => Err(store_failure("logins", &error)),
    }
}
