//! Every alarm of the template fires, and ends: a reader of log lines and answers that does what CloudWatch does with
//! them (series, statistic, expression, state), over what the sandbox makes.
//!
//! The platform's own metrics are made here from what the platform sees: an invocation and how long it took, an error of
//! one, the status of an answer, a message in a queue. Stated are throttles, since nothing here runs out of concurrency,
//! and four seconds, since no test waits for them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::{ROUTES, Table};
use stoa_saml::Certificate;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::openid::PG_OIDC;
use stoa_sandbox::pingfederate::{Defect, Published};

use crate::aws;
use crate::steps::{MARY, World};
use crate::sync::{read, root};
use crate::trust::PINNED;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A measurement, of one series.
struct Sample {
    series: Series,
    at: i64,
    value: f64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Series {
    namespace: String,
    name: String,
    dimensions: BTreeMap<String, String>,
}

/// What CloudWatch has been told.
#[derive(Default)]
struct CloudWatch {
    samples: Vec<Sample>,
}

impl CloudWatch {
    fn put(&mut self, (namespace, name): (&str, &str), dimensions: &[(&str, &str)], at: i64, value: f64) {
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let series = Series { namespace: namespace.to_owned(), name: name.to_owned(), dimensions };
        self.samples.push(Sample { series, at, value });
    }

