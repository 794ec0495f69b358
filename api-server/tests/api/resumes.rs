//! Upload, list, read, download and delete resumes.

use reqwest::{
    StatusCode,
    multipart::{Form, Part},
};
use serde_json::Value;

use crate::support::{TestApp, pdf, problem};

#[tokio::test]
async fn an_upload_is_stored_queued_and_comes_back_byte_for_byte() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let content = pdf("one");
    let answer = app.upload("/api/v1/resumes", &user.token, "CV – Ann.pdf", content.clone()).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let resume: Value = answer.json().await.unwrap();
    assert_eq!(location, format!("/api/v1/resumes/{}", resume["id"].as_str().unwrap()));
    assert_eq!(resume["status"], "queued");
    assert_eq!(resume["media_type"], "application/pdf");
    assert_eq!(resume["size_bytes"], content.len());
    assert_eq!(resume["sha256"], platform::digest::Sha256Digest::of(&content).to_string());

    let detail: Value = app.get(&location, Some(&user.token)).await.json().await.unwrap();
    assert_eq!((&detail["document"], &detail["text"]), (&Value::Null, &Value::Null));
    assert_eq!(app.waiting_tasks(&user, "extract_resume").await, [resume["id"].as_str().unwrap()]);

    let original = app.get(&format!("{location}/original"), Some(&user.token)).await;
    assert_eq!(original.headers()["content-type"], "application/pdf");
    let disposition = original.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.ends_with("filename*=UTF-8''CV%20%E2%80%93%20Ann.pdf"), "{disposition}");
    assert_eq!(original.bytes().await.unwrap(), content);
}

#[tokio::test]
async fn the_same_bytes_are_one_resume_of_one_tenant() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.sign_up("ann@example.org").await, app.sign_up("bob@example.org").await);
    let first: Value =
        app.upload("/api/v1/resumes", &ann.token, "a.pdf", pdf("x")).await.json().await.unwrap();
    let again = app.upload("/api/resumes/upload", &ann.token, "b.pdf", pdf("x")).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(again.json::<Value>().await.unwrap()["id"], first["id"]);
    let other = app.upload("/api/v1/resumes", &bob.token, "a.pdf", pdf("x")).await;
    assert_eq!(other.status(), StatusCode::ACCEPTED);
    assert_ne!(other.json::<Value>().await.unwrap()["id"], first["id"]);
    assert_eq!(app.waiting_tasks(&ann, "extract_resume").await.len(), 1);
}

#[tokio::test]
async fn of_equal_uploads_at_once_one_is_new() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let uploads = (0..6).map(|_| app.upload("/api/v1/resumes", &user.token, "a.pdf", pdf("x")));
    let answers = futures::future::join_all(uploads).await;
    let new = answers.iter().filter(|answer| answer.status() == StatusCode::ACCEPTED).count();
    let known = answers.iter().filter(|answer| answer.status() == StatusCode::OK).count();
    assert_eq!((new, known), (1, 5));
    assert_eq!(app.waiting_tasks(&user, "extract_resume").await.len(), 1);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_refused_with_the_reason() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let upload =
        |name, content: &[u8]| app.upload("/api/v1/resumes", &user.token, name, content.to_vec().into());
    let program =
        problem(upload("cv.pdf", b"\x7fELF\x02\x01\x01\0\0").await, 415, "unsupported-media-type").await;
    assert!(program["detail"].as_str().unwrap().contains("PDF, DOCX"), "{program}");
    let empty = problem(upload("cv.pdf", b"").await, 422, "validation-failed").await;
    assert_eq!(empty["errors"][0]["field"], "file");
    let large = [b"%PDF-1.7\n".as_slice(), &vec![b'x'; 10 * 1024 * 1024]].concat();
    problem(upload("cv.pdf", &large).await, 413, "payload-too-large").await;

    let no_file = Form::new().text("note", "x");
    let answer = app.post_form("/api/v1/resumes", &user.token, no_file).await;
    assert_eq!(problem(answer, 422, "validation-failed").await["errors"][0]["field"], "file");
    let json = app.post_json("/api/v1/resumes", Some(&user.token), &serde_json::json!({})).await;
    problem(json, 415, "unsupported-media-type").await;
    assert!(app.waiting_tasks(&user, "extract_resume").await.is_empty());
}

#[tokio::test]
async fn a_file_of_exactly_the_limit_is_taken() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let mut content = b"%PDF-1.7\n".to_vec();
    content.resize(10 * 1024 * 1024, b' ');
    let answer = app.upload("/api/v1/resumes", &user.token, "cv.pdf", content.into()).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_broken_form_is_malformed() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let answer = app
        .client
        .post(app.url("/api/v1/resumes"))
        .bearer_auth(&user.token)
        .header("content-type", "multipart/form-data; boundary=B")
        .body("--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7 cut")
        .send()
        .await
        .unwrap();
    problem(answer, 400, "malformed-request").await;
}

