//! A client of event streams, on a socket of its own: it reads what comes, frame by frame, as WHATWG HTML says.
use super::Stage;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an event that must come may take.
const WITHIN: Duration = Duration::from_secs(20);

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: serde_json::Value,
}

/// An open stream.
pub(crate) struct Events {
    body: Chunks,
    /// The lines of the head.
    pub(crate) head: Vec<String>,
    /// The id of the event that came last.
    pub(crate) last: String,
    /// What `retry:` said.
    pub(crate) retry: Option<String>,
}

/// A body in chunks.
struct Chunks {
    socket: BufReader<TcpStream>,
    left: usize,
    over: bool,
}

impl Chunks {
    /// The next line without its end; `None` at the end of the body.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            if self.left == 0 && !self.next_chunk() {
                assert!(line.is_empty(), "the stream broke off in a line");
                return None;
            }
            let mut byte = [0];
            self.socket.read_exact(&mut byte).unwrap();
            self.left -= 1;
            if self.left == 0 {
                let mut end = [0; 2];
                self.socket.read_exact(&mut end).unwrap();
            }
            match byte[0] {
                b'\n' => return Some(String::from_utf8(line).unwrap()),
                byte => line.push(byte),
            }
        }
    }

    fn next_chunk(&mut self) -> bool {
        if self.over {
            return false;
        }
        let mut size = String::new();
        let read = self.socket.read_line(&mut size).unwrap_or(0);
        self.left = if read == 0 { 0 } else { usize::from_str_radix(size.trim(), 16).unwrap() };
        self.over = self.left == 0;
        !self.over
    }
}

impl Stage {
    /// Opens a stream of events for an app; `last` is its `Last-Event-ID`.
    pub(crate) fn events(&self, token: &str, last: Option<&str>) -> Events {
        let events = self.events_or_not(token, last);
        assert_eq!(events.head[0], "HTTP/1.1 200 OK");
        assert!(
            events.head.iter().any(|line| line == "content-type: text/event-stream"),
            "{:?}",
            events.head
        );
        assert!(events.head.iter().any(|line| line == "cache-control: no-store"), "{:?}", events.head);
        events
    }

    /// The same, where it may be refused.
    pub(crate) fn events_or_not(&self, token: &str, last: Option<&str>) -> Events {
        open(&self.url, token, last)
    }
}

/// Opens a stream of events at the server with this URL.
pub(super) fn open(url: &str, token: &str, last: Option<&str>) -> Events {
    let host = url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    socket.set_read_timeout(Some(WITHIN)).unwrap();
    let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
    let asked =
        format!("GET /v1/events HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{last}\r\n");
    socket.write_all(asked.as_bytes()).unwrap();
    let mut socket = BufReader::new(socket);
    let lines = socket.by_ref().lines().map(Result::unwrap);
    let head = lines.take_while(|line| !line.is_empty()).collect();
    let body = Chunks { socket, left: 0, over: false };
    Events { body, head, last: String::new(), retry: None }
}

impl Events {
    /// The next event; `None` when the stream has ended. Signs of life are passed over.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let (mut name, mut data) = (String::new(), String::new());
        loop {
            let line = self.body.line()?;
            if line.is_empty() && data.is_empty() {
                name.clear();
                continue;
            }
            if line.is_empty() {
                let data = serde_json::from_str(&data).unwrap();
                return Some(Event { id: self.last.clone(), name, data });
            }
            let (field, value) = line.split_once(':').unwrap();
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => self.last = value.to_owned(),
                "event" => name = value.to_owned(),
                "data" => data.push_str(value),
                "retry" => self.retry = Some(value.to_owned()),
                "" => {}
                other => panic!("a field of no known name: {other}"),
            }
        }
    }

    /// The next event, which must be of this name.
    #[track_caller]
    pub(crate) fn expect(&mut self, name: &str) -> Event {
        let event = self.next().unwrap_or_else(|| panic!("the stream ended before `{name}`"));
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// The stream ends without another event.
    #[track_caller]
    pub(crate) fn ends(&mut self) {
        assert_eq!(self.next(), None);
    }
}
