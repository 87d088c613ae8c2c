//! AWS's own types read each sample event, and what a function gives back, as ours do.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{read, returned};
use crate::visit::{Answer, Trail};

/// The sample events of functions that the gateway starts.
fn samples() -> Vec<(PathBuf, Value)> {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let events = files.map(|file| file.unwrap().path()).map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (path, serde_json::from_str::<Value>(&text).unwrap())
    });
    events.filter(|(_, event)| event.get("requestContext").is_some()).collect()
}

#[test]
fn aws_reads_each_sample_event_as_we_do() {
    let samples = samples();
    assert!(samples.len() > 50, "{}", samples.len());
    for (path, event) in samples {
        let theirs: ApiGatewayV2httpRequest = serde_json::from_value(event.clone()).unwrap();
        let (ours, misfit) = read(event, String::new());
        let path = path.display();
        assert_eq!(misfit, None, "{path}");
        let context = &theirs.request_context;
        assert_eq!(ours.method(), context.http.method.as_str(), "{path}");
        assert_eq!(ours.route_key(), context.route_key.as_deref().unwrap(), "{path}");
        assert_eq!(ours.gateway_id, context.request_id.as_deref().unwrap(), "{path}");
        assert_eq!(ours.path(), theirs.raw_path.as_deref().unwrap(), "{path}");
        assert_eq!(ours.raw_query(), theirs.raw_query_string.as_deref().unwrap(), "{path}");
        assert_eq!(ours.headers.len(), theirs.headers.len(), "{path}");
        for (name, value) in &theirs.headers {
            assert_eq!(ours.header(name.as_str()), value.to_str().ok(), "{path}: {name}");
        }
        let cookies = theirs.cookies.unwrap_or_default();
        assert_eq!(
            ours.cookies().collect::<Vec<_>>(),
            cookies.iter().map(String::as_str).collect::<Vec<_>>(),
            "{path}"
        );
        let connection = theirs.path_parameters.get("connection").map_or("", String::as_str);
        assert_eq!(ours.connection, connection, "{path}");
        let body = theirs.body.unwrap_or_default();
        let body = if theirs.is_base64_encoded { STANDARD.decode(body).unwrap() } else { body.into_bytes() };
        assert_eq!(ours.body, body, "{path}");
    }
}

#[test]
fn aws_reads_what_we_give_back() {
    let trail = Trail { cookies: vec!["a=1; Secure".to_owned(), "b=2".to_owned()], ..Trail::default() };
    let (status, value) = returned(&Answer::Redirect("https://idp.example/?a=b".to_owned()), &trail);
    let response: ApiGatewayV2httpResponse = serde_json::from_value(value).unwrap();
    assert_eq!((status, response.status_code, response.is_base64_encoded), (303, 303, false));
    assert_eq!(response.headers["location"], "https://idp.example/?a=b");
    assert_eq!(response.headers["cache-control"], "no-store");
    assert_eq!(response.cookies, ["a=1; Secure", "b=2"]);
    assert!(response.multi_value_headers.is_empty());
}
