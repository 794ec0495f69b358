//! One step of a valid installation: what is remembered and seen becomes a record, the record is written down, and then
//! what it asks for is made. Uses the client.

use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::apply::{Applied, Fence};
use super::build::{self, JobKeys, Releases, Task};
use super::credentials::{Credentials, system_random};
use super::follow::{self, Following, follow};
use super::maintenance::{self, Stage};
use super::model::Installation;
use super::observe::{Observed, observe, pods_of};
use super::plan::plan;
use super::status::{Passed, after_pass, write_ahead};
use super::{Context, Error, backups, certificate, fetch, next_look, report};
use crate::crd::{Colour, ResumeMatcher, Step};
use crate::names::Component;
use crate::release::{
    Analysis, Candidate, Decision, Flow, Health, Orders, Record, Target, decide, from_status, may_hibernate,
    to_status, wanted,
};
use crate::trial::{Canary, Limits, Script, watch};

/// Takes the next step.
pub(super) async fn advance(
    object: &ResumeMatcher,
    installation: &Installation,
    context: &Context,
) -> Result<Action, Error> {
    let existing = fetch::fetch_credentials(&context.client, installation).await;
    let existing = existing.map_err(|error| Error::Fetch(Box::new(error)))?;
    let credentials = Credentials::complete(installation, &existing, &mut system_random)?;
    let target = build::target(installation, &credentials);
    let now = Timestamp::now();
    let before = recorded(object);
    let record = before.clone().unwrap_or_else(|| first(object, &target, now));
    let keys = build::job_keys(&credentials, &record, &target.migration);
    let observed = observe(&context.client, installation, &record, &keys).await;
    let observed = observed.map_err(|error| Error::Observe(Box::new(error)))?;
    let page = maintenance::page(&context.client, installation, object).await;
    let page = page.map_err(|error| Error::Observe(Box::new(error)))?;
    let ended = backups::look(&context.client, installation, object).await;
    let ended = ended.map_err(|error| Error::Observe(Box::new(error)))?;
    let stage = stage_of(object, &record, &observed, page);
    let asleep = installation.hibernate && stage == Stage::Open && may_hibernate(&record);
    let made =
        Made { installation, credentials: &credentials, observed: &observed, target: &target, stage, asleep };
    let decision = think(object, &made, record, context, now).await?;
    let plan = match object.metadata.generation.filter(|_| object.spec.dry_run) {
        Some(generation) => {
            let seen = (&decision.record, &observed, &target);
            Some(plan(installation, &credentials, seen, generation, context).await?)
        }
        None => None,
    };
    let (current, applied, following) = if stays(object) {
        (object.clone(), None, follow::suspended(object, installation, context))
    } else {
        let current = remember(object, before.as_ref(), &decision, context).await?;
        let (applied, following) = carry_out(&current, &made, &decision, context).await?;
        (current, Some(applied), following)
    };
    let passed = Passed {
        installation,
        observed: &observed,
        target: &target,
        record: &decision.record,
        waiting_for: decision.waiting_for.as_deref(),
        keys: &build::job_keys(&credentials, &decision.record, &target.migration),
        applied: applied.as_ref(),
        asleep,
        plan,
        following: &following,
    };
    let mut status = after_pass(&current, &passed, now);
    maintenance::report(&mut status, &current, stage, now);
    backups::report(&mut status, &current, installation, ended, now);
    context.metrics.backups_known(installation, &status);
    certificate::report(&mut status, &current, installation, now);
    context.metrics.certificate_known(installation);
    report(object, &current, &status, context).await?;
    let look_again = [decision.look_again, following.look_again].into_iter().flatten().min();
    Ok(next_look(&status, look_again, context))
}

/// How far closing or opening is. What is suspended stays as it is.
fn stage_of(object: &ResumeMatcher, record: &Record, observed: &Observed, page: Option<bool>) -> Stage {
    let before = object.status.as_ref().and_then(|status| status.maintenance.as_ref());
    let api = record.active.as_ref().map(|active| observed.tiers(active.colour).api.clone());
    let asked = maintenance::asked_by(object).is_some();
    maintenance::stage(asked, before.map(|before| before.stage), page, &api.unwrap_or_default())
}

