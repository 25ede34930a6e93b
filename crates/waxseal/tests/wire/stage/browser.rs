//! A browser without script: it keeps cookies, follows redirects on its own site, and sends forms as they stand.
use super::answer::{Answer, Client, form};
use super::html::{self, Form};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A browser on one site.
pub(crate) struct Browser {
    client: Client,
    site: String,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A page it shows, or the redirect with which it left the site.
pub(crate) struct Page {
    /// The path and query it was found at.
    pub(crate) at: String,
    pub(crate) answer: Answer,
}

impl Browser {
    pub(crate) fn new(client: Client, site: &str) -> Browser {
        Browser { client, site: site.to_owned(), cookies: RefCell::default() }
    }

    /// Its cookie of this name.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// Opens a path (or a URL of the site).
    #[track_caller]
    pub(crate) fn open(&self, path: &str) -> Page {
        self.go("GET", path, None)
    }

    /// Sends a form with the button that has this name and value; `None` presses the first one.
    #[track_caller]
    pub(crate) fn press(&self, form: &Form, button: Option<(&str, &str)>) -> Page {
        let fields = form.fields(button);
        let body = self::form(&fields);
        match form.method.as_str() {
            "post" => self.go("POST", &form.action, Some(&body)),
            _ => self.go("GET", &format!("{}?{body}", form.action), None),
        }
    }

    /// Sends any body as a form.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.go("POST", path, Some(&form(fields)))
    }

    #[track_caller]
    fn go(&self, method: &str, path: &str, body: Option<&str>) -> Page {
        let (mut method, mut path, mut body) = (method, path.to_owned(), body);
        for _ in 0..10 {
            path = path.strip_prefix(&self.site).unwrap_or(&path).to_owned();
            assert!(path.starts_with('/'), "not a path of this site: {path}");
            let answer = self.once(method, &path, body);
            let to = answer.header("location").map(str::to_owned);
            match to {
                Some(to) if to.starts_with('/') || to.starts_with(&self.site) => {
                    assert_eq!(answer.status, 303, "{}", answer.asked);
                    (method, path, body) = ("GET", to, None);
                }
                _ => return Page { at: path, answer },
            }
        }
        panic!("redirected in a circle at {path}");
    }

    /// One request, redirects as they come.
    #[track_caller]
    pub(crate) fn once(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let pairs: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = pairs.join("; ");
        let mut headers = vec![("accept", "text/html"), ("user-agent", "wire test")];
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.as_str()));
        }
        if body.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            headers.push(("origin", self.site.as_str()));
            headers.push(("sec-fetch-site", "same-origin"));
        }
        let answer =
            self.client.send(method, &format!("{}{path}", self.site), &headers, body.map(str::as_bytes));
        for value in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = value.to_str().unwrap().split_once(';').unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap();
            let gone = value.is_empty() || attributes.to_lowercase().contains("max-age=0");
            match gone {
                true => drop(self.cookies.borrow_mut().remove(name)),
                false => self.set_cookie(name, value),
            }
        }
        answer
    }
}

impl Page {
    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Page {
        Page { at: self.at, answer: self.answer.expect(status) }
    }

    pub(crate) fn html(&self) -> String {
        self.answer.text()
    }

    /// What a person reads: the text without its tags, spaces as one.
    pub(crate) fn words(&self) -> String {
        html::words(&self.html())
    }

    /// The form that is sent to this path.
    #[track_caller]
    pub(crate) fn form(&self, action: &str) -> Form {
        let forms = html::forms(&self.html());
        let found =
            forms.iter().find(|form| form.action == action || form.action.starts_with(&format!("{action}?")));
        let actions: Vec<&str> = forms.iter().map(|form| form.action.as_str()).collect();
        found
            .unwrap_or_else(|| {
                panic!("{} has no form to {action}, but {actions:?}:\n{}", self.at, self.words())
            })
            .clone()
    }

    /// The form that is sent to this path and has this field, where there are several.
    #[track_caller]
    pub(crate) fn form_with(&self, action: &str, field: &str) -> Form {
        let mut forms = html::forms(&self.html()).into_iter();
        let found = forms.find(|form| form.action == action && !form.values(field).is_empty());
        found.unwrap_or_else(|| panic!("{} has no form to {action} with {field}", self.at))
    }
}
