//! The cost of verifying an ID token's signature, beside what no verifier can do without: one RSA-2048 verification and
//! one parse of the claims. Every part runs in the same process on the same bytes, so the ratio holds on any machine.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use divan::Bencher;
use serde_json::{Value, json};
use stoa_core::connection::SigningAlgorithm;
use stoa_core::oidc::{Jwks, verify_jws};

/// A token, its issuer's keys, and its parts for the floor.
struct Token {
    compact: String,
    keys: Jwks,
    key: ParsedPublicKey,
    signed: String,
    signature: Vec<u8>,
    claims: String,
}

/// As Entra sends it, with this many groups.
fn token(groups: usize) -> Token {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let keys =
        json!({ "keys": [{ "kty": "RSA", "kid": "k", "use": "sig", "n": encode(&parts.n), "e": encode(&parts.e) }] });
    let groups: Vec<Value> = (0..groups).map(|n| json!(format!("6467882c-0000-4d39-9c5e-{n:012}"))).collect();
    let claims = json!({
        "iss": "https://login.example/b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811/v2.0", "aud": "2c3caa80", "sub": "Xkjg",
        "tid": "b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811", "oid": "6467882c-0000-4d39-9c5e-0a1d62f7c811",
        "iat": 1_790_000_000, "nbf": 1_790_000_000, "exp": 1_790_003_600, "nonce": "n".repeat(43),
        "email": "mila@globex.example", "name": "Mila Nikolova", "ver": "2.0", "groups": groups,
    })
    .to_string();
    let header = json!({ "alg": "RS256", "kid": "k", "typ": "JWT" }).to_string();
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    Token {
        compact: format!("{signed}.{}", encode(&signature)),
        keys: Jwks::parse(&keys.to_string()).unwrap(),
        key: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).unwrap(),
        signed,
        signature,
        claims,
    }
}

impl Token {
    fn verify(&self) {
        black_box(verify_jws(black_box(&self.compact), &self.keys, &[SigningAlgorithm::Rs256]).unwrap());
    }

    fn floor(&self) {
        self.key.verify_sig(black_box(self.signed.as_bytes()), &self.signature).unwrap();
        black_box(serde_json::from_str::<Value>(black_box(&self.claims)).unwrap());
    }
}

#[divan::bench(args = [0, 200])]
fn verify_token(bencher: Bencher<'_, '_>, groups: usize) {
    let token = token(groups);
    bencher.bench(|| token.verify());
}

#[divan::bench(args = [0, 200])]
fn floor(bencher: Bencher<'_, '_>, groups: usize) {
    let token = token(groups);
    bencher.bench(|| token.floor());
}

/// As large as a token may be, and nothing in it but what costs a parser most.
#[divan::bench]
fn refuse_hostile(bencher: Bencher<'_, '_>) {
    let (good, nested) = (token(0), "[".repeat(40_000));
    let (header, signature) = (good.compact.split('.').next().unwrap(), good.compact.rsplit('.').next().unwrap());
    let hostile = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(nested));
    bencher.bench(|| verify_jws(black_box(&hostile), &good.keys, &[SigningAlgorithm::Rs256]).unwrap_err());
}

/// The best of many short rounds: the figure that other work on the machine disturbs least.
fn best(mut work: impl FnMut()) -> Duration {
    let round = || {
        let start = Instant::now();
        (0..4).for_each(|_| work());
        start.elapsed() / 4
    };
    std::iter::repeat_with(round).take(2000).min().unwrap()
}

#[expect(clippy::print_stdout, reason = "the ratio is the result")]
fn main() {
    divan::main();
    for groups in [0, 200] {
        let token = token(groups);
        let (verify, floor) = (best(|| token.verify()), best(|| token.floor()));
        let ratio = verify.as_secs_f64() / floor.as_secs_f64();
        println!("{groups} groups, {} bytes: {verify:.1?}, floor {floor:.1?}, ratio {ratio:.2}", token.compact.len());
    }
}
