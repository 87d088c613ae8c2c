//! What a sandbox prints when it is started as a command.

#![allow(clippy::print_stdout, reason = "it is a command's output")]

use stoa_core::ids::ConnectionId;

use crate::arguments::Start;
use crate::aws::journal::Call;
use crate::browser::{BrowserError, Hop, Page};
use crate::openid::{EXAMPLES, Exchange, GLOBEX, INITECH, Product, Step};
use crate::sandbox::{HOST, Sandbox, SandboxError};
use crate::workos::CONNECTION;

/// Why the command ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The sandbox did not start.
    #[error("the sandbox did not start: {0}")]
    Sandbox(#[from] SandboxError),
    /// The test browser did not get anywhere.
    #[error("the login did not complete: {0}")]
    Browser(#[from] BrowserError),
    /// The login ended somewhere else than in the school.
    #[error("the login ended at {0} with status {1}, not at the school")]
    Elsewhere(String, u16),
    /// The SCIM client of the simulated Okta was refused.
    #[error("the request of the simulated Okta failed: {0}")]
    Refused(String),
    /// The function `provisioner` has no answer; its line in the log says why.
    #[error("the function provisioner did not answer")]
    NotProvisioned,
    /// Waiting for Ctrl-C failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl ShowError {
    /// What the person can do about it, where that is known.
    pub fn advice(&self) -> Option<&'static str> {
        let mut cause: Option<&dyn std::error::Error> = Some(self);
        while let Some(error) = cause {
            let io = error.downcast_ref::<std::io::Error>();
            if io.is_some_and(|io| io.kind() == std::io::ErrorKind::AddrInUse) {
                return Some(
                    "A port is in use, perhaps by another sandbox. Choose others: --ports 9080,9081,9082,9083",
                );
            }
            cause = error.source();
        }
        None
    }
}

/// Starts the sandbox, runs two logins of one person and one of somebody who is provisioned, and stays.
pub async fn run(start: &Start) -> Result<(), ShowError> {
    let sandbox = Sandbox::start(start.options()).await?;
    println!("stoa sandbox: everything on loopback, nothing leaves this machine\n");
    println!("A login; a person's first one creates their account:");
    one_login(&sandbox).await?;
    println!("\nThe same person on another day, known and unchanged:");
    one_login(&sandbox).await?;
    println!("\nSomebody whose company's Okta says who there is: at the school before they come.");
    one_provisioned(&sandbox).await?;
    if start.once {
        return Ok(());
    }
    sandbox.pingfederate.ask();
    for example in EXAMPLES.iter().filter(|example| example.id != INITECH.id) {
        sandbox.connect_openid(example, str::to_owned).await?;
    }
    let behind_workos = sandbox.connect_workos(str::to_owned).await?;
    if sandbox.operator.current(&ConnectionId::probe()).await.map_err(SandboxError::from)?.is_none() {
        sandbox.set_up_probe().await?;
    }
    print_addresses(&sandbox);
    print_workos(&sandbox, &behind_workos);
    print_for_commands(&sandbox);
    println!("\nCtrl-C stops everything.");
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
        () = minutes(&sandbox) => Ok(()),
    }
}

/// What the clock starts once a minute, and what files start that are put into the bucket. What fails of it is in its log.
async fn minutes(sandbox: &Sandbox) {
    let mut minutes = tokio::time::interval(std::time::Duration::from_secs(60));
    let mut uploads = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = uploads.tick() => {
                let _ = sandbox.deliver_uploads().await;
            }
            _ = minutes.tick() => {
                let _ = sandbox.mirror().await;
                let _ = sandbox.provision().await;
                let _ = sandbox.probe().await;
                let _ = sandbox.go_on_with_uploads().await;
            }
        }
    }
}

/// Runs one login in the test browser and prints each hop with its calls.
async fn one_login(sandbox: &Sandbox) -> Result<(), ShowError> {
    sandbox.pingfederate.sign_on_as("miller.m");
    sandbox.front.take_calls();
    sandbox.take_log();
    let page = sandbox.browser().get(&format!("{}?return_to=/courses/safety-basics", sandbox.login_url())).await?;
    print_hops(&page, &sandbox.front.take_calls(), &sandbox.take_log());
    at_school(&page)
}

fn at_school(page: &Page) -> Result<(), ShowError> {
    if page.status != 200 || page.url.host_str() != Some(crate::thinkific::HOST) {
        return Err(ShowError::Elsewhere(page.url.to_string(), page.status));
    }
    println!("  ✓ {}", page.text());
    Ok(())
}

