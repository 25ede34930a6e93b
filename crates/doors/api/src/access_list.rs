//! `GET /v1/access`: the app's own access records.

use crate::answer::json_of;
use crate::caller::Asking;
use crate::paging::Query;
use crate::problem::Problem;
use crate::shapes::AccessList;
use axum::response::Response;

/// The app's own access records under this grant, newest first.
///
/// Any token will do. Each is what its receipt signs; `leaf` is where its entry stands in the ledger.
#[utoipa::path(get, path = "/v1/access", tag = "grant",
    params(
        ("limit" = Option<u16>, Query, description = "How many at most; 50 if it is left out", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of them", body = AccessList)))]
pub(crate) async fn access_list(asking: Asking, query: Query) -> Result<Response, Problem> {
    let caller = asking.caller().await?;
    let (limit, before) = (query.limit()?, query.cursor_number()?);
    let accesses = asking.door.vault.accesses_of_caller(&caller, before, limit).await?;
    // Records of a grant are numbered from 1 without holes, so the lowest number of a page says whether there are more.
    let next = accesses.last().filter(|last| last.n > 1).map(|last| last.n.to_string());
    json_of(&AccessList { items: accesses.into_iter().map(Into::into).collect(), next })
}
