//! Edit what was read from a resume, look at earlier versions, go back, and write versions as files.

use platform::postgres::tenant_transaction;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{RESUME_TEXT, TestApp, User, problem};

fn tag(answer: &Response) -> String {
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

async fn json_of(answer: Response, status: u16) -> Value {
    assert_eq!(answer.status().as_u16(), status, "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

/// A resume that is read; gives its address and its tag.
async fn read_resume(app: &TestApp, user: &User) -> (String, String) {
    let id = app.add_resume(user, "cv").await;
    app.finish_resume(user, &id, RESUME_TEXT).await;
    let path = format!("/api/v1/resumes/{id}");
    let tag = tag(&app.get(&path, Some(&user.token)).await);
    (path, tag)
}

async fn put(app: &TestApp, user: &User, path: &str, tag: Option<&str>, body: &Value) -> Response {
    let request = app.client.put(app.url(&format!("{path}/json-resume"))).bearer_auth(&user.token).json(body);
    let request = if let Some(tag) = tag { request.header("if-match", tag) } else { request };
    request.send().await.unwrap()
}

async fn restore(app: &TestApp, user: &User, path: &str, number: i32, tag: &str) -> Response {
    let url = app.url(&format!("{path}/versions/{number}/restore"));
    app.client.post(url).bearer_auth(&user.token).header("if-match", tag).send().await.unwrap()
}

#[tokio::test]
async fn an_edit_makes_a_version_and_the_one_before_stays_as_it_was() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (path, first) = read_resume(&app, &user).await;
    let before = json_of(app.get(&path, Some(&user.token)).await, 200).await;
    assert_eq!(before["version"], 1);
    let answer = app.get(&format!("{path}/json-resume"), Some(&user.token)).await;
    assert_eq!(tag(&answer), first);
    let mut document = json_of(answer, 200).await;
    assert_eq!(document["basics"]["name"], "Ann Example");
    document["work"][0]["highlights"] = json!(["Moved 40 services to Kubernetes"]);
    document["meta"] = json!({"canonical": "https://example.org/cv"});

    problem(put(&app, &user, &path, None, &document).await, 428, "precondition-required").await;
    problem(put(&app, &user, &path, Some("\"0\""), &document).await, 412, "precondition-failed").await;
    let answer = put(&app, &user, &path, Some(&first), &document).await;
    let second = tag(&answer);
    let made = json_of(answer, 200).await;
    assert_eq!(
        (&made["number"], &made["origin"], &made["based_on"]),
        (&json!(2), &json!("edited"), &json!(1))
    );
    let me = json_of(app.get("/api/v1/account", Some(&user.token)).await, 200).await;
    assert_eq!(made["account_id"], me["account"]["id"]);
    problem(put(&app, &user, &path, Some(&first), &json!({})).await, 412, "precondition-failed").await;

    let answer = app.get(&format!("{path}/json-resume"), Some(&user.token)).await;
    assert_eq!(tag(&answer), second);
    assert_eq!(json_of(answer, 200).await, document, "it comes back as it was sent");
    let now = json_of(app.get(&path, Some(&user.token)).await, 200).await;
    assert_eq!((&now["version"], &now["text"]), (&json!(2), &made["text"]));
    // The evidence leads to the words of the edited text.
    let place = &made["document"]["evidence"]["/work/0/highlights/0"];
    let at = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
    assert_eq!(&made["text"].as_str().unwrap()[at("start")..at("end")], "Moved 40 services to Kubernetes");
    // What JSON Resume has no place for stays.
    assert!(made["text"].as_str().unwrap().contains("US 1,234,567 A way to weld"), "{}", made["text"]);

    let list = json_of(app.get(&format!("{path}/versions"), Some(&user.token)).await, 200).await;
    let listed: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["number"].clone(), one["origin"].clone()))
        .collect();
    assert_eq!(listed, [(json!(2), json!("edited")), (json!(1), json!("read"))]);
    let old = json_of(app.get(&format!("{path}/versions/1"), Some(&user.token)).await, 200).await;
    assert_eq!((&old["text"], &old["document"]), (&before["text"], &before["document"]));
    problem(app.get(&format!("{path}/versions/3"), Some(&user.token)).await, 404, "not-found").await;
    problem(app.get(&format!("{path}/versions/x"), Some(&user.token)).await, 404, "not-found").await;
}

