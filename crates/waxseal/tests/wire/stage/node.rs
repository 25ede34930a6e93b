//! Another node of the same house: on PostgreSQL a server of its own on the same database; in a folder, which one process has
//! to itself, a second router over the same vault, whose doors remember nothing of what the first ones saw.
use super::{Answer, Client, Events, Stage, stream};
use std::net::TcpListener;
use std::sync::Arc;
use testkit::nats::Nats;
use vault::Place;

/// Where it answers. Who we are stays the URL of the first node, as behind a proxy that shares out the requests.
pub(crate) struct Node {
    url: String,
    client: Client,
}

impl Stage {
    /// One more node; it stops with the stage, and with a restart.
    pub(crate) fn node(&mut self) -> Node {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let node = Node { url: format!("http://{}", listener.local_addr().unwrap()), client: Client::new() };
        let house = match self.place {
            Place::Postgres(_) => self.open(),
            Place::Folder(_) => self.house().clone(),
        };
        let running = self.serve(house, listener, None);
        self.nodes.push(running);
        node
    }

    /// One more node on the same database, joined with the first by NATS. `None` where the data is in a folder, which has one node,
    /// or where there is no NATS.
    pub(crate) fn joined_node(&mut self) -> Option<(Node, Nats)> {
        let Place::Postgres(_) = &self.place else { return None };
        let nats = Nats::start()?;
        let node = self.node();
        for house in [self.house(), &self.nodes.last()?.house] {
            self.spawn(house.join(nats.url().parse().unwrap()));
        }
        Some((node, nats))
    }

    /// Permits that were spent on any node since they started, and records that are there.
    pub(super) fn spent_and_records(&self, houses: &[waxseal::wiring::House]) -> (u64, u64) {
        let (mut spent, mut records) = (0, 0);
        for (nth, house) in houses.iter().enumerate() {
            let again = houses[..nth].iter().any(|other| Arc::ptr_eq(&other.vault, &house.vault));
            if !again {
                let told = self.wait(house.vault.permits_spent_and_records()).unwrap();
                (spent, records) = (spent + told.0, told.1);
            }
        }
        (spent, records)
    }
}

impl Node {
    /// Any request; `path` begins with `/`.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        self.client.send(method, &format!("{}{path}", self.url), headers, body)
    }

    /// Opens a stream of events for an app.
    pub(crate) fn events(&self, token: &str) -> Events {
        stream::open(&self.url, token, None)
    }
}
