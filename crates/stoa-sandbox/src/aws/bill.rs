//! What AWS bills for what was called and written: list prices of us-east-1 for x86_64, as of November 2026, without the
//! free tier.

use serde_json::Value;

use super::journal::Tally;

/// An HTTP API, for each request of up to 512 KB.
const GATEWAY_REQUEST: f64 = 1.00e-6;
/// Lambda, for each invocation.
const LAMBDA_REQUEST: f64 = 0.20e-6;
/// Lambda, for each gigabyte and second.
const LAMBDA_GB_SECOND: f64 = 1.666_67e-5;
/// The functions' memory (`MemorySize` of the template), in gigabytes.
const MEMORY_GB: f64 = 0.25;
/// DynamoDB on demand; those of indexes count too.
const WRITE_UNIT: f64 = 0.625e-6;
const READ_UNIT: f64 = 0.125e-6;
/// Secrets Manager, for each call.
const SECRETS_CALL: f64 = 5.0e-6;
/// CloudWatch Logs, for each byte taken in.
const LOG_BYTE: f64 = 0.50e-9;
/// What CloudWatch Logs adds to the length of each line.
const LINE_BYTES: usize = 26;
/// CloudWatch Logs, for each byte kept for a month; and how long it is kept (`LogRetentionDays` of the template).
const LOG_BYTE_MONTH: f64 = 0.03e-9;
const LOG_MONTHS: f64 = 3.0;
/// DynamoDB, for each byte kept for a month; a login is kept for one.
const ITEM_BYTE_MONTH: f64 = 0.25e-9;
/// What DynamoDB adds to the size of each item and of each entry of an index.
const ITEM_BYTES: usize = 100;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// What logins have used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Requests to the gateway, each of which invokes a function.
    pub requests: usize,
    /// How long functions ran, in seconds.
    pub seconds: f64,
    /// Calls.
    pub tally: Tally,
    /// The lines of functions, as billed, in bytes.
    pub log_bytes: usize,
    /// The gateway's lines, as billed, in bytes.
    pub access_log_bytes: usize,
    /// What logins are in their table, in bytes, with what DynamoDB adds.
    pub stored_bytes: usize,
}

/// One line of a bill.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// For what.
    pub what: &'static str,
    /// In dollars.
    pub dollars: f64,
}

impl Usage {
    /// What is billed when somebody signs in.
    pub fn bill(&self) -> [Row; 8] {
        [
            Row { what: "API Gateway", dollars: many(self.requests) * GATEWAY_REQUEST },
            Row { what: "Lambda requests", dollars: many(self.requests) * LAMBDA_REQUEST },
            Row { what: "Lambda time at 256 MB", dollars: self.seconds * MEMORY_GB * LAMBDA_GB_SECOND },
            Row { what: "DynamoDB writes", dollars: self.tally.write_units * WRITE_UNIT },
            Row { what: "DynamoDB reads", dollars: self.tally.read_units * READ_UNIT },
            Row { what: "Secrets Manager", dollars: many(self.tally.secrets) * SECRETS_CALL },
            Row { what: "logs of functions", dollars: many(self.log_bytes) * LOG_BYTE },
            Row { what: "access log", dollars: many(self.access_log_bytes) * LOG_BYTE },
        ]
    }

    /// What is billed afterwards, for as long as it is kept.
    pub fn keeping(&self) -> [Row; 2] {
        let log_bytes = many(self.log_bytes + self.access_log_bytes);
        [
            Row { what: "logs, 90 days", dollars: log_bytes * LOG_BYTE_MONTH * LOG_MONTHS },
            Row { what: "the login's item, 30 days", dollars: many(self.stored_bytes) * ITEM_BYTE_MONTH },
        ]
    }
}

/// What some rows come to, in dollars.
pub fn total(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.dollars).sum()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn many(count: usize) -> f64 {
    count as f64
}

/// The lines that a function has written, as they are billed.
pub fn log_bytes(lines: &[String]) -> usize {
    lines.iter().map(|line| line.len() + LINE_BYTES).sum()
}

/// The line that the gateway writes about a request that it has answered with this status, in the template's format and with values as long as AWS's, as it is
/// billed.
pub fn access_log_bytes(status: u16, route: &str) -> usize {
    let format = TEMPLATE.split_once("Format: >-\n").map_or("", |(_, rest)| rest);
    let format: Vec<&str> = format.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let status = status.to_string();
    let values = [
        ("$context.requestTimeEpoch", "1795795200"),
        ("$context.requestId", "JKJaXmPLvHcESHA="),
        ("$context.routeKey", route),
        ("$context.status", &status),
        ("$context.error.responseType", "-"),
        ("$context.integrationStatus", "200"),
        ("$context.integrationErrorMessage", "-"),
        ("$context.responseLatency", "25"),
        ("$context.integrationLatency", "23"),
        ("$context.responseLength", "0"),
    ];
    let mut line = format.join(" ");
    // The longer names first: one is the beginning of another.
    for (name, value) in values {
        line = line
            .replace(&format!("{name}\""), &format!("{value}\""))
            .replace(&format!("{name},"), &format!("{value},"));
    }
    line.len() + LINE_BYTES
}

/// A login in its table and in both indexes, as DynamoDB counts.
pub fn stored_bytes(item: &Value) -> usize {
    let entry = |names: &[&str]| {
        let size: usize = names.iter().map(|name| name.len() + value_size(&item[*name])).sum();
        size + ITEM_BYTES
    };
    let by_email = if item.get("who").is_some() { entry(&["pk", "who", "began"]) } else { 0 };
    item_size(item) + ITEM_BYTES + entry(&["pk", "connection", "began"]) + by_email
}

/// An item's size, in bytes, as DynamoDB counts: names, values, and what lists and maps cost.
pub fn item_size(item: &Value) -> usize {
    item.as_object().into_iter().flatten().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 0 };
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(digits)) => digits.len().div_ceil(2) + 1,
        ("L", Value::Array(members)) => 3 + members.iter().map(|member| 1 + value_size(member)).sum::<usize>(),
        ("M", Value::Object(members)) => 3 + members.len() + item_size(value),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_of_the_access_log_is_as_long_as_the_template_s_format_makes_it() {
        let line = concat!(
            r#"{"time":"1795795200","requestId":"JKJaXmPLvHcESHA=","route":"GET /launch", "status":303,"error":"-", "#,
            r#""integrationStatus":"200","integrationError":"-", "latency":"25","integrationLatency":"23", "bytes":"0"}"#,
        );
        assert_eq!(access_log_bytes(303, "GET /launch"), line.len() + 26);
    }

    #[test]
    fn an_item_is_counted_as_dynamodb_counts() {
        let item = json!({"pk": {"S": "abc"}, "n": {"N": "1790000000"}, "l": {"L": [{"M": {"t": {"N": "12"}}}]}});
        // Names 2 + 1 + 1, values 3 and 6; the list 3 + 1, the map in it 3 + 1, its name 1, its number 2.
        assert_eq!(item_size(&item), 4 + 9 + 4 + 7);
    }
}