    /// A line of a function: what it embeds, and the invocation that wrote it.
    fn read(&mut self, line: &str) {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(embedded) = line.get("_aws") {
            let at = embedded["Timestamp"].as_i64().unwrap() / 1000;
            for directive in embedded["CloudWatchMetrics"].as_array().unwrap() {
                for set in directive["Dimensions"].as_array().unwrap() {
                    let names = set.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                    let set: Vec<_> = names.map(|name| (name, line[name].as_str().unwrap())).collect();
                    for metric in directive["Metrics"].as_array().unwrap() {
                        let name = metric["Name"].as_str().unwrap();
                        let of = (directive["Namespace"].as_str().unwrap(), name);
                        self.put(of, &set, at, line[name].as_f64().unwrap());
                    }
                }
            }
        }
        // Only the line at an invocation's end says how long it took.
        if let (Some(ms), Some(function)) = (line["ms"].as_f64(), line["function"].as_str()) {
            let at = line["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap().as_second();
            let function = format!("stoa-local-{function}");
            let set = [("FunctionName", function.as_str())];
            self.put(("AWS/Lambda", "Invocations"), &set, at, 1.0);
            self.put(("AWS/Lambda", "Duration"), &set, at, ms);
        }
    }

    /// The values of a series in a period.
    fn values(&self, series: &Series, from: i64, to: i64) -> Vec<f64> {
        let within = |sample: &&Sample| (from..to).contains(&sample.at) && sample.series == *series;
        self.samples.iter().filter(within).map(|sample| sample.value).collect()
    }

    /// Whether an alarm is on at an instant: of its last periods, enough are over the threshold.
    fn is_on(&self, alarm: &Value, now: i64) -> bool {
        let period = period_of(alarm);
        let periods = alarm["EvaluationPeriods"].as_i64().unwrap();
        let enough = alarm["DatapointsToAlarm"].as_i64().unwrap_or(periods);
        // A parameter has its default here.
        let threshold =
            alarm["Threshold"].as_f64().or_else(|| (alarm["Threshold"]["Ref"] == "Concurrency").then_some(800.0));
        let threshold = threshold.unwrap();
        let current = now.div_euclid(period) * period;
        let is_breaching = |back: &i64| {
            let from = current - back * period;
            match (self.point(alarm, from, from + period), alarm["TreatMissingData"].as_str().unwrap()) {
                (Some(value), _) => match alarm["ComparisonOperator"].as_str().unwrap() {
                    "GreaterThanOrEqualToThreshold" => value >= threshold,
                    "LessThanThreshold" => value < threshold,
                    other => panic!("{other} is not read here"),
                },
                (None, "breaching") => true,
                (None, "notBreaching") => false,
                (None, other) => panic!("{other} is not read here"),
            }
        };
        (0..periods).filter(is_breaching).count() >= usize::try_from(enough).unwrap()
    }

    /// The alarm's datapoint of a period.
    fn point(&self, alarm: &Value, from: i64, to: i64) -> Option<f64> {
        let Some(metrics) = alarm["Metrics"].as_array() else {
            let statistic = alarm["Statistic"].as_str().unwrap();
            return statistic_of(&self.values(&series_of(alarm), from, to), statistic);
        };
        let points: BTreeMap<&str, Option<f64>> = metrics
            .iter()
            .filter(|metric| metric.get("MetricStat").is_some())
            .map(|metric| {
                let stat = &metric["MetricStat"];
                let values = self.values(&series_of(&stat["Metric"]), from, to);
                (metric["Id"].as_str().unwrap(), statistic_of(&values, stat["Stat"].as_str().unwrap()))
            })
            .collect();
        let (returned, steps): (Vec<_>, Vec<_>) = metrics
            .iter()
            .filter(|metric| metric["Expression"].is_string())
            .partition(|metric| metric["ReturnData"] == true);
        assert_eq!(returned.len(), 1, "an alarm has one result");
        // What is worked out on the way stands in the order in which it is needed.
        let mut points = points;
        for step in steps {
            let value = arithmetic(step["Expression"].as_str().unwrap(), &points);
            points.insert(step["Id"].as_str().unwrap(), value);
        }
        expression(returned[0]["Expression"].as_str().unwrap(), &points)
    }
}

/// The forms of metric math that the template uses. A new form has to be read here first.
fn expression(text: &str, points: &BTreeMap<&str, Option<f64>>) -> Option<f64> {
    match text {
        "SUM(FILL(METRICS(), 0))" => Some(points.values().map(|point| point.unwrap_or(0.0)).sum()),
        "MAX(FILL(METRICS(), 0))" => points.values().map(|point| point.unwrap_or(0.0)).reduce(f64::max),
        _ => {
            let inner = text.strip_prefix("IF(").and_then(|text| text.strip_suffix(", 1, 0)"));
            let inner = inner.unwrap_or_else(|| panic!("{text} is not read here"));
            let any = inner.split(" || ").map(|all| {
                let all = all.split(" AND ").map(|comparison| compared(comparison, points));
                all.collect::<Option<Vec<_>>>().map(|all| all.into_iter().all(|holds| holds))
            });
            // A series without data has no result.
            let any: Option<Vec<bool>> = any.collect();
            any.map(|any| if any.into_iter().any(|holds| holds) { 1.0 } else { 0.0 })
        }
    }
}

/// Sums, products and quotients of numbers and series, by the usual precedence. Nothing where a series has no data, or
/// where something is divided by 0, as CloudWatch has it.
fn arithmetic(text: &str, points: &BTreeMap<&str, Option<f64>>) -> Option<f64> {
    let text = text.trim();
    for operators in [&['+', '-'][..], &['*', '/']] {
        let mut depth = 0;
        for (at, letter) in text.char_indices().rev() {
            match letter {
                ')' => depth += 1,
                '(' => depth -= 1,
                _ if depth == 0 && operators.contains(&letter) => {
                    let (left, right) = (arithmetic(&text[..at], points)?, arithmetic(&text[at + 1..], points)?);
                    return match letter {
                        '+' => Some(left + right),
                        '-' => Some(left - right),
                        '*' => Some(left * right),
                        _ => (right != 0.0).then(|| left / right),
                    };
                }
                _ => {}
            }
        }
    }
    if let Some(inner) = text.strip_prefix("FILL(").and_then(|inner| inner.strip_suffix(", 0)")) {
        return Some(points[inner].unwrap_or(0.0));
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        return arithmetic(inner, points);
    }
    text.parse().ok().or_else(|| *points.get(text).unwrap_or_else(|| panic!("{text} is not read here")))
}

fn compared(text: &str, points: &BTreeMap<&str, Option<f64>>) -> Option<bool> {
    let words: Vec<&str> = text.rsplitn(3, ' ').collect();
    let &[number, operator, metric] = words.as_slice() else { panic!("{text} is not read here") };
    let number: f64 = number.parse().unwrap();
    let filled = metric.strip_prefix("FILL(").and_then(|rest| rest.strip_suffix(", 0)"));
    let value = match filled {
        Some(metric) => points[metric].unwrap_or(0.0),
        None => points[metric]?,
    };
    Some(match operator {
        ">=" => value >= number,
        "<" => value < number,
        "==" => (value - number).abs() < f64::EPSILON,
        other => panic!("{other} is not read here"),
    })
}

fn statistic_of(values: &[f64], statistic: &str) -> Option<f64> {
    match statistic {
        _ if values.is_empty() => None,
        "Sum" => Some(values.iter().sum()),
        "SampleCount" => Some(f64::from(u32::try_from(values.len()).unwrap())),
        "Maximum" => values.iter().copied().reduce(f64::max),
        "Minimum" => values.iter().copied().reduce(f64::min),
        "p99" => {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.get((sorted.len() * 99).div_ceil(100) - 1).copied()
        }
        other => panic!("{other} is not read here"),
    }
}

fn period_of(alarm: &Value) -> i64 {
    let of_metrics = alarm["Metrics"].as_array().into_iter().flatten();
    let periods = of_metrics.filter_map(|metric| metric["MetricStat"]["Period"].as_i64());
    let periods: BTreeSet<i64> = periods.chain(alarm["Period"].as_i64()).collect();
    assert_eq!(periods.len(), 1, "an alarm has one period");
    periods.into_iter().next().unwrap()
}

/// The series that an alarm names, with the names that a deployed stack would put in.
fn series_of(metric: &Value) -> Series {
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
    let dimensions = dimensions.map(|dimension| (resolved(&dimension["Name"]), resolved(&dimension["Value"])));
    Series {
        namespace: resolved(&metric["Namespace"]),
        name: resolved(&metric["MetricName"]),
        dimensions: dimensions.collect(),
    }
}

fn resolved(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if let Some(text) = value["Fn::Sub"].as_str() {
        return text.replace("${AWS::StackName}", "stoa-local");
    }
    let name = value["Ref"].as_str().or_else(|| value["Fn::GetAtt"].as_str()).unwrap();
    let function = ROUTES.iter().find(|function| function.logical_id() == name);
    function.map_or_else(|| name.to_owned(), |function| format!("stoa-local-{}", function.name))
}

/// The template's alarms over one sandbox.
struct Watched {
    world: World,
    alarms: BTreeMap<String, Value>,
    cloudwatch: CloudWatch,
}

impl Watched {
    async fn start() -> Self {
        Self::over(World::with_mary().await)
    }

