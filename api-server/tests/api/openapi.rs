//! The OpenAPI document in the repository is the one that the server gives.

use serde_json::Value;

use crate::support::TestApp;

#[test]
fn the_document_in_docs_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let current = api_server::openapi::document_text().unwrap();
    assert!(
        committed == current,
        "docs/openapi.json is old: run `cargo run -p api-server -- openapi > docs/openapi.json`"
    );
}

#[tokio::test]
async fn the_server_gives_the_document_and_a_page_of_it() {
    let app = TestApp::start().await;
    let served: Value = app.get("/openapi.json", None).await.json().await.unwrap();
    assert_eq!(
        served,
        serde_json::from_str::<Value>(&api_server::openapi::document_text().unwrap()).unwrap()
    );
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
    let page = app.get("/docs", None).await.text().await.unwrap();
    for path in served["paths"].as_object().unwrap().keys() {
        assert!(page.contains(path), "{path} is not on the page");
    }
}

#[tokio::test]
async fn every_kind_of_problem_is_described() {
    let app = TestApp::start().await;
    let page = app.get("/problems", None).await.text().await.unwrap();
    for kind in api_server::error::ProblemKind::ALL {
        assert!(page.contains(&format!("id=\"{}\"", kind.slug())), "{kind:?}");
    }
}
