//! What we tell clients about ourselves: OpenID Discovery, RFC 8414, RFC 9728.
//!
//! Invariant: everything listed works, and nothing unlisted does. Every URL is made from the issuer identifier that the
//! operator configured, never from a request.

use crate::certificate::Authorities;
use crate::signed::SIGNED_BY;
use crate::{device, dpop, grant_management, jose, redirect};
use model::Scopes;
use serde::Serialize;
use std::fmt;

/// Path of the OpenID Connect discovery document.
pub const OPENID_PATH: &str = "/.well-known/openid-configuration";
/// Path of the authorization server metadata.
pub const SERVER_PATH: &str = "/.well-known/oauth-authorization-server";
/// Path of the protected resource metadata.
pub const RESOURCE_PATH: &str = "/.well-known/oauth-protected-resource";
/// Path of the authorization endpoint.
pub const AUTHORIZE_PATH: &str = "/authorize";
/// Path of the endpoint for pushed authorization requests.
pub const PAR_PATH: &str = "/par";
/// Path of the token endpoint.
pub const TOKEN_PATH: &str = "/token";
/// Path of the device authorization endpoint.
pub const DEVICE_AUTHORIZATION_PATH: &str = "/device_authorization";
/// Path of the page on which a person types a device's code.
pub const DEVICE_PATH: &str = "/device";
/// Path of the revocation endpoint.
pub const REVOKE_PATH: &str = "/revoke";
/// Path of the introspection endpoint.
pub const INTROSPECT_PATH: &str = "/introspect";
/// Path of the grant management endpoint; the grant's id comes behind it.
pub const GRANTS_PATH: &str = "/grants";
/// Path of the page that an app sends people to for signing out.
pub const END_SESSION_PATH: &str = "/end-session";
/// Path of userinfo.
pub const USERINFO_PATH: &str = "/userinfo";
/// Path of the key set.
pub const JWKS_PATH: &str = "/jwks";

/// The issuer identifier: the public URL, `https://host[:port]`, without a slash at its end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Issuer(String);

/// A public URL that cannot be an issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the public URL must be https://host[:port] (http only for 127.0.0.1, [::1] or localhost), in lower case, without a path"
)]
pub struct IssuerInvalid;

impl Issuer {
    /// Reads a public URL; one slash at its end is dropped.
    pub fn parse(url: &str) -> Result<Self, IssuerInvalid> {
        let url = url.strip_suffix('/').unwrap_or(url);
        let (scheme, authority) = url.split_once("://").ok_or(IssuerInvalid)?;
        let host = redirect::host(authority).map_err(|_| IssuerInvalid)?;
        match (scheme, host) {
            ("https", _) | ("http", "127.0.0.1" | "[::1]" | "localhost") => Ok(Issuer(url.to_owned())),
            _ => Err(IssuerInvalid),
        }
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier of the API as a protected resource: the same URL.
    pub fn resource(&self) -> &str {
        &self.0
    }

    /// Reached over https?
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The URL of a path here.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Words = &'static [&'static str];

/// Where we are reached by apps that show a certificate (RFC 8705 5), and who vouches for theirs.
#[derive(Clone, Debug)]
pub struct Mutual {
    /// The same paths, at a host that asks for certificates.
    pub url: Issuer,
    /// Those whom the operator lets vouch; without any, a certificate is worth its key.
    pub authorities: Authorities,
}

/// The ways in which an app can prove itself here; without proving anything only where that is `public`.
fn client_authentication(mutual: Option<&Mutual>, public: bool) -> Vec<&'static str> {
    let named = mutual.is_some_and(|mutual| !mutual.authorities.is_empty());
    let certificate = [(named, "tls_client_auth"), (mutual.is_some(), "self_signed_tls_client_auth")];
    let rest = [
        (true, "private_key_jwt"),
        (public, "none"),
        (true, "client_secret_basic"),
        (true, "client_secret_post"),
    ];
    let all = rest.into_iter().chain(certificate);
    all.filter(|(offered, _)| *offered).map(|(_, way)| way).collect()
}

/// The endpoints at the host that asks for certificates.
#[derive(Clone, Debug, Serialize)]
struct Aliases {
    pushed_authorization_request_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    userinfo_endpoint: String,
    grant_management_endpoint: String,
}

impl Aliases {
    fn at(url: &Issuer) -> Aliases {
        Aliases {
            pushed_authorization_request_endpoint: url.url(PAR_PATH),
            token_endpoint: url.url(TOKEN_PATH),
            device_authorization_endpoint: url.url(DEVICE_AUTHORIZATION_PATH),
            revocation_endpoint: url.url(REVOKE_PATH),
            introspection_endpoint: url.url(INTROSPECT_PATH),
            userinfo_endpoint: url.url(USERINFO_PATH),
            grant_management_endpoint: url.url(GRANTS_PATH),
        }
    }
}