    fn over(world: World) -> Self {
        let alarms = serde_json::from_str(&read(&root().join("infra/alarms.json"))).unwrap();
        world.log();
        Self { world, alarms, cloudwatch: CloudWatch::default() }
    }

    fn now(&self) -> i64 {
        self.world.pingfederate.clock().now().as_second()
    }

    /// Takes in what was logged, and says which alarms are on. The runs by the clock are watched where a test makes
    /// them.
    fn on(&mut self) -> Vec<String> {
        for line in self.world.log() {
            self.cloudwatch.read(&line);
        }
        let now = self.now();
        let on = |(name, alarm): (&String, &Value)| self.cloudwatch.is_on(alarm, now).then(|| name.clone());
        let is_by_the_clock = |name: &String| name.ends_with("Absent") || name == "ProbeSilent";
        self.alarms.iter().filter_map(on).filter(|name| !is_by_the_clock(name)).collect()
    }

    /// A run of trust-refresh, as the scheduler starts it: Lambda counts a failure, and puts the event into the queue.
    async fn refresh(&mut self) {
        let failed = self.world.refresh_trust().await.is_err();
        let (now, function) = (self.now(), [("FunctionName", "stoa-local-trust-refresh")]);
        self.cloudwatch.put(("AWS/Lambda", "Errors"), &function, now, f64::from(u8::from(failed)));
        if failed {
            let queue = [("QueueName", "TrustRefreshFailures.QueueName")];
            self.cloudwatch.put(("AWS/SQS", "ApproximateNumberOfMessagesVisible"), &queue, now, 1.0);
        }
    }

    async fn refresh_after(&mut self, seconds: i64) {
        self.world.advance(seconds);
        self.refresh().await;
    }

    /// A request, whose answer the gateway counts.
    async fn get(&mut self, path: &str) {
        let page = self.world.browser().get(&format!("{}{path}", self.world.url())).await.unwrap();
        self.count(page.status);
    }

    fn count(&mut self, status: u16) {
        let (now, api) = (self.now(), [("ApiId", "HttpApi")]);
        for (name, is_one) in [("5xx", status >= 500), ("4xx", (400..500).contains(&status))] {
            self.cloudwatch.put(("AWS/ApiGateway", name), &api, now, f64::from(u8::from(is_one)));
        }
    }

