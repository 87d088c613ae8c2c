//! What can stop the command, and what to do about it.

use std::io::ErrorKind;
use std::path::PathBuf;

use stoa_core::connection::{ConnectionError, UrlPolicy};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_service::EnvironmentError;
use stoa_service::operator::{EgressError, GetError, OperatorError};

use crate::domain::Doubt;
use crate::number::number;

/// Why the command did not do what it was asked. No text ever holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Refused by the command's rules, or by AWS.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The same, and the file that asked for it.
    #[error("{path}: {source}")]
    InFile {
        /// The connection's file.
        path: String,
        /// What is wrong with it.
        source: OperatorError,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file that was named.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file that a connection's file names cannot be read.
    #[error("{}, which {by} names: {source}", path.display())]
    Beside {
        /// The file that is named.
        path: PathBuf,
        /// The connection's file.
        by: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file of people cannot be used at all.
    #[error("{}: {source}", path.display())]
    Import {
        /// The file that was named.
        path: PathBuf,
        /// What is wrong with it.
        source: stoa_import::HeaderError,
    },
    /// A file was changed while it was read.
    #[error("{}: the file was changed while it was imported: what came first is written, and the rest is another file", .0.display())]
    FileChanged(PathBuf),
    /// A file that is to name everybody names nobody.
    #[error("nobody has left: {} names nobody", .0.display())]
    NamesNobody(PathBuf),
    /// Who is missing in a file cannot be known: some of its rows name nobody.
    #[error(
        "nobody has left: {}, and who is in them is not known. {}",
        number(*refused, "row cannot be used", "rows cannot be used"),
        if *wrote { "The other rows are written" } else { "Nothing was written" }
    )]
    Incomplete {
        /// How many rows.
        refused: u64,
        /// Whether the rows that can be used are written.
        wrote: bool,
    },
    /// Not a certificate.
    #[error("{}: {source}", path.display())]
    Certificate {
        /// The file that was named.
        path: PathBuf,
        /// What is wrong with the certificate.
        source: stoa_saml::CertificateError,
    },
    /// The folder holds nothing to apply.
    #[error("there is no *.toml and no schools/*.toml in {}", .0.display())]
    NoFiles(PathBuf),
    /// A change of an existing connection says why.
    #[error("nothing was written: a change of an existing connection needs a reason")]
    NoReason,
    /// Somebody was asked, and did not agree.
    #[error("nothing was written: that was not a yes")]
    NotConfirmed,
    /// Their owner still needs the address.
    #[error("nothing was written: whoever has that address still signs in, last at {0}")]
    StillComesIn(String),
    /// A line of a file of subjects is no pair.
    #[error("{}: line {line} is not PREVIOUS,NEW", path.display())]
    NoPair {
        /// The file that was named.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
    },
    /// Some of several were not done. Which has been printed.
    #[error("{failed} of {all} were not moved")]
    NotAll {
        /// How many were not.
        failed: usize,
        /// Of how many.
        all: usize,
    },
    /// What is stored cannot be written in the form of a file.
    #[error("it cannot be written in the form of a file: {0}")]
    Unshown(toml::ser::Error),
    /// The secret would be nobody's.
    #[error("nothing was written: there is no {0}, so nothing would use the secret")]
    NobodysSecret(String),
    /// The form lacks an answer that this kind of connection needs.
    #[error("the answers lack {0}")]
    NoAnswer(&'static str),
    /// Not everything is as it should be. What is not has been printed.
    #[error("{}", findings(.0))]
    Found(usize),
    /// A domain is hardly one customer's, or looks like another.
    #[error("{path}: nothing was written: the domain {domain}: {why}")]
    Domain {
        /// Which file claims it.
        path: String,
        /// The domain as the file has it.
        domain: String,
        /// Why it is asked about.
        why: Doubt,
    },
    /// There is nothing that says which stack is meant.
    #[error("which stack?")]
    NoStack,
    /// The environment names two, and one of them silently winning has cost a secret.
    #[error("which stack? STOA_SANDBOX and STOA_OUTPUTS are both set")]
    TwoStacks,
    /// The credentials are of another account than the stack.
    #[error("nothing was done: the stack is in account {stack}, and the credentials belong to account {caller}")]
    OtherAccount {
        /// The stack's.
        stack: String,
        /// The credentials'.
        caller: String,
    },
    /// The environment is set to another region than the stack's.
    #[error("the stack is in {stack}, but AWS_REGION is {environment:?}")]
    OtherRegion {
        /// The stack's.
        stack: String,
        /// The environment's.
        environment: String,
    },
    /// Whoever is at that address would be told secrets.
    #[error("AWS_ENDPOINT_URL is {0:?}, which is not on this machine")]
    Endpoint(String),
    /// The file of outputs lacks one.
    #[error("{}: {missing}", path.display())]
    Outputs {
        /// Which file.
        path: PathBuf,
        /// What is missing in it.
        missing: &'static str,
    },
    /// The credentials are not in the environment.
    #[error(transparent)]
    Credentials(#[from] EnvironmentError),
    /// A secret would be seen on the screen.
    #[error("a secret is not read from the terminal, where it would be visible")]
    Terminal,
    /// Standard input cannot be read.
    #[error("standard input cannot be read: {0}")]
    Input(std::io::Error),
    /// Standard output cannot be written.
    #[error("standard output cannot be written: {0}")]
    Output(std::io::Error),
    /// `--random` makes no sense for this secret.
    #[error("only seal, pepper and directory can be random; the value of {0} comes from elsewhere")]
    NotRandom(String),
    /// There is no secret of this name.
    #[error(
        "there is no secret named {0:?}; the names are seal, pepper, directory, probe, saml/CONNECTION, oidc/CONNECTION, \
         workos/CONNECTION and thinkific/SCHOOL"
    )]
    SecretName(String),
    /// Secrets Manager would not take it.
    #[error("the secret is longer than 64 KiB")]
    SecretTooLong,
    /// The seal secret and the pepper protect by their length alone.
    #[error("a seal or pepper of your own needs at least 32 characters")]
    SecretTooShort,
    /// Neither a reference nor a request's id.
    #[error("that is neither a reference, like 7KQ3-9FXM-2B4T, nor an apigw-requestid")]
    Reference,
    /// The login is not in the table. What it can mean has been printed.
    #[error("there is no login {0} in this stack")]
    NoLogin(String),
    /// The school has not been applied.
    #[error("there is no school {0} in this stack")]
    NoSchool(SchoolId),
    /// The look at a school's accounts comes no further.
    #[error("the mirror of {0} has come no further for five minutes")]
    MirrorStill(SchoolId),
    /// The domain is a customer's, whose people must not be touched.
    #[error("nothing was asked: {customer} signs in with addresses of {domain}")]
    DomainSignsIn {
        /// The domain that was named for the people of a rehearsal.
        domain: String,
        /// Whose it is.
        customer: String,
    },
    /// Some questions were not answered. Which has been printed.
    #[error("{unanswered} of {} without an answer", number(*all, "question", "questions"))]
    Unanswered {
        /// How many were not.
        unanswered: usize,
        /// Of how many.
        all: usize,
    },
    /// No connection takes addresses of the domain.
    #[error("no connection has the domain {0}")]
    NoDomain(String),
    /// The connection has no `[teams]` table.
    #[error("the connection {0} has no [teams] table, so it has no tab")]
    NoTab(ConnectionId),
    /// The package could not be put together.
    #[error("the package could not be made: {0}")]
    Package(zip::result::ZipError),
}

