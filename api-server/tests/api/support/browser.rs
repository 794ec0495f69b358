//! A headless Chromium, driven by the WebDriver protocol (W3C) that chromedriver speaks.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use base64::Engine as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Key under which the protocol hands over elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window; ends when dropped.
pub(crate) struct Browser {
    driver: Child,
    client: Client,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts chromedriver and a browser of its own.
    pub(crate) async fn start(width: u32, height: u32, dark: bool) -> Self {
        // With the parent's end comes the driver's, which takes the browser along.
        let driver = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "chromedriver", "--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut driver = driver.expect("setpriv (package util-linux) starts");
        let output = BufReader::new(driver.stdout.take().unwrap());
        let port = output.lines().map_while(Result::ok).find_map(|line| {
            let port = line.strip_suffix('.')?.rsplit_once("successfully on port ")?.1.to_owned();
            Some(port)
        });
        let port =
            port.expect("chromedriver says its port; install the packages chromium and chromium-driver");
        platform::tls::install_provider();
        let client = Client::new();
        let profile = tempfile::tempdir().unwrap();
        let mut arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--window-size={width},{height}"));
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        if dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        let base = format!("http://127.0.0.1:{port}/session");
        let answer: Value = client.post(&base).json(&wanted).send().await.unwrap().json().await.unwrap();
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}"));
        Self { driver, session: format!("{base}/{id}"), client, _profile: profile }
    }

    async fn command(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let request = self.client.request(method, format!("{}{path}", self.session));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.unwrap();
        let ok = answer.status().is_success();
        let mut body: Value = answer.json().await.unwrap();
        let value = body["value"].take();
        if ok { Ok(value) } else { Err(format!("{path}: {}", value["message"])) }
    }

    /// Opens an address.
    pub(crate) async fn go(&self, url: &str) {
        self.command(Method::POST, "/url", Some(json!({"url": url}))).await.unwrap();
    }

    /// The address that is open.
    pub(crate) async fn address(&self) -> String {
        self.command(Method::GET, "/url", None).await.unwrap().as_str().unwrap().to_owned()
    }

    async fn find(&self, css: &str) -> Result<String, String> {
        let body = json!({"using": "css selector", "value": css});
        let element = self.command(Method::POST, "/element", Some(body)).await?;
        Ok(element[ELEMENT].as_str().unwrap().to_owned())
    }

    /// Whether the page has an element that `css` selects.
    pub(crate) async fn has(&self, css: &str) -> bool {
        self.find(css).await.is_ok()
    }

    /// The visible text of an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        let element = self.find(css).await.unwrap();
        let text = self.command(Method::GET, &format!("/element/{element}/text"), None).await.unwrap();
        text.as_str().unwrap().to_owned()
    }

    /// Types into a field; for a file chooser, `text` is the path of a file.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await.unwrap();
        let path = format!("/element/{element}/value");
        self.command(Method::POST, &path, Some(json!({"text": text}))).await.unwrap();
    }

    /// Clicks on an element.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await.unwrap();
        self.command(Method::POST, &format!("/element/{element}/click"), Some(json!({}))).await.unwrap();
    }

    /// Runs a script and gives what it returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        self.command(Method::POST, "/execute/sync", Some(body)).await.unwrap()
    }

    /// What the browser complains about: blocked styles and scripts, files that are missing.
    pub(crate) async fn complaints(&self) -> Vec<Value> {
        let log = self.command(Method::POST, "/se/log", Some(json!({"type": "browser"}))).await.unwrap();
        log.as_array().unwrap().clone()
    }

    /// Writes a picture of the page into the folder that `RM_TEST_SCREENSHOTS` names, if it is set.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("RM_TEST_SCREENSHOTS") else { return };
        let picture = self.command(Method::GET, "/screenshot", None).await.unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }

    /// Closes the browser.
    pub(crate) async fn close(self) {
        self.command(Method::DELETE, "", None).await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
