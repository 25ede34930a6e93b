//! `waxseal person export`: a person's conversations as one JSON document, written part by part.
//!
//! Invariant: the record of it, with the reason, is durable before the first word is read. The file is made by whoever
//! asks, for its owner alone; it was not there before, and it is not there after if the document is not whole.

use super::out::{Terminal, say};
use super::person::nobody;
use super::{Out, Stop};
use model::{ConversationId, Handle};
use serde_json::json;
use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use vault::{Page, Staff, Vault};

/// Messages of one page.
const PAGE: i64 = 200;

/// Runs `act` with a new file for its document.
pub(super) fn into_file(
    path: &Path,
    act: impl FnOnce(&mut Terminal) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let shown = path.display();
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = file.map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => Stop::refused(format!("{shown} is there already: name another file")),
        _ => Stop::refused(format!("{shown} cannot be made: {why}")),
    })?;
    let mut out = Terminal::with_document(BufWriter::new(file));
    let done = act(&mut out).and_then(|()| {
        let kept = out.document.take().map_or(Ok(()), keep);
        kept.map_err(|why| Stop::refused(format!("{shown} cannot be written: {why}")))
    });
    match done {
        Ok(()) => say(&format!("it is in {shown}, which only its owner may open")),
        // Half a document would pass for the whole.
        Err(_) => drop(remove_file(path)),
    }
    done
}

fn keep(file: BufWriter<File>) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Records that the person's things are read and why, and reads them.
pub(super) async fn run(vault: &Vault, handle: &str, why: &str, out: &mut dyn Out) -> Result<(), Stop> {
    let handle = Handle::parse(handle).map_err(Stop::usage)?;
    let staff = vault.staff_export(&handle, why).await.map_err(|refusal| nobody(&handle, refusal))?;
    let person = vault.person_face(staff.person()).await?;
    let conversations = vault.staff_conversations(&staff).await?;
    let exported_at = vault.world().now();
    out.part(open(&json!({"person": person, "exported_at": exported_at}), "conversations").as_bytes())?;
    let (total, mut messages) = (conversations.len(), 0);
    for (number, conversation) in conversations.into_iter().enumerate() {
        out.progress(number as u64, total as u64);
        let head = json!({"id": conversation.id, "title": conversation.title,
                          "participants": conversation.participants});
        out.part(if number > 0 { b",\n" } else { b"\n" })?;
        out.part(open(&head, "messages").as_bytes())?;
        messages += pages(vault, &staff, conversation.id, out).await?;
        out.part(b"]}")?;
    }
    out.part(b"]}\n")?;
    out.progress(1, 1);
    let handle = handle.as_str();
    out.say(&format!(
        "exported {messages} messages in {total} conversations of @{handle}; the record of it says why: {}",
        super::table::one_line(why.trim())
    ));
    Ok(())
}

/// An object, left open in a list of this name.
fn open(head: &serde_json::Value, list: &str) -> String {
    let head = head.to_string();
    format!("{},\"{list}\":[", head.strip_suffix('}').unwrap_or(&head))
}

/// Every message of a conversation, page by page; says how many.
async fn pages(
    vault: &Vault,
    staff: &Staff,
    conversation: ConversationId,
    out: &mut dyn Out,
) -> Result<u64, Stop> {
    let (mut after, mut count) = (0, 0);
    loop {
        let page = Page { before: None, after: Some(after), limit: PAGE };
        let page = vault.staff_page(staff, conversation, page).await?;
        let items: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(&page.items).map_err(Stop::refused)?;
        let mut text = String::with_capacity(page.items.len() + items.len());
        for item in items {
            text.push_str(if count > 0 { ",\n" } else { "\n" });
            text.push_str(item.get());
            count += 1;
        }
        out.part(text.as_bytes())?;
        match page.next.map(|next| next.parse()) {
            Some(next) => after = next.map_err(Stop::refused)?,
            None => return Ok(count),
        }
    }
}
