//! What a request asks for, in IAM's terms: which actions on which resources.

use http::request::Parts;
use http::{HeaderMap, Method};
use serde_json::Value;
use stoa_core::routes::Table;

use super::policy::Target;
use super::secrets::name_of;
use super::touched::Touched;
use super::{ACCOUNT, REGION, Stack};

/// The services that answer in JSON. S3 does not, and is asked for in the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    DynamoDb,
    SecretsManager,
    Lambda {
        function: String,
    },
    /// Lambda, about the account.
    LambdaAccount,
    Scheduler {
        schedule: String,
    },
    Sqs,
    Logs,
    CloudTrail,
}

/// `GetAccountSettings` of Lambda's API.
const ACCOUNT_SETTINGS: &str = "/2016-08-19/account-settings";

/// An API operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) service: Service,
    pub(super) name: String,
}

impl Operation {
    /// Reads `x-amz-target`, or the address of an invocation.
    pub(super) fn of(head: &Parts) -> Option<Self> {
        if let Some(function) = alias_of(head) {
            return Some(Self { service: Service::Lambda { function }, name: "GetAlias".to_owned() });
        }
        if head.method == Method::GET && head.uri.path().trim_end_matches('/') == ACCOUNT_SETTINGS {
            return Some(Self { service: Service::LambdaAccount, name: "GetAccountSettings".to_owned() });
        }
        let schedule = head.uri.path().strip_prefix("/schedules/").filter(|_| head.method == Method::GET);
        if let Some(schedule) = schedule {
            let service = Service::Scheduler { schedule: schedule.to_owned() };
            return Some(Self { service, name: "GetSchedule".to_owned() });
        }
        if let Some(function) = invoked(head) {
            let service = Service::Lambda { function };
            return Some(Self { service, name: "InvokeFunction".to_owned() });
        }
        // CloudTrail's has a namespace before it.
        let (service, name) = head.headers.get("x-amz-target")?.to_str().ok()?.rsplit_once('.')?;
        let service = match service {
            "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Service::DynamoDb,
            "secretsmanager" => Service::SecretsManager,
            "AmazonSQS" => Service::Sqs,
            "Logs_20140328" => Service::Logs,
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101" => Service::CloudTrail,
            _ => return None,
        };
        Some(Self { service, name: name.to_owned() })
    }
}

/// The function's AWS name in an `Invoke` request, which may give its ARN with the alias (Lambda API, `FunctionName`).
fn invoked(head: &Parts) -> Option<String> {
    let path = head.uri.path().strip_prefix("/2015-03-31/functions/").filter(|_| head.method == Method::POST)?;
    let function = path.strip_suffix("/invocations")?.replace("%3A", ":");
    let name = function.split_once(":function:").map_or(function.as_str(), |(_, name)| name);
    name.split(':').next().map(str::to_owned)
}

/// The function's AWS name in a `GetAlias` request for the one alias that there is.
fn alias_of(head: &Parts) -> Option<String> {
    let path = head.uri.path().strip_prefix("/2015-03-31/functions/").filter(|_| head.method == Method::GET)?;
    path.strip_suffix("/aliases/live").map(str::to_owned)
}

/// Who calls, and where, as a SigV4 `Authorization` header has it: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. The
/// signature itself is not checked. Here an access key id is the principal's name; one of another account's has `@` and
/// that account after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) principal: String,
    pub(super) account: String,
    pub(super) region: String,
}

impl Caller {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let (_, credential) = headers.get("authorization")?.to_str().ok()?.split_once("Credential=")?;
        let mut scope = credential.split('/');
        let (key, region) = (scope.next().filter(|key| !key.is_empty())?, scope.nth(1)?);
        let (principal, account) = key.split_once('@').unwrap_or((key, ACCOUNT));
        Some(Self { principal: principal.to_owned(), account: account.to_owned(), region: region.to_owned() })
    }
}

/// One action on one resource.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// As IAM spells it.
    pub(super) action: String,
    /// For the policy.
    pub(super) target: Target,
    /// For the conditions of the policy.
    pub(super) touched: Touched,
    /// For the message of a refusal.
    pub(super) arn: String,
    /// For the journal: without the stack's name.
    pub(super) resource: String,
    /// The table it is in, as the consumed capacity names it.
    pub(super) table: Option<String>,
    /// Whether it is a consistent read.
    pub(super) consistent: bool,
}

/// The members of a request: one, or each of a transaction or batch.
pub(super) fn members(operation: &Operation, body: &Value, stack: &Stack) -> Vec<Member> {
    match &operation.service {
        Service::DynamoDb => dynamodb(&operation.name, body, stack),
        Service::SecretsManager => vec![secret(&operation.name, body, stack)],
        Service::Lambda { function } => vec![on_function(&operation.name, function, stack)],
        Service::LambdaAccount => vec![on_account(format!("lambda:{}", operation.name))],
        Service::Scheduler { .. } => vec![on_account(format!("scheduler:{}", operation.name))],
        Service::Sqs => vec![on_account(format!("sqs:{}", operation.name))],
        Service::CloudTrail => vec![on_account(format!("cloudtrail:{}", operation.name))],
        Service::Logs => logs(&operation.name, body, stack),
    }
}