/// Whether nothing of the installation is to be changed.
fn stays(object: &ResumeMatcher) -> bool {
    object.spec.suspend || object.spec.dry_run
}

/// Decides the next record. What stays, or sleeps, keeps the one that it has.
async fn think(
    object: &ResumeMatcher,
    made: &Made<'_>,
    record: Record,
    context: &Context,
    now: Timestamp,
) -> Result<Decision, Error> {
    if stays(object) || made.asleep {
        return Ok(Decision { record, waiting_for: None, look_again: None, renew_job: false, hold: None });
    }
    if made.stage != Stage::Open {
        // No release moves while the installation is closed.
        let waiting_for = Some("a restore keeps the installation closed".to_owned());
        return Ok(Decision {
            record,
            waiting_for,
            look_again: Some(Duration::from_secs(2)),
            renew_job: false,
            hold: None,
        });
    }
    let Made { installation, credentials, observed, target, .. } = made;
    let analysis = analyse(installation, credentials, &record, context);
    let health = look_after(installation, &record, observed, context).await?;
    let world = observed.world(analysis, health);
    Ok(decide(target, &record, &world, Orders::of(object.annotations()), now))
}

fn recorded(object: &ResumeMatcher) -> Option<Record> {
    let status = object.status.as_ref()?;
    from_status(status.release.as_ref(), status.schema.as_ref())
}

/// The record of an installation that has none. What the schema is known to have is kept.
fn first(object: &ResumeMatcher, target: &Target, now: Timestamp) -> Record {
    let status = object.status.as_ref();
    let schema = status.and_then(|status| status.schema.as_ref());
    let counter = status.and_then(|status| status.release.as_ref()).map_or(0, |release| release.counter);
    let candidate = Candidate {
        slot: target.slot(Colour::Blue, counter.saturating_add(1)),
        api_pods: target.api_pods,
        worker_pods: target.worker_pods,
        rollback: false,
    };
    let record = Record::first(candidate, schema.map(|schema| schema.migrated.clone()), now);
    Record { contracted: schema.map(|schema| schema.contracted.clone()).unwrap_or_default(), ..record }
}

/// Writes the record down before anything is done about it.
async fn remember(
    object: &ResumeMatcher,
    before: Option<&Record>,
    decision: &Decision,
    context: &Context,
) -> Result<ResumeMatcher, Error> {
    let record = &decision.record;
    if before == Some(record) {
        return Ok(object.clone());
    }
    let (release, schema) = to_status(record, decision.waiting_for.clone());
    let mut status = object.status.clone().unwrap_or_default();
    status.release = Some(release);
    status.schema = schema;
    let written = write_ahead(&context.client, &context.metrics, object, &status).await;
    let written = written.map_err(|error| Error::Status(Box::new(error)))?;
    let step = before.map(|before| before.step);
    if step != Some(record.step) {
        context.metrics.release_entered(record.step);
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        tracing::info!(namespace, name, step = record.step.as_str(), "release");
    }
    let rejected = |record: &Record| record.rejected.as_ref().map(|rejection| rejection.number);
    if let Some(rejection) = &record.rejected
        && before.and_then(rejected) != Some(rejection.number)
    {
        context.metrics.release_given_up(rejection.step);
    }
    Ok(written)
}

/// What objects are made of.
struct Made<'a> {
    installation: &'a Installation,
    credentials: &'a Credentials,
    observed: &'a Observed,
    target: &'a Target,
    stage: Stage,
    asleep: bool,
}