/// The document at both [`OPENID_PATH`] and [`SERVER_PATH`]: one, so that the two cannot disagree.
#[derive(Clone, Debug, Serialize)]
pub struct ServerMetadata {
    issuer: String,
    authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    // Of the profile fapi2 alone.
    require_pushed_authorization_requests: bool,
    token_endpoint: String,
    device_authorization_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: Words,
    response_modes_supported: Words,
    grant_types_supported: Words,
    code_challenge_methods_supported: Words,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Words,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Words,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Words,
    introspection_signing_alg_values_supported: Words,
    end_session_endpoint: String,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    grant_management_endpoint: String,
    grant_management_actions_supported: Words,
    grant_management_action_required: bool,
    dpop_signing_alg_values_supported: Words,
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_endpoint_aliases: Option<Aliases>,
    authorization_response_iss_parameter_supported: bool,
    authorization_details_types_supported: Words,
    subject_types_supported: Words,
    id_token_signing_alg_values_supported: Words,
    claims_supported: Words,
    prompt_values_supported: Words,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_object_signing_alg_values_supported: Words,
    require_signed_request_object: bool,
    // Left out, it would count as true (OpenID Discovery 3).
    request_uri_parameter_supported: bool,
    protected_resources: Vec<String>,
}

/// What the authorization server says of itself.
pub fn server(issuer: &Issuer, mutual: Option<&Mutual>) -> ServerMetadata {
    ServerMetadata {
        issuer: issuer.to_string(),
        authorization_endpoint: issuer.url(AUTHORIZE_PATH),
        pushed_authorization_request_endpoint: issuer.url(PAR_PATH),
        require_pushed_authorization_requests: false,
        token_endpoint: issuer.url(TOKEN_PATH),
        device_authorization_endpoint: issuer.url(DEVICE_AUTHORIZATION_PATH),
        revocation_endpoint: issuer.url(REVOKE_PATH),
        userinfo_endpoint: issuer.url(USERINFO_PATH),
        jwks_uri: issuer.url(JWKS_PATH),
        scopes_supported: Scopes::ALL.words().collect(),
        response_types_supported: &["code"],
        response_modes_supported: &["query"],
        grant_types_supported: &[
            "authorization_code",
            "refresh_token",
            device::GRANT_TYPE,
            "client_credentials",
        ],
        code_challenge_methods_supported: &["S256"],
        token_endpoint_auth_methods_supported: client_authentication(mutual, true),
        token_endpoint_auth_signing_alg_values_supported: jose::ALGORITHMS,
        revocation_endpoint_auth_methods_supported: client_authentication(mutual, true),
        revocation_endpoint_auth_signing_alg_values_supported: jose::ALGORITHMS,
        introspection_endpoint: issuer.url(INTROSPECT_PATH),
        introspection_endpoint_auth_methods_supported: client_authentication(mutual, false),
        introspection_endpoint_auth_signing_alg_values_supported: jose::ALGORITHMS,
        introspection_signing_alg_values_supported: SIGNED_BY,
        end_session_endpoint: issuer.url(END_SESSION_PATH),
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        grant_management_endpoint: issuer.url(GRANTS_PATH),
        grant_management_actions_supported: grant_management::ACTIONS,
        grant_management_action_required: false,
        dpop_signing_alg_values_supported: dpop::ALGORITHMS,
        tls_client_certificate_bound_access_tokens: mutual.is_some(),
        mtls_endpoint_aliases: mutual.map(|mutual| Aliases::at(&mutual.url)),
        authorization_response_iss_parameter_supported: true,
        authorization_details_types_supported: &[crate::details::TYPE],
        subject_types_supported: &["public"],
        id_token_signing_alg_values_supported: SIGNED_BY,
        claims_supported: &[
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "sid",
            "at_hash",
            "name",
            "preferred_username",
        ],
        prompt_values_supported: &["none", "login", "consent", "select_account"],
        claims_parameter_supported: false,
        request_parameter_supported: true,
        request_object_signing_alg_values_supported: jose::ALGORITHMS,
        require_signed_request_object: false,
        request_uri_parameter_supported: false,
        protected_resources: vec![issuer.resource().to_owned()],
    }
}

/// The document at [`RESOURCE_PATH`].
#[derive(Clone, Debug, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    resource_name: &'static str,
    authorization_servers: Vec<String>,
    scopes_supported: Vec<&'static str>,
    bearer_methods_supported: Words,
    authorization_details_types_supported: Words,
    tls_client_certificate_bound_access_tokens: bool,
    dpop_signing_alg_values_supported: Words,
    dpop_bound_access_tokens_required: bool,
}

/// What the API says of itself.
pub fn resource(issuer: &Issuer, mutual: Option<&Mutual>) -> ResourceMetadata {
    ResourceMetadata {
        resource: issuer.resource().to_owned(),
        resource_name: "Waxseal",
        authorization_servers: vec![issuer.to_string()],
        scopes_supported: Scopes::ALL.words().collect(),
        bearer_methods_supported: &["header"],
        authorization_details_types_supported: &[crate::details::TYPE],
        tls_client_certificate_bound_access_tokens: mutual.is_some(),
        dpop_signing_alg_values_supported: dpop::ALGORITHMS,
        dpop_bound_access_tokens_required: false,
    }
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
