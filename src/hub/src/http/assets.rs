//! The console, built into the program. A development build reads it from the source tree at run time instead.

use super::error::ApiError;
use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../ui/console/dist"]
struct Dist;

const INDEX: &str = "index.html";
/// Vite puts a hash of its content into the name of each file here: it never changes.
const HASHED: &str = "assets/";

/// A file of the console; the page itself for every path that looks like a page of it.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, ApiError> {
    let path = uri.path().trim_start_matches('/');
    if ["api/", "ws/"].iter().any(|prefix| path.starts_with(prefix)) {
        return Err(ApiError::NotFound);
    }
    if method != Method::GET && method != Method::HEAD {
        return Err(ApiError::MethodNotAllowed);
    }
    let (name, file) = match Dist::get(path).filter(|_| !path.is_empty()) {
        Some(file) => (path, file),
        // A path with a dot names a file that is not there; an old script must not get a page instead.
        None if path.contains('.') => return Err(ApiError::NotFound),
        None => (INDEX, Dist::get(INDEX).ok_or(ApiError::NotFound)?),
    };
    Ok(answer(name, &file, &headers))
}

fn answer(name: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let caching = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, caching.to_owned())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    (common, kind, Body::from(file.data.to_vec())).into_response()
}
