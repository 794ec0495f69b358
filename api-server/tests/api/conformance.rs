//! Every operation of the served OpenAPI document, called with generated requests: no answer is a fault of the server, and
//! each is one that the document describes, with a body of the described shape.
//!
//! Requests are made from the document's own schemas: some as it describes them, most with one thing wrong. The generator
//! is seeded, so a failure comes again; the seed is in its message.

use std::collections::BTreeMap;

use reqwest::{Method, Response};
use serde_json::{Map, Value, json};

use crate::support::{RESUME_TEXT, TestApp, User, sample_result};

/// Requests for each operation.
const ROUNDS: u64 = 25;
const SEED: u64 = 0x5eed_2026;

/// Operations that are not called: they end the caller's session or account, or stream for ever. Other tests call them.
const LEFT_OUT: [&str; 4] = ["deleteSession", "deleteAllSessions", "eraseAccount", "streamEvents"];

/// xorshift64*: a generator whose whole state is a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let wide = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        usize::try_from(wide >> 33).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// Values that programs get wrong.
fn hostile(dice: &mut Dice) -> Value {
    let values = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(9_007_199_254_740_993_i64),
        json!(1e308),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{202e}\u{fffd}\u{10ffff}"),
        json!("'; DROP TABLE accounts; --"),
        json!("{{7*7}}<script>"),
        json!("x".repeat(70_000)),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("9999-99-99"),
        json!([]),
        json!([[[[[]]]]]),
        json!({}),
        json!({"": null}),
    ];
    dice.pick(&values).clone()
}

struct Walk<'a> {
    document: &'a Value,
    dice: Dice,
}

