//! The page of a failure.

use askama::Template;

use super::Chrome;
use crate::error::Problem;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    chrome: Chrome,
    status: u16,
    detail: &'a str,
    errors: Vec<&'a str>,
    advice: &'static str,
    request_id: &'a str,
}

/// The page for `problem` in the request `request_id`.
pub fn render(problem: &Problem, request_id: &str) -> String {
    let page = ErrorPage {
        // Who looks on is not known here: the failure may be that it cannot be found out.
        chrome: Chrome::new(problem.kind.title(), None),
        status: problem.kind.status().as_u16(),
        detail: &problem.detail,
        errors: problem.errors.iter().map(|error| error.detail.as_str()).collect(),
        advice: problem.kind.advice(),
        request_id,
    };
    page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the page of a failure cannot be made");
        problem.kind.title().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    #[test]
    fn text_of_the_request_cannot_become_markup() {
        let problem = Problem::new(ProblemKind::NotFound, "<script>alert(1)</script>");
        let page = render(&problem, "r-1");
        assert!(page.contains("r-1") && page.contains("404"));
        assert!(!page.contains("<script>alert"), "{page}");
    }
}
