//! A person with a browser: from sign-up to the result, with the real worker.

use crate::support::{PASSWORD, TestApp, browser::Browser, resume_pdf};

const JOB: &str = "Site reliability engineer\n\nWhat you bring\n- 5 years of experience with Kubernetes\n\
    - Solid Python\n- Experience with Terraform is a must\n- You have led a team of engineers\n\n\
    Nice to have\n- PostgreSQL administration\n- German\n\nWhat we offer\n- 30 days of holiday\n";

#[tokio::test]
async fn a_person_signs_up_uploads_asks_and_reads_the_result() {
    let app = TestApp::start().await;
    let _worker = app.start_worker();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Ada Miller.pdf");
    std::fs::write(&file, resume_pdf()).unwrap();
    let browser = Browser::start(1280, 1400, false).await;

    browser.go(&app.url("/")).await;
    browser.picture("1-landing").await;
    browser.click("main a[href='/sign-up']").await;
    browser.fill("#name", "Ada Miller").await;
    browser.fill("#email", "ada@example.org").await;
    browser.fill("#password", "short").await;
    browser.click("main button").await;
    assert!(browser.text("#password-error").await.contains("at least 10"));
    browser.picture("2-sign-up-refused").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("main button").await;
    // A click returns before the page that it leads to is there.
    let home = app.url("/dashboard");
    app.wait_until("signing up leads to the dashboard", async || browser.address().await == home).await;

    browser.fill("#file", file.to_str().unwrap()).await;
    browser.click("form[action='/resumes'] button").await;
    // The page finds out by itself, without a click.
    app.wait_until("the resume is read", async || browser.has("#text").await).await;
    assert!(browser.text("main").await.contains("Ada Miller"));
    browser.picture("3-resume").await;

    browser.go(&app.url("/dashboard")).await;
    browser.fill("#title", "Site reliability engineer, Example Ltd").await;
    browser.fill("textarea#text", JOB).await;
    browser.picture("4-dashboard").await;
    browser.click("form[action='/matches'] button").await;
    app.wait_until("the match is worked out", async || browser.has("#result").await).await;
    let score: f64 = browser.text("#score").await.parse().unwrap();
    assert!((1.0..=100.0).contains(&score), "{score}");
    let page = browser.text("main").await;
    assert!(browser.text("section[aria-labelledby='matched']").await.contains("Kubernetes"), "{page}");
    assert!(browser.text("section[aria-labelledby='missing']").await.contains("Terraform"), "{page}");
    assert!(page.contains("Kubernetes clusters"), "the evidence is not shown: {page}");
    assert!(!page.contains("holiday"), "benefits are not requirements: {page}");
    browser.picture("5-result").await;

    browser.go(&app.url("/dashboard")).await;
    browser.picture("6-dashboard-with-result").await;
    assert!(browser.text("section[aria-labelledby='matches']").await.contains("Example Ltd"));
    browser.go(&app.url("/docs")).await;
    browser.picture("7-reference").await;
    // Nothing was blocked by the content security policy, and nothing is missing.
    let complaints = browser.complaints().await;
    let unexpected: Vec<_> = complaints
        .iter()
        .filter(|entry| !entry["message"].as_str().unwrap().contains("422 (Unprocessable"))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    browser.click("form[action='/sign-out'] button").await;
    let home = app.url("/");
    app.wait_until("signing out leads to the front page", async || browser.address().await == home).await;
    browser.close().await;
}

#[tokio::test]
async fn a_person_edits_the_resume_and_the_result_quotes_what_was_written() {
    let app = TestApp::start().await;
    let _worker = app.start_worker();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Ada Miller.pdf");
    std::fs::write(&file, resume_pdf()).unwrap();
    let browser = Browser::start(1280, 1400, false).await;
    browser.go(&app.url("/sign-up")).await;
    browser.fill("#email", "ada@example.org").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("main button").await;
    app.wait_until("signing up leads to the dashboard", async || browser.has("#file").await).await;
    browser.fill("#file", file.to_str().unwrap()).await;
    browser.click("form[action='/resumes'] button").await;
    app.wait_until("the resume is read", async || browser.has("#text").await).await;
    assert!(!browser.text("main").await.contains("Terraform"));

    browser.click("main .page-head a.button").await;
    let tasks = "textarea[name='/work/0/highlights']";
    app.wait_until("the form is there", async || browser.has(tasks).await).await;
    browser.fill(tasks, "\nWrote Terraform modules for 25 engineers").await;
    browser.picture("11-edit").await;
    browser.click("main form button").await;
    app.wait_until("the new version is there", async || browser.has("#versions").await).await;
    assert!(browser.text("#text + .pre-text").await.contains("Wrote Terraform modules"));
    browser.picture("12-edited").await;

    browser.go(&app.url("/dashboard")).await;
    browser.fill("#title", "Site reliability engineer, Example Ltd").await;
    browser.fill("textarea#text", JOB).await;
    browser.click("form[action='/matches'] button").await;
    app.wait_until("the match is worked out", async || browser.has("#result").await).await;
    assert!(browser.text("section[aria-labelledby='matched']").await.contains("Terraform"));
    assert!(browser.text("#result").await.contains("Wrote Terraform modules for 25 engineers"));
    browser.click(".decide button[value='rejected']").await;
    app.wait_until("the advice is turned down", async || browser.has(".advice li.rejected").await).await;
    browser.picture("13-advice").await;

    browser.click("form[action='/applications'] button").await;
    app.wait_until("the job is on the board", async || browser.has(".board article").await).await;
    browser.click(".board summary").await;
    browser.click(".board select[name='state'] option[value='interviewing']").await;
    browser.fill(".board textarea", "Call them on Monday").await;
    browser.picture("14-board").await;
    browser.click(".board details form button").await;
    let moved = "section[aria-labelledby='column-interviewing'] article .note";
    app.wait_until("the application has moved", async || browser.has(moved).await).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
}

#[tokio::test]
async fn pages_fit_a_telephone_in_the_dark() {
    let app = TestApp::start().await;
    let browser = Browser::start(500, 900, true).await;
    for (path, name) in
        [("/", "8-dark-landing"), ("/sign-in", "9-dark-sign-in"), ("/docs", "10-dark-reference")]
    {
        browser.go(&app.url(path)).await;
        let wider = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        assert_eq!(browser.script(wider).await, false, "{path} must be scrolled sideways");
        let ground = browser.script("return getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(ground, "rgb(14, 16, 26)", "{path} is not dark");
        browser.picture(name).await;
    }
    browser.close().await;
}
