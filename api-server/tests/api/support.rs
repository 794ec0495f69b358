//! An application of its own for each test: own database, bucket and ports, on shared servers.

pub(crate) mod browser;
mod gate;
mod process;

use std::{net::SocketAddr, time::Duration};

use api_server::startup::{Application, Drain, Settings};
use bytes::Bytes;
use platform::{
    config::{DatabaseConfig, EncryptionConfig, Env, ObjectStorageConfig},
    env_vars,
    mail::Content,
    migrations::{self, Phase},
    names::TenantId,
    postgres,
    sealing::Keyring,
    storage::Storage,
};
use reqwest::{
    Client, Response,
    multipart::{Form, Part},
    redirect,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use gate::Gates;
use gate::{Gate, address_of};
pub(crate) use process::Process;
use test_services::Database;

/// A password that the rules accept.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// How long a condition may take to come true. Test machines can be very busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running application.
pub(crate) struct TestApp {
    /// Where the API listens.
    pub(crate) address: SocketAddr,
    probes_address: SocketAddr,
    /// Follows no redirects.
    pub(crate) client: Client,
    /// The application's view of the database.
    pub(crate) pool: PgPool,
    /// The application's bucket.
    pub(crate) storage: Storage,
    /// Tells it to stop.
    pub(crate) stop: CancellationToken,
    running: JoinHandle<std::io::Result<()>>,
    variables: Vec<(&'static str, String)>,
}

/// A person with an account.
pub(crate) struct User {
    /// The tenant of the person.
    pub(crate) tenant: TenantId,
    /// Access token.
    pub(crate) token: String,
    /// Refresh token.
    pub(crate) refresh_token: String,
}

impl TestApp {
    /// Starts an application with a migrated database and a bucket.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_settings| ()).await
    }

    /// The same, after `change` of its settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let database = test_services::postgres().create_database().await.unwrap();
        Self::launch(&database, None, change).await
    }

    /// The same, reaching its dependencies through `gates`.
    pub(crate) async fn start_behind(gates: &Gates) -> Self {
        Self::start_behind_with(gates, |_settings| ()).await
    }

    /// The same, after `change` of its settings.
    pub(crate) async fn start_behind_with(gates: &Gates, change: impl FnOnce(&mut Settings)) -> Self {
        Self::launch(&gates.database, Some(gates), change).await
    }

    async fn launch(database: &Database, gates: Option<&Gates>, change: impl FnOnce(&mut Settings)) -> Self {
        let direct = Env::from_pairs([
            (env_vars::DATABASE_URL, database.app_url.clone()),
            (env_vars::DATABASE_OWNER_URL, database.owner_url.clone()),
        ]);
        let direct = DatabaseConfig::from_env(&direct).unwrap();
        migrations::up(&direct, &[Phase::Expand]).await.unwrap();

        let through = |url: &str, gate: Option<&Gate>| match gate {
            Some(gate) => url.replace(address_of(url), &gate.address().to_string()),
            None => url.to_owned(),
        };
        let (key_id, secret) = test_services::object_storage().credentials();
        let endpoint = test_services::object_storage().endpoint();
        let variables = vec![
            (env_vars::RM_INSTALLATION, test_services::unique_name("api")),
            (env_vars::DATABASE_URL, through(&database.app_url, gates.map(|gates| &gates.postgres))),
            (env_vars::REDIS_URL, through(&test_services::redis().url(), gates.map(|gates| &gates.redis))),
            (env_vars::S3_ENDPOINT, through(&endpoint, gates.map(|gates| &gates.storage))),
            (env_vars::S3_BUCKET, test_services::unique_name("api")),
            (env_vars::S3_REGION, "us-east-1".to_owned()),
            (env_vars::S3_FORCE_PATH_STYLE, "true".to_owned()),
            (env_vars::AWS_ACCESS_KEY_ID, key_id.to_owned()),
            (env_vars::AWS_SECRET_ACCESS_KEY, secret.to_owned()),
            (env_vars::RM_TOKEN_KEY, "dGhpcyBrZXkgaXMgZm9yIHRlc3RzIGFuZCBub3RoaW5nIGVsc2U=".to_owned()),
            // Tests ask again and again; the one about the limit sets its own.
            (env_vars::RM_RATE_LIMIT_PER_MINUTE, "1000000".to_owned()),
            (env_vars::RM_LISTEN, "127.0.0.1:0".to_owned()),
            (env_vars::RM_METRICS_LISTEN, "127.0.0.1:0".to_owned()),
        ];
        let env = Env::from_pairs(variables.clone());
        let mut settings = Settings::from_env(&env).unwrap();
        settings.drain = Drain { delay: Duration::ZERO, idle: Duration::ZERO, deadline: PATIENCE };
        change(&mut settings);
        let storage = Storage::open(ObjectStorageConfig::from_env(&env).unwrap()).unwrap();
        storage.ensure_bucket().await.unwrap();
        let application = Application::build(&settings).await.unwrap();
        let stop = CancellationToken::new();
        Self {
            address: application.address().unwrap(),
            probes_address: application.probes_address().unwrap(),
            client: Client::builder().redirect(redirect::Policy::none()).build().unwrap(),
            pool: postgres::connect(&direct).await.unwrap(),
            storage,
            stop: stop.clone(),
            running: tokio::spawn(application.run(stop)),
            variables,
        }
    }

    /// Starts the real worker for this application.
    pub(crate) fn start_worker(&self) -> Process {
        Process::worker(&self.variables)
    }

    /// The variables of the application, with `changes`; for more processes of the same installation.
    pub(crate) fn variables_with(&self, changes: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        let kept =
            self.variables.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        kept.chain(changes).cloned().collect()
    }

    /// The address of `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// `GET`, with a token if there is one.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Response {
        let request = self.client.get(self.url(path));
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        request.send().await.unwrap()
    }

    /// `GET` on the port of the probes.
    pub(crate) async fn get_probe(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.probes_address)).send().await.unwrap()
    }

    /// `DELETE`, with a token if there is one.
    pub(crate) async fn delete(&self, path: &str, token: Option<&str>) -> Response {
        let request = self.client.delete(self.url(path));
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        request.send().await.unwrap()
    }

    /// `POST` of JSON, with a token if there is one.
    pub(crate) async fn post_json(&self, path: &str, token: Option<&str>, body: &Value) -> Response {
        let request = self.client.post(self.url(path)).json(body);
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        request.send().await.unwrap()
    }

    /// `POST` of a multipart form.
    pub(crate) async fn post_form(&self, path: &str, token: &str, form: Form) -> Response {
        self.client.post(self.url(path)).bearer_auth(token).multipart(form).send().await.unwrap()
    }

    /// Uploads a file.
    pub(crate) async fn upload(&self, path: &str, token: &str, name: &str, content: Bytes) -> Response {
        let part = Part::bytes(content.to_vec()).file_name(name.to_owned());
        self.post_form(path, token, Form::new().part("file", part)).await
    }

    /// Makes an account.
    pub(crate) async fn sign_up(&self, email: &str) -> User {
        let answer =
            self.post_json("/api/v1/accounts", None, &json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
        let body: Value = answer.json().await.unwrap();
        User {
            tenant: body["tenant"]["id"].as_str().unwrap().parse().unwrap(),
            token: body["access_token"].as_str().unwrap().to_owned(),
            refresh_token: body["refresh_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Uploads a resume `NAME.pdf` and gives its id.
    pub(crate) async fn add_resume(&self, user: &User, name: &str) -> String {
        let answer = self.upload("/api/v1/resumes", &user.token, &format!("{name}.pdf"), pdf(name)).await;
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Adds a job and gives its id.
    pub(crate) async fn add_job(&self, user: &User, text: &str) -> String {
        let answer = self.post_json("/api/v1/jobs", Some(&user.token), &json!({"text": text})).await;
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// What the outbox has of one kind for the user's tenant: ids of resumes, jobs or matches.
    pub(crate) async fn waiting_tasks(&self, user: &User, kind: &str) -> Vec<String> {
        let mut tx = postgres::tenant_transaction(&self.pool, user.tenant).await.unwrap();
        sqlx::query_scalar(
            "SELECT tasks.subject_id::text FROM tasks JOIN outbox ON outbox.task_id = tasks.id WHERE tasks.kind = $1",
        )
        .bind(kind)
        .fetch_all(&mut *tx)
        .await
        .unwrap()
    }

    /// The keys of secrets at rest.
    pub(crate) fn keyring(&self) -> Keyring {
        let env = Env::from_pairs(self.variables.clone());
        Keyring::new(&EncryptionConfig::from_env(&env).unwrap()).unwrap()
    }

    /// What the mails of one kind to `recipient` in the tenant say, oldest first.
    pub(crate) async fn mails(&self, tenant: TenantId, recipient: &str, template: &str) -> Vec<Content> {
        let mut tx = postgres::tenant_transaction(&self.pool, tenant).await.unwrap();
        let sealed: Vec<(uuid::Uuid, Vec<u8>)> = sqlx::query_as(
            "SELECT id, content FROM mails WHERE recipient = $1 AND template = $2 ORDER BY id",
        )
        .bind(recipient)
        .bind(template)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        let keyring = self.keyring();
        let opened = sealed.iter().map(|(id, content)| keyring.open(&format!("mail:{id}"), content).unwrap());
        opened.map(|content| serde_json::from_slice(content.expose_secret()).unwrap()).collect()
    }

    /// The token in the link of the last such mail.
    pub(crate) async fn mailed_token(&self, tenant: TenantId, recipient: &str, template: &str) -> String {
        let mails = self.mails(tenant, recipient, template).await;
        let text = &mails.last().unwrap().text;
        text.split("?token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
    }

    /// Writes what was read from a resume, as the worker does.
    pub(crate) async fn finish_resume(&self, user: &User, id: &str, text: &str) {
        let document = matching::Document::from_text(text);
        let parsed = matching::parse(&document);
        let mut tx = postgres::tenant_transaction(&self.pool, user.tenant).await.unwrap();
        let written = sqlx::query(
            "UPDATE resumes SET status = 'ready', text = $2, extraction = $3, document = $4, updated_at = now()
             WHERE id = $1::uuid",
        )
        .bind(id)
        .bind(&document.text)
        .bind(serde_json::to_value(&document).unwrap())
        .bind(serde_json::to_value(&parsed).unwrap())
        .execute(&mut *tx)
        .await
        .unwrap();
        assert_eq!(written.rows_affected(), 1);
        tx.commit().await.unwrap();
    }

    /// Writes the result of a match, as the worker does.
    pub(crate) async fn finish_match(&self, tenant: &TenantId, id: uuid::Uuid, score: f64, result: &Value) {
        let mut tx = postgres::tenant_transaction(&self.pool, *tenant).await.unwrap();
        let written = sqlx::query(
            "UPDATE matches SET status = 'ready', score = $2::float8::numeric, result = $3 WHERE id = $1",
        )
        .bind(id)
        .bind(score)
        .bind(result)
        .execute(&mut *tx)
        .await
        .unwrap();
        assert_eq!(written.rows_affected(), 1);
        tx.commit().await.unwrap();
    }

    /// Waits until `condition` holds; fails with `what` if it does not in time.
    pub(crate) async fn wait_until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let all = async {
            while !condition().await {
                // Gives the server a moment; the condition decides, not the pause.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, all).await.is_ok(), "not in time: {what}");
    }

    /// Waits until the application has ended, and demands that it ended well.
    pub(crate) async fn stopped(self) {
        tokio::time::timeout(PATIENCE, self.running).await.unwrap().unwrap().unwrap();
    }
}

/// An address on loopback that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Checks that `answer` is a problem document of this status and kind, and gives it.
pub(crate) async fn problem(answer: Response, status: u16, slug: &str) -> Value {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let path = answer.url().path().to_owned();
    assert_eq!(answer.status().as_u16(), status, "{}", answer.text().await.unwrap());
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], format!("/problems#{slug}"), "{problem}");
    assert_eq!((&problem["status"], &problem["instance"]), (&json!(status), &json!(path)));
    assert_eq!(problem["request_id"], id);
    assert!(
        !problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty()
    );
    problem
}

/// A resume as text, with a section that JSON Resume has no place for.
pub(crate) const RESUME_TEXT: &str = "Ann Example\nann@example.org\n\nExperience\nSite Reliability Engineer, Bluebird Ltd\n\
    03/2018 - 06/2023\n- Ran the clusters of three product teams\n\nPatents\n- US 1,234,567 A way to weld\n\n\
    Skills\nPython, Docker\n";

/// A PDF of one page that says `text`.
pub(crate) fn pdf(text: &str) -> Bytes {
    pdf_of_lines(&[(12, text)])
}

/// A resume of one page.
pub(crate) fn resume_pdf() -> Bytes {
    pdf_of_lines(&[
        (20, "Ada Miller"),
        (10, "ada@example.org | +44 20 7946 0958 | London"),
        (14, "Experience"),
        (11, "Site Reliability Engineer, Northwind Ltd, March 2018 - present"),
        (10, "- Ran the Kubernetes clusters of three product teams, 40 nodes in two regions"),
        (10, "- Wrote deployment tools in Python, used by 25 engineers"),
        (10, "- Mentored two junior engineers"),
        (11, "Systems Administrator, Contoso Ltd, June 2014 - February 2018"),
        (10, "- Administered PostgreSQL databases of 2 TB"),
        (14, "Education"),
        (11, "BSc Computer Science, University of Leeds, 2011 - 2014"),
        (14, "Skills"),
        (10, "Kubernetes, Python, PostgreSQL, Linux, Prometheus"),
    ])
}

// Lines of a font size, one below the other.
fn pdf_of_lines(lines: &[(u32, &str)]) -> Bytes {
    let mut content = "BT 72 740 Td".to_owned();
    for (size, text) in lines {
        let escaped = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        content.push_str(&format!(" 0 -{} Td /F1 {size} Tf ({escaped}) Tj", size + 8));
    }
    content.push_str(" ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut offsets = String::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", number + 1));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 6\n0000000000 65535 f \n{offsets}"));
    file.push_str(&format!("trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
    file.into()
}

/// A result as the worker writes it.
pub(crate) fn sample_result() -> Value {
    json!({
        "score": 71.4,
        "requirements": [
            {"text": "5 years of Kubernetes", "kind": "years", "status": "met",
             "evidence": [{"text": "2018 to today: ran three clusters"}]},
            {"text": "Leads engineers", "kind": "responsibility", "status": "partly", "evidence": []},
            {"text": "Infrastructure as code with Terraform", "kind": "skill", "status": "unmet", "evidence": []},
        ],
        "matched_skills": ["Kubernetes"], "missing_skills": ["Terraform"], "warnings": [],
        "advice": [
            {"kind": "missing_skill", "text": "Terraform is a must, and the resume does not mention it.", "gain": 4.2},
            {"kind": "reword", "text": "Say that you lead engineers.", "gain": 1.5},
        ],
    })
}
