//! The first message: signs in through the browser, starts a conversation with a friend, sends, and reads back what was sent.
//!
//! `cargo run -p waxseal-client --example first_message -- URL CLIENT_ID @FRIEND`
#![allow(clippy::print_stdout, reason = "it is what it is for")]

use waxseal_client::{Action, App, Content, Error, FileKeep, Messages, Waxseal};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let usage = || Error::Invalid("say: URL CLIENT_ID @FRIEND".to_owned());
    let mut args = std::env::args().skip(1);
    let (url, client_id, friend) = (args.next(), args.next(), args.next());
    let (url, client_id) = (url.ok_or_else(usage)?, client_id.ok_or_else(usage)?);
    let friend = friend.ok_or_else(usage)?;

    let waxseal = Waxseal::discover(url, App::public(client_id)).await?;
    let keep = FileKeep::new("first-message-session.json");
    let session = match waxseal.resume(keep.clone()).await? {
        Some(session) => session,
        None => {
            let purpose = "Sends a first message and shows what was answered";
            let ask = Messages::new(purpose).actions([Action::Read, Action::Send]).ask();
            waxseal.sign_in(&ask, keep, |address| println!("Open {address}")).await?
        }
    };
    let conversation = session.start(&[&friend], None).await?;
    let sent = session.send(&conversation.id, &Content::text("Hello from my app")).await?;
    println!("Its receipt: {}", sent.receipt);
    for item in &session.messages(&conversation.id).newest(20).await?.items {
        if let Some(message) = item.message() {
            println!("{}: {}", message.from.name, message.content.in_words());
        }
    }
    Ok(())
}
