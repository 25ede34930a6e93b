//! Sessions: a cookie that nobody can guess, and what the app keeps behind it, in memory.
//!
//! Invariant: the cookie holds a random name and nothing else; tokens never reach the browser. A restart signs everyone out.

use crate::{Origin, unguessable};
use axum::http::{HeaderMap, header};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many sessions are kept; the oldest goes first.
const KEPT_MAX: usize = 10_000;

/// What an app keeps of those who are signed in.
#[derive(Debug)]
pub struct Sessions<T> {
    cookie: &'static str,
    kept: Mutex<Kept<T>>,
}

#[derive(Debug)]
struct Kept<T> {
    by_name: HashMap<String, T>,
    order: VecDeque<String>,
}

impl<T: Clone> Sessions<T> {
    /// None yet; their cookie is called `cookie`.
    #[must_use]
    pub fn new(cookie: &'static str) -> Sessions<T> {
        Sessions { cookie, kept: Mutex::new(Kept { by_name: HashMap::new(), order: VecDeque::new() }) }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept<T>> {
        // What is kept is whole after every line that changes it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one; its `Set-Cookie`.
    pub fn begin(&self, own: &Origin, of: T) -> Option<String> {
        let name = unguessable()?;
        let mut kept = self.kept();
        if kept.order.len() >= KEPT_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_name.remove(&oldest);
        }
        kept.by_name.insert(name.clone(), of);
        kept.order.push_back(name.clone());
        Some(set_cookie(own, self.cookie, &name, None))
    }

    /// What is kept behind the cookie of this request.
    pub fn of(&self, headers: &HeaderMap) -> Option<T> {
        let name = cookie_of(headers, self.cookie)?;
        self.kept().by_name.get(name).cloned()
    }

    /// What is kept behind the cookie of this request, which is then kept no more.
    pub fn take(&self, headers: &HeaderMap) -> Option<T> {
        let name = cookie_of(headers, self.cookie)?;
        let mut kept = self.kept();
        kept.order.retain(|other| other != name);
        kept.by_name.remove(name)
    }

    /// Ends the one of this request; the `Set-Cookie` that takes its cookie away.
    pub fn end(&self, own: &Origin, headers: &HeaderMap) -> String {
        self.take(headers);
        set_cookie(own, self.cookie, "", Some(0))
    }
}

/// The cookie that a browser takes along while it is away at another site, and brings back within the half hour.
#[must_use]
pub fn crossing(own: &Origin, name: &str, value: &str) -> String {
    set_cookie(own, name, value, Some(1_800))
}

/// Takes that cookie away.
#[must_use]
pub fn crossing_over(own: &Origin, name: &str) -> String {
    set_cookie(own, name, "", Some(0))
}

/// Is `state`, which came back, what the browser took along?
#[must_use]
pub fn crossing_of(headers: &HeaderMap, name: &str, state: Option<&str>) -> bool {
    let taken = cookie_of(headers, name).filter(|taken| !taken.is_empty());
    taken.is_some() && taken == state
}

/// The value of a cookie of this request.
#[must_use]
pub fn cookie_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn set_cookie(own: &Origin, name: &str, value: &str, seconds: Option<u32>) -> String {
    let secure = if own.is_https() { "; Secure" } else { "" };
    let age = seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends() {
        let own = Origin::parse("https://films.example").unwrap();
        let sessions = Sessions::new("films");
        let cookie = sessions.begin(&own, 7).unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        let headers = with(&format!("other=1; {}", cookie.split(';').next().unwrap()));
        assert_eq!(sessions.of(&headers), Some(7));
        assert_eq!(sessions.of(&with("films=guessed")), None);
        assert!(sessions.end(&own, &headers).contains("Max-Age=0"));
        assert_eq!(sessions.of(&headers), None);
    }

    #[test]
    fn what_comes_back_is_what_was_taken_along() {
        assert!(crossing_of(&with("away=abc"), "away", Some("abc")));
        for (cookie, state) in
            [("away=abc", Some("x")), ("away=abc", None), ("away=", Some("")), ("b=1", None)]
        {
            assert!(!crossing_of(&with(cookie), "away", state), "{cookie} {state:?}");
        }
    }
}
