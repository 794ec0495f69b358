//! The pages as a browser without scripts uses them.

use reqwest::{
    Response, StatusCode,
    multipart::{Form, Part},
};
use serde_json::json;

use crate::support::{PASSWORD, RESUME_TEXT, TestApp, User, pdf};

/// A browser: keeps the cookie, follows no redirects by itself.
struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
}

impl<'a> Browser<'a> {
    async fn signed_up(app: &'a TestApp, email: &str) -> Self {
        let form = [("name", "Ann"), ("email", email), ("password", PASSWORD)];
        let answer = app.client.post(app.url("/sign-up")).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
        assert_eq!(answer.headers()["location"], "/dashboard");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        Self { app, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.app.client.get(self.app.url(path)).header("accept", "text/html");
        request.header("cookie", &self.cookie).send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    async fn form_token(&self) -> String {
        let page = self.page("/dashboard").await;
        page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.app.client.post(self.app.url(path)).header("accept", "text/html");
        request.header("cookie", &self.cookie).form(fields).send().await.unwrap()
    }

    async fn upload(&self, token: &str, content: &[u8]) -> Response {
        let part = Part::bytes(content.to_vec()).file_name("cv.pdf");
        let form = Form::new().text("csrf", token.to_owned()).part("file", part);
        let request = self.app.client.post(self.app.url("/resumes")).header("accept", "text/html");
        request.header("cookie", &self.cookie).multipart(form).send().await.unwrap()
    }
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn from_sign_up_to_a_match_that_is_worked_out() {
    let app = TestApp::start().await;
    let browser = Browser::signed_up(&app, "ann@example.org").await;
    let token = browser.form_token().await;
    let resume = location(&browser.upload(&token, &pdf("x")).await);
    let page = browser.page(&resume).await;
    assert!(page.contains("Reading the resume") && page.contains("http-equiv=\"refresh\""), "{page}");

    let resume_id = resume.rsplit('/').next().unwrap();
    let fields =
        [("csrf", token.as_str()), ("resume_id", resume_id), ("title", "SRE <1>"), ("text", "Kubernetes")];
    let result = location(&browser.post("/matches", &fields).await);
    let page = browser.page(&result).await;
    assert!(page.contains("Working it out") && page.contains("SRE &#60;1&#62;"), "{page}");
    let dashboard = browser.page("/dashboard").await;
    assert!(dashboard.contains(&result) && dashboard.contains(&resume));
    let none = browser.page("/dashboard?q=%22%3Cscript%3E").await;
    assert!(none.contains("No resume has these words.") && !none.contains("<script>"), "{none}");
    assert!(browser.page("/dashboard?q=cv").await.contains(&resume));

    // What the worker will write.
    let id: uuid::Uuid = result.rsplit('/').next().unwrap().parse().unwrap();
    app.finish_match(
        &browser_tenant(&app, "ann@example.org").await,
        id,
        71.4,
        &crate::support::sample_result(),
    )
    .await;
    let page = browser.page(&result).await;
    for text in ["Score: 71 of 100", "5 years of Kubernetes", "ran three clusters", "Terraform", "Partly met"]
    {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains("http-equiv=\"refresh\""));
    let action = page.split("/advice/").nth(1).unwrap().split('"').next().unwrap();
    let decide = format!("{result}/advice/{action}");
    let turned_down = browser.post(&decide, &[("csrf", token.as_str()), ("decision", "rejected")]).await;
    assert_eq!(location(&turned_down), format!("{result}#advice"));
    assert!(browser.page(&result).await.contains("<li class=\"rejected\">"));
    location(&browser.post(&decide, &[("csrf", token.as_str())]).await);
    assert!(!browser.page(&result).await.contains("<li class=\"rejected\">"));
    let deleted = browser.post(&format!("{result}/delete"), &[("csrf", token.as_str())]).await;
    assert_eq!(location(&deleted), "/dashboard");
    assert_eq!(browser.get(&result).await.status(), StatusCode::NOT_FOUND);
}

async fn browser_tenant(app: &TestApp, email: &str) -> platform::names::TenantId {
    let body = json!({"email": email, "password": PASSWORD});
    let tokens: serde_json::Value =
        app.post_json("/api/v1/sessions", None, &body).await.json().await.unwrap();
    let me: serde_json::Value =
        app.get("/api/v1/account", tokens["access_token"].as_str()).await.json().await.unwrap();
    me["tenant"]["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_resume_is_saved_as_a_file_and_goes_back_to_an_earlier_version() {
    let app = TestApp::start().await;
    let browser = Browser::signed_up(&app, "ann@example.org").await;
    let token = browser.form_token().await;
    let resume = location(&browser.upload(&token, &pdf("x")).await);
    let tenant = browser_tenant(&app, "ann@example.org").await;
    let user = User { tenant, token: String::new(), refresh_token: String::new() };
    app.finish_resume(&user, resume.rsplit('/').next().unwrap(), RESUME_TEXT).await;
    let page = browser.page(&resume).await;
    assert!(page.contains("export?format=docx") && !page.contains("Go back to it"), "{page}");
    let file = browser.get(&format!("{resume}/export?format=pdf")).await;
    assert_eq!(file.headers()["content-type"], "application/pdf");
    assert!(file.bytes().await.unwrap().starts_with(b"%PDF-"));

    // An edit by the API; the page shows both versions then.
    let body = json!({"email": "ann@example.org", "password": PASSWORD});
    let tokens: serde_json::Value =
        app.post_json("/api/v1/sessions", None, &body).await.json().await.unwrap();
    let edited = app
        .client
        .put(app.url(&format!("/api/v1{resume}/json-resume")))
        .bearer_auth(tokens["access_token"].as_str().unwrap())
        .header("if-match", "*")
        .json(&json!({"basics": {"name": "Ann Example", "label": "Welder"}}))
        .send()
        .await
        .unwrap();
    assert_eq!(edited.status(), StatusCode::OK);
    let page = browser.page(&resume).await;
    assert!(page.contains("Version 2: edited") && page.contains("Welder"), "{page}");
    let tag = page.split("name=\"version\" value=\"").nth(1).unwrap().split("\">").next().unwrap();
    let tag = tag.replace("&#34;", "\"");
    let restore = format!("{resume}/versions/1/restore");
    let old = browser.post(&restore, &[("csrf", token.as_str()), ("version", "\"0\"")]).await;
    assert_eq!(old.status(), StatusCode::PRECONDITION_FAILED);
    let back = browser.post(&restore, &[("csrf", token.as_str()), ("version", tag.as_str())]).await;
    assert_eq!(location(&back), resume);
    let page = browser.page(&resume).await;
    assert!(page.contains("Version 3: version 1 again") && !page.contains("Welder"), "{page}");
}

#[tokio::test]
async fn a_resume_is_edited_in_a_form_that_keeps_what_it_does_not_show() {
    let app = TestApp::start().await;
    let browser = Browser::signed_up(&app, "ann@example.org").await;
    let token = browser.form_token().await;
    let resume = location(&browser.upload(&token, &pdf("x")).await);
    assert_eq!(browser.get(&format!("{resume}/edit")).await.status(), StatusCode::CONFLICT);
    let tenant = browser_tenant(&app, "ann@example.org").await;
    let user = User { tenant, token: String::new(), refresh_token: String::new() };
    app.finish_resume(&user, resume.rsplit('/').next().unwrap(), RESUME_TEXT).await;
    assert!(browser.page(&resume).await.contains(&format!("{resume}/edit")));
    let form = browser.page(&format!("{resume}/edit")).await;
    assert!(form.contains("name=\"/work/0/position\" value=\"Site Reliability Engineer\""), "{form}");
    let tag = form.split("name=\"version\" value=\"").nth(1).unwrap().split("\">").next().unwrap();
    let tag = tag.replace("&#34;", "\"");
    let save = async |start: &str, label: &str| {
        let fields = [
            ("csrf", token.as_str()),
            ("version", tag.as_str()),
            ("/basics/label", label),
            ("/work/0/startDate", start),
            ("/work/0/highlights", "Moved 40 services\r\nWrote runbooks"),
            ("/languages/0/language", "Danish"),
        ];
        browser.post(&format!("{resume}/edit"), &fields).await
    };
    let refused = save("spring", "Welder").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let again = refused.text().await.unwrap();
    assert!(
        again.contains("id=\"/work/0/startDate-error\"") && again.contains("value=\"spring\""),
        "{again}"
    );
    assert!(again.contains("Write the date as 2020") && again.contains("value=\"Welder\""), "{again}");
    assert_eq!(location(&save("2018-04", "Welder").await), resume);
    let page = browser.page(&resume).await;
    for text in ["Welder", "Moved 40 services", "Danish", "US 1,234,567 A way to weld", "Version 2: edited"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    let late = save("2018-05", "Smith").await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    let late = late.text().await.unwrap();
    assert!(late.contains("edited elsewhere") && late.contains("value=\"Smith\""), "{late}");
    assert!(!browser.page(&resume).await.contains("Smith"));
}

#[tokio::test]
async fn applications_are_added_moved_and_deleted_on_the_board() {
    let app = TestApp::start().await;
    let browser = Browser::signed_up(&app, "ann@example.org").await;
    let token = browser.form_token().await;
    assert!(browser.page("/applications").await.contains("can be tracked here"));
    let resume = location(&browser.upload(&token, &pdf("x")).await);
    let resume_id = resume.rsplit('/').next().unwrap();
    let fields =
        [("csrf", token.as_str()), ("resume_id", resume_id), ("title", "SRE <1>"), ("text", "Kubernetes")];
    let result = location(&browser.post("/matches", &fields).await);
    let page = browser.page(&result).await;
    let job_id = page.split("name=\"job_id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("csrf", token.as_str()), ("job_id", job_id.as_str()), ("resume_id", resume_id)];
    assert_eq!(location(&browser.post("/applications", &fields).await), "/applications");
    let board = browser.page("/applications").await;
    assert!(board.contains("SRE &#60;1&#62;") && board.contains("cv.pdf"), "{board}");

    let action = board.split("action=\"/applications/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let tag = board.split("name=\"version\" value=\"").nth(1).unwrap().split("\">").next().unwrap();
    let tag = tag.replace("&#34;", "\"");
    let edit = async |tag: &str, next: &str| {
        let fields = [
            ("csrf", token.as_str()),
            ("version", tag),
            ("state", "interviewing"),
            ("resume_id", ""),
            ("applied_on", "2026-11-20"),
            ("next_on", next),
            ("note", "Ask about <b>teams"),
        ];
        browser.post(&format!("/applications/{action}"), &fields).await
    };
    let refused = edit(&tag, "some day").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("Write the day as 2026-11-23"));
    assert_eq!(location(&edit(&tag, "2026-12-01").await), "/applications");
    let late = edit(&tag, "2026-12-02").await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    assert!(late.text().await.unwrap().contains("Somebody has changed this application"));
    let board = browser.page("/applications").await;
    let column =
        board.split("id=\"column-interviewing\"").nth(1).unwrap().split("</section>").next().unwrap();
    for text in ["Next: 2026-12-01", "Sent 2026-11-20", "Ask about &#60;b&#62;teams"] {
        assert!(column.contains(text), "{text} is not in {column}");
    }
    let path = format!("/applications/{action}/delete");
    assert_eq!(browser.post(&path, &[("csrf", "x")]).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(location(&browser.post(&path, &[("csrf", token.as_str())]).await), "/applications");
    assert!(!browser.page("/applications").await.contains(&path));
}

#[tokio::test]
async fn without_a_session_every_page_leads_to_sign_in() {
    let app = TestApp::start().await;
    for path in ["/dashboard", "/applications", "/resumes/0192f0c1-2345-7abc-8def-0123456789ab"] {
        assert_eq!(location(&app.get(path, None).await), "/sign-in");
    }
    let browser = Browser { app: &app, cookie: "rm_session=made-up".to_owned() };
    assert_eq!(location(&browser.get("/dashboard").await), "/sign-in");
}

#[tokio::test]
async fn sign_out_ends_the_session_of_the_cookie() {
    let app = TestApp::start().await;
    let browser = Browser::signed_up(&app, "ann@example.org").await;
    assert_eq!(location(&browser.get("/").await), "/dashboard");
    let token = browser.form_token().await;
    let answer = browser.post("/sign-out", &[("csrf", token.as_str())]).await;
    assert!(answer.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(location(&answer), "/");
    assert_eq!(location(&browser.get("/dashboard").await), "/sign-in");
}

#[tokio::test]
async fn forms_without_the_sessions_token_or_from_another_site_change_nothing() {
    let app = TestApp::start().await;
    let (ann, eve) = (
        Browser::signed_up(&app, "ann@example.org").await,
        Browser::signed_up(&app, "eve@example.org").await,
    );
    let foreign = eve.form_token().await;
    for token in ["", "abc", foreign.as_str()] {
        assert_eq!(ann.upload(token, &pdf("x")).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(ann.post("/sign-out", &[("csrf", token)]).await.status(), StatusCode::FORBIDDEN);
    }
    let form = [("email", "ann@example.org"), ("password", PASSWORD)];
    let other_site = app.client.post(app.url("/sign-in")).header("sec-fetch-site", "cross-site").form(&form);
    assert_eq!(other_site.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert!(ann.page("/dashboard").await.contains("Upload a resume first"));
}

#[tokio::test]
async fn forms_are_shown_again_with_what_is_wrong() {
    let app = TestApp::start().await;
    let send = async |path: &str, form: &[(&str, &str)]| {
        let answer = app.client.post(app.url(path)).form(form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = send("/sign-up", &[("email", "ann@x"), ("password", "secret")]).await;
    assert_eq!(status, 422);
    assert!(page.contains("must look like name@example.org") && page.contains("at least 10"), "{page}");
    assert!(page.contains("value=\"ann@x\"") && !page.contains("value=\"secret\""), "{page}");
    let (status, page) = send("/sign-in", &[("email", "ann@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(status, 401);
    assert!(page.contains("do not belong together"), "{page}");

    let browser = Browser::signed_up(&app, "ann@example.org").await;
    let token = browser.form_token().await;
    let refused = browser.upload(&token, b"\x7fELF\0\0").await;
    assert_eq!(refused.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(refused.text().await.unwrap().contains("The content of the file is none of"));
}

#[tokio::test]
async fn pages_of_another_tenant_are_absent() {
    let app = TestApp::start().await;
    let (ann, eve) = (
        Browser::signed_up(&app, "ann@example.org").await,
        Browser::signed_up(&app, "eve@example.org").await,
    );
    let resume = location(&ann.upload(&ann.form_token().await, &pdf("x")).await);
    let token = eve.form_token().await;
    assert_eq!(eve.get(&resume).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(eve.get(&format!("{resume}/original")).await.status(), StatusCode::NOT_FOUND);
    let answer = eve.post(&format!("{resume}/delete"), &[("csrf", token.as_str())]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(ann.get(&format!("{resume}/original")).await.bytes().await.unwrap(), pdf("x"));
}
