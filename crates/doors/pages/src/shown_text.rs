//! People's words made fit to be shown: names and messages that cannot disguise what stands beside them.
//!
//! Invariant: what leaves here holds no control that reaches beyond it. Every direction that is opened is closed in the
//! same paragraph, nothing is closed that was not opened, and a name holds none at all. The stored text stays as it was
//! written; templates add the element (`<bdi>`, `dir="auto"`) that isolates it, and escape it.

use std::fmt;

/// Left-to-right and right-to-left embeddings and overrides (UAX #9, X2 to X5), which U+202C ends.
const EMBEDDINGS: [char; 4] = ['\u{202A}', '\u{202B}', '\u{202D}', '\u{202E}'];
const EMBEDDING_END: char = '\u{202C}';
/// Isolates (X5a to X5c), which U+2069 ends, together with every embedding that was opened inside.
const ISOLATES: [char; 3] = ['\u{2066}', '\u{2067}', '\u{2068}'];
const ISOLATE_END: char = '\u{2069}';
/// UAX #9 stops counting at 125; past this depth a text plays tricks, and further controls are left out.
const DEPTH_MAX: usize = 60;
/// Stands where a character was that would not have been seen.
const MARKER: char = '\u{FFFD}';

/// A short text on one line: a person's name, a title, an app's name, a partner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Name(String);

impl Name {
    /// For places without elements (sentences, `<title>`, `<option>`, attributes): inside invisible isolates, if it holds
    /// anything that could turn what stands beside it.
    pub(crate) fn plain(&self) -> String {
        let shown = self.to_string();
        if shown.is_ascii() { shown } else { format!("\u{2068}{shown}\u{2069}") }
    }

    /// What stands in the round picture: its first letter, digit or symbol, in capitals.
    pub(crate) fn initial(&self) -> String {
        let first =
            self.0.chars().find(|&c| !c.is_whitespace() && !c.is_ascii_punctuation() && !is_unseen(c));
        first.map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
    }

    /// Which of the eight colours of round pictures it has; the same name always has the same one.
    pub(crate) fn hue(&self) -> u64 {
        crate::assets::fnv1a(self.0.as_bytes()) % 8
    }
}

impl<T: Into<String>> From<T> for Name {
    fn from(text: T) -> Self {
        Name(text.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().map(|c| if is_unseen(c) { MARKER } else { c }).collect();
        f.write_str(if shown.trim().is_empty() { "(no name)" } else { shown.trim() })
    }
}

/// Turns or hides text without being seen itself. The joiners U+200C and U+200D are letters' and emojis' own business.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || EMBEDDINGS.contains(&c)
        || ISOLATES.contains(&c)
        || matches!(
            c,
            EMBEDDING_END | ISOLATE_END | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{2060}'
                ..='\u{2064}'
        )
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{206A}'
                ..='\u{206F}' | '\u{FEFF}' | '\u{00AD}' | '\u{3164}' | '\u{FFA0}'
        )
        || matches!(c, '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The words of a message, of any length and many lines.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Words(String);

/// A piece of words: plain, or an address to follow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Span {
    /// Text as it stands.
    Plain(String),
    /// An `http` or `https` address in plain ASCII, shown whole: what one reads is where one goes.
    Link(String),
}

impl Words {
    /// The words in pieces, neutralised, for the template to isolate and escape.
    pub(crate) fn spans(&self) -> Vec<Span> {
        linked(&self.to_string())
    }

    /// The beginning, on one line, for lists.
    pub(crate) fn beginning(&self) -> String {
        let line: String =
            self.0.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).take(120).collect();
        Words(line).to_string()
    }
}

impl<T: Into<String>> From<T> for Words {
    fn from(text: T) -> Self {
        Words(text.into())
    }
}

/// A message's words never reach a log.
impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} bytes)", self.0.len())
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.replace("\r\n", "\n").replace(['\r', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
        for (i, paragraph) in text.split('\n').enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&balanced(paragraph))?;
        }
        Ok(())
    }
}

/// One paragraph in which every opened direction is closed, and nothing else is.
fn balanced(paragraph: &str) -> String {
    let mut out = String::with_capacity(paragraph.len());
    let mut closers: Vec<char> = Vec::new();
    for c in paragraph.chars() {
        if EMBEDDINGS.contains(&c) || ISOLATES.contains(&c) {
            if closers.len() < DEPTH_MAX {
                closers.push(if ISOLATES.contains(&c) { ISOLATE_END } else { EMBEDDING_END });
                out.push(c);
            }
        } else if c == EMBEDDING_END {
            // Inside an isolate it ends nothing outside (X7).
            if closers.last() == Some(&EMBEDDING_END) {
                closers.pop();
                out.push(c);
            }
        } else if c == ISOLATE_END {
            if let Some(at) = closers.iter().rposition(|&closer| closer == ISOLATE_END) {
                out.extend(closers.drain(at..).rev());
            }
        } else {
            out.push(visible(c));
        }
    }
    out.extend(closers.into_iter().rev());
    out
}

/// Control characters as their pictures; a tab stays a tab.
fn visible(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\u{1F}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(MARKER),
        '\u{7F}' => '\u{2421}',
        c if c.is_control() => MARKER,
        c => c,
    }
}

/// Cuts addresses out of words. An address is ASCII from `http(s)://` to a space, a quote or a bracket, less the
/// punctuation of the sentence around it.
fn linked(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find("http") {
        let start = at + found;
        let length = address_length(&text[start..]);
        at = start + "http".len();
        if length == 0 {
            continue;
        }
        if plain_from < start {
            spans.push(Span::Plain(text[plain_from..start].to_owned()));
        }
        spans.push(Span::Link(text[start..start + length].to_owned()));
        at = start + length;
        plain_from = at;
    }
    if plain_from < text.len() {
        spans.push(Span::Plain(text[plain_from..].to_owned()));
    }
    spans
}

/// How many bytes of the beginning are an address; 0 if it is none.
fn address_length(text: &str) -> usize {
    let whole = &text[..text.find(|c| !is_address_char(c)).unwrap_or(text.len())];
    let mut address = whole.trim_end_matches(['.', ',', ';', ':', '!', '?', ']', '*', '_']);
    while !address.contains('(') && address.ends_with(')') {
        address = address.trim_end_matches([')', '.', ',']);
    }
    if is_followable(address) { address.len() } else { 0 }
}

fn is_address_char(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\'' | '`' | '{' | '}' | '|' | '\\' | '^')
}

/// Whether an address may become a link: `http` or `https`, plain ASCII, and what stands before an `@` cannot pose as
/// the host (`http://bank.example@evil.example`).
pub(crate) fn is_followable(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !authority.contains('@')
        && rest.chars().all(is_address_char)
}

#[cfg(test)]
#[path = "shown_text_tests.rs"]
mod tests;
