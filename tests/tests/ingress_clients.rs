//! Clients behind the ingress controller are told apart: each has a limit of its own.

#![allow(
    clippy::unwrap_used,
    reason = "clippy sees tests in test functions alone, and helpers of tests are tests too"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use e2e::client::connection;
use e2e::installation::Installation;
use reqwest::StatusCode;

const READY: Duration = Duration::from_secs(300);

/// What is left to a client at this address of the machine, after one more request.
async fn left(installation: &Installation, address: Ipv4Addr) -> u32 {
    let http = connection(&installation.url, Some(IpAddr::V4(address))).unwrap();
    let answer = http.get(format!("{}/api/v1/resumes", installation.url)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    // "default";r=87;t=31
    let header = answer.headers().get("ratelimit").unwrap().to_str().unwrap().to_owned();
    let left = header.split(';').find_map(|part| part.strip_prefix("r=")).unwrap();
    left.parse().unwrap()
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn clients_behind_the_ingress_controller_do_not_use_up_each_others_requests() {
    let installation = Installation::from_env().unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
    let (ann, bob) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3));
    let first = left(&installation, ann).await;
    for number in 1..=5 {
        assert_eq!(left(&installation, ann).await, first - number);
    }
    assert_eq!(left(&installation, bob).await, first, "another client, with nothing used up");
}
