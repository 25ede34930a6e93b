//! A sample of every page in its telling states, so that one check renders them all.
//!
//! Invariant: every template is drawn by at least one sample, with names and words as hostile as people send them.

mod partner;
mod people;
mod rights;
mod sign;
mod talk;

use crate::page::query_value;
use crate::view::{Flash, Page, Viewer, When};
use askama::Template;
use model::Time;

/// Every sample with a name for its file.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    [sign::samples(), people::samples(), talk::samples(), rights::samples(), partner::samples()].concat()
}

/// Nobody is signed in.
fn outside() -> Page {
    Page { viewer: None, csrf: "csrf-sample".to_owned(), flash: None }
}

/// Ada is signed in.
fn inside() -> Page {
    let viewer = Viewer { handle: "ada".into(), name: "Ada Lovelace".into(), notices_unread: 2 };
    Page { viewer: Some(viewer), ..outside() }
}

/// Ada is signed in and something was done.
fn after(flash: Flash) -> Page {
    Page { flash: Some(flash), ..inside() }
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn moment(text: &str) -> When {
    When::moment(at(text))
}

fn date(text: &str) -> When {
    When::date(at(text))
}

fn drawn(name: &'static str, view: &impl Template) -> (&'static str, String) {
    (name, view.render().unwrap())
}

/// The names of the elements with their attributes, in order: enough of a parser for pages that we wrote ourselves.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag)).collect()
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn is_element(tag: &str, name: &str) -> bool {
    tag.split([' ', '\n']).next() == Some(name)
}

#[test]
fn every_page_is_whole() {
    for (name, html) in all() {
        if name.starts_with("fragment") {
            continue;
        }
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}: language");
        let title = html.split_once("<title>").unwrap().1.split_once(" · Waxseal</title>").unwrap().0;
        assert!(!title.trim().is_empty(), "{name}: title");
        let tags = tags(&html);
        assert_eq!(tags.iter().filter(|tag| is_element(tag, "h1")).count(), 1, "{name}: one h1");
        assert_eq!(tags.iter().filter(|tag| is_element(tag, "main")).count(), 1, "{name}: one main");
        for element in
            ["section", "ul", "ol", "li", "form", "div", "p", "details", "table", "fieldset", "bdi", "span"]
        {
            let opened = tags.iter().filter(|tag| is_element(tag, element)).count();
            let closed = tags.iter().filter(|tag| **tag == format!("/{element}")).count();
            assert_eq!(opened, closed, "{name}: <{element}> closed");
        }
    }
}

#[test]
fn every_field_has_a_label() {
    for (name, html) in all() {
        let tags = tags(&html);
        let fields = tags
            .iter()
            .filter(|tag| ["input", "select", "textarea"].iter().any(|field| is_element(tag, field)));
        for field in fields.filter(|field| attribute(field, "type") != Some("hidden")) {
            let id = attribute(field, "id").unwrap_or_else(|| panic!("{name}: <{field}> has no id"));
            assert!(html.contains(&format!("for=\"{id}\"")), "{name}: <{field}> has no label");
            if let Some(described) = attribute(field, "aria-describedby") {
                for id in described.split(' ') {
                    assert!(
                        html.contains(&format!("id=\"{id}\"")),
                        "{name}: {id} describes a field and is not there"
                    );
                }
            }
        }
    }
}

#[test]
fn ids_are_used_once() {
    for (name, html) in all() {
        let mut ids: Vec<&str> = tags(&html).into_iter().filter_map(|tag| attribute(tag, "id")).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            panic!("{name}: the id {} is used twice", pair[0]);
        }
    }
}

#[test]
fn every_form_posts_and_carries_the_csrf_token() {
    for (name, html) in all() {
        for form in html.split("<form").skip(1) {
            let form = form.split_once("</form>").unwrap().0;
            assert!(form.starts_with(" method=\"post\""), "{name}: {form}");
            assert!(
                form.contains("<input type=\"hidden\" name=\"csrf\" value=\"csrf-sample\">"),
                "{name}: {form}"
            );
        }
    }
}

#[test]
fn nothing_runs_or_styles_inline_or_loads_from_elsewhere() {
    for (name, html) in all() {
        assert!(!html.contains("<style"), "{name}: style element");
        for tag in tags(&html) {
            if is_element(tag, "script") {
                assert!(
                    attribute(tag, "src").is_some_and(|src| src.starts_with("/static/")),
                    "{name}: {tag}"
                );
            }
            // Values are cut away first: people's words stand in some of them.
            let names: String = tag.split('"').step_by(2).collect();
            for attribute in names.split_whitespace().skip(1) {
                assert!(!attribute.starts_with("on") && !attribute.starts_with("style="), "{name}: {tag}");
            }
            for key in ["src", "href", "action", "formaction"] {
                let Some(url) = attribute(tag, key) else { continue };
                let is_ours = url.starts_with(['/', '#']) && !url.starts_with("//");
                let is_theirs =
                    is_element(tag, "a") && attribute(tag, "rel") == Some("noopener noreferrer nofollow ugc");
                // The key of one-time codes, on its own page alone, goes to her app and to no site.
                let is_key =
                    name == "codes-begun" && is_element(tag, "a") && url.starts_with("otpauth://totp/");
                assert!(is_ours || is_theirs || is_key, "{name}: {tag}");
            }
        }
    }
}

#[test]
fn hostile_words_stay_words() {
    let (_, html) = all().into_iter().find(|(name, _)| *name == "conversation-hard").unwrap();
    assert!(!html.contains("<script>alert"), "markup in a message is escaped");
    assert!(!html.contains("href=\"javascript"), "a card leads only to http and https");
    for line in html.lines() {
        let opened = line.matches(['\u{202A}', '\u{202B}', '\u{202D}', '\u{202E}']).count();
        assert_eq!(opened, line.matches('\u{202C}').count(), "{line}");
    }
}

#[test]
fn a_return_address_is_one_query_value() {
    assert_eq!(query_value("/consent?a=b&c=\u{e9} #"), "/consent%3Fa%3Db%26c%3D%C3%A9%20%23");
}

/// With `WAXSEAL_GALLERY=<directory>` the samples are written there, to be looked at in a browser.
#[test]
fn gallery() {
    let Some(directory) = std::env::var_os("WAXSEAL_GALLERY").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(directory.join("static")).unwrap();
    for (name, html) in all() {
        std::fs::write(directory.join(format!("{name}.html")), html).unwrap();
    }
    for (url, bytes) in crate::assets::every() {
        std::fs::write(directory.join(url.trim_start_matches('/')), bytes).unwrap();
    }
}