#[tokio::test]
async fn the_list_pages_through_all_newest_first() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let mut expected = Vec::new();
    for number in 0..5 {
        let answer = app.upload("/api/v1/resumes", &user.token, "a.pdf", pdf(&number.to_string())).await;
        expected.insert(0, answer.json::<Value>().await.unwrap()["id"].clone());
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/resumes?limit=2".to_owned());
    loop {
        let page: Value = app.get(&path, Some(&user.token)).await.json().await.unwrap();
        let items = page["items"].as_array().unwrap();
        assert!((1..=2).contains(&items.len()), "{page}");
        seen.extend(items.iter().map(|item| item["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/resumes?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);

    let ready: Value = app.get("/api/v1/resumes?status=ready", Some(&user.token)).await.json().await.unwrap();
    assert_eq!(ready["items"], serde_json::json!([]));
    for wrong in ["limit=0", "limit=x", "cursor=!", "status=done"] {
        let answer = app.get(&format!("/api/v1/resumes?{wrong}"), Some(&user.token)).await;
        let problem = problem(answer, 422, "validation-failed").await;
        assert_eq!(problem["errors"][0]["field"], wrong.split('=').next().unwrap());
    }
}

#[tokio::test]
async fn the_list_finds_resumes_by_their_words() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.sign_up("ann@example.org").await, app.sign_up("eve@example.org").await);
    let nurse = app.add_resume(&ann, "jane_doe-nurse").await;
    let engineer = app.add_resume(&ann, "cv").await;
    app.finish_resume(&ann, &nurse, "Registered nurse, intensive care, Zürich").await;
    app.finish_resume(&ann, &engineer, "Site reliability engineer; care for Kubernetes").await;
    let other = app.add_resume(&eve, "eve").await;
    app.finish_resume(&eve, &other, "Kubernetes").await;
    // One of before the column was there.
    let mut tx = platform::postgres::tenant_transaction(&app.pool, ann.tenant).await.unwrap();
    sqlx::query("UPDATE resumes SET words = NULL WHERE id = $1::uuid")
        .bind(&engineer)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let found = async |query: &str| -> Vec<String> {
        let url = reqwest::Url::parse_with_params("http://host/api/v1/resumes", [("q", query)]).unwrap();
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        let page: Value = app.get(&path, Some(&ann.token)).await.json().await.unwrap();
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{query}: {page}"));
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let both = [engineer.clone(), nurse.clone()];
    for (query, expected) in [
        ("kubernetes", &both[..1]),
        ("KUBERNETES engineer", &both[..1]),
        ("care", &both[..]),
        ("nurse or kubernetes", &both[..]),
        ("care -nurse", &both[..1]),
        ("\"site reliability\"", &both[..1]),
        ("\"reliability site\"", &[]),
        ("zürich", &both[1..]),
        ("doe", &both[1..]),
        ("nur", &[]),
        ("' OR 1=1 --", &[]),
        ("--", &[]),
        ("", &both[..]),
        (" \0 ", &both[..]),
        ("nurse\0", &both[1..]),
    ] {
        assert_eq!(found(query).await, expected, "{query:?}");
    }
    let answer = app.get(&format!("/api/v1/resumes?q={}", "a".repeat(201)), Some(&ann.token)).await;
    assert_eq!(problem(answer, 422, "validation-failed").await["errors"][0]["field"], "q");
}

#[tokio::test]
async fn deleting_removes_row_and_bytes_and_the_file_can_come_again() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let resume: Value =
        app.upload("/api/v1/resumes", &user.token, "a.pdf", pdf("x")).await.json().await.unwrap();
    let path = format!("/api/v1/resumes/{}", resume["id"].as_str().unwrap());
    let sha256 = platform::digest::Sha256Digest::of(&pdf("x"));
    let key = platform::storage::object_key(user.tenant, sha256);
    assert!(app.storage.get(&key, sha256).await.is_ok());
    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);
    problem(app.get(&path, Some(&user.token)).await, 404, "not-found").await;
    problem(app.delete(&path, Some(&user.token)).await, 404, "not-found").await;
    let gone = app.storage.get(&key, sha256).await.unwrap_err();
    assert!(matches!(gone, platform::storage::StorageError::NotFound { .. }), "{gone}");
    let again = app.upload("/api/v1/resumes", &user.token, "a.pdf", pdf("x")).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn bytes_that_a_job_uses_too_outlive_the_resume() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let resume: Value =
        app.upload("/api/v1/resumes", &user.token, "a.pdf", pdf("x")).await.json().await.unwrap();
    let form = Form::new().part("file", Part::bytes(pdf("x").to_vec()).file_name("job.pdf"));
    let job: Value = app.post_form("/api/v1/jobs", &user.token, form).await.json().await.unwrap();
    let sha256 = platform::digest::Sha256Digest::of(&pdf("x"));
    let key = platform::storage::object_key(user.tenant, sha256);
    app.delete(&format!("/api/v1/resumes/{}", resume["id"].as_str().unwrap()), Some(&user.token)).await;
    assert!(app.storage.get(&key, sha256).await.is_ok());
    app.delete(&format!("/api/v1/jobs/{}", job["id"].as_str().unwrap()), Some(&user.token)).await;
    assert!(app.storage.get(&key, sha256).await.is_err());
}
