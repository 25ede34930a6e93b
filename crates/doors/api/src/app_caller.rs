//! Who asks for itself: an app with a token of its own (`client_credentials`), with nobody behind it.
//!
//! Invariant: a token of a person's grant opens nothing here, whatever it may do for her.

use crate::Door;
use crate::caller::Asking;
use crate::limit::Whose;
use crate::problem::Problem;
use crate::problems as listed;
use axum::extract::FromRequestParts;
use http::request::Parts;
use std::sync::Arc;
use vault::{AppFacts, Refusal};

/// An app that asks for itself, with its token not looked up yet.
pub(crate) struct AppAsking(Asking);

impl FromRequestParts<Arc<Door>> for AppAsking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        Ok(AppAsking(Asking::from_request_parts(parts, door).await?))
    }
}

impl AppAsking {
    /// What every handler shares.
    pub(crate) fn door(&self) -> &Door {
        &self.0.door
    }

    /// Looks the token up, and takes one request out of the app's bucket.
    pub(crate) async fn app(&self) -> Result<Arc<AppFacts>, Problem> {
        let app = self.door().vault.app_of_token(self.0.presented()).await.map_err(|refusal| match refusal {
            Refusal::Token => {
                let detail = "this needs an access token of the app itself, got with grant_type=client_credentials";
                Problem::new(listed::TOKEN_INVALID, detail)
            }
            other => other.into(),
        })?;
        if let Some(meters) = &self.door().meters {
            meters.take([Whose::Own(app.id)], self.door().vault.world().now())?;
        }
        Ok(app)
    }
}
