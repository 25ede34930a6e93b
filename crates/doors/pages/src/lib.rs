//! The pages door: what a person sees in a browser.
//!
//! Invariant: every page works without script; what people wrote reaches HTML only through `view`'s guarded types; nothing
//! changes but by a form of our own (`form.rs`), and then the answer is a redirect, unless it is shown once.

mod alerts_set;
mod app_list;
mod assets;
mod caller;
mod consent_answer;
mod consent_see;
mod conversation_apps;
mod conversation_list;
mod conversation_live;
mod conversation_see;
mod conversation_start;
mod cookies;
mod deleted_list;
mod device;
mod directory;
mod done;
mod end_session;
mod evidence_take;
mod form;
mod friend_answer;
mod friend_ask;
mod friends_list;
mod grant_card;
mod grant_let_again;
mod grant_narrow;
mod grant_pause;
mod grant_revoke;
mod grant_see;
mod list_check;
mod message_delete;
mod message_restore;
mod message_send;
mod messages_shown;
mod notices;
mod page;
mod partner;
mod passkey;
mod passkey_list;
mod password_change;
mod problem;
mod proving;
mod reach;
mod read_mark;
mod recover;
mod rename;
mod return_to;
mod second_factor;
mod session_end;
mod settings;
mod share;
mod shown_text;
mod sign_in;
mod sign_in_again;
mod sign_in_code;
mod sign_out;
mod sign_up;
mod typing_show;
mod verify;
mod view;
mod when;
mod wish;

#[cfg(test)]
mod samples;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use oauth::metadata::{DEVICE_PATH, END_SESSION_PATH, Issuer};
use std::sync::Arc;
use vault::Vault;

/// What this door works with.
#[derive(Debug, Clone)]
pub struct Doors {
    /// The vault.
    pub vault: Arc<Vault>,
    /// Where what happens is followed.
    pub feed: feed::Feed,
    /// Who we are: decides how cookies are bound, and which origin is ours.
    pub issuer: Issuer,
}

/// What every handler shares.
struct Door {
    vault: Arc<Vault>,
    feed: feed::Feed,
    issuer: Issuer,
    proving: proving::Proving,
}

impl Door {
    /// Reached over https?
    fn secure(&self) -> bool {
        self.issuer.is_secure()
    }
}

/// How people come in and go out, and what proves who they are.
fn coming_and_going() -> Router<Arc<Door>> {
    Router::new()
        .route("/sign-up", get(sign_up::sign_up_see).post(sign_up::sign_up))
        .route("/sign-in", get(sign_in::sign_in_see).post(sign_in::sign_in))
        .route("/sign-in/code", get(sign_in_code::sign_in_code_see).post(sign_in_code::sign_in_code))
        .route("/sign-in/passkey", post(passkey::passkey_sign_in))
        .route("/sign-in/passkey/begin", post(passkey::passkey_sign_in_begin))
        .route("/sign-in/again/passkey", post(passkey::passkey_again))
        .route("/sign-in/again/passkey/begin", post(passkey::passkey_again_begin))
        .route("/sign-in/again", get(sign_in_again::sign_in_again_see).post(sign_in_again::sign_in_again))
        .route("/recover/{token}", get(recover::recover_see).post(recover::recover))
        .route("/settings/recovery/stop", post(recover::recovery_stop))
        .route("/sign-out", get(sign_out::sign_out_see).post(sign_out::sign_out))
        .route(END_SESSION_PATH, get(end_session::end_session).post(end_session::end_session_posted))
        .route("/settings/password", post(password_change::password_change))
        .route("/settings/codes", get(second_factor::codes_see).post(second_factor::codes_begin))
        .route("/settings/codes/confirm", post(second_factor::codes_confirm))
        .route("/settings/codes/recovery", post(second_factor::recovery_codes_make))
        .route("/settings/codes/end", post(second_factor::codes_end))
        .route("/settings/passkeys", get(passkey_list::passkeys_see).post(passkey_list::passkey_add))
        .route("/settings/passkeys/begin", post(passkey_list::passkey_new_begin))
        .route("/settings/passkeys/name", post(passkey_list::passkey_rename))
        .route("/settings/passkeys/end", post(passkey_list::passkey_remove))
        .route("/settings/sessions/end", post(session_end::sessions_end))
        .route("/settings/sessions/{id}/end", post(session_end::session_end))
}

