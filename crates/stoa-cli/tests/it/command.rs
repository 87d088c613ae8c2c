//! The command, run in this process.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use stoa_cli::{Input, Io};
use stoa_core::routes::Table;
use stoa_sandbox::sandbox::{CONNECTION_FILE, Options, Sandbox};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// For golden tests: everything that a person at a terminal learns.
    pub fn shown(&self) -> String {
        format!("exit code {}\n----- out\n{}----- err\n{}", self.code, self.out, self.err)
    }

    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    #[track_caller]
    pub fn refused(self) -> String {
        assert_eq!(self.code, 1, "{self:?}");
        self.err
    }
}

pub async fn stoa(arguments: &[&str]) -> Ran {
    stoa_with(arguments, Input::Piped(Box::new(std::io::empty()))).await
}

pub async fn stoa_with(arguments: &[&str], input: Input) -> Ran {
    stoa_in(&[], arguments, input).await
}

/// With these environment variables.
pub async fn stoa_in(environment: &[(&str, &str)], arguments: &[&str], input: Input) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut io = Io { input, out: &mut out, err: &mut err, environment };
    let arguments = std::iter::once("stoa").chain(arguments.iter().copied()).map(Into::into);
    let code = stoa_cli::run(arguments, &mut io).await;
    Ran { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

/// A sandbox, and a folder with on-call's files for it.
pub struct Desk {
    pub sandbox: Sandbox,
    pub folder: TempDir,
}

impl Desk {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// With a sandbox of other options.
    pub async fn with(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("schools")).unwrap();
        let metadata = sandbox.pingfederate.metadata(sandbox.pingfederate_partner()).unwrap();
        fs::write(folder.path().join("pg-metadata.xml"), metadata).unwrap();
        Self { sandbox, folder }
    }

    pub async fn stoa(&self, arguments: &[&str]) -> Ran {
        self.stoa_with(arguments, Input::Piped(Box::new(std::io::empty()))).await
    }

    pub async fn stoa_with(&self, arguments: &[&str], input: Input) -> Ran {
        let endpoint = self.sandbox.front.endpoint();
        let arguments: Vec<&str> = [&["--sandbox", &endpoint], arguments].concat();
        stoa_with(&arguments, input).await
    }

    /// Writes a file of the sandbox's connection, changed, and returns its path.
    pub fn file(&self, name: &str, change: impl Fn(&str) -> String) -> String {
        self.write(name, &change(CONNECTION_FILE))
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// The outputs of the sandbox's stack, as if it were deployed in this region and account; returns the file's path.
    pub fn outputs(&self, region: &str, account: &str) -> String {
        let stack = self.sandbox.front.stack();
        let tables = [
            ("ConnectionsTable", Table::Connections),
            ("TrustTable", Table::Trust),
            ("LoginsTable", Table::Logins),
            ("DirectoryTable", Table::Directory),
        ];
        let arn = format!("arn:aws:lambda:{region}:{account}:function:{}:live", stack.function_name("operator"));
        let outputs = tables.map(|(name, table)| (name, stack.table_name(table))).into_iter().chain([
            ("SecretPrefix", stack.name().to_owned()),
            ("CsvImportFunction", arn.replace("operator", "csv-import")),
            ("OperatorFunction", arn),
            ("PublicUrl", self.sandbox.url()),
        ]);
        let outputs: Vec<_> = outputs.map(|(name, value)| json!({ "OutputKey": name, "OutputValue": value })).collect();
        self.write(&format!("{region}-{account}.json"), &json!(outputs).to_string())
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Does something behind on-call's back.
    pub async fn dynamodb(&self, operation: &str, body: &str) {
        let headers = format!(
            "x-amz-date: 20261123T060000Z\r\nx-amz-target: DynamoDB_20120810.{operation}\r\n\
             content-type: application/x-amz-json-1.0\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=sandbox/20261123/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=0\r\n"
        );
        let answer = send(self.sandbox.front.address(), "POST /", &headers, body).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// A token for the customer's SCIM client.
    pub async fn scim_token(&self, expires: &str) -> String {
        let said = self.stoa(&["scim", "token", "create", "pg", "--expires", expires]).await.done();
        said.lines().find(|line| line.starts_with("stoa_scim_")).unwrap().to_owned()
    }

    /// What the customer's SCIM client sends; the `id` of what it is about, where the answer has one.
    pub async fn scim(&self, token: &str, line: &str, body: &Value) -> String {
        let (method, path) = line.split_once(' ').unwrap();
        let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/scim+json\r\n");
        let line = format!("{method} /scim/pg/v2{path}");
        let answer = send(self.sandbox.gateway.address(), &line, &headers, &body.to_string()).await;
        assert!(answer.starts_with("HTTP/1.1 20"), "{line}: {answer}");
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        let resource: Value = serde_json::from_str(body).unwrap_or_default();
        resource["id"].as_str().unwrap_or_default().to_owned()
    }

    /// A text without what differs from run to run.
    pub fn settled(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "FOLDER")
            .replace(&self.sandbox.front.endpoint(), "http://127.0.0.1:PORT")
    }
}

/// Sends a request as it stands and returns the answer as it came.
async fn send(to: SocketAddr, line: &str, headers: &str, body: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