/// What has no resource here: the services themselves know only what is the stack's.
fn on_account(action: String) -> Member {
    Member {
        action,
        target: Target::Any,
        touched: Touched::default(),
        arn: "*".to_owned(),
        resource: "*".to_owned(),
        table: None,
        consistent: false,
    }
}

/// Each log group that is named; the results of a query have no resource.
fn logs(operation: &str, body: &Value, stack: &Stack) -> Vec<Member> {
    let action = format!("logs:{operation}");
    let named = body["logGroupNames"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let of_group = |name: &str| Member {
        target: if stack.log_groups().any(|group| group == name) { Target::LogGroup } else { Target::Foreign },
        arn: format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"),
        resource: format!("log-group/{name}"),
        ..on_account(action.clone())
    };
    let members: Vec<Member> = named.map(of_group).collect();
    if members.is_empty() { vec![on_account(action)] } else { members }
}

fn on_function(operation: &str, name: &str, stack: &Stack) -> Member {
    let function = function_of(name, stack);
    Member {
        action: format!("lambda:{operation}"),
        target: function.map_or(Target::Foreign, |function| Target::Function(function.to_owned())),
        arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"),
        resource: format!("function/{}", function.unwrap_or(name)),
        touched: Touched::default(),
        table: None,
        consistent: false,
    }
}

/// The register's name of a function of the stack.
pub(super) fn function_of<'a>(name: &'a str, stack: &Stack) -> Option<&'a str> {
    name.strip_prefix(stack.name())?.strip_prefix('-')
}

fn dynamodb(operation: &str, body: &Value, stack: &Stack) -> Vec<Member> {
    match operation {
        "TransactWriteItems" => transaction(body, stack, |kind| match kind {
            "Put" => "PutItem",
            "Update" => "UpdateItem",
            "Delete" => "DeleteItem",
            "ConditionCheck" => "ConditionCheckItem",
            other => other,
        }),
        "TransactGetItems" => {
            let mut members = transaction(body, stack, |kind| if kind == "Get" { "GetItem" } else { kind });
            members.iter_mut().for_each(|member| member.consistent = true);
            members
        }
        "BatchGetItem" | "BatchWriteItem" => batch(operation, body, stack),
        _ => vec![on_table(operation, body, stack)],
    }
}

fn transaction(body: &Value, stack: &Stack, action: impl Fn(&str) -> &str) -> Vec<Member> {
    let items = body["TransactItems"].as_array().into_iter().flatten();
    items
        .filter_map(Value::as_object)
        .flatten()
        .filter(|(_, member)| !member.is_null())
        .map(|(kind, member)| on_table(action(kind), member, stack))
        .collect()
}

fn batch(operation: &str, body: &Value, stack: &Stack) -> Vec<Member> {
    let tables = body["RequestItems"].as_object().into_iter().flatten();
    tables.map(|(table, request)| table_member(operation, table, request, stack)).collect()
}

fn on_table(operation: &str, request: &Value, stack: &Stack) -> Member {
    match request["TableName"].as_str() {
        Some(table) => table_member(operation, table, request, stack),
        None => on_account(format!("dynamodb:{operation}")),
    }
}

fn table_member(operation: &str, table: &str, request: &Value, stack: &Stack) -> Member {
    // A table may also be named by its ARN.
    let name = table.rsplit_once(":table/").map_or(table, |(_, name)| name);
    let (known, index) = (stack.table(name), request["IndexName"].as_str());
    let short = known.map_or(name, |table| table.as_str());
    let suffix = index.map(|index| format!("/index/{index}")).unwrap_or_default();
    Member {
        action: format!("dynamodb:{operation}"),
        target: match (known, index) {
            (Some(table), None) => Target::Table(table),
            (Some(table), Some(index)) => Target::Index(table, index.to_owned()),
            (None, _) => Target::Foreign,
        },
        arn: format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}{suffix}"),
        resource: format!("{short}{suffix}"),
        touched: known.map(|table| Touched::by(request, partition_key(table, index))).unwrap_or_default(),
        table: Some(name.to_owned()),
        consistent: request["ConsistentRead"].as_bool().unwrap_or(false),
    }
}

fn secret(operation: &str, body: &Value, stack: &Stack) -> Member {
    let id = body["SecretId"].as_str().or_else(|| body["Name"].as_str());
    let name = id.map(name_of);
    Member {
        action: format!("secretsmanager:{operation}"),
        target: match name {
            Some(name) => stack.secret_kind(name).map_or(Target::Foreign, Target::Secret),
            None => Target::Any,
        },
        arn: id.unwrap_or("*").to_owned(),
        resource: name
            .map_or("*", |name| name.strip_prefix(stack.name()).map_or(name, |rest| rest.trim_start_matches('/')))
            .to_owned(),
        touched: Touched::default(),
        table: None,
        consistent: false,
    }
}

fn partition_key(table: Table, index: Option<&str>) -> &'static str {
    let index = table.indexes().iter().find(|known| Some(known.as_str()) == index);
    index.map_or(table.partition_key(), |index| index.partition_key())
}
