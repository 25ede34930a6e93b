//! Splits Rust source into its code and its string literals, as far as tidy needs it.
//! Invariant: `code` keeps every line break and byte position of the source; what is not code is spaces.

/// A source file taken apart.
pub(crate) struct Source {
    /// The source with comments and the insides of literals blanked out.
    pub(crate) code: String,
    /// Each string literal, with the line it starts on (from 1).
    pub(crate) strings: Vec<(usize, String)>,
}

/// A function found in the code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace, both counted.
    pub(crate) lines: usize,
}

/// Takes `text` apart. Source that does not compile is taken apart too, if not sensibly.
pub(crate) fn split(text: &str) -> Source {
    let bytes = text.as_bytes();
    let mut code: Vec<u8> = bytes.iter().map(|&b| if b == b'\n' { b } else { b' ' }).collect();
    let mut strings = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < bytes.len() {
        let (end, content) = literal_or_comment(bytes, at);
        if end == at {
            code[at] = bytes[at];
            line += usize::from(bytes[at] == b'\n');
            at += 1;
            continue;
        }
        if let Some((from, to)) = content {
            strings.push((line, String::from_utf8_lossy(&bytes[from..to]).into_owned()));
        }
        line += bytes[at..end].iter().filter(|&&b| b == b'\n').count();
        at = end;
    }
    // Only ASCII was blanked or whole characters were copied, so this never replaces anything.
    Source { code: String::from_utf8_lossy(&code).into_owned(), strings }
}

/// Where the comment or literal that starts at `at` ends (`at` itself if none does), and the content of a string.
fn literal_or_comment(bytes: &[u8], at: usize) -> (usize, Option<(usize, usize)>) {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return (at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with(b"/*") {
        return (block_comment_end(bytes, at), None);
    }
    if rest[0] == b'"' {
        let end = string_end(bytes, at + 1, b'"');
        return (end, Some((at + 1, end.saturating_sub(1).max(at + 1))));
    }
    if rest[0] == b'\'' {
        return (char_end(bytes, at), None);
    }
    let starts_word = at == 0 || !is_word(bytes[at - 1]);
    if starts_word && let Some((from, to, end)) = raw_string(bytes, at) {
        return (end, Some((from, to)));
    }
    (at, None)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0;
    let mut here = at;
    while here < bytes.len() {
        if bytes[here..].starts_with(b"/*") {
            depth += 1;
            here += 2;
        } else if bytes[here..].starts_with(b"*/") {
            depth -= 1;
            here += 2;
            if depth == 0 {
                return here;
            }
        } else {
            here += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A quote opens a character literal if an escape or a closing quote follows; else it is a lifetime.
fn char_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'\\') => string_end(bytes, at + 1, b'\''),
        Some(&lead) => {
            let width = match lead {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            if bytes.get(at + 1 + width) == Some(&b'\'') { at + 2 + width } else { at }
        }
        None => at,
    }
}

/// `r"…"`, `r#"…"#`, `br"…"`, `cr"…"`: content from, content to, end.
fn raw_string(bytes: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let mut here = at;
    if matches!(bytes[here], b'b' | b'c') {
        here += 1;
    }
    if bytes.get(here) != Some(&b'r') {
        return None;
    }
    here += 1;
    let hashes = bytes[here..].iter().take_while(|&&b| b == b'#').count();
    here += hashes;
    if bytes.get(here) != Some(&b'"') {
        return None;
    }
    let from = here + 1;
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let length = bytes[from..].windows(close.len()).position(|window| window == close)?;
    Some((from, from + length, from + length + close.len()))
}

/// Every function with a body in `code` (as [`split`] leaves it), in the order of their `fn`.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if at > 0 && is_word(bytes[at - 1]) {
            continue;
        }
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            continue; // a function type, `Fn`-like or a pattern in a macro
        }
        if let Some(end) = body_end(bytes, at) {
            let line = code[..at].matches('\n').count() + 1;
            let lines = code[at..end].matches('\n').count() + 1;
            found.push(Function { name, line, lines });
        }
    }
    found
}

/// The position after the closing brace of the function whose `fn` stands at `at`; none if it has no body.
fn body_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut nested = 0_usize; // parentheses, brackets and braces that are open
    let mut in_body = false;
    for (offset, &byte) in bytes[at..].iter().enumerate() {
        match byte {
            b';' if nested == 0 => return None,
            b'{' if nested == 0 => {
                in_body = true;
                nested = 1;
            }
            b'(' | b'[' | b'{' => nested += 1,
            b')' | b']' | b'}' => {
                nested = nested.checked_sub(1)?;
                if nested == 0 && in_body {
                    return Some(at + offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}
