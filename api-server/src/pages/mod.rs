//! The web pages: what each template is given, in words that people read. Handlers are in [`crate::routes::pages`].

pub mod account;
pub mod applications;
pub mod billing;
pub mod dashboard;
pub mod error;
pub mod form;
pub mod items;
pub mod reference;
pub mod result;
pub mod resume_form;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use crate::{
    assets::{self, AssetPaths},
    auth::viewer::Viewer,
    error::Problem,
};

/// What every page has around its content.
#[derive(Debug)]
pub struct Chrome {
    /// Title of the page.
    pub title: String,
    /// Who looks at it, if signed in.
    pub viewer: Option<ChromeViewer>,
    /// Paths of style, script and mark.
    pub assets: &'static AssetPaths,
    /// Version of the program.
    pub version: &'static str,
}

/// The signed-in person in the head of the page.
#[derive(Debug)]
pub struct ChromeViewer {
    /// How the person is called.
    pub label: String,
    /// The token of forms.
    pub form_token: String,
}

impl Chrome {
    /// The frame of the page `title` for `viewer`.
    pub fn new(title: impl Into<String>, viewer: Option<&Viewer>) -> Self {
        Self {
            title: title.into(),
            viewer: viewer.map(|viewer| ChromeViewer {
                label: viewer.label().to_owned(),
                form_token: viewer.form_token.clone(),
            }),
            assets: &assets::PATHS,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The answer with the page that `template` makes.
pub fn page(template: &impl Template) -> Result<Response, Problem> {
    template.render().map(|html| Html(html).into_response()).map_err(Problem::internal)
}

/// The page before sign-in.
#[derive(Template)]
#[template(path = "landing.html")]
pub struct LandingPage {
    /// The frame.
    pub chrome: Chrome,
}
