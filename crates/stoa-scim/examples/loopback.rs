//! A directory in memory on loopback, for any SCIM client that speaks HTTP: `cargo run -p stoa-scim --example loopback`
//! prints its address. It takes any bearer token, forgets everything when it ends, and is what the tests of a client's
//! exchanges run against, behind an HTTP that is just enough.
//!
//! ```sh
//! pip install scim2-tester scim2-cli
//! scim2 --url http://127.0.0.1:PORT/scim/acme/v2 test
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool for development, on loopback"
)]

#[allow(dead_code, reason = "the tests look into it, a client cannot")]
#[path = "../tests/it/directory.rs"]
mod directory;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use directory::{Directory, Request};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}/scim/acme/v2", listener.local_addr()?);
    let mut directory = Directory::default();
    for stream in listener.incoming() {
        // A client that hangs up in the middle concerns nobody else.
        let _ = serve(&mut directory, stream?);
    }
    Ok(())
}

/// One request, one answer, and the connection ends.
fn serve(directory: &mut Directory, stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; usize::min(length, stoa_scim::limits::BODY_BYTES + 1)];
    reader.read_exact(&mut body)?;

    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let path = decoded(path.strip_prefix("/scim/acme").unwrap_or_default(), false);
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name, true), decoded(value, true)))
        .collect();
    let parameters: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    let answer = directory.ask(&Request {
        method: &method,
        path: &path,
        parameters: &parameters,
        body: &body,
        if_match: headers.get("if-match").map(String::as_str),
        if_none_match: headers.get("if-none-match").map(String::as_str),
    });
    println!("{method} {target} {} {:?}", answer.status, directory.ignored);
    let body = if answer.body.is_null() { String::new() } else { answer.body.to_string() };
    let meta = |name: &str| answer.body["meta"][name].as_str().map(str::to_owned);
    let mut head = format!("HTTP/1.1 {} -\r\nConnection: close\r\nContent-Length: {}\r\n", answer.status, body.len());
    for (header, value) in [("Location", meta("location")), ("ETag", meta("version"))] {
        if let Some(value) = value {
            head += &format!("{header}: {value}\r\n");
        }
    }
    if !body.is_empty() {
        head += "Content-Type: application/scim+json\r\n";
    }
    (&stream).write_all(format!("{head}\r\n{body}").as_bytes())
}

fn decoded(text: &str, is_query: bool) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        let (byte, left) = match (first, hex) {
            (b'%', Some(byte)) => (byte, &tail[2..]),
            (b'+', _) if is_query => (b' ', tail),
            (first, _) => (*first, tail),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