/// The route table. To slow who guesses, it wants the peer's address as `ConnectInfo<SocketAddr>` in the request.
pub fn routes(doors: Doors) -> Router {
    let Doors { vault, feed, issuer } = doors;
    let door = Arc::new(Door { vault, feed, issuer, proving: proving::Proving::default() });
    Router::new()
        .merge(coming_and_going())
        .route("/consent", get(consent_see::consent_see).post(consent_answer::consent_answer))
        .route(DEVICE_PATH, get(device::device_see).post(device::device))
        .route("/", get(conversation_list::conversation_list))
        .route("/conversations", post(conversation_start::conversation_start))
        .route("/conversations/new", get(conversation_start::conversation_new))
        .route("/conversations/{id}", get(conversation_see::conversation_see))
        .route("/conversations/{id}/live", get(conversation_live::conversation_live))
        .route("/conversations/{id}/send", post(message_send::message_send))
        .route("/conversations/{id}/read", post(read_mark::read_mark))
        .route("/conversations/{id}/typing", post(typing_show::typing_show))
        .route("/conversations/{id}/messages/{seq}/delete", post(message_delete::message_delete))
        .route("/conversations/{id}/apps", get(conversation_apps::conversation_apps))
        .route("/conversations/{id}/apps/words", post(wish::wish_words_here))
        .route("/conversations/{id}/apps/lock", post(wish::wish_lock))
        .route("/deleted", get(deleted_list::deleted_list))
        .route("/deleted/{conversation}/{seq}/restore", post(message_restore::message_restore))
        .route("/friends", get(friends_list::friends_list))
        .route("/friends/request", post(friend_ask::friend_ask))
        .route("/friends/{id}/{answer}", post(friend_answer::friend_answer))
        .route("/apps", get(app_list::app_list))
        .route("/apps/check", get(list_check::list_check_all))
        .route("/apps/evidence", get(evidence_take::evidence_take_all))
        .route("/apps/{grant}", get(grant_see::grant_see))
        .route("/apps/{grant}/check", get(list_check::list_check))
        .route("/apps/{grant}/evidence", get(evidence_take::evidence_take))
        .route("/apps/{grant}/accesses/{n}/receipt", get(evidence_take::receipt_take))
        .route("/apps/{grant}/let-again", post(grant_let_again::grant_let_again))
        .route("/apps/{grant}/narrow", post(grant_narrow::grant_narrow))
        .route("/apps/{grant}/pause", post(grant_pause::grant_pause))
        .route("/apps/{grant}/revoke", post(grant_revoke::grant_revoke))
        .route("/notices", get(notices::notices))
        .route("/notices/read", post(notices::notices_read))
        .route("/settings", get(settings::settings))
        .route("/settings/name", post(rename::rename))
        .route("/settings/alerts", post(alerts_set::alerts_set))
        .route("/settings/words", post(wish::wish_words_everywhere))
        .route("/settings/hide", post(wish::wish_hide))
        .route("/share", get(share::share_see).post(share::share))
        .route("/directory", get(directory::directory))
        .route("/directory/{app}", get(directory::directory_app))
        .route("/partner", get(partner::partner))
        .route("/partner/enter", get(partner::partner_enter_see).post(partner::partner_enter))
        .route("/partner/leave", post(partner::partner_leave))
        .route("/partner/webhooks/{webhook}", get(partner::partner_webhook))
        .route("/partner/webhooks/{webhook}/resume", post(partner::partner_resume))
        .route("/partner/webhooks/{webhook}/replay", post(partner::partner_replay))
        .route("/verify", get(verify::verify))
        .route("/static/{name}", get(assets::asset))
        .fallback(async || problem::Problem::NoPage)
        .layer(DefaultBodyLimit::max(form::FORM_BYTES_MAX))
        .layer(from_fn_with_state(door.clone(), problem::draw))
        .with_state(door)
}

/// A page that tells a person a title and a sentence, for the other doors.
pub fn error_page(title: &str, sentence: &str) -> String {
    let view = view::Problem {
        page: view::Page { viewer: None, csrf: String::new(), flash: None },
        title: title.to_owned(),
        what: sentence.to_owned(),
        remedies: Vec::new(),
        name: None,
        event: None,
    };
    view.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be drawn");
        String::new()
    })
}
