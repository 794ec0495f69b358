//! Blots secrets out of text that is handed on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What stands where a secret stood.
const BLOT: &str = "[secret]";
/// Shorter values of Secrets are words such as `true` or ports, which say nothing by themselves.
const SHORTEST: usize = 6;

/// Knows the secrets.
#[derive(Default)]
pub(crate) struct Scrubber {
    secrets: Vec<String>,
}

impl Scrubber {
    /// Every value of these Secrets, a list as kubectl prints it: as it is, in base64, and each line of it.
    pub(crate) fn of(secrets: &Value) -> Self {
        let mut found = Vec::new();
        for secret in secrets.pointer("/items").and_then(Value::as_array).into_iter().flatten() {
            let data = secret.pointer("/data").and_then(Value::as_object);
            for encoded in data.into_iter().flat_map(|data| data.values()).filter_map(Value::as_str) {
                found.push(encoded.to_owned());
                let Ok(text) =
                    STANDARD.decode(encoded).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                else {
                    continue;
                };
                found.extend(text.lines().map(|line| line.trim().to_owned()));
                found.push(text);
            }
        }
        found.retain(|secret| secret.len() >= SHORTEST);
        // The longest first, so that nothing is left of a secret that has another one in it.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        found.dedup();
        Self { secrets: found }
    }

    /// The text without secrets, and without the passwords of URLs.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), BLOT);
            }
        }
        without_passwords(&text)
    }
}

/// Blots out what stands between the colon and the `@` of `scheme://user:password@host`.
fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let ends =
            |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?' | '#' | '<' | '>' | '\\');
        let (authority, tail) = after.split_at(after.find(ends).unwrap_or(after.len()));
        match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
            Some((user, host)) => out.push_str(&format!("{user}:{BLOT}@{host}")),
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_secrets_are_blotted_out_in_every_form() {
        let secrets = json!({"items": [{"data": {
            "password": STANDARD.encode("correct-horse"),
            "config": STANDARD.encode("requirepass correct-horse-battery\nport 6379\n"),
            "short": STANDARD.encode("6379"),
        }}, {"metadata": {}}]});
        let scrubber = Scrubber::of(&secrets);
        let text = format!(
            "a correct-horse b\nrequirepass correct-horse-battery\n{} on 6379",
            STANDARD.encode("correct-horse")
        );
        let scrubbed = scrubber.scrub(&text);
        assert!(
            !scrubbed.contains("horse") && !scrubbed.contains(&STANDARD.encode("correct-horse")),
            "{scrubbed}"
        );
        assert!(scrubbed.ends_with("on 6379"), "{scrubbed}");
    }

    #[test]
    fn passwords_of_urls_are_blotted_out_and_other_urls_stay() {
        let scrub = |text: &str| Scrubber::default().scrub(text);
        assert_eq!(scrub("at postgres://app:p@ss@db:5432/x?y=1"), "at postgres://app:[secret]@db:5432/x?y=1");
        assert_eq!(scrub("redis://:pw@r"), "redis://:[secret]@r");
        for url in ["https://cv.example/a:b@c", "http://user@host", "a://", "no url: x@y"] {
            assert_eq!(scrub(url), url);
        }
    }
}