    async fn log_in(&mut self) {
        let page = self.world.log_in(&self.world.browser(), MARY).await;
        self.count(page.status);
    }

    /// The connection's metadata is fetched from now on.
    async fn fetch_metadata(&mut self) {
        let url = self.world.pingfederate.metadata_url(self.world.pingfederate_partner());
        let from = format!("metadata_url = \"{url}\"");
        self.world.reconfigure(|text| text.replace("metadata_file = \"pg-metadata.xml\"", &from)).await;
        self.refresh().await;
        assert_eq!(self.on(), [""; 0]);
    }

    async fn approve_newest(&self) {
        let id = ConnectionId::parse("pg").unwrap();
        let trusts = self.world.operator.trusts(&id).await.unwrap();
        let waiting = trusts.watch.waiting.first().unwrap();
        self.world.operator.approve_key(&id, &waiting.fingerprint, "a test").await.unwrap();
    }
}

/// A connection's file whose client secret ends on a day.
fn ending(file: &str, day: &str) -> String {
    file.replace("client_id = ", &format!("secret_expires = \"{day}\"\nclient_id = "))
}

#[test]
fn every_alarm_is_shown_to_fire() {
    let this = read(&root().join("tests/it/alarms.rs"));
    let alarms: BTreeMap<String, Value> = serde_json::from_str(&read(&root().join("infra/alarms.json"))).unwrap();
    for name in alarms.keys() {
        assert!(this.contains(&format!("\"{name}\"")), "no scenario makes {name} fire");
    }
}

/// AWS counts the metrics that alarms read, not the alarms.
#[test]
fn what_the_alarms_cost_is_counted() {
    let alarms: BTreeMap<String, Value> = serde_json::from_str(&read(&root().join("infra/alarms.json"))).unwrap();
    let read_by = |alarm: &Value| match alarm["Metrics"].as_array() {
        Some(metrics) => metrics.iter().filter(|metric| !metric["MetricStat"].is_null()).count(),
        None => 1,
    };
    let metrics: usize = alarms.values().map(read_by).sum();
    let figures = format!("{} alarms, which are billed by the {metrics} metrics", alarms.len());
    for name in ["docs/benchmarks.md", "UPGRADE.md"] {
        let text = read(&root().join(name)).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&figures), "{name} does not say: {figures}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_in_which_people_sign_in_is_quiet() {
    let mut watched = Watched::start().await;
    for _ in 0..3 {
        watched.log_in().await;
        watched.refresh_after(HOUR).await;
        assert_eq!(watched.on(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_identity_providers_send_and_nobody_in_between_fires() {
    let mut watched = Watched::start().await;
    for _ in 0..5 {
        assert_eq!(watched.on(), [""; 0]);
        watched.world.pingfederate.next_defect(Defect::WrongAudience);
        watched.log_in().await;
    }
    assert_eq!(watched.on(), ["LoginsRefusedByProviders"]);
    watched.log_in().await;
    assert_eq!(watched.on(), [""; 0], "somebody got in");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_through_which_nobody_gets_in_fires_though_others_do() {
    let mut watched = Watched::start().await;
    watched.world.add_connection().await;
    // Mary's first login is older.
    watched.world.advance(HOUR);
    for refused in 0..5 {
        watched.world.probe().await.unwrap();
        assert_eq!(watched.on(), [""; 0], "{refused}");
        watched.world.pingfederate.next_defect(Defect::WrongAudience);
        watched.log_in().await;
        watched.world.log_in_through_two(&watched.world.browser(), MARY).await;
    }
    watched.world.probe().await.unwrap();
    let log = watched.world.log();
    let line = log.iter().find(|line| line.contains("\"refused\":5")).unwrap();
    let named = ["\"connection\":\"pg\"", "\"fault\":\"saml_audience_mismatch\"", "\"others\":1", "\"login\":"];
    assert!(named.iter().all(|part| line.contains(part)), "{line}");
    log.iter().for_each(|line| watched.cloudwatch.read(line));
    assert_eq!(watched.on(), ["ConnectionLockedOut"]);
    watched.log_in().await;
    watched.world.advance(300);
    watched.world.probe().await.unwrap();
    assert_eq!(watched.on(), [""; 0], "somebody got in");
}

/// Somebody gets in now and then, so no alarm about nobody says it.
#[tokio::test(flavor = "multi_thread")]
async fn fewer_logins_than_the_objective_says_fire_though_most_get_in() {
    let mut watched = Watched::start().await;
    let begin = watched.now().div_euclid(HOUR) * HOUR + HOUR;
    watched.world.advance(begin + 60 - watched.now());
    // A hundred and ninety got in: as if they had been counted in the hour.
    let ok = [("outcome", "ok")];
    watched.cloudwatch.put(("stoa/stoa-local", "Logins"), &ok, begin + 1, 190.0);
    for refused in 0..10 {
        assert_eq!(watched.on(), [""; 0], "{refused}");
        watched.world.pingfederate.next_defect(Defect::WrongAudience);
        watched.log_in().await;
    }
    assert_eq!(watched.on(), [""; 0], "95 of 100 got in");
    watched.world.pingfederate.next_defect(Defect::WrongAudience);
    watched.log_in().await;
    assert_eq!(watched.on(), ["LoginsBelowObjective"]);
    watched.log_in().await;
    watched.log_in().await;
    assert_eq!(watched.on(), ["LoginsBelowObjective"], "192 of 203");
    watched.world.advance(HOUR);
    assert_eq!(watched.on(), [""; 0], "the next hour");
}

#[test]
fn metric_math_is_read_by_precedence_and_without_division_by_nothing() {
    let points = BTreeMap::from([("a", Some(3.0)), ("b", None)]);
    for (text, wanted) in [
        ("1 + 2 * a", Some(7.0)),
        ("(1 + 2) * a", Some(9.0)),
        ("10 - 2 - 3", Some(5.0)),
        ("100 * FILL(a, 0) / (FILL(a, 0) + FILL(b, 0))", Some(100.0)),
        ("a / FILL(b, 0)", None),
        ("a + b", None),
    ] {
        assert_eq!(arithmetic(text, &points), wanted, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_throttles_fires() {
    let mut watched = Watched::start().await;
    watched.world.front.inject(Fault::next("saml-acs", "dynamodb:UpdateItem", FaultKind::Throttle));
    watched.world.front.take_calls();
    watched.log_in().await;
    for call in watched.world.front.calls().iter().filter(|call| call.to_string().contains("Throughput")) {
        let metric = if call.is_write() { "WriteThrottleEvents" } else { "ReadThrottleEvents" };
        let now = watched.now();
        watched.cloudwatch.put(("AWS/DynamoDB", metric), &[("TableName", "LoginsTable")], now, 1.0);
    }
    assert_eq!(watched.on(), ["TableThrottles"], "and the login went on");
    watched.world.advance(300);
    assert_eq!(watched.on(), [""; 0]);
}

/// What only the platform knows is stated here, and crosses the thresholds.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_account_and_the_host_lack_fires() {
    for (of, dimensions, value, after, alarm) in [
        (("AWS/Lambda", "ConcurrentExecutions"), &[][..], 800.0, 300, "ConcurrencyHigh"),
        (
            ("AWS/CertificateManager", "DaysToExpiry"),
            &[("CertificateArn", "CertificateArn")][..],
            29.0,
            DAY,
            "HostCertificateExpiring",
        ),
    ] {
        let mut watched = Watched::start().await;
        let now = watched.now();
        let good = if value > 100.0 { value - 1.0 } else { value + 1.0 };
        watched.cloudwatch.put(of, dimensions, now, good);
        assert_eq!(watched.on(), [""; 0]);
        watched.cloudwatch.put(of, dimensions, now, value);
        assert_eq!(watched.on(), [alarm]);
        watched.world.advance(after);
        assert_eq!(watched.on(), [""; 0]);
    }
}

/// A run by the minute that Lambda gave up on: its event is in the queue of its function.
#[tokio::test(flavor = "multi_thread")]
async fn runs_by_the_minute_that_fail_fire_by_their_queues() {
    for (function, queue) in
        [("provisioner", "ProvisionerFailures"), ("mirror", "MirrorFailures"), ("probe", "ProbeFailures")]
    {
        let mut watched = Watched::start().await;
        watched.world.front.inject(Fault::next(function, "dynamodb:Query", FaultKind::Deny));
        let failed = watched.world.invoke(function, Value::Null).await.is_err();
        assert!(failed, "{function}");
        let now = watched.now();
        let name = format!("{queue}.QueueName");
        watched.cloudwatch.put(("AWS/SQS", "ApproximateNumberOfMessagesVisible"), &[("QueueName", &name)], now, 1.0);
        assert_eq!(watched.on(), ["RunsFailed"], "{function}");
        watched.world.advance(300);
        assert_eq!(watched.on(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_keeps_everybody_out_fires() {
    let mut watched = Watched::start().await;
    watched.world.set_state("pg", ConnectionState::Disabled).await;
    watched.world.advance(61);
    for _ in 0..5 {
        assert_eq!(watched.on(), [""; 0]);
        watched.get("/login/pg").await;
    }
    assert_eq!(watched.on(), ["LoginsRefusedBySchool"]);
    watched.world.advance(900);
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_ours_fires_by_its_logins_and_by_its_pages() {
    let mut watched = Watched::start().await;
    for _ in 0..3 {
        assert_eq!(watched.on(), [""; 0]);
        watched.world.front.inject(Fault::next("saml-acs", "dynamodb:UpdateItem", FaultKind::Deny));
        watched.log_in().await;
    }
    assert_eq!(watched.on(), ["ApiServerErrors", "LoginsFailedByStoa"]);
    watched.world.advance(300);
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refusals_fires() {
    let mut watched = Watched::start().await;
    for _ in 0..499 {
        watched.count(404);
    }
    assert_eq!(watched.on(), [""; 0]);
    watched.get("/nothing").await;
    assert_eq!(watched.on(), ["ApiRefusals"]);
    watched.world.advance(300);
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_are_slow_three_times_running_fire() {
    let mut watched = Watched::start().await;
    for _ in 0..3 {
        assert_eq!(watched.on(), [""; 0]);
        watched.world.advance(300);
        watched.log_in().await;
        let (now, function) = (watched.now(), [("FunctionName", "stoa-local-saml-acs")]);
        watched.cloudwatch.put(("AWS/Lambda", "Duration"), &function, now, 4000.0);
    }
    assert_eq!(watched.on(), ["FunctionSlow"]);
    watched.world.advance(300);
    watched.log_in().await;
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_that_lambda_refuses_fire() {
    let mut watched = Watched::start().await;
    let now = watched.now();
    watched.cloudwatch.put(("AWS/Lambda", "Throttles"), &[("FunctionName", "stoa-local-saml-acs")], now, 1.0);
    assert_eq!(watched.on(), ["FunctionThrottles"]);
    watched.world.advance(60);
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_fires_as_an_error_and_by_its_queue() {
    let mut watched = Watched::start().await;
    watched.world.front.inject(Fault::next("trust-refresh", "dynamodb:Query", FaultKind::Deny));
    watched.refresh().await;
    assert_eq!(watched.on(), ["FunctionErrors", "TrustRefreshFailed"]);
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), [""; 0]);
}

/// The functions of directories have alarms of their own, over the same metrics.
#[tokio::test(flavor = "multi_thread")]
async fn functions_of_directories_that_fail_or_do_not_come_fire() {
    let mut watched = Watched::start().await;
    for (metric, alarm) in [("Errors", "FunctionErrorsOfDirectory"), ("Throttles", "FunctionThrottlesOfDirectory")] {
        // The run of `csv-import` that gives a file up fails once, and never again.
        for function in ["stoa-local-scim", "stoa-local-csv-import"] {
            let now = watched.now();
            watched.cloudwatch.put(("AWS/Lambda", metric), &[("FunctionName", function)], now, 1.0);
            assert_eq!(watched.on(), [alarm]);
            watched.world.advance(60);
            assert_eq!(watched.on(), [""; 0]);
        }
    }
    for (function, alarm, last) in [
        ("provisioner", "ProvisionerAbsent", 600),
        ("mirror", "MirrorAbsent", 600),
        ("workos-sync", "WorkosSyncAbsent", 1500),
    ] {
        let name = format!("stoa-local-{function}");
        let alarm = watched.alarms[alarm].clone();
        let now = watched.now();
        watched.cloudwatch.put(("AWS/Lambda", "Invocations"), &[("FunctionName", &name)], now, 1.0);
        assert!(!watched.cloudwatch.is_on(&alarm, now + last), "{name}");
        assert!(watched.cloudwatch.is_on(&alarm, now + last + 300), "{name}");
    }
}

/// What the provisioner and `workos-sync` report is made by their own tests; here it is stated, and crosses the thresholds.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_provisioner_reports_fires() {
    for (metric, value, periods, alarm) in [
        ("ProvisionStuck", 1.0, 1, "ProvisionStuck"),
        ("ProvisionHeld", 1.0, 1, "ProvisionHeld"),
        ("ProvisionWaitingSeconds", 3600.0, 1, "ProvisionWaiting"),
        ("ProvisionFailed", 1.0, 3, "ProvisionFailed"),
        ("WorkosSyncFailed", 1.0, 6, "WorkosSyncFailed"),
    ] {
        let mut watched = Watched::start().await;
        for _ in 0..periods {
            assert_eq!(watched.on(), [""; 0]);
            watched.world.advance(300);
            let now = watched.now();
            watched.cloudwatch.put(("stoa/stoa-local", metric), &[], now, value);
        }
        assert_eq!(watched.on(), [alarm]);
        watched.world.advance(300);
        assert_eq!(watched.on(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_the_clock_makes_fires_where_it_does_not_get_to_its_end() {
    let mut watched = Watched::start().await;
    watched.world.set_up_probe().await.unwrap();
    for _ in 0..2 {
        assert_eq!(watched.on(), [""; 0]);
        watched.world.front.inject(Fault::next("thinkific-launch", "dynamodb:UpdateItem", FaultKind::Deny));
        watched.world.probe().await.unwrap();
    }
    assert_eq!(watched.on(), ["ProbeFailing"], "and no alarm about people's logins");
    watched.world.advance(300);
    watched.world.probe().await.unwrap();
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_was_never_set_up_or_does_not_run_fires() {
    let mut watched = Watched::start().await;
    let is_silent = |watched: &mut Watched| {
        watched.on();
        watched.cloudwatch.is_on(&watched.alarms["ProbeSilent"], watched.now())
    };
    watched.world.probe().await.unwrap();
    assert!(is_silent(&mut watched), "without a key there is no login");
    watched.world.set_up_probe().await.unwrap();
    watched.world.advance(61);
    watched.world.probe().await.unwrap();
    assert!(!is_silent(&mut watched));
    watched.world.advance(600);
    assert!(!is_silent(&mut watched));
    watched.world.advance(300);
    assert!(is_silent(&mut watched));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_do_not_come_fire() {
    let mut watched = Watched::start().await;
    let absent = |watched: &mut Watched| {
        watched.on();
        let (alarm, now) = (watched.alarms["TrustRefreshAbsent"].clone(), watched.now());
        watched.cloudwatch.is_on(&alarm, now)
    };
    watched.refresh().await;
    for _ in 0..2 {
        watched.world.advance(HOUR);
        assert!(!absent(&mut watched));
    }
    watched.world.advance(HOUR);
    assert!(absent(&mut watched));
    watched.refresh().await;
    assert!(!absent(&mut watched));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_waits_and_a_change_that_is_held_fire_until_somebody_decides() {
    let mut watched = Watched::start().await;
    watched.fetch_metadata().await;
    watched.world.pingfederate.announce_next_certificate();
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), ["TrustKeysWaiting"]);
    watched.approve_newest().await;
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), [""; 0]);

    let mut watched = Watched::start().await;
    watched.fetch_metadata().await;
    watched.world.pingfederate.rotate_certificate();
    watched.world.pingfederate.retire_previous_certificate();
    watched.refresh_after(HOUR).await;
    let on = watched.on();
    assert!(on.contains(&"TrustHeld".to_owned()), "{on:?}");
    watched.approve_newest().await;
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_be_read_for_a_week_fires() {
    let mut watched = Watched::start().await;
    watched.fetch_metadata().await;
    watched.world.pingfederate.publish_instead(Some(Published::Status(503)));
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), [""; 0]);
    watched.refresh_after(7 * DAY).await;
    assert_eq!(watched.on(), ["TrustFetchFailing"]);
    watched.world.pingfederate.publish_instead(None);
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_fail_on_our_side_three_times_running_fire() {
    let mut watched = Watched::start().await;
    watched.fetch_metadata().await;
    let items = watched.world.front.items(Table::Connections).unwrap();
    let is_current = |item: &&Value| item["pk"]["S"] == "connection#pg" && item["sk"]["S"] == "current";
    let document = items.iter().find(is_current).unwrap()["document"].clone();
    aws::set(&watched.world, Table::Connections, "connection#pg", "document", serde_json::json!({"S": "{"})).await;
    for _ in 0..3 {
        assert_eq!(watched.on(), [""; 0]);
        watched.refresh_after(HOUR).await;
    }
    assert_eq!(watched.on(), ["TrustLooksFailed"]);
    aws::set(&watched.world, Table::Connections, "connection#pg", "document", document).await;
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), [""; 0]);
}

/// Of a certificate that stands in a connection's own file, whatever the provider's own does.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_certificate_of_ours_fires_and_says_where_it_stands() {
    let mut watched = Watched::start().await;
    let end = Certificate::from_pem(PINNED).unwrap().not_after().as_second();
    let with_ours = format!("[saml]\nsp_certificates = ['''{PINNED}''']");
    watched.world.reconfigure(|text| text.replace("[saml]", &with_ours)).await;
    for (days, fires) in [(31, false), (30, true), (29, false), (1, true)] {
        // In the middle of a day, so that it is that many by any count.
        watched.refresh_after(end - days * DAY + DAY / 2 - watched.now()).await;
        let log = watched.world.log();
        log.iter().for_each(|line| watched.cloudwatch.read(line));
        assert_eq!(watched.on(), if fires { &["TrustKeyExpiring"][..] } else { &[] }, "{days} days");
        let line = log.iter().find(|line| line.contains("own_key_expires_in"));
        assert_eq!(line.is_some_and(|line| line.contains("saml.sp_certificates")), fires, "{days} days");
    }
}

/// Of the secret by which we are a provider's client, as the connection's file says it.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_client_secret_fires_at_each_step_and_says_whose() {
    let mut watched = Watched::start().await;
    let id = watched.world.connect_openid(&PG_OIDC, |file| ending(file, "2090-06-15")).await.unwrap();
    let end = "2090-06-15T00:00:00Z".parse::<Timestamp>().unwrap().as_second();
    for (days, fires) in [(31, false), (30, true), (29, false), (1, true), (0, false)] {
        // In the middle of a day, so that it is that many by any count.
        watched.refresh_after(end - days * DAY + DAY / 2 - watched.now()).await;
        let log = watched.world.log();
        log.iter().for_each(|line| watched.cloudwatch.read(line));
        let on = watched.on();
        assert_eq!(on.contains(&"CredentialExpiring".to_owned()), fires, "{days} days: {on:?}");
        let line = log.iter().find(|line| line.contains("secret_expires_in"));
        let named = |line: &String| line.contains(&format!("\"connection\":\"{id}\"")) && line.contains("\"days\":");
        assert_eq!(line.is_some_and(named), fires, "{days} days: {line:?}");
    }
}

/// Of the last token: one that follows it takes the alarm away.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_scim_client_s_last_token_fires_until_another_follows() {
    let mut watched = Watched::start().await;
    watched.world.reconfigure(|text| format!("{text}\n[directory]\nsource = \"scim\"\n")).await;
    let id = ConnectionId::parse("pg").unwrap();
    watched.refresh().await;
    assert_eq!(watched.on(), [""; 0], "there is no token that could end");
    let in_a_week = Timestamp::from_second(watched.now() + 7 * DAY - DAY / 2).unwrap();
    watched.world.operator.create_scim_token(&id, Some(in_a_week)).await.unwrap();
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), ["CredentialExpiring"]);
    watched.world.operator.create_scim_token(&id, None).await.unwrap();
    watched.refresh_after(HOUR).await;
    assert_eq!(watched.on(), [""; 0], "another follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_last_key_fires_at_each_step() {
    let mut watched = Watched::start().await;
    let id = ConnectionId::parse("pg").unwrap();
    let keys = watched.world.operator.trusts(&id).await.unwrap().keys;
    let end = keys[0].certificate().unwrap().not_after();
    for days in [61, 60, 59, 30, 29] {
        // In the middle of a day, so that it is that many by any count.
        let at = end.as_second() - days * DAY - DAY / 2;
        watched.refresh_after(at - watched.now()).await;
        let left = stoa_core::trust::days_until(end, watched.world.pingfederate.clock().now());
        let expected: &[&str] = if [60, 30].contains(&left) { &["TrustKeyExpiring"] } else { &[] };
        assert_eq!(watched.on(), expected, "{left} days");
    }
}