fn findings(count: &usize) -> String {
    number(*count, "finding", "findings")
}

impl CliError {
    /// An error of what a file asks for. Some say the file already.
    pub(crate) fn in_file(path: &str, error: OperatorError) -> Self {
        if matches!(error, OperatorError::File { .. } | OperatorError::Metadata { .. }) {
            Self::Operator(error)
        } else {
            Self::InFile { path: path.to_owned(), source: error }
        }
    }

    /// Whether the text has lines of its own: a mistake in a file is shown with the line that it is in.
    pub(crate) const fn shows_lines(&self) -> bool {
        matches!(
            self,
            Self::Operator(OperatorError::File { .. }) | Self::InFile { source: OperatorError::File { .. }, .. }
        )
    }

    /// 2 where the arguments are the mistake, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NoStack
            | Self::TwoStacks
            | Self::OtherRegion { .. }
            | Self::Endpoint(_)
            | Self::NotRandom(_)
            | Self::SecretName(_)
            | Self::NoReason
            | Self::Credentials(_)
            | Self::Reference => 2,
            Self::Operator(_)
            | Self::InFile { .. }
            | Self::File { .. }
            | Self::Beside { .. }
            | Self::Import { .. }
            | Self::FileChanged(_)
            | Self::Incomplete { .. }
            | Self::NamesNobody(_)
            | Self::Certificate { .. }
            | Self::NoFiles(_)
            | Self::NoDomain(_)
            | Self::NotConfirmed
            | Self::StillComesIn(_)
            | Self::NoPair { .. }
            | Self::NotAll { .. }
            | Self::Found(_)
            | Self::NoAnswer(_)
            | Self::Unshown(_)
            | Self::NobodysSecret(_)
            | Self::Domain { .. }
            | Self::Outputs { .. }
            | Self::OtherAccount { .. }
            | Self::Terminal
            | Self::SecretTooLong
            | Self::SecretTooShort
            | Self::Input(_)
            | Self::Output(_)
            | Self::NoLogin(_)
            | Self::NoSchool(_)
            | Self::MirrorStill(_)
            | Self::NoTab(_)
            | Self::DomainSignsIn { .. }
            | Self::Unanswered { .. }
            | Self::Package(_) => 1,
        }
    }

    /// What to do.
    pub(crate) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Operator(error) | Self::InFile { source: error, .. } => return operator_advice(error),
            Self::Domain { domain, why, .. } if why.may_be_overruled() => {
                return Some(format!("If it is this customer's all the same, add `--allow-domain {domain}`."));
            }
            Self::NoStack => {
                "Name a deployed one with --outputs FILE (`sam list stack-outputs --stack-name NAME --output json > \
                 FILE`), or a running sandbox with --sandbox URL. `connection new` and `connection guide FILE` need \
                 only --host URL."
            }
            Self::TwoStacks => "Unset one of them, or name the stack with --outputs FILE or --sandbox URL.",
            Self::OtherAccount { .. } => {
                "Export credentials of the stack's account, or name the outputs of the other stack. `aws sts \
                 get-caller-identity` shows whose they are."
            }
            Self::OtherRegion { .. } => {
                "Unset AWS_REGION, since the outputs say the region, or name the outputs of the stack that is there."
            }
            Self::Endpoint(_) => "Unset it. Only an AWS on 127.0.0.1 or localhost can stand in for the stack's own.",
            Self::Outputs { .. } => "Create it with `sam list stack-outputs --stack-name NAME --output json`.",
            Self::Credentials(_) => {
                "Credentials come from the environment: `eval \"$(aws configure export-credentials --format env)\"`."
            }
            Self::NoReason => "Add `--reason \"…\"`: whoever is on call later sees it in `stoa connection history`.",
            Self::StillComesIn(_) => {
                "Then the address is theirs, and the customer's record of whoever was refused is wrong: their \
                 administrator corrects it. If they have left, `stoa person deactivate` comes first."
            }
            Self::NoPair { .. } => {
                "Each line has the subject until now, a comma, and the new one. Use --from and --to for a subject with \
                 a comma."
            }
            Self::NobodysSecret(_) => {
                "`stoa connection list` shows the names. If its file is applied later, add `--before-apply`."
            }
            Self::NoSchool(_) => {
                "A school is written with the first connection that leads to it: `stoa connection apply`."
            }
            Self::MirrorStill(_) => {
                "It goes on by itself. If it never does, see docs/runbook/alarms/MirrorAbsent.md; calls that logins need \
                 come first."
            }
            Self::DomainSignsIn { .. } => {
                "Name a domain of which nobody has an account at the school, such as a subdomain made for tests."
            }
            Self::Unanswered { .. } => "What was found is kept. Ask the others again with --only.",
            Self::NoTab(_) => "docs/connections.md explains it. Add it to the connection's file and apply.",
            Self::SecretTooShort => "`--random` generates one that nobody has to see.",
            Self::Terminal => "Pipe it in: `stoa secret put NAME < FILE`, or from a password manager's command.",
            Self::NoDomain(_) => {
                "`stoa connection list` shows the domains of each connection; choose one with --connection."
            }
            Self::Certificate { .. } => {
                "The file must be PEM or DER; a PEM certificate begins with -----BEGIN CERTIFICATE-----."
            }
            Self::Import { .. } => {
                "Name the columns with --column, as --column email=\"Login Mail\". Of a workbook, export the sheet as CSV."
            }
            Self::FileChanged(_) => "Import it again once nothing writes to it.",
            Self::Incomplete { .. } => {
                "Correct those rows, or take them out of the file together with whoever may leave, and import again."
            }
            Self::Reference => {
                "A reference has twelve letters and digits, in three groups of four; an apigw-requestid ends in `=`. Have \
                 it read out again."
            }
            Self::Beside { .. } => {
                "It is read from the folder of the connection's file. Save it there, or name an address instead: \
                 `saml.metadata_url`, or for OpenID Connect nothing but the issuer."
            }
            Self::File { source, .. } if source.kind() == ErrorKind::IsADirectory => {
                "This takes one file. `stoa connection plan` and `apply` take a folder too."
            }
            Self::NamesNobody(_) => "Is it the right file? Whoever has left can be named in it, with a status.",
            Self::File { .. }
            | Self::NoFiles(_)
            | Self::Domain { .. }
            | Self::Input(_)
            | Self::Output(_)
            | Self::NotRandom(_)
            | Self::SecretName(_)
            | Self::NotConfirmed
            | Self::NotAll { .. }
            | Self::Found(_)
            | Self::NoAnswer(_)
            | Self::Unshown(_)
            | Self::SecretTooLong
            | Self::NoLogin(_)
            | Self::Package(_) => return None,
        };
        Some(advice.to_owned())
    }
}

