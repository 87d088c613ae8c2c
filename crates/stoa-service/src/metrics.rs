//! CloudWatch's embedded metric format: which fields of a log line are metrics.

use serde::Serialize;

/// The metadata that a line has in `_aws`.
#[derive(Serialize)]
pub struct Metrics<'a> {
    #[serde(rename = "Timestamp")]
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: [Directive<'a>; 1],
}

#[derive(Serialize)]
struct Directive<'a> {
    #[serde(rename = "Namespace")]
    namespace: &'a str,
    #[serde(rename = "Dimensions")]
    dimensions: &'static [&'static [&'static str]],
    #[serde(rename = "Metrics")]
    metrics: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    #[serde(rename = "Name")]
    name: &'static str,
    #[serde(rename = "Unit")]
    unit: &'static str,
}

impl<'a> Metrics<'a> {
    /// A login that ended at this instant, in epoch milliseconds: by connection × outcome, for people, and by outcome
    /// alone, for alarms, and no others, since each series costs money.
    pub fn login(namespace: &'a str, timestamp: i64) -> Self {
        let logins = Named { name: "Logins", unit: "Count" };
        Self::of(namespace, timestamp, &[&["connection", "outcome"], &["outcome"]], vec![logins])
    }

    /// A login that waits in line.
    pub fn waiting(namespace: &'a str, timestamp: i64) -> Self {
        let seconds = Named { name: "LineSeconds", unit: "Seconds" };
        Self::of(namespace, timestamp, &[&["connection"]], vec![seconds])
    }

    /// These fields of the line of a run, as counts. They have no dimension: a series for each connection would cost
    /// money, and the lines of the events say which connection it is.
    pub fn run(namespace: &'a str, timestamp: i64, names: impl IntoIterator<Item = &'static str>) -> Self {
        let counts = names.into_iter().map(|name| Named { name, unit: "Count" });
        Self::of(namespace, timestamp, &[&[]], counts.collect())
    }

    const fn of(
        namespace: &'a str,
        timestamp: i64,
        dimensions: &'static [&'static [&'static str]],
        metrics: Vec<Named>,
    ) -> Self {
        Self { timestamp, directives: [Directive { namespace, dimensions, metrics }] }
    }
}
