//! The OpenAPI 3.1 document: what holds for the whole API; routes add themselves.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, OpenApi as Document, Ref, ResponseBuilder,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

/// The frame of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Resume Matcher",
        description = "Tells how well a resume fits a job, with the passages that say so.\n\n\
            Make an account with `POST /api/v1/accounts`, send its `access_token` as `Authorization: Bearer`, upload \
            a resume, add a job, ask for a match, and get it until its `status` is `ready`.\n\n\
            Every failure is a problem document (RFC 9457, `application/problem+json`); its `type` is described on \
            `/problems`. Every answer has an `X-Request-Id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This installation")),
    tags(
        (name = "Accounts", description = "Sign-up, sign-in, tokens"),
        (name = "Organisations", description = "Who works together, and as what"),
        (name = "Resumes", description = "Upload and read resumes"),
        (name = "Jobs", description = "Add and read jobs"),
        (name = "Matches", description = "How well a resume fits a job"),
        (name = "Applications", description = "Which jobs one goes for, and how far that has come"),
        (name = "Billing", description = "Plans, what of them is used, and buying them"),
        (name = "Webhooks", description = "For services that tell us something, by signature"),
        (name = "Administration", description = "For the people who run the installation"),
        (name = "Health", description = "How the service is"),
    ),
    security(("bearer" = [])),
    modifiers(&BearerTokens)
)]
pub struct ApiDocument;

struct BearerTokens;

impl Modify for BearerTokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.bearer_format = Some("JWT or rmk_…".to_owned());
        bearer.description = Some(
            "The `access_token` of POST /api/v1/accounts or /api/v1/sessions, or an API key.".to_owned(),
        );
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let mut admin = Http::new(HttpAuthScheme::Bearer);
        admin.description = Some("RM_ADMIN_TOKEN of the installation's configuration.".to_owned());
        components.add_security_scheme("admin", SecurityScheme::Http(admin));
    }
}

/// The document of the routes, complete: every operation may fail in ways that have nothing to do with it (a body that
/// cannot be read, a limit, a key that is in use).
pub fn complete(mut document: Document) -> Document {
    let problem = ResponseBuilder::new()
        .description("Any other failure; `type` says which")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build(),
        )
        .build();
    for item in document.paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in methods.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), problem.clone().into());
        }
    }
    document
}

/// The whole document as indented JSON, with a line end; `docs/openapi.json` is this text.
pub fn document_text() -> Result<String, serde_json::Error> {
    let (_, document) = crate::router::api_routes(crate::router::Limits::default()).split_for_parts();
    Ok(complete(document).to_pretty_json()? + "\n")
}
