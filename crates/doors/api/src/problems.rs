//! The problems that this door answers with, each with what to do about it: one table for answers, pages and documents.
//!
//! Invariant: a name, once released, keeps its meaning; clients match on it.

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// The last part of its `type`: `/problems/<name>`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

macro_rules! problems {
    ($($constant:ident = $name:literal, $status:literal, $title:literal, $remedy:literal;)*) => {
        $(pub(crate) const $constant: Listed =
            Listed { name: $name, status: $status, title: $title, remedy: $remedy };)*
        /// All of them, by status.
        pub const PROBLEMS: &[Listed] = &[$($constant),*];
    };
}

problems! {
    MALFORMED = "malformed", 400, "The request cannot be read",
        "Correct what `detail` says; `parameter`, where it is there, names the query parameter or header.";
    KEY_MISSING = "idempotency-key-missing", 400, "The header Idempotency-Key is missing",
        "Make up a key for each message (a UUID is fine), send it as Idempotency-Key, and send the same key again when you repeat the request. It is remembered for 24 hours.";
    TOKEN_MISSING = "token-missing", 401, "There is no access token",
        "Send the access token in the header Authorization: Bearer. Where to get one is said by the resource_metadata in WWW-Authenticate.";
    TOKEN_INVALID = "token-invalid", 401, "The access token opens nothing",
        "The token is unknown, expired or revoked, or its grant has ended. Use your refresh token; if that is refused, ask the person again.";
    TOKEN_UNPROVEN = "token-unproven", 401, "The access token is bound, and came without its proof",
        "Its token_type is DPoP: send Authorization: DPoP with it, and a header DPoP with a proof of the key that it was issued to. If it is bound to a certificate, use a connection with that certificate.";
    PROOF_INVALID = "dpop-proof-invalid", 401, "The DPoP proof is not in order",
        "Correct what `detail` says. Make a new proof for each request: its own jti, method, URL without query, time, the hash of the access token and the last nonce.";
    PROOF_NONCE = "dpop-nonce", 401, "The DPoP proof needs a nonce of this server",
        "Take the value of the header DPoP-Nonce into the proof as `nonce`, and send the request again. Each answer to a request with a proof brings the next one.";
    ACTION_MISSING = "action-missing", 403, "The grant does not include this action",
        "`action` names what is missing. Ask the person for it with authorization_details, if your ceiling has it.";
    KIND_MISSING = "kind-missing", 403, "The grant does not include this kind of content",
        "`kind` names what is missing. Ask the person for it with authorization_details, if your ceiling has it.";
    SCOPE_MISSING = "scope-missing", 403, "The token does not carry this scope",
        "`scope` names what is missing. Ask the person for it with the parameter scope, if your ceiling has it.";
    GRANT_PAUSED = "grant-paused", 403, "The person has paused the grant",
        "Wait, or ask the person. The token works again when she resumes the grant.";
    GRANT_SPENT = "grant-spent", 403, "All uses of the grant are spent",
        "Ask the person for a new grant.";
    GRANT_OVER = "grant-over", 403, "The grant is over",
        "The grant has ended, has outlived the ceiling of the app, or the app is suspended or retired. Ask the person or the operator.";
    WITHHELD = "withheld", 403, "The message is withheld from this app",
        "What an app may not see it may not delete either. `withheld` says why: author, kind or window.";
    NOT_FOUND = "not-found", 404, "There is no such thing here",
        "It does not exist, or it is outside what the grant reaches: the two answer the same. Check the path and the id.";
    METHOD = "method-not-allowed", 405, "This path does not take this method",
        "The header Allow lists those that it takes.";
    CHANGED = "changed", 409, "The grant changed while the request was under way",
        "Nothing was done. Send the request again.";
    TOO_LARGE = "body-too-large", 413, "The body is too large",
        "A body has at most `limit` bytes.";
    BODY_TYPE = "body-type", 415, "The body is not declared as JSON",
        "Send Content-Type: application/json.";
    INVALID = "invalid", 422, "The request was read, but cannot be taken",
        "Correct what `detail` says.";
    KEY_REUSED = "idempotency-key-reused", 422, "The Idempotency-Key was used for a different request",
        "Use a new key for each message; repeat a key only with the very same request.";
    NOT_FRIENDS = "not-friends", 422, "Conversations are started with friends only",
        "At least one of the participants is not a friend of the person, does not exist, or is the person herself. Which one is not told. GET /v1/friends lists whom the app may see.";
    TOO_MANY_PEOPLE = "too-many-people", 422, "There are too many people for one conversation",
        "A conversation has at most `limit` people, the person herself among them.";
    TOO_MANY_REQUESTS = "too-many-requests", 429, "Too much is asked for at once",
        "Wait as many seconds as Retry-After says. RateLimit-Policy tells the limit, and whether it is the grant's, the \
         person's over all of her apps, or the app's over all of its grants.";
    TOO_MANY_STREAMS = "too-many-streams", 429, "The grant has too many open event streams",
        "Close one of them, or let the parts of your app share one. `limit` says how many a grant may have.";
    BROKEN = "broken", 500, "The server broke",
        "It is not your request. Tell the operator the `event`; the server's log has the same one.";
    UNAVAILABLE = "unavailable", 503, "The server cannot do this now",
        "Try again shortly, with the same Idempotency-Key if you send. If it lasts, tell the operator the `event`.";
}

/// The problem of this name.
pub fn problem(name: &str) -> Option<&'static Listed> {
    PROBLEMS.iter().find(|listed| listed.name == name)
}
