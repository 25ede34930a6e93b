//! OAuth 2.1 and OpenID Connect over HTTP.

mod token;
