//! The guard against servers on loopback that misbehave, and against names that lie.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), max_bytes: 1000 };
/// For answers that never come.
const IMPATIENT: Limits = Limits { timeout: Duration::from_millis(100), ..LIMITS };

fn get(url: &str) -> Request<Vec<u8>> {
    Request::get(url).body(Vec::new()).unwrap()
}

/// A server that answers each connection with this, byte for byte, and then keeps it open.
async fn serve(answer: impl Into<Vec<u8>>) -> (u16, Arc<AtomicUsize>) {
    let (answer, connections) = (answer.into(), Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (port, counted) = (listener.local_addr().unwrap().port(), connections.clone());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
            open.push(stream);
        }
    });
    (port, connections)
}

async fn ask(answer: impl Into<Vec<u8>>) -> Result<Response<Vec<u8>>, EgressError> {
    ask_within(LIMITS, answer).await
}

async fn ask_within(limits: Limits, answer: impl Into<Vec<u8>>) -> Result<Response<Vec<u8>>, EgressError> {
    let (port, _) = serve(answer).await;
    Egress::new(UrlPolicy::LoopbackToo).send(get(&format!("http://idp.localhost:{port}/")), limits).await
}

#[tokio::test]
async fn c127_addresses_in_figures_are_judged_as_they_are_read() {
    let egress = Egress::new(UrlPolicy::Https);
    for url in [
        "http://idp.example/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fd00:ec2::254]/",
        "https://user@idp.example/",
        "ftp://idp.example/",
    ] {
        assert_eq!(egress.send(get(url), LIMITS).await.unwrap_err(), EgressError::Forbidden, "{url}");
    }
    // Loopback is all that a machine with its own AWS adds.
    let egress = Egress::new(UrlPolicy::LoopbackToo);
    for url in ["http://10.0.0.1/", "http://idp.example/", "https://169.254.169.254/"] {
        assert_eq!(egress.send(get(url), LIMITS).await.unwrap_err(), EgressError::Forbidden, "{url}");
    }
}

/// The name is public when somebody looks, and loopback when it is connected to.
#[tokio::test]
async fn c127_a_name_that_moves_to_loopback_is_never_connected_to() {
    let (port, connections) = serve("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = lookups.clone();
    let lookup: Lookup = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(vec!["127.0.0.1".parse().unwrap(), "::ffff:127.0.0.1".parse().unwrap()]) })
    });
    let egress = Egress::with_lookup(UrlPolicy::Https, lookup);
    for name in ["rebinding.example", "localhost", "idp.localhost"] {
        let url = format!("https://{name}:{port}/");
        assert_eq!(egress.send(get(&url), LIMITS).await.unwrap_err(), EgressError::Forbidden, "{name}");
    }
    assert_eq!(lookups.load(Ordering::SeqCst), 3, "the address that is judged is the one that is connected to");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn c127_of_several_addresses_only_the_public_ones_are_tried() {
    let lookup: Lookup = Arc::new(|_| {
        Box::pin(async { Ok(vec!["10.0.0.1".parse().unwrap(), "1.1.1.1".parse().unwrap(), "::1".parse().unwrap()]) })
    });
    let mut guarded = Guarded { policy: UrlPolicy::Https, lookup };
    let found = tower_service::Service::call(&mut guarded, "idp.example".parse().unwrap()).await.unwrap();
    assert_eq!(found.collect::<Vec<_>>(), ["1.1.1.1:0".parse().unwrap()]);
}

#[tokio::test]
async fn c127_a_redirect_is_an_answer_and_not_followed() {
    let (port, connections) = serve("").await;
    let answer =
        ask(format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/secret\r\ncontent-length: 0\r\n\r\n"))
            .await
            .unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_within_the_limits_arrives_whole() {
    let body = "x".repeat(1000);
    let answer = ask(format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{body}")).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.into_body()), (200, body.into_bytes()));
}

#[tokio::test]
async fn c128_a_large_slow_or_compressed_answer_is_refused() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n";
    let chunk = format!("3e9\r\n{}\r\n", "x".repeat(1001));
    let unannounced = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    let slow_body = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let compressed = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x1e";
    let large_head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(8 * MAX_HEAD));
    assert_eq!(ask(announced).await.unwrap_err(), EgressError::TooLarge);
    assert_eq!(ask(unannounced).await.unwrap_err(), EgressError::TooLarge);
    assert_eq!(ask_within(IMPATIENT, slow_body).await.unwrap_err(), EgressError::TimedOut);
    assert_eq!(ask_within(IMPATIENT, "").await.unwrap_err(), EgressError::TimedOut);
    assert_eq!(ask(compressed).await.unwrap_err(), EgressError::Encoded);
    assert_eq!(ask(large_head).await.unwrap_err(), EgressError::Unreachable);
}