fn operator_advice(error: &OperatorError) -> Option<String> {
    match error {
        OperatorError::Connection(ConnectionError::BadUrl { url, .. }) if is_of_this_machine(url) => Some(
            "Only a sandbox is reached at such an address: name it with --sandbox URL, or in STOA_SANDBOX.".to_owned(),
        ),
        OperatorError::Meanwhile(id) => {
            Some(format!("Look at `stoa connection history {id}`, update the file, and plan again."))
        }
        OperatorError::SchoolMeanwhile(_) => Some("Plan again and check the differences.".to_owned()),
        OperatorError::Busy => Some("Try again.".to_owned()),
        OperatorError::DomainTaken { .. } => {
            Some("At each school a domain belongs to one customer. The two must agree whose it is.".to_owned())
        }
        OperatorError::SiteTaken { .. } => Some(
            "Two schools on one site would share its accounts, but each would have its own owners of domains. Let the \
             connections name the school that is there."
                .to_owned(),
        ),
        OperatorError::EntityIdFixed(id, fixed) => Some(format!(
            "The customer's administrator has already entered it. Set sp_entity_id = {fixed:?}, or create a new \
             connection next to {id}."
        )),
        OperatorError::NoDirectoryBeside(_, other) => {
            Some(format!("`stoa connection show {other}` prints its customer, school and directory."))
        }
        OperatorError::SchoolBusy(id, _) => Some(format!(
            "`stoa directory stuck {id}` and `stoa directory held {id}` list whom somebody has to decide about; the others \
             are done within minutes."
        )),
        OperatorError::SchoolFixed(id, _) => {
            Some(format!("Create a new connection next to {id} for the other school, and let its source send everybody."))
        }
        OperatorError::Untested(id, _) => Some(format!(
            "`stoa connection test {id}` makes a link; once somebody has signed in with it, activate again. `stoa logins \
             --connection {id}` lists the tests that failed."
        )),
        OperatorError::NoConnection(_) => Some("`stoa connection list` shows the names.".to_owned()),
        OperatorError::NoVersion(id, _) => Some(format!("`stoa connection history {id}` shows the versions.")),
        OperatorError::NoSchool(school) => {
            Some(format!("Put its file next to the connection's, as schools/{school}.toml, and plan again."))
        }
        OperatorError::KeysLeft(id) => Some(format!(
            "If the connection existed before, `stoa connection history {id}` shows it and `rollback` brings it back. \
             If not, check the keys as docs/runbook/trust-keys.md describes, and remove them."
        )),
        OperatorError::NoKey(id, _) => {
            Some(format!("`stoa connection trust {id}` shows its keys, `… fetch` those in its metadata."))
        }
        OperatorError::NothingPublished(id) => Some(format!(
            "`stoa connection trust {id}` shows its keys, `… add FILE` trusts a certificate from another source."
        )),
        OperatorError::NotSaml(id) => {
            Some(format!("`stoa connection trust {id} fetch` fetches the key set now; no key is approved one by one."))
        }
        OperatorError::NotScim(id) | OperatorError::NotCsv(id) => {
            Some(format!("docs/connections.md describes [directory]. Add it to the file of {id} and apply."))
        }
        OperatorError::TokensLive(id) | OperatorError::NoToken(id, _) => {
            Some(format!("`stoa scim token list {id}` shows its tokens and when they were last used."))
        }
        OperatorError::LastKey(id) => Some(format!("`stoa connection disable {id}` closes the connection immediately.")),
        OperatorError::TooManyKeys(id) | OperatorError::AlreadyTrusted(id) => {
            Some(format!("`stoa connection trust {id}` shows them."))
        }
        OperatorError::Fetch { source: GetError::Egress(EgressError::Forbidden), .. } => Some(
            "Only https addresses on the public internet are read. If it is elsewhere, save it as a file and name that.".to_owned(),
        ),
        OperatorError::Fetch { source: GetError::Status(300..=399), .. } => Some(
            "It leads elsewhere, and no redirect is followed. Put the address at its end into saml.metadata_url or \
             oidc.discovery_url."
                .to_owned(),
        ),
        OperatorError::Fetch { .. } => Some(
            "Is the address right? If only this machine cannot reach it, save it as a file and name that in the \
                 connection."
                .to_owned(),
        ),
        OperatorError::Aws { code, .. } => aws_advice(code),
        OperatorError::Refused { fault, .. } => Some(format!("docs/runbook/faults/{fault}.md explains it.")),
        OperatorError::NotUnderstood { .. } => Some("The stack is older than this command: deploy it again.".to_owned()),
        OperatorError::Function { who, .. } => Some(format!(
            "`aws logs tail /aws/lambda/STACK-{}` shows the log; STACK is the stack's name.",
            who.function().unwrap_or("FUNCTION")
        )),
        OperatorError::FunctionUnnamed(_) => {
            Some("If the stack has it, write its outputs into the file again; if not, deploy first.".to_owned())
        }
        OperatorError::NoPerson(_) => Some(
            "An address is known from somebody's first login with it until it is freed or changed. If there was none, \
             ask the customer's administrator for the subject, and use --subject."
                .to_owned(),
        ),
        OperatorError::NotInDirectory(id) => Some(format!(
            "Somebody whom the source has deleted is kept out by `stoa person deactivate --connection {id}`, with their \
             address or subject."
        )),
        OperatorError::SecretNeeded(_) => {
            Some("To replace its value, `stoa secret put` writes another. `stoa secret list` shows whose it is.".to_owned())
        }
        OperatorError::SubjectTaken => Some(
            "If they came in as somebody new in the meantime: `stoa person show --subject` shows both. What each has at \
             the school is for its administrator to decide."
                .to_owned(),
        ),
        OperatorError::PersonMeanwhile => Some("Check `stoa person show`, then decide again.".to_owned()),
        OperatorError::ProbeStays => {
            Some("Give the customer's connection another id; `stoa probe set-up` writes the probe's.".to_owned())
        }
        OperatorError::NeverCameIn
        | OperatorError::PersonIs(_)
        | OperatorError::NoAddress
        | OperatorError::Connection(_)
        | OperatorError::File { .. }
        | OperatorError::Metadata { .. }
        | OperatorError::Discovery { .. }
        | OperatorError::Jwks { .. }
        | OperatorError::NoKeys(_)
        | OperatorError::Secret(_)
        | OperatorError::Item(_)
        | OperatorError::Answer(_)
        | OperatorError::NotErasable(_)
        | OperatorError::Unformed => None,
    }
}

/// Whether an address is one that a sandbox has.
fn is_of_this_machine(url: &str) -> bool {
    stoa_core::connection::check_url("", url, UrlPolicy::LoopbackToo).is_ok()
}

fn aws_advice(code: &str) -> Option<String> {
    match code {
        "AccessDeniedException" | "AccessDenied" => {
            Some("Reading needs the stack's policy OnCallRead; changing also needs OnCallRepair.".to_owned())
        }
        "ExpiredTokenException" | "ExpiredToken" | "InvalidClientTokenId" | "UnrecognizedClientException" => {
            Some("The credentials in the environment are wrong or no longer valid; get new ones.".to_owned())
        }
        "ResourceNotFoundException" => Some(
            "It does not exist in this account and region: do the credentials and --outputs belong to the same stack?"
                .to_owned(),
        ),
        "no connection" | "no answer in time" => Some(
            "Is the address right, and reachable? The sandbox prints its own as \"DynamoDB and secrets\".".to_owned(),
        ),
        _ => None,
    }
}