#[tokio::test]
async fn the_same_document_again_makes_no_version() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (path, first) = read_resume(&app, &user).await;
    let document = json_of(app.get(&format!("{path}/json-resume"), Some(&user.token)).await, 200).await;
    let answer = put(&app, &user, &path, Some(&first), &document).await;
    assert_eq!(tag(&answer), first);
    assert_eq!(json_of(answer, 200).await["number"], 1);
    let list = json_of(app.get(&format!("{path}/versions"), Some(&user.token)).await, 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn wrong_values_are_named_by_their_pointers_and_change_nothing() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (path, first) = read_resume(&app, &user).await;
    for (body, pointer) in [
        (json!({"work": [{"name": 7}]}), "/work/0/name"),
        (json!({"work": [{"startDate": "last year"}]}), "/work/0/startDate"),
        (json!({"basics": ["Ann"]}), "/basics"),
        (json!({"basics": {"summary": "a\u{0}b"}}), "/basics/summary"),
        (json!({"basics": {}}), ""),
        (json!("text"), ""),
    ] {
        let answer =
            problem(put(&app, &user, &path, Some(&first), &body).await, 422, "validation-failed").await;
        assert_eq!(answer["errors"][0]["pointer"], pointer, "{body}");
    }
    let now = json_of(app.get(&path, Some(&user.token)).await, 200).await;
    assert_eq!(now["version"], 1);

    let unread = format!("/api/v1/resumes/{}", app.add_resume(&user, "unread").await);
    let tag = tag(&app.get(&unread, Some(&user.token)).await);
    let body = json!({"basics": {"name": "Ann"}});
    problem(put(&app, &user, &unread, Some(&tag), &body).await, 409, "conflict").await;
    let list = json_of(app.get(&format!("{unread}/versions"), Some(&user.token)).await, 200).await;
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn of_edits_at_once_one_is_made_and_the_others_are_told() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (path, first) = read_resume(&app, &user).await;
    let bodies: Vec<Value> = (0..4).map(|n| json!({"basics": {"name": format!("Ann Example{n}")}})).collect();
    let edits = bodies.iter().map(|body| put(&app, &user, &path, Some(&first), body));
    let mut statuses: Vec<u16> =
        futures::future::join_all(edits).await.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
    let list = json_of(app.get(&format!("{path}/versions"), Some(&user.token)).await, 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn going_back_is_an_edit_like_another() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (path, first) = read_resume(&app, &user).await;
    let original = json_of(app.get(&path, Some(&user.token)).await, 200).await;
    let body = json!({"basics": {"name": "Ann Example", "label": "Welder"}});
    let second = tag(&put(&app, &user, &path, Some(&first), &body).await);
    problem(restore(&app, &user, &path, 1, &first).await, 412, "precondition-failed").await;
    problem(restore(&app, &user, &path, 7, &second).await, 404, "not-found").await;
    let answer = restore(&app, &user, &path, 1, &second).await;
    let third = tag(&answer);
    let made = json_of(answer, 200).await;
    assert_eq!(
        (&made["number"], &made["origin"], &made["based_on"]),
        (&json!(3), &json!("restored"), &json!(1))
    );
    let now = json_of(app.get(&path, Some(&user.token)).await, 200).await;
    assert_eq!(
        (&now["document"], &now["text"], &now["version"]),
        (&original["document"], &original["text"], &json!(3))
    );
    // The one that is in force needs no going back to.
    let same = json_of(restore(&app, &user, &path, 3, &third).await, 200).await;
    assert_eq!(same["number"], 3);
    let document = json_of(app.get(&format!("{path}/versions/2"), Some(&user.token)).await, 200).await;
    assert_eq!(document["document"]["resume"], body);
}

#[tokio::test]
async fn versions_cannot_be_changed_are_in_log_and_export_and_go_with_the_resume() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (path, first) = read_resume(&app, &user).await;
    let body = json!({"basics": {"name": "Ann Example"}, "skills": [{"name": "Zig"}]});
    put(&app, &user, &path, Some(&first), &body).await;
    for statement in ["UPDATE resume_versions SET text = 'x'", "DELETE FROM resume_versions"] {
        let mut tx = tenant_transaction(&app.pool, user.tenant).await.unwrap();
        let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("42501"), "{statement}");
    }
    let log = json_of(app.get("/api/v1/audit", Some(&user.token)).await, 200).await;
    let kinds: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "resume_versions").count(), 1, "{log}");
    let export = json_of(app.get("/api/v1/account/export", Some(&user.token)).await, 200).await;
    let versions = &export["organisations"][0]["data"]["resume_versions"];
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!(versions[1]["document"]["resume"], body);

    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);
    let mut tx = tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM resume_versions").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn each_version_is_written_as_a_file_of_each_format() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (path, first) = read_resume(&app, &user).await;
    let body = json!({"basics": {"name": "Ann Example", "label": "Welder"}});
    put(&app, &user, &path, Some(&first), &body).await;
    for (format, kind, start) in [
        ("pdf", "application/pdf", "%PDF-"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "PK"),
        ("md", "text/markdown; charset=utf-8", "# Ann Example"),
        ("json", "application/json", "{"),
    ] {
        let answer = app.get(&format!("{path}/export?format={format}"), Some(&user.token)).await;
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"].to_str().unwrap()),
            (StatusCode::OK, &kind)
        );
        let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(name.starts_with(&format!("attachment; filename=\"cv.{format}\"")), "{name}");
        assert!(answer.bytes().await.unwrap().starts_with(start.as_bytes()), "{format}");
    }
    let text = async |query: &str| {
        app.get(&format!("{path}/export?{query}"), Some(&user.token)).await.text().await.unwrap()
    };
    assert!(text("format=md").await.contains("Welder"));
    let old = text("format=md&version=1").await;
    assert!(!old.contains("Welder") && old.contains("Bluebird Ltd"), "{old}");
    assert_eq!(serde_json::from_str::<Value>(&text("format=json").await).unwrap(), body);

    for wrong in ["format=exe", "format=pdf&version=x", ""] {
        let answer = app.get(&format!("{path}/export?{wrong}"), Some(&user.token)).await;
        problem(answer, 422, "validation-failed").await;
    }
    problem(
        app.get(&format!("{path}/export?format=pdf&version=9"), Some(&user.token)).await,
        404,
        "not-found",
    )
    .await;
    let unread = app.add_resume(&user, "unread").await;
    let answer = app.get(&format!("/api/v1/resumes/{unread}/export?format=pdf"), Some(&user.token)).await;
    problem(answer, 409, "conflict").await;
}