/// Has somebody assigned in Okta, lets the clock start what follows, and signs them in.
async fn one_provisioned(sandbox: &Sandbox) -> Result<(), ShowError> {
    let (okta, person) = (INITECH.product, INITECH.person.to_owned());
    print_exchanges(&sandbox.connect_provisioned().await?)?;
    print_exchanges(&sandbox.openid.provision(okta, Step::Assign { person: person.clone() }).await)?;
    let push = Step::PushGroup { name: "Leaders".to_owned(), members: person };
    print_exchanges(&sandbox.openid.provision(okta, push).await)?;
    sandbox.thinkific.take_calls();
    let run = sandbox.provision().await.map_err(|_| ShowError::NotProvisioned)?;
    println!("  the function provisioner, every minute: {run}");
    for call in sandbox.thinkific.take_calls() {
        println!("        {} {} → {}", call.method, call.path, call.status);
    }
    sandbox.openid.sign_on_as(okta, INITECH.person);
    sandbox.front.take_calls();
    sandbox.take_log();
    let page = sandbox.browser().get(&format!("{}/login/{}", sandbox.url(), INITECH.id)).await?;
    print_hops(&page, &sandbox.front.take_calls(), &sandbox.take_log());
    println!("  {} calls of the school's Admin API", sandbox.thinkific.take_calls().len());
    sandbox.openid.ask(okta);
    at_school(&page)
}

/// What a customer's SCIM client has sent.
fn print_exchanges(exchanges: &[Exchange]) -> Result<(), ShowError> {
    for exchange in exchanges {
        println!("  {} {} → {}", exchange.method, exchange.path, exchange.status);
        if let Some(error) = &exchange.error {
            return Err(ShowError::Refused(error.clone()));
        }
    }
    Ok(())
}

fn print_hops(page: &Page, calls: &[Call], log: &[String]) {
    for hop in &page.hops {
        println!("  {hop}");
        let function = function_of(hop);
        for call in calls.iter().filter(|call| Some(call.principal.as_str()) == function) {
            println!("        {call}");
        }
    }
    let units: f64 = calls.iter().filter(|call| call.is_write()).map(|call| call.units).sum();
    let writes = calls.iter().filter(|call| call.is_write()).count();
    let log_bytes: usize = log.iter().map(String::len).sum();
    println!("  {writes} writes, {units} write units, {log_bytes} bytes of log");
}

/// The function that answered a hop.
fn function_of(hop: &Hop) -> Option<&'static str> {
    if hop.url.host_str() != Some(HOST) {
        return None;
    }
    crate::gateway::routing::find(hop.method.as_str(), hop.url.path()).map(|found| found.function)
}

fn print_addresses(sandbox: &Sandbox) {
    let (url, ping) = (sandbox.url(), sandbox.pingfederate.url());
    println!(
        "\nNow it is your turn. Open these in Chromium or Firefox, which find *.localhost on this machine:\n\n\
         \x20 sign in                {}\n\
         \x20 sign in as a test      {}?test=1\n\
         \x20 sign in by an address  {url}/login\n\
         \x20 start at the provider  {}\n\
         \x20 choose people, defects {ping}/sandbox\n\
         \x20 our SAML metadata      {url}/saml/{}/metadata\n\
         \x20 the school             {}\n\
         \x20 its accounts, defects  {}/sandbox\n\n\
         A person to try: miller.m.\n\n\
         By OpenID Connect:\n",
        sandbox.login_url(),
        sandbox.login_url(),
        sandbox.pingfederate.start_url(sandbox.pingfederate_partner(), None),
        sandbox.connection(),
        sandbox.thinkific.school_url(),
        sandbox.thinkific.school_url(),
    );
    for example in EXAMPLES {
        println!("  {:<22} {url}/login/{}   (as {})", example.product.name(), example.id, example.person);
    }
    println!("  Entra, a tab in Teams  {url}/teams/{}   (outside Teams, as here, it opens the login)", GLOBEX.id);
    println!("  choose people, defects {}/sandbox", sandbox.openid.url(Product::PingFederate));
    println!("\nWho is assigned and in which groups, as their administrator presses it:\n");
    for product in [Product::Okta, Product::Entra] {
        println!("  {:<22} {}/sandbox/provisioning", product.name(), sandbox.openid.url(product));
    }
}

fn print_workos(sandbox: &Sandbox, connection: &ConnectionId) {
    let (url, workos) = (sandbox.url(), sandbox.workos.url());
    println!(
        "\nThrough WorkOS:\n\n\
         \x20 sign in                {url}/login/{connection}   (as ada.wong@umbrella.example)\n\
         \x20 start at the provider  {}\n\
         \x20 choose people, defects {workos}/sandbox",
        sandbox.workos.start_url(CONNECTION),
    );
}

fn print_for_commands(sandbox: &Sandbox) {
    let endpoint = sandbox.front.endpoint();
    println!(
        "\nNot for a browser:\n\n\
         \x20 DynamoDB and secrets   {endpoint}   (AWS_ENDPOINT_URL; access key `on-call`)\n\
         \x20 the command `stoa`     STOA_SANDBOX={endpoint} cargo run -p stoa-cli -- connection list"
    );
}
