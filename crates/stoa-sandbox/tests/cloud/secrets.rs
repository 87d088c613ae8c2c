//! Secrets of the local AWS: their versions, and who reads them.

use serde_json::json;
use stoa_sandbox::aws::policy::{ON_CALL, SANDBOX};

use crate::front::{front, secrets};

const FIRST: &str = "00000000-0000-0000-0000-000000000001";
const SECOND: &str = "00000000-0000-0000-0000-000000000002";
const THIRD: &str = "00000000-0000-0000-0000-000000000003";

#[tokio::test]
async fn a_secret_moves_through_its_versions() {
    let front = front().await;
    let name = "stoa-local/thinkific/acme";
    let create = json!({"Name": name, "ClientRequestToken": FIRST, "SecretString": "one"});
    let (status, created) = secrets(&front, ON_CALL, "CreateSecret", create.clone()).await;
    assert_eq!(status, 200);
    assert_eq!(secrets(&front, ON_CALL, "CreateSecret", create).await.0, 200, "the same again is the same");

    for (token, value) in [(SECOND, "two"), (SECOND, "two"), (THIRD, "three")] {
        let put = json!({"SecretId": name, "ClientRequestToken": token, "SecretString": value});
        let (status, answer) = secrets(&front, ON_CALL, "PutSecretValue", put).await;
        assert_eq!((status, &answer["VersionStages"]), (200, &json!(["AWSCURRENT"])));
    }
    let other = json!({"SecretId": name, "ClientRequestToken": THIRD, "SecretString": "other"});
    let (status, answer) = secrets(&front, ON_CALL, "PutSecretValue", other).await;
    assert_eq!((status, answer["__type"].as_str().unwrap()), (400, "ResourceExistsException"));

    let described = secrets(&front, ON_CALL, "DescribeSecret", json!({"SecretId": name})).await.1;
    assert_eq!(described["VersionIdsToStages"], json!({SECOND: ["AWSPREVIOUS"], THIRD: ["AWSCURRENT"]}));
    let listed = secrets(&front, SANDBOX, "ListSecrets", json!({})).await.1;
    assert_eq!(listed["SecretList"][0]["Name"], name);

    for (request, value) in [
        (json!({"SecretId": name}), "three"),
        (json!({"SecretId": created["ARN"]}), "three"),
        (json!({"SecretId": name, "VersionStage": "AWSPREVIOUS"}), "two"),
        (json!({"SecretId": name, "VersionId": SECOND}), "two"),
    ] {
        let (status, answer) = secrets(&front, "thinkific-launch", "GetSecretValue", request).await;
        assert_eq!((status, answer["SecretString"].as_str().unwrap()), (200, value));
    }
}

#[tokio::test]
async fn secrets_reach_only_who_is_granted_them() {
    let front = front().await;
    for (kind, name) in
        [("seal", "stoa-local/seal"), ("saml", "stoa-local/saml/acme"), ("thinkific", "stoa-local/thinkific/acme")]
    {
        for (principal, granted) in [
            (ON_CALL, &[][..]),
            ("saml-acs", &["seal", "saml"]),
            ("thinkific-launch", &["seal", "thinkific"]),
            ("saml-metadata", &[]),
        ] {
            let answer = secrets(&front, principal, "GetSecretValue", json!({"SecretId": name})).await.1;
            let expected = if granted.contains(&kind) { "ResourceNotFoundException" } else { "AccessDeniedException" };
            assert_eq!(answer["__type"], expected, "{principal} {name}");
        }
    }
    // A name that only looks like the purpose's.
    for name in ["stoa-local/seal/x", "stoa-local/saml", "stoa-local/saml/a/b", "stoa-locals/seal", "seal"] {
        let answer = secrets(&front, "saml-acs", "GetSecretValue", json!({"SecretId": name})).await.1;
        assert_eq!(answer["__type"], "AccessDeniedException", "{name}");
    }
}
