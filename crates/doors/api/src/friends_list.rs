//! `GET /v1/friends`: the friends of the person who did not hide themselves from apps.

use crate::answer::json_of;
use crate::caller::Asking;
use crate::problem::Problem;
use crate::shapes::FriendList;
use axum::response::Response;

/// The friends of the person, by name.
///
/// Needs the scope `friends`. Friends who hid themselves from apps are left out. The list comes whole.
#[utoipa::path(get, path = "/v1/friends", tag = "person",
    responses((status = 200, description = "Her friends", body = FriendList)))]
pub(crate) async fn friends_list(asking: Asking) -> Result<Response, Problem> {
    let caller = asking.caller().await?;
    let friends = asking.door.vault.friends_of_caller(&caller).await?;
    json_of(&FriendList { items: friends.into_iter().map(Into::into).collect(), next: None })
}