/// Makes what the record asks for.
async fn carry_out(
    object: &ResumeMatcher,
    made: &Made<'_>,
    decision: &Decision,
    context: &Context,
) -> Result<(Applied, Following), Error> {
    let Made { installation, credentials, observed, target, stage, asleep } = made;
    let record = &decision.record;
    let keys = build::job_keys(credentials, record, &target.migration);
    let closed = *stage == Stage::Closed;
    let now = Timestamp::now();
    let delay = installation.settings.scale_down_delay;
    let mut wanted = wanted(record, decision.hold, delay, closed || *asleep, now);
    if *asleep {
        // An autoscaler does not look after what has no pods, and a budget has nothing to protect.
        wanted.scaled = None;
    }
    let releases = Releases {
        wanted: &wanted,
        kept: &observed.revisions,
        target: &target.id,
        keys: &keys,
        may_make_jobs: observed.data_problem().is_none() && !decision.renew_job,
        data_sleeps: *asleep && !observed.application_runs(),
    };
    let mut children = build::build(installation, credentials, &releases);
    let serving = record.active.as_ref().map(|active| active.api_image.as_str());
    let image = serving.unwrap_or(&installation.release.api_image);
    build::maintenance::add(&mut children, installation, *stage, image);
    let fence = Fence::new(&context.client, object);
    let may_stay = may_stay(installation, record, &keys, decision.renew_job);
    follow::hold(installation, &wanted, context);
    let applied = context.applier.apply(installation, &children, &may_stay, &fence).await?;
    // After the autoscaler, of which there must not be two.
    let following = follow(object, installation, (record, &wanted), observed, context).await?;
    Ok((applied, following))
}

/// Jobs that have ended stay for their logs. Deployments of an operator that knew no colours serve until the first of this
/// one do.
fn may_stay(installation: &Installation, record: &Record, keys: &JobKeys, renew_job: bool) -> Vec<String> {
    let mut names = Vec::new();
    if !renew_job {
        names.extend([Task::Plan, Task::Expand, Task::Contract].map(|task| keys.name(installation, task)));
    }
    if matches!(record.flow, Flow::Install { .. }) {
        names.extend([Component::Api, Component::Worker].map(|of| installation.name.component(of)));
    }
    names
}

/// How far the trial of the candidate is.
fn analyse(
    installation: &Installation,
    credentials: &Credentials,
    record: &Record,
    context: &Context,
) -> Analysis {
    let (namespace, name) = (installation.namespace.as_str(), installation.name.as_str());
    let candidate = record.flow.candidate().filter(|_| record.step == Step::Analyse);
    let Some(candidate) = candidate else {
        context.trials.forget(namespace, name);
        return Analysis::Running { doing: "the trial has not begun".to_owned() };
    };
    context.trials.look(namespace, name, candidate.slot.number, || {
        let has_workers = candidate.worker_pods > 0;
        let secret = |purpose: &str| credentials.fingerprint(&[b"release canary", purpose.as_bytes()]);
        let canary = Canary {
            email: format!("release-canary-{}@{name}.{namespace}.example.org", secret("address")),
            password: format!("{}-{}", secret("password"), secret("and more of it")),
        };
        Script {
            probe: context.probe.clone(),
            namespace: namespace.to_owned(),
            service: build::service::preview_name(installation),
            pods: candidate.api_pods,
            canary: Some(canary).filter(|_| installation.analysis.canary && has_workers),
            prometheus: installation.analysis.prometheus.clone(),
        }
    })
}

/// How the version that serves does since the switch.
async fn look_after(
    installation: &Installation,
    record: &Record,
    observed: &Observed,
    context: &Context,
) -> Result<Health, Error> {
    let is_watched = record.step == Step::Bake && matches!(record.flow, Flow::Fall { returned: false, .. });
    let Some(active) = record.active.as_ref().filter(|_| is_watched) else { return Ok(Health::Good) };
    let tiers = observed.tiers(active.colour);
    if tiers.api.ready == 0 && tiers.api.wanted > 0 {
        let why = tiers.api.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
        return Ok(Health::Bad { message: format!("no API pod of the new version is ready{why}") });
    }
    let pods = |component| pods_of(&context.client, installation, component, active.colour);
    let (api, worker) = futures::try_join!(pods(Component::Api), pods(Component::Worker))
        .map_err(|error| Error::Observe(Box::new(error)))?;
    let analysis = &installation.analysis;
    let limits = Limits {
        error_percent: f64::from(analysis.max_error_percent),
        latency: analysis.max_latency_milliseconds.map(|most| f64::from(most) / 1000.0),
    };
    Ok(watch(&context.probe, (&api, &worker), &limits, analysis.prometheus.as_ref()).await)
}
