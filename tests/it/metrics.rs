//! The numbers that alarms and dashboards read, as CloudWatch's embedded metric format wants them.

use serde_json::Value;
use stoa_sandbox::pingfederate::Defect;

use crate::steps::{MARY, MARYS_EMAIL, World};

/// What a line reports: metrics with their values, and their dimensions' values.
struct Report {
    metrics: Vec<(String, f64)>,
    dimensions: Vec<String>,
}

fn reports(world: &World) -> Vec<Report> {
    world.log().iter().filter_map(|line| report(&serde_json::from_str(line).unwrap())).collect()
}

/// What a directive names stands in the line itself, dimensions as texts.
fn report(line: &Value) -> Option<Report> {
    let [directive] = line.get("_aws")?["CloudWatchMetrics"].as_array().unwrap().as_slice() else { panic!("{line}") };
    assert_eq!(directive["Namespace"], "stoa/stoa-local");
    let dimensions = directive["Dimensions"][0].as_array().unwrap().iter();
    let metrics = directive["Metrics"].as_array().unwrap().iter().map(|metric| {
        assert_eq!(metric["Unit"], "Count");
        let name = metric["Name"].as_str().unwrap();
        (name.to_owned(), line[name].as_f64().unwrap())
    });
    Some(Report {
        metrics: metrics.collect(),
        dimensions: dimensions.map(|name| line[name.as_str().unwrap()].as_str().unwrap().to_owned()).collect(),
    })
}

fn logins(world: &World) -> Vec<Vec<String>> {
    let of = |report: Report| (report.metrics == [("Logins".to_owned(), 1.0)]).then_some(report.dimensions);
    reports(world).into_iter().filter_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_counts_once_by_its_connection_and_who_acts() {
    let world = World::start().await;
    world.log();
    let page = world.log_in(&world.browser(), MARY).await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(logins(&world), [["pg", "ok"]]);
    world.pingfederate.next_defect(Defect::WrongAudience);
    world.log_in(&world.browser(), MARY).await;
    assert_eq!(logins(&world), [["pg", "idp"]]);
    // Nobody's connection, so nobody's series: strangers must not make metrics, which cost money.
    world.browser().get(&format!("{}/login/nobody", world.url())).await.unwrap();
    assert_eq!(logins(&world), [[""; 0]; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_the_providers_reports_what_its_alarms_read() {
    let world = World::start().await;
    world.log();
    world.refresh_trust().await.unwrap();
    let report = reports(&world).remove(0);
    assert_eq!(report.dimensions, [""; 0]);
    let template = include_str!("../../template.yaml");
    for (name, _) in report.metrics {
        assert!(template.contains(&format!("MetricName: {name}")), "no alarm reads {name}");
    }
}
