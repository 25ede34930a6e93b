//! Which app asks at the token and revocation endpoints: reads its proof, lets the `oauth` room judge it.

use crate::Doors;
use crate::problem::Problem;
use http::request::Parts;
use http::{HeaderMap, header};
use model::AppId;
use oauth::client::{Client, ClientKind, authenticate, check_query, presented};
use oauth::{ErrorCode, OAuthError, Params};
use vault::AppFacts;

/// What the protocol needs of an app.
pub(crate) fn client(app: AppFacts, now: model::Time) -> Client {
    Client {
        id: app.id,
        live: app.live_at(now),
        kind: app.secret.map_or(ClientKind::Public, ClientKind::Secret),
        redirect_uris: app.redirect_uris,
        ceiling: app.ceiling,
    }
}

/// The form of a request whose body must be one.
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let is_form =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            let kind = value.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !is_form {
        let why = "send the parameters as application/x-www-form-urlencoded";
        return Err(OAuthError::new(ErrorCode::InvalidRequest, why));
    }
    Params::parse(body)
}

/// Reads the form and proves the app that sent it.
pub(crate) async fn proved(doors: &Doors, parts: &Parts, body: &[u8]) -> Result<(AppId, Params), Problem> {
    check_query(parts.uri.query().unwrap_or_default().as_bytes())?;
    let form = form(&parts.headers, body)?;
    let mut authorization = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (header, second) = (authorization.next(), authorization.next());
    if second.is_some() {
        return Err(OAuthError::new(ErrorCode::InvalidRequest, "send one Authorization header").into());
    }
    let used_header = header.is_some();
    let prove = async {
        let presented = presented(header.map(|value| value.as_bytes()), &form)?;
        let app = doors.vault.app_find(presented.client_id).await?;
        let client = app.map(|app| client(app, doors.vault.world().now()));
        Ok(authenticate(&presented, client.as_ref())?.id)
    };
    let app = prove.await.map_err(|problem: Problem| problem.challenged(used_header))?;
    Ok((app, form))
}
