//! All routes, and what happens to every request in which order.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use platform::probes::{self, Probes};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate as _, predicate::NotForContentType},
    csrf::{ConfigError, CsrfLayer, ProtectionError},
};
use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        billing::BILLING_PAGE,
        recovery::{RESET_PAGE, VERIFY_PAGE},
    },
    assets,
    error::{Problem, ProblemKind},
    middleware::{
        client::{Proxies, identify},
        cors,
        idempotency::{Keeper, replay},
        limits::{Places, shed_load, time_out},
        metrics::{HttpMetrics, measure},
        problem,
        rate_limit::{Guard, limit, refuse_denied},
        request_id, security_headers, trace,
    },
    openapi::{ApiDocument, complete},
    request::multipart::MAX_BODY_BYTES,
    routes::{
        accounts,
        admin::dead_letters,
        api_keys, applications, audit, batches, billing, docs, events, health, invitations, jobs, matches,
        members, organisations,
        pages::{self, mailed::INVITATION_PAGE},
        resumes, sessions, webhooks,
    },
    state::AppState,
};

/// Most bytes of a body that is not an upload.
const MAX_JSON_BYTES: usize = 1024 * 1024;

/// How much at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests at the same time.
    pub requests: usize,
    /// Uploads at the same time; each may hold 10 MiB.
    pub uploads: usize,
    /// Streams of events at the same time.
    pub streams: usize,
    /// Longest time for a request.
    pub timeout: Duration,
    /// Longest time for an upload, which a slow line needs.
    pub upload_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 512,
            uploads: 16,
            streams: 256,
            timeout: Duration::from_secs(20),
            upload_timeout: Duration::from_secs(120),
        }
    }
}

/// What the layers around the routes need.
pub struct Frame {
    /// Limits of time and number.
    pub limits: Limits,
    /// Where requests are counted.
    pub metrics: HttpMetrics,
    /// The URL that people use.
    pub public_url: String,
    /// Whose word is taken for a client's address.
    pub proxies: Proxies,
    /// Origins whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// Who is refused, and who must wait.
    pub guard: Guard,
}

/// Why the routes cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    /// The public URL is no origin.
    #[error("RM_PUBLIC_URL is not the origin of a site; set it to scheme://host[:port]")]
    PublicUrl(#[from] ConfigError),
    /// The OpenAPI document cannot be written.
    #[error("the OpenAPI document cannot be written")]
    OpenApi(#[from] serde_json::Error),
}

/// The routes of the API, each with its part of the OpenAPI document.
pub fn api_routes(limits: Limits) -> OpenApiRouter<AppState> {
    let plain = OpenApiRouter::with_openapi(ApiDocument::openapi())
        .routes(routes!(accounts::create::create_account))
        .routes(routes!(accounts::get::get_account))
        .routes(routes!(accounts::password::put_password))
        .routes(routes!(accounts::email::send_verification))
        .routes(routes!(accounts::email::post_verification))
        .routes(routes!(accounts::reset::request_reset))
        .routes(routes!(accounts::reset::confirm_reset))
        .routes(routes!(accounts::totp::get_totp, accounts::totp::begin_totp))
        .routes(routes!(accounts::totp::confirm_totp))
        .routes(routes!(accounts::totp::disable_totp))
        .routes(routes!(accounts::personal::export_account))
        .routes(routes!(accounts::personal::erase_account))
        .routes(routes!(sessions::create::create_session, sessions::delete_all::delete_all_sessions))
        .routes(routes!(sessions::refresh::refresh_session))
        .routes(routes!(sessions::delete::delete_session))
        .routes(routes!(api_keys::list_api_keys, api_keys::create_api_key))
        .routes(routes!(api_keys::delete_api_key))
        .routes(routes!(organisations::list_organisations, organisations::create_organisation))
        .routes(routes!(organisations::enter_organisation))
        .routes(routes!(members::list_members))
        .routes(routes!(members::change_member, members::remove_member))
        .routes(routes!(invitations::list_invitations, invitations::create_invitation))
        .routes(routes!(invitations::accept_invitation))
        .routes(routes!(invitations::delete_invitation))
        .merge(resume_routes())
        .merge(application_routes())
        .routes(routes!(jobs::list::list_jobs))
        .routes(routes!(jobs::get::get_job, jobs::edit::edit_job, jobs::delete::delete_job))
        .routes(routes!(matches::list::list_matches, matches::create::create_match))
        .routes(routes!(matches::get::get_match, matches::delete::delete_match))
        .routes(routes!(matches::advice::decide_advice, matches::advice::undecide_advice))
        .routes(routes!(batches::list_batches, batches::create_batch))
        .routes(routes!(batches::get_batch, batches::delete_batch))
        .routes(routes!(batches::get_batch_results))
        .routes(routes!(events::stream_events))
        .routes(routes!(audit::list_audit_events))
        .routes(routes!(dead_letters::list_dead_letters))
        .routes(routes!(dead_letters::get_dead_letter, dead_letters::drop_dead_letter))
        .routes(routes!(dead_letters::requeue_dead_letter))
        .routes(routes!(billing::get_billing))
        .routes(routes!(billing::create_checkout))
        .routes(routes!(billing::create_portal))
        .routes(routes!(webhooks::take_billing_events))
        .routes(routes!(webhooks::take_mail_events))
        .routes(routes!(health::summary::get_health))
        .routes(routes!(health::detailed::get_detailed_health))
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(from_fn_with_state(limits.timeout, time_out));
    let uploads = OpenApiRouter::default()
        .routes(routes!(resumes::create::create_resume))
        .routes(routes!(resumes::create::upload_resume))
        .routes(routes!(jobs::create::create_job))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(limits.upload_timeout, time_out))
        .layer(from_fn_with_state(Places::new(limits.uploads), shed_load));
    plain.merge(uploads)
}