impl Walk<'_> {
    fn resolve<'v>(&'v self, schema: &'v Value) -> &'v Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                self.resolve(self.document.pointer(reference.trim_start_matches('#')).unwrap())
            }
            None => schema,
        }
    }

    /// A value as `schema` describes it.
    fn valid(&mut self, schema: &Value) -> Value {
        let schema = self.resolve(schema).clone();
        if let Some(values) = schema["enum"].as_array() {
            return self.dice.pick(values).clone();
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[key].as_array() {
                let choice = self.dice.pick(choices).clone();
                return self.valid(&choice);
            }
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        match kinds.first().copied().unwrap_or("object") {
            "string" => self.valid_text(&schema),
            "integer" | "number" => json!(schema["minimum"].as_i64().unwrap_or(1)),
            "boolean" => json!(self.dice.roll(2) == 0),
            "array" => {
                let item = schema["items"].clone();
                let length = 1 + self.dice.roll(3);
                (0..length).map(|_| self.valid(&item)).collect()
            }
            "null" => Value::Null,
            _ => {
                let properties = schema["properties"].as_object().cloned().unwrap_or_default();
                let fields = properties.iter().map(|(name, schema)| (name.clone(), self.valid(schema)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    fn valid_text(&mut self, schema: &Value) -> Value {
        match schema["format"].as_str() {
            Some("uuid") => json!(uuid::Uuid::now_v7()),
            Some("email") => json!(format!("walk{}@example.org", self.dice.roll(1_000_000))),
            Some("password") => json!(crate::support::PASSWORD),
            Some("date-time") => json!("2026-11-23T08:00:00Z"),
            _ => schema.get("example").cloned().unwrap_or_else(|| json!("text")),
        }
    }

    /// A body that is mostly as described, with one thing wrong in most of the rounds.
    fn body(&mut self, schema: &Value) -> Value {
        let mut value = self.valid(schema);
        if self.dice.roll(4) == 0 {
            return value;
        }
        match &mut value {
            Value::Object(fields) if !fields.is_empty() => {
                let names: Vec<String> = fields.keys().cloned().collect();
                let name = self.dice.pick(&names).clone();
                match self.dice.roll(8) {
                    0 => drop(fields.remove(&name)),
                    1 => drop(fields.insert("unknown\u{0}member".to_owned(), Value::Null)),
                    _ => drop(fields.insert(name, hostile(&mut self.dice))),
                }
                value
            }
            _ => hostile(&mut self.dice),
        }
    }
}

/// What is wrong with `value` as an instance of `schema` (the part of JSON Schema that the document uses).
fn fault(walk: &Walk<'_>, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let schema = walk.resolve(schema);
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Some(format!("{at}: {value} is none of {values:?}"));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array()
            && choices.iter().all(|choice| fault(walk, choice, value, at).is_some())
        {
            return Some(format!("{at}: {value} is none of the choices"));
        }
    }
    if let Some(parts) = schema["allOf"].as_array()
        && let Some(fault) = parts.iter().find_map(|part| fault(walk, part, value, at))
    {
        return Some(fault);
    }
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |kind: &str| kind == actual || (kind == "number" && actual == "integer");
    let fits = match &schema["type"] {
        Value::String(kind) => fits(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    };
    if !fits {
        return Some(format!("{at}: {value} is not {}", schema["type"]));
    }
    if let Some(items) = value.as_array() {
        return items
            .iter()
            .enumerate()
            .find_map(|(index, item)| fault(walk, &schema["items"], item, &format!("{at}/{index}")));
    }
    let fields = value.as_object()?;
    let lacking = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|name| !fields.contains_key(name.as_str().unwrap()));
    if let Some(name) = lacking {
        return Some(format!("{at} lacks {name}"));
    }
    let properties = schema["properties"].as_object()?;
    fields.iter().find_map(|(name, value)| fault(walk, properties.get(name)?, value, &format!("{at}/{name}")))
}

/// Ids that exist, by the noun of the path.
async fn furnish(app: &TestApp, user: &User) -> BTreeMap<&'static str, String> {
    let (resume, job) = (app.add_resume(user, "x").await, app.add_job(user, "Rust").await);
    app.finish_resume(user, &resume, RESUME_TEXT).await;
    let body = json!({"resume_id": resume, "job_id": job});
    let made: Value = app.post_json("/api/v1/matches", Some(&user.token), &body).await.json().await.unwrap();
    let application: Value = app
        .post_json("/api/v1/applications", Some(&user.token), &json!({"job_id": job, "resume_id": resume}))
        .await
        .json()
        .await
        .unwrap();
    let match_id = made["id"].as_str().unwrap();
    app.finish_match(&user.tenant, match_id.parse().unwrap(), 71.4, &sample_result()).await;
    let path = format!("/api/v1/matches/{match_id}");
    let found: Value = app.get(&path, Some(&user.token)).await.json().await.unwrap();
    BTreeMap::from([
        ("advice", found["result"]["advice"][0]["id"].as_str().unwrap().to_owned()),
        ("applications", application["id"].as_str().unwrap().to_owned()),
        ("resumes", resume),
        ("jobs", job),
        ("matches", made["id"].as_str().unwrap().to_owned()),
        ("organisations", user.tenant.to_string()),
    ])
}

/// The request of one round.
async fn call(
    app: &TestApp,
    walk: &mut Walk<'_>,
    user: &User,
    ids: &BTreeMap<&'static str, String>,
    (method, path, operation): (&Method, &str, &Value),
) -> Response {
    let noun = path.split('/').nth(3).unwrap_or_default();
    // What exists is deleted in few rounds only, or nothing would be left for the others.
    let own = ids.get(noun).filter(|_| *method != Method::DELETE && walk.dice.roll(2) == 0);
    let garbage = ["x", "%00", "0192f0c1-2345-7abc-8def-0123456789ab", "..%2f", "%F0%9F%98%80"];
    let id = own.cloned().unwrap_or_else(|| (*walk.dice.pick(&garbage)).to_owned());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    for parameter in parameters.iter().filter(|one| one["in"] == "query") {
        let value =
            if walk.dice.roll(2) == 0 { walk.valid(&parameter["schema"]) } else { hostile(&mut walk.dice) };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // A server may refuse long addresses before it looks at them.
        let text: String = text.chars().take(500).collect();
        query.append_pair(parameter["name"].as_str().unwrap(), &text);
    }
    let number = *walk.dice.pick(&["1", "1", "2", "0", "-1", "x", "99999999999"]);
    let path = path.replace("{id}", &id).replace("{number}", number);
    let advice = ids.get("advice").filter(|_| walk.dice.roll(2) == 0);
    let path = path.replace("{advice}", advice.map_or("x", String::as_str));
    let url = format!("{}?{}", app.url(&path), query.finish());
    let mut request = app.client.request(method.clone(), url);
    if walk.dice.roll(20) > 0 {
        request = request.bearer_auth(&user.token);
    }
    if walk.dice.roll(8) == 0 {
        request = request.header("idempotency-key", format!("k{}", walk.dice.roll(5)));
    }
    if walk.dice.roll(3) == 0 {
        request = request.header("if-match", *walk.dice.pick(&["*", "\"x\"", "W/\"1\"", "\"\""]));
    }
    let content = &operation["requestBody"]["content"];
    let schema = &content["application/json"]["schema"];
    if schema.is_object() && walk.dice.roll(10) > 0 {
        let body = walk.body(schema);
        request = request.json(&body);
    } else if content.is_object() {
        let kind =
            *walk.dice.pick(&["application/json", "text/plain", "multipart/form-data; boundary=b", "x"]);
        let bodies = [&b"{"[..], b"", b"\xff\xfe", b"--b\r\n\r\n--b--", b"[1,2"];
        let body = walk.dice.pick(&bodies).to_vec();
        request = request.header("content-type", kind).body(body);
    }
    request.send().await.unwrap()
}

/// Checks an answer against what the document says of the operation.
async fn check(walk: &Walk<'_>, operation: &Value, answer: Response, told: &str) {
    let status = answer.status();
    assert!(!status.is_server_error(), "{told}: {status} {}", answer.text().await.unwrap());
    let responses = &operation["responses"];
    let described = responses.get(status.as_str()).or_else(|| {
        // Only failures may be described as "any other".
        status.is_client_error().then(|| responses.get("default")).flatten()
    });
    let described = described.unwrap_or_else(|| panic!("{told}: the document has no {status}"));
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let body = answer.bytes().await.unwrap();
    let Some(content) = walk.resolve(described)["content"].as_object() else {
        assert!(body.is_empty(), "{told}: {status} has a body that is not described");
        return;
    };
    let kind = kind.unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let described = content.get(essence).or_else(|| content.get("application/octet-stream"));
    let described = described
        .unwrap_or_else(|| panic!("{told}: {status} is of the type {kind:?}, not {:?}", content.keys()));
    if essence.ends_with("json") {
        let value: Value = serde_json::from_slice(&body).unwrap();
        let fault = fault(walk, &described["schema"], &value, "");
        assert_eq!(fault, None, "{told}: {status} {value}");
    }
}

#[tokio::test]
async fn no_request_breaks_the_server_or_gets_an_answer_that_is_not_described() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let ids = furnish(&app, &user).await;
    let document: Value = app.get("/openapi.json", None).await.json().await.unwrap();
    let mut calls = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if LEFT_OUT.contains(&id) {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            for round in 0..ROUNDS {
                // A seed of its own for each round, so that one can be repeated alone.
                let name =
                    id.bytes().fold(SEED, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
                let mut walk = Walk { document: &document, dice: Dice(name ^ (round << 32) | 1) };
                let told = format!("{id}, round {round}");
                let answer = call(&app, &mut walk, &user, &ids, (&method, path, operation)).await;
                check(&walk, operation, answer, &told).await;
                calls += 1;
            }
        }
    }
    assert!(calls > 50 * ROUNDS, "{calls}");
}
