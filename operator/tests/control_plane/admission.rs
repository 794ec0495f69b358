//! What the API server accepts and refuses by the definition alone, and which field it names.

use serde_json::{Value, json};

use crate::support::World;

async fn accepts(spec: Value) {
    let world = World::new("accepts").await;
    world.create(spec).await.unwrap();
}

async fn refuses(spec: Value, words: &[&str]) {
    let world = World::new("refuses").await;
    let message = world.create(spec).await.unwrap_err();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

async fn refuses_change(before: Value, change: Value, words: &[&str]) {
    let world = World::new("refuses-change").await;
    world.create(before).await.unwrap();
    let message = world.change(change).await.unwrap_err();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[tokio::test]
async fn an_empty_spec() {
    accepts(json!({})).await;
}

#[tokio::test]
async fn the_sample() {
    let world = World::new("sample").await;
    let sample: Value = serde_saphyr::from_str(include_str!("../../../resumematcher.yaml")).unwrap();
    world.create_raw(sample).await.unwrap();
}

/// Creates each of the so many specs that a page of the documentation shows.
async fn accepts_all_of(page: &str, count: usize) {
    let shown = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let specs: Vec<Value> = shown.map(|text| serde_saphyr::from_str(text).unwrap()).collect();
    assert_eq!(specs.len(), count);
    for spec in specs {
        accepts(spec["spec"].clone()).await;
    }
}

#[tokio::test]
async fn what_the_page_about_mail_and_payments_shows() {
    accepts_all_of(include_str!("../../../docs/mail-and-payments.md"), 4).await;
}

#[tokio::test]
async fn what_the_page_about_telemetry_shows() {
    accepts_all_of(include_str!("../../../docs/telemetry.md"), 2).await;
}

#[tokio::test]
async fn what_the_page_about_outside_issuers_shows() {
    accepts_all_of(include_str!("../../../docs/outside-issuers.md"), 1).await;
}

#[tokio::test]
async fn issuers_that_cannot_be_checked() {
    let auth = |keys: Value| {
        let mut issuer = json!({"issuer": "https://x.example", "audience": "a"});
        issuer.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        json!({"auth": {"issuers": [issuer]}})
    };
    let named = json!({"name": "s"});
    refuses(json!({"auth": {"issuers": []}}), &["spec.auth.issuers"]).await;
    refuses(auth(json!({})), &["spec.auth.issuers", "exactly one of jwks and secretRef"]).await;
    let both = json!({"jwks": {"url": "https://x.example/keys"}, "secretRef": named});
    refuses(auth(both), &["exactly one of jwks and secretRef"]).await;
    refuses(auth(json!({"jwks": {"url": "http://x.example/keys"}})), &["jwks.url must be https"]).await;
    let none = json!({"jwks": {"url": "https://x.example/keys", "algorithms": ["none"]}});
    refuses(auth(none), &["spec.auth.issuers[0].jwks.algorithms[0]"]).await;
    let shared = json!({"issuer": "https://x.example", "audience": "a", "secretRef": named});
    refuses(json!({"auth": {"issuers": vec![shared; 5]}}), &["at most 4 issuers"]).await;
    let mut plain = auth(json!({"jwks": {"url": "http://10.0.0.1/keys"}}));
    plain["auth"]["allowedNetworks"] = json!(["10.0.0.0/8"]);
    accepts(plain.clone()).await;
    plain["auth"]["allowedNetworks"] = json!(["10.0.0.0/33"]);
    refuses(plain, &["spec.auth.allowedNetworks", "must be networks"]).await;
}

#[tokio::test]
async fn telemetry_that_goes_nowhere_or_beyond_all() {
    refuses(json!({"telemetry": {}}), &["spec.telemetry", "set otlp, sentry or both"]).await;
    let otlp = |more: Value| json!({"telemetry": {"otlp": more}});
    refuses(otlp(json!({"endpoint": "collector:4318"})), &["spec.telemetry.otlp.endpoint"]).await;
    let beyond = json!({"endpoint": "http://collector:4318", "samplingRatio": 1.5});
    refuses(otlp(beyond), &["spec.telemetry.otlp.samplingRatio"]).await;
    refuses(json!({"telemetry": {"sentry": {}}}), &["spec.telemetry.sentry.dsnSecretRef"]).await;
}

#[tokio::test]
async fn every_field() {
    accepts(json!({
        "environment": "staging", "version": "1.2.3", "suspend": true, "hibernate": true, "dryRun": true, "deletionPolicy": "Delete",
        "images": {"registry": "ghcr.io/x", "pullPolicy": "Always", "apiServer": "a", "worker": "b", "postgres": "c",
            "redis": "d", "objectStorage": "e"},
        "imagePullSecrets": [{"name": "pull"}],
        "api": {"autoscaling": {"min": 1, "max": 3, "cpu": 50, "requestsPerSecond": 25}, "resources": {"requests": {"cpu": 1, "memory": "1Gi"}},
            "rateLimitPerMinute": 0, "corsOrigins": ["https://app.example.org", "http://localhost:3000"],
            "nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}], "priorityClassName": "high",
            "affinity": {"nodeAffinity": {}}, "topologySpreadConstraints": [],
            "podTemplate": {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": {"dnsPolicy": "Default"}}},
        "worker": {"replicas": 0, "concurrency": 2, "fetchAllowedNetworks": ["192.168.7.0/24"], "resources": {"limits": {"memory": "2Gi"}}},
        "database": {"embedded": {"storage": {"size": "5Gi", "className": "fast"}, "resources": {}}},
        "cache": {"external": {"secretRef": {"name": "redis"}}},
        "objectStorage": {"s3": {"endpoint": "https://s3.example", "bucket": "abc", "region": "r", "forcePathStyle": true,
            "secretRef": {"name": "s3"}}},
        "ingress": {"host": "a.example", "className": "c", "annotations": {"x": "y"}, "tls": {"secretName": "t"},
            "trustedProxies": ["10.0.0.0/8", "fd00::/8"], "forwardedHeader": "forwarded"},
        "network": {"policies": true, "allowApiFrom": [{"podSelector": {}}], "allowMetricsFrom": [{"namespaceSelector": {}}],
            "allowEgress": [{"ports": [{"port": 443}]}], "deniedNetworks": ["203.0.113.0/24"]},
        "mail": {"from": "Resume Matcher <noreply@example.org>", "sendgrid": {"secretRef": {"name": "m"},
            "endpoint": "https://api.eu.sendgrid.com"}},
        "billing": {"plans": [{"id": "free", "name": "Free", "monthlyMatches": 50, "storedResumes": 3},
            {"id": "pro", "name": "Pro", "stripePrice": "price_1"}],
            "stripe": {"secretRef": {"name": "p"}, "endpoint": "https://api.stripe.com"}},
        "encryption": {"secretRef": {"name": "e"}},
        "auth": {"issuers": [{"issuer": "https://a.example", "audience": "x", "jwks": {"url": "https://a.example/keys", "algorithms": ["ES256"]}},
            {"issuer": "https://b.example", "audience": "y", "secretRef": {"name": "i"}}], "allowedNetworks": ["10.0.0.0/8"]},
        "telemetry": {"otlp": {"endpoint": "https://collector.example:4318/in", "headersSecretRef": {"name": "o"}, "samplingRatio": 0.5},
            "sentry": {"dsnSecretRef": {"name": "s"}, "tracesSampleRate": 1}},
        "backup": {"schedule": "*/15 3-5 * * MON", "verifySchedule": "@weekly", "timeZone": "America/Argentina/Buenos_Aires",
            "suspend": true, "startingDeadlineSeconds": 600, "activeDeadlineSeconds": 3600, "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 5, "destination": {"s3": {"endpoint": "https://s3.example", "bucket": "other",
            "prefix": "people/acme", "region": "r", "forcePathStyle": true, "secretRef": {"name": "b"}}},
            "retention": {"days": 7, "keepLast": 2, "keepDaily": 7, "keepWeekly": 4, "keepMonthly": 12},
            "beforeMigration": false, "scratchDatabase": {"name": "scratch"}, "bytesPerSecond": 1_000_000, "resources": {}},
    }))
    .await;
}

#[tokio::test]
async fn a_minimum_above_the_maximum() {
    refuses(
        json!({"api": {"autoscaling": {"min": 5, "max": 2}}}),
        &["spec.api.autoscaling.min", "must not be above"],
    )
    .await;
}

#[tokio::test]
async fn replicas_beside_autoscaling() {
    refuses(json!({"api": {"replicas": 2, "autoscaling": {}}}), &["spec.api.replicas", "not both"]).await;
}

#[tokio::test]
async fn an_unknown_field() {
    refuses(json!({"databse": {}}), &["unknown field", "spec.databse"]).await;
    refuses(json!({"api": {"replica": 1}}), &["unknown field", "spec.api.replica"]).await;
}

#[tokio::test]
async fn both_modes_or_none() {
    let external = json!({"secretRef": {"name": "x"}});
    for field in ["database", "cache"] {
        let path = format!("spec.{field}");
        refuses(json!({field: {"external": external, "embedded": {}}}), &[&path, "exactly one"]).await;
        refuses(json!({field: {}}), &[&path, "exactly one"]).await;
    }
    refuses(json!({"objectStorage": {}}), &["spec.objectStorage", "exactly one"]).await;
}

#[tokio::test]
async fn values_of_the_wrong_form() {
    refuses(json!({"environment": "prod"}), &["spec.environment"]).await;
    refuses(json!({"deletionPolicy": "Keep"}), &["spec.deletionPolicy"]).await;
    refuses(json!({"ingress": {"host": "Not A Host"}}), &["spec.ingress.host"]).await;
    refuses(
        json!({"ingress": {"host": "a.b", "trustedProxies": ["10.0.0.1"]}}),
        &["spec.ingress.trustedProxies"],
    )
    .await;
    refuses(
        json!({"database": {"embedded": {"storage": {"size": "much"}}}}),
        &["spec.database.embedded.storage.size"],
    )
    .await;
    refuses(
        json!({"ingress": {"host": "a.b", "trustedProxies": ["10.0.0.0/33"]}}),
        &["spec.ingress.trustedProxies", "must be networks"],
    )
    .await;
    refuses(json!({"network": {"deniedNetworks": ["1.2.3.4/99"]}}), &["spec.network.deniedNetworks"]).await;
    refuses(json!({"worker": {"fetchAllowedNetworks": ["::/200"]}}), &["spec.worker.fetchAllowedNetworks"])
        .await;
    refuses(json!({"api": {"corsOrigins": ["*"]}}), &["spec.api.corsOrigins"]).await;
    refuses(json!({"api": {"rateLimitPerMinute": -1}}), &["spec.api.rateLimitPerMinute"]).await;
    refuses(json!({"worker": {"replicas": -1}}), &["spec.worker.replicas"]).await;
    refuses(json!({"objectStorage": {"s3": {"endpoint": "s3.example", "bucket": "abc", "secretRef": {"name": "s"}}}}),
        &["spec.objectStorage.s3.endpoint"]).await;
}

#[tokio::test]
async fn a_name_that_services_cannot_carry() {
    let world = World::new("names").await;
    for name in ["1acme".to_owned(), "a.b".to_owned(), "x".repeat(41)] {
        let object = json!({
            "apiVersion": "resumematcher.io/v1alpha1", "kind": "ResumeMatcher", "metadata": {"name": name}, "spec": {},
        });
        let message = world.create_raw(object).await.unwrap_err();
        assert!(message.contains("metadata.name must be"), "{message}");
    }
}

#[tokio::test]
async fn a_volume_that_shrinks_or_moves() {
    let before = json!({"database": {"embedded": {"storage": {"size": "10Gi", "className": "fast"}}}});
    let change = |storage: Value| json!({"database": {"embedded": {"storage": storage}}});
    refuses_change(
        before.clone(),
        change(json!({"size": "9Gi"})),
        &["spec.database.embedded.storage.size", "cannot shrink"],
    )
    .await;
    refuses_change(before.clone(), change(json!({"size": null})), &["cannot shrink"]).await;
    refuses_change(
        before.clone(),
        change(json!({"className": "slow"})),
        &["storage.className cannot change"],
    )
    .await;
    let world = World::new("grows").await;
    world.create(before).await.unwrap();
    world.change(change(json!({"size": "20480Mi"}))).await.unwrap();
}

#[tokio::test]
async fn a_mode_that_leaves_data_behind() {
    let database = json!({"database": {"embedded": null, "external": {"secretRef": {"name": "db"}}}});
    refuses_change(json!({}), database, &["spec.database", "mode cannot change"]).await;
    let s3 = json!({"endpoint": "https://s3.example", "bucket": "abc", "secretRef": {"name": "s"}});
    refuses_change(
        json!({}),
        json!({"objectStorage": {"embedded": null, "s3": s3}}),
        &["spec.objectStorage", "mode cannot change"],
    )
    .await;
    let world = World::new("cache-moves").await;
    world.create(json!({})).await.unwrap();
    world
        .change(json!({"cache": {"embedded": null, "external": {"secretRef": {"name": "r"}}}}))
        .await
        .unwrap();
}

#[tokio::test]
async fn backups_in_the_bucket_of_the_files() {
    let s3 = json!({"endpoint": "https://s3.example", "bucket": "same", "secretRef": {"name": "s3"}});
    refuses(
        json!({"objectStorage": {"s3": s3}, "backup": {"destination": {"s3": s3}}}),
        &["spec.backup.destination.s3.bucket", "a bucket of their own"],
    )
    .await;
}

#[tokio::test]
async fn backups_without_a_time_or_a_place() {
    let s3 = json!({"endpoint": "https://s3.example", "bucket": "backups", "secretRef": {"name": "s3"}});
    let with = |field: &str, value: Value| {
        let mut backup = json!({"destination": {"s3": s3}});
        backup[field] = value;
        json!({"backup": backup})
    };
    refuses(json!({"backup": {}}), &["spec.backup.destination"]).await;
    refuses(with("schedule", json!("every day")), &["spec.backup.schedule"]).await;
    refuses(with("timeZone", json!("Europe/Berlin")), &["spec.backup.timeZone", "schedule"]).await;
    refuses(with("retention", json!({"days": 0})), &["spec.backup.retention.days"]).await;
}

#[tokio::test]
async fn mail_that_nobody_could_send() {
    let named = json!({"secretRef": {"name": "mail"}});
    let from = "noreply@example.org";
    refuses(json!({"mail": {"from": from}}), &["spec.mail", "exactly one"]).await;
    let both = json!({"from": from, "sendgrid": named, "smtp": named});
    refuses(json!({"mail": both}), &["spec.mail", "exactly one"]).await;
    refuses(json!({"mail": {"from": "nobody", "smtp": named}}), &["spec.mail.from"]).await;
    accepts(json!({"mail": {"from": "Resume Matcher <noreply@example.org>", "smtp": named}})).await;
}

#[tokio::test]
async fn plans_that_contradict_each_other() {
    let free = json!({"id": "free", "name": "Free"});
    let sold = |id: &str| json!({"id": id, "name": "Sold", "stripePrice": "price_1"});
    let stripe = json!({"secretRef": {"name": "stripe"}});
    for (plans, told) in [
        (json!([]), "spec.billing.plans"),
        (json!([sold("pro")]), "pay for none"),
        (json!([free, free]), "the same id"),
        (json!([free, sold("pro"), sold("team")]), "the same stripePrice"),
    ] {
        refuses(json!({"billing": {"plans": plans, "stripe": stripe}}), &["spec.billing.plans", told]).await;
    }
    refuses(json!({"billing": {"plans": [free, sold("pro")]}}), &["spec.billing.stripe", "stripePrice"])
        .await;
}