fn resume_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(resumes::list::list_resumes))
        .routes(routes!(resumes::get::get_resume, resumes::delete::delete_resume))
        .routes(routes!(resumes::original::get_resume_original))
        .routes(routes!(resumes::json_resume::get_json_resume, resumes::json_resume::edit_json_resume))
        .routes(routes!(resumes::export::export_resume))
        .routes(routes!(resumes::versions::list_resume_versions))
        .routes(routes!(resumes::versions::get_resume_version))
        .routes(routes!(resumes::versions::restore_resume_version))
}

fn application_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(applications::list_applications, applications::create_application))
        .routes(routes!(
            applications::get_application,
            applications::edit_application,
            applications::delete_application
        ))
}

fn page_routes(frame: &Frame) -> Result<Router<AppState>, ConfigError> {
    let limits = frame.limits;
    // Refuses forms that another site sends, by what browsers say of their origin; forms of signed-in people carry a
    // token besides.
    let same_site = CsrfLayer::new()
        .add_trusted_origin(&frame.public_url)?
        .with_rejection_response(|_error: ProtectionError| refuse_other_site());
    let plain = Router::new()
        .route("/", get(pages::landing::show))
        .route("/sign-up", get(pages::account::show_sign_up).post(pages::account::sign_up_by_form))
        .route("/sign-in", get(pages::account::show_sign_in).post(pages::account::sign_in_by_form))
        .route("/sign-in/code", post(pages::account::give_code))
        .route("/forgot-password", get(pages::mailed::show_forgot).post(pages::mailed::ask_for_link))
        .route(RESET_PAGE, get(pages::mailed::show_reset).post(pages::mailed::reset_by_form))
        .route(VERIFY_PAGE, get(pages::mailed::show_verify).post(pages::mailed::verify_by_form))
        .route(INVITATION_PAGE, get(pages::mailed::show_invitation).post(pages::mailed::accept_by_form))
        .route(BILLING_PAGE, get(pages::billing::show))
        .route("/billing/checkout", post(pages::billing::buy))
        .route("/billing/portal", post(pages::billing::manage))
        .route("/outbox", get(pages::mailed::show_outbox))
        .route("/sign-out", post(pages::account::sign_out))
        .route("/dashboard", get(pages::dashboard::show))
        .route("/resumes/{id}", get(pages::resume::show))
        .route("/resumes/{id}/original", get(pages::resume::download))
        .route("/resumes/{id}/export", get(pages::resume::export))
        .route("/resumes/{id}/edit", get(pages::resume_form::show).post(pages::resume_form::edit_by_form))
        .route("/resumes/{id}/versions/{number}/restore", post(pages::resume::restore_by_form))
        .route("/resumes/{id}/delete", post(pages::resume::delete_by_form))
        .route("/jobs/{id}", get(pages::job::show))
        .route("/jobs/{id}/delete", post(pages::job::delete_by_form))
        .route("/matches", post(pages::result::request_by_form))
        .route("/matches/{id}", get(pages::result::show))
        .route("/matches/{id}/advice/{advice}", post(pages::result::decide_by_form))
        .route("/matches/{id}/delete", post(pages::result::delete_by_form))
        .route("/applications", get(pages::applications::show).post(pages::applications::add_by_form))
        .route("/applications/{id}", post(pages::applications::edit_by_form))
        .route("/applications/{id}/delete", post(pages::applications::delete_by_form))
        .route("/problems", get(docs::show_problems))
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(from_fn_with_state(limits.timeout, time_out));
    let uploads = Router::new()
        .route("/resumes", post(pages::resume::upload_by_form))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(limits.upload_timeout, time_out))
        .layer(from_fn_with_state(Places::new(limits.uploads), shed_load));
    Ok(plain.merge(uploads).layer(same_site).route("/static/{hash}/{name}", get(assets::serve)))
}

fn refuse_other_site() -> Response {
    Problem::new(ProblemKind::CrossSiteRequest, "The form was sent from another site.").into_response()
}

/// The whole application.
pub fn build(state: AppState, frame: &Frame, probes: Probes) -> Result<Router, RouterError> {
    let https = state.https;
    let (api, document) = api_routes(frame.limits).split_for_parts();
    let documentation = docs::routes(&complete(document))?;
    // Pages hold a form's token beside text that others may have chosen; compressing both together would let a
    // listener guess the token by the size (BREACH).
    let compressible =
        DefaultPredicate::new().and(NotForContentType::const_new("text/html")).and(NotForContentType::SSE);
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(frame.metrics.clone(), measure))
        .layer(from_fn(trace::follow))
        .layer(from_fn_with_state(frame.proxies.clone(), identify))
        .layer(from_fn(request_id::assign))
        .layer(from_fn_with_state(https, security_headers::add))
        .layer(cors::layer(&frame.cors_origins))
        .layer(CompressionLayer::new().compress_when(compressible))
        .layer(from_fn(problem::render))
        .layer(CatchPanicLayer::custom(problem::from_panic))
        .layer(from_fn_with_state(frame.guard.clone(), refuse_denied))
        .layer(from_fn_with_state(Places::new(frame.limits.requests), shed_load))
        .layer(from_fn_with_state(frame.guard.clone(), limit));
    let keeper = Keeper { state: state.clone(), places: Places::new(frame.limits.uploads) };
    let api = api.layer(from_fn_with_state(keeper, replay));
    Ok(api
        .merge(page_routes(frame)?)
        .merge(documentation)
        .fallback(no_route)
        .with_state(state)
        .merge(probes::router(probes))
        .layer(layers))
}

async fn no_route() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such address.")
}
