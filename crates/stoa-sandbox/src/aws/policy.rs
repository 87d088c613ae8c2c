//! Who may do what: the register's grants, and two principals that are no functions.

use std::collections::BTreeSet;
use std::fmt;

use super::touched::{Touched, is_like};
use stoa_core::routes::{
    Bucket, Function, Grant, ON_CALL_ASKS, ON_CALL_GRANTS, ON_CALL_LISTS, ON_CALL_READS, ROUTES, Resource, SecretKind,
    Table,
};

pub use stoa_service::operator::sandbox::ON_CALL;

/// The access key id of the sandbox and of tests: everything is allowed.
pub const SANDBOX: &str = "sandbox";

/// The functions that the command-line tool may invoke. Functions invoke none.
const OF_THE_COMMAND: [&str; 2] = ["operator", "csv-import"];

/// What an action is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A table of the stack.
    Table(Table),
    /// An index of a table of the stack.
    Index(Table, String),
    /// A secret of the stack.
    Secret(SecretKind),
    /// A function of the stack.
    Function(String),
    /// A log group of the stack.
    LogGroup,
    /// A bucket of the stack, not its objects.
    Bucket(Bucket),
    /// An object of a bucket of the stack, by its key; in a grant, what the keys are like.
    Object(Bucket, String),
    /// Everything of the service, as the listing actions want.
    Any,
    /// Something that is not the stack's.
    Foreign,
}

/// One action of one function on one resource: the unit in which grants are used, or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantUse {
    /// The name of the function that called, or of the role.
    pub principal: String,
    /// The action as IAM spells it.
    pub action: String,
    /// `table/logins`, `index/logins/by-email`, `secret/seal`.
    pub resource: String,
}

impl GrantUse {
    /// Reads a line of the ledger.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (principal, action, resource) = (words.next()?, words.next()?, words.next()?);
        words.next().is_none().then_some(Self { principal, action, resource })
    }
}

impl fmt::Display for GrantUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.principal, self.action, self.resource)
    }
}

/// What the policy says of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed by a grant of the register.
    Granted(GrantUse),
    /// Allowed to a principal that is no function.
    Allowed,
    /// Not allowed.
    Denied,
}

/// Whether a principal of this name exists.
pub fn is_principal(principal: &str) -> bool {
    principal == ON_CALL || principal == SANDBOX || function(principal).is_some()
}

/// Decides one action.
pub fn decide(principal: &str, action: &str, target: &Target, touched: &Touched) -> Decision {
    let allowed = match principal {
        SANDBOX => true,
        ON_CALL => on_call_may(action, target, touched),
        _ => {
            return match function(principal).and_then(|function| granted(function, action, target, touched)) {
                Some(used) => Decision::Granted(used),
                None => Decision::Denied,
            };
        }
    };
    if allowed { Decision::Allowed } else { Decision::Denied }
}

/// Every grant of the register, spelled out.
pub fn declared_grants() -> BTreeSet<GrantUse> {
    let mut declared = BTreeSet::new();
    for function in ROUTES {
        for grant in function.grants {
            for target in targets(grant.resource) {
                declared.extend(grant.actions.iter().map(|action| grant_use(function, action.as_str(), &target)));
            }
        }
    }
    declared
}

/// The grants of the register that are not among the used ones.
pub fn unused_grants(used: &BTreeSet<GrantUse>) -> BTreeSet<GrantUse> {
    declared_grants().difference(used).cloned().collect()
}

/// The grants of the register that no line of a ledger names.
pub fn unused_in_ledger(ledger: &str) -> BTreeSet<GrantUse> {
    unused_grants(&ledger.lines().filter_map(GrantUse::parse).collect())
}

fn function(name: &str) -> Option<&'static Function> {
    ROUTES.iter().find(|function| function.name == name)
}

fn granted(function: &Function, action: &str, target: &Target, touched: &Touched) -> Option<GrantUse> {
    let grant = function.grants.iter().find(|grant| covers(grant, action, target, touched))?;
    let granted = targets(grant.resource).into_iter().find(|granted| reaches(granted, target))?;
    Some(grant_use(function, action, &granted))
}

/// Whether what a grant names is, or is like, what is asked for.
fn reaches(granted: &Target, target: &Target) -> bool {
    match (granted, target) {
        (Target::Object(bucket, like), Target::Object(of, key)) => bucket == of && is_like(like, key),
        _ => granted == target,
    }
}

fn covers(grant: &Grant, action: &str, target: &Target, touched: &Touched) -> bool {
    grant.actions.iter().any(|known| known.as_str() == action)
        && targets(grant.resource).iter().any(|granted| reaches(granted, target))
        && grant.conditions.iter().all(|condition| touched.meets(condition))
}

fn targets(resource: Resource) -> Vec<Target> {
    match resource {
        Resource::Table(table) => vec![Target::Table(table)],
        Resource::Index(index) => vec![Target::Index(index.table(), index.as_str().to_owned())],
        Resource::Secrets(kinds) => kinds.iter().copied().map(Target::Secret).collect(),
        Resource::Bucket(bucket) => vec![Target::Bucket(bucket)],
        Resource::Objects { bucket, like } => vec![Target::Object(bucket, like.to_owned())],
    }
}

fn grant_use(function: &Function, action: &str, target: &Target) -> GrantUse {
    let resource = match target {
        Target::Table(table) => format!("table/{}", table.as_str()),
        Target::Index(table, index) => format!("index/{}/{index}", table.as_str()),
        Target::Secret(kind) => format!("secret/{}", kind.as_str()),
        Target::Function(name) => format!("function/{name}"),
        Target::LogGroup => "log-group".to_owned(),
        Target::Bucket(bucket) => format!("bucket/{}", bucket.as_str()),
        Target::Object(bucket, like) => format!("objects/{}/{like}", bucket.as_str()),
        Target::Any | Target::Foreign => "*".to_owned(),
    };
    GrantUse { principal: function.name.to_owned(), action: action.to_owned(), resource }
}

/// By the template's two policies for people, as the register has them.
fn on_call_may(action: &str, target: &Target, touched: &Touched) -> bool {
    match target {
        // Whose logins is for the function to say: its log tells that somebody asked.
        Target::Function(function) => match action {
            "lambda:InvokeFunction" => OF_THE_COMMAND.contains(&function.as_str()),
            // Of every function of the stack.
            "lambda:GetAlias" => self::function(function).is_some(),
            _ => false,
        },
        Target::LogGroup => ON_CALL_READS.iter().any(|known| known.as_str() == action),
        Target::Any => ON_CALL_LISTS.iter().chain(ON_CALL_ASKS).any(|known| known.as_str() == action),
        Target::Table(_)
        | Target::Index(..)
        | Target::Secret(_)
        | Target::Bucket(_)
        | Target::Object(..)
        | Target::Foreign => ON_CALL_GRANTS.iter().any(|grant| covers(grant, action, target, touched)),
    }
}
