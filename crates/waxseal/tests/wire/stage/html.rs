//! Just enough HTML to fill in our own forms: tags, attributes, entities.

/// A form as it stands on the page.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) method: String,
    controls: Vec<Control>,
}

#[derive(Clone, Debug)]
struct Control {
    name: String,
    value: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Field,
    /// A checkbox or radio button, and whether it is ticked.
    Box(bool),
    /// A select, with the values it offers.
    Select(Vec<String>),
    Button,
}

impl Form {
    /// The first one of a page that is sent to this path.
    #[track_caller]
    pub(crate) fn first(html: &str, action: &str) -> Form {
        forms(html).into_iter().find(|form| form.action == action).unwrap()
    }

    #[track_caller]
    fn control(&mut self, name: &str, fits: impl Fn(&Control) -> bool) -> &mut Control {
        let names: Vec<String> =
            self.controls.iter().map(|c| format!("{}={} {:?}", c.name, c.value, c.kind)).collect();
        let found = self.controls.iter_mut().find(|control| control.name == name && fits(control));
        found.unwrap_or_else(|| panic!("the form has no such {name}, but {names:#?}"))
    }

    /// Writes into a field.
    #[track_caller]
    pub(crate) fn fill(mut self, name: &str, value: &str) -> Form {
        self.control(name, |control| control.kind == Kind::Field).value = value.to_owned();
        self
    }

    /// Ticks or unticks a box.
    #[track_caller]
    pub(crate) fn tick(mut self, name: &str, value: &str, on: bool) -> Form {
        self.control(name, |control| control.value == value && matches!(control.kind, Kind::Box(_))).kind =
            Kind::Box(on);
        self
    }

    /// Chooses a value of a select, or of radio buttons.
    #[track_caller]
    pub(crate) fn choose(mut self, name: &str, value: &str) -> Form {
        let is_select = self.controls.iter().any(|c| c.name == name && matches!(c.kind, Kind::Select(_)));
        if is_select {
            let offers =
                |c: &Control| matches!(&c.kind, Kind::Select(offered) if offered.iter().any(|o| o == value));
            self.control(name, offers).value = value.to_owned();
            return self;
        }
        for control in self.controls.iter_mut().filter(|control| control.name == name) {
            control.kind = Kind::Box(false);
        }
        self.tick(name, value, true)
    }

    /// The values that a name stands with: those of fields, of offered choices, and of boxes, ticked or not.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let of = |control: &'_ Control| control.name == name;
        self.controls
            .iter()
            .filter(|c| of(c))
            .flat_map(|control| match &control.kind {
                Kind::Select(offered) => offered.iter().map(String::as_str).collect(),
                _ => vec![control.value.as_str()],
            })
            .collect()
    }

    /// The values that are ticked.
    pub(crate) fn ticked(&self, name: &str) -> Vec<&str> {
        let ticked = self.controls.iter().filter(|c| c.name == name && c.kind == Kind::Box(true));
        ticked.map(|control| control.value.as_str()).collect()
    }

    /// What is sent when a button is pressed.
    #[track_caller]
    pub(crate) fn fields(&self, button: Option<(&str, &str)>) -> Vec<(String, String)> {
        let mut buttons = self.controls.iter().filter(|control| control.kind == Kind::Button);
        let pressed = match button {
            Some((name, value)) => {
                let found = buttons.find(|control| control.name == name && control.value == value);
                Some(found.unwrap_or_else(|| panic!("the form has no button {name}={value}")))
            }
            None => buttons.next(),
        };
        let sent = self.controls.iter().filter(|control| match control.kind {
            Kind::Field | Kind::Select(_) | Kind::Box(true) => true,
            Kind::Box(false) | Kind::Button => false,
        });
        let all = sent.chain(pressed).filter(|control| !control.name.is_empty());
        all.map(|control| (control.name.clone(), control.value.clone())).collect()
    }
}

/// A tag: its name (`/form` for an end), its attributes, and the text up to the next tag.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = end_of_tag(rest);
        let (inside, after) = rest.split_at(end);
        let text = &after[after.len().min(1)..];
        let text = &text[..text.find('<').unwrap_or(text.len())];
        let name_end = inside.find(char::is_whitespace).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_end);
        tags.push(Tag {
            name: name.to_lowercase(),
            attributes: attributes_of(attributes),
            text: unescaped(text),
        });
        rest = after;
    }
    tags
}

/// Where the tag ends: at a `>` outside quotes.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn attributes_of(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && rest != "/" {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            Some(quoted) if quoted.starts_with(['"', '\'']) => {
                let quote = &quoted[..1];
                quoted[1..].split_once(quote).unwrap_or((&quoted[1..], ""))
            }
            Some(bare) => bare.split_at(bare.find(char::is_whitespace).unwrap_or(bare.len())),
            None => ("", after),
        };
        found.push((name.to_lowercase(), unescaped(value)));
        rest = after.trim_start();
    }
    found
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let Some((entity, after)) = rest[at + 1..].split_once(';') else { break };
        let number = entity.strip_prefix("#x").map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| entity.strip_prefix('#').map(str::parse));
        let c = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "nbsp" => Some('\u{a0}'),
            _ => number.and_then(Result::ok).and_then(char::from_u32),
        };
        match c {
            Some(c) => out.push(c),
            None => out.push_str(&format!("&{entity};")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The forms of a page.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open = false;
    for tag in tags(html) {
        if tag.name == "form" {
            let method = tag.get("method").unwrap_or("get").to_lowercase();
            forms.push(Form {
                action: tag.get("action").unwrap_or_default().to_owned(),
                method,
                controls: Vec::new(),
            });
        }
        open = (open || tag.name == "form") && tag.name != "/form";
        match forms.last_mut() {
            Some(form) if open => control(form, &tag),
            _ => {}
        }
    }
    forms
}

fn control(form: &mut Form, tag: &Tag) {
    let name = tag.get("name").unwrap_or_default().to_owned();
    let value = || tag.get("value").unwrap_or_default().to_owned();
    let kind = tag.get("type").unwrap_or("text");
    if tag.get("disabled").is_some() {
        return;
    }
    match (tag.name.as_str(), kind) {
        ("input", "checkbox" | "radio") => {
            let value = tag.get("value").unwrap_or("on").to_owned();
            form.controls.push(Control { name, value, kind: Kind::Box(tag.get("checked").is_some()) });
        }
        ("input", "submit") => form.controls.push(Control { name, value: value(), kind: Kind::Button }),
        ("input", _) => form.controls.push(Control { name, value: value(), kind: Kind::Field }),
        ("button", kind) if kind != "button" => {
            form.controls.push(Control { name, value: value(), kind: Kind::Button })
        }
        ("textarea", _) => form.controls.push(Control { name, value: tag.text.clone(), kind: Kind::Field }),
        ("select", _) => {
            form.controls.push(Control { name, value: String::new(), kind: Kind::Select(Vec::new()) })
        }
        ("option", _) => {
            let Some(Control { value, kind: Kind::Select(offered), .. }) = form.controls.last_mut() else {
                return;
            };
            let this = tag.get("value").unwrap_or(&tag.text).to_owned();
            if offered.is_empty() || tag.get("selected").is_some() {
                value.clone_from(&this);
            }
            offered.push(this);
        }
        _ => {}
    }
}

/// The text of a page without tags, script and style.
pub(crate) fn words(html: &str) -> String {
    let before = html.split('<').next().unwrap_or_default().to_owned();
    let shown = tags(html).into_iter().filter(|tag| !matches!(tag.name.as_str(), "script" | "style"));
    let text = shown.fold(before, |text, tag| text + " " + &tag.text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
