//! Style, script and mark of the pages, compiled in and served under a path that has their hash in it.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};

use crate::error::{Problem, ProblemKind};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

const STYLE: Asset = Asset {
    name: "app.css",
    media_type: "text/css; charset=utf-8",
    content: include_bytes!("../static/app.css"),
};
const SCRIPT: Asset = Asset {
    name: "app.js",
    media_type: "text/javascript; charset=utf-8",
    content: include_bytes!("../static/app.js"),
};
const MARK: Asset =
    Asset { name: "mark.svg", media_type: "image/svg+xml", content: include_bytes!("../static/mark.svg") };

/// Where the pages find their files.
#[derive(Debug)]
pub struct AssetPaths {
    /// The style sheet.
    pub style: String,
    /// The script.
    pub script: String,
    /// The icon.
    pub mark: String,
}

/// The paths of this build.
pub static PATHS: LazyLock<AssetPaths> =
    LazyLock::new(|| AssetPaths { style: path(&STYLE), script: path(&SCRIPT), mark: path(&MARK) });

fn path(asset: &Asset) -> String {
    format!("/static/{}/{}", hash(asset), asset.name)
}

fn hash(asset: &Asset) -> String {
    Sha256::digest(asset.content).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Serves a file for a year; another content has another path. During a release a page of the other version may ask
/// for a hash that this one does not have: that is a 404, and the client asks again elsewhere.
pub async fn serve(Path((wanted, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let asset = [STYLE, SCRIPT, MARK].into_iter().find(|asset| asset.name == name && hash(asset) == wanted);
    let asset = asset.ok_or_else(|| Problem::new(ProblemKind::NotFound, "There is no such file."))?;
    let mut response = asset.content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}
