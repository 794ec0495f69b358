//! `GET /`.

use axum::response::{IntoResponse as _, Redirect, Response};

use crate::{
    auth::viewer::Viewer,
    error::Problem,
    pages::{Chrome, LandingPage, page},
};

/// What the product does; whoever is signed in goes on to the dashboard.
pub async fn show(viewer: Option<Viewer>) -> Result<Response, Problem> {
    if viewer.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    page(&LandingPage { chrome: Chrome::new("See how well your resume fits", None) })
}
