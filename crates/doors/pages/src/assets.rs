//! The few files a page needs (style, script, seal), served from memory under names that change with their content.
//!
//! Invariant: a URL of an asset means these bytes for ever, so that browsers may keep it for ever; any other name is 404.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

/// One embedded file.
struct Asset {
    url: String,
    media_type: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, ending: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        Asset { url: format!("/static/{stem}.{:016x}.{ending}", fnv1a(bytes)), media_type, bytes }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("app", "css", "text/css; charset=utf-8", include_bytes!("../static/app.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("live", "js", "text/javascript; charset=utf-8", include_bytes!("../static/live.js"))
});
/// The parts of the script of `/verify`, as one.
const VERIFY_PARTS: &str = concat!(
    include_str!("../static/verify/bytes.js"),
    include_str!("../static/verify/log.js"),
    include_str!("../static/verify/open.js"),
    include_str!("../static/verify/check.js"),
    include_str!("../static/verify/page.js"),
);
static VERIFY: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("verify", "js", "text/javascript; charset=utf-8", VERIFY_PARTS.as_bytes()));
static PASSKEY: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("passkey", "js", "text/javascript; charset=utf-8", include_bytes!("../static/passkey.js"))
});
static SEAL: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("seal", "svg", "image/svg+xml", include_bytes!("../static/seal.svg")));

/// Where the style sheet is.
pub(crate) fn style_url() -> &'static str {
    &STYLE.url
}

/// Where `live.js` is.
pub(crate) fn script_url() -> &'static str {
    &SCRIPT.url
}

/// Where the script of `/verify` is.
pub(crate) fn verify_url() -> &'static str {
    &VERIFY.url
}

/// Where `passkey.js` is.
pub(crate) fn passkey_url() -> &'static str {
    &PASSKEY.url
}

/// Where the seal, our icon, is.
pub(crate) fn seal_url() -> &'static str {
    &SEAL.url
}

/// `GET /static/{name}`
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let path = format!("/static/{name}");
    match [&STYLE, &SCRIPT, &VERIFY, &PASSKEY, &SEAL].into_iter().find(|asset| asset.url == path) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            asset.bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// FNV-1a, 64 bits. It tells versions of our own files apart; it guards nothing.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Every asset: its URL and its bytes.
#[cfg(test)]
pub(crate) fn every() -> Vec<(&'static str, &'static [u8])> {
    [&STYLE, &SCRIPT, &VERIFY, &PASSKEY, &SEAL]
        .into_iter()
        .map(|asset| (asset.url.as_str(), asset.bytes))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn addresses_differ_with_content() {
        let one = Asset::new("app", "css", "text/css", b"a").url;
        assert_ne!(one, Asset::new("app", "css", "text/css", b"b").url);
        assert!(one.starts_with("/static/app.") && one.ends_with(".css"));
    }

    #[tokio::test]
    async fn a_name_serves_its_own_bytes_or_nothing() {
        let name = style_url().trim_start_matches("/static/").to_owned();
        let found = asset(Path(name)).await;
        assert_eq!(found.status(), StatusCode::OK);
        assert_eq!(found.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert!(found.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        for other in ["app.css", "app.0000000000000000.css", "../app.css", ""] {
            assert_eq!(asset(Path(other.to_owned())).await.status(), StatusCode::NOT_FOUND, "{other}");
        }
    }
}
