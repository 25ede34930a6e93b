//! `authorization_details` (RFC 9396) of type `messages`: what an app asks for, what a ceiling allows, what was granted.
//!
//! Invariant: nothing is guessed and nothing dropped. A field, value or type that is not documented refuses the whole, and
//! what is left out means the narrowest. One request holds exactly one object; that keeps "what may it do" one answer.

use crate::error::{ErrorCode, OAuthError};
use crate::since;
use model::{
    Action, Actions, Ceiling, ConversationId, EXPIRES_IN_S_DEFAULT, EXPIRES_IN_S_MAX, Kind, Kinds, Reach,
    ReachCap, Retiring, Scopes, Since, Terms, Time,
};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

/// The one type of `authorization_details` that is known here.
pub const TYPE: &str = "messages";
/// The longest `authorization_details` that are read.
pub const DETAILS_BYTES_MAX: usize = 16_384;
/// The most uses that can be asked for: what every JSON reader counts exactly.
pub const USES_MAX: u64 = (1 << 53) - 1;
const PURPOSE_CHARS_MIN: usize = 10;
const PURPOSE_CHARS_MAX: usize = 200;

/// Which conversations an app asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AskedReach {
    /// Those that it started.
    Started,
    /// Those that the person will pick.
    Chosen,
    /// All.
    All,
    /// These, which it knows from before.
    These(BTreeSet<ConversationId>),
}

/// What an app asks for. Its JSON is the `authorization_details` array itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// What it wants to do; `read` brings `list` with it.
    pub actions: Actions,
    /// Those of the actions that it can do without.
    pub optional: Actions,
    /// In which conversations.
    pub reach: AskedReach,
    /// How far back.
    pub since: Since,
    /// With which kinds of content.
    pub kinds: Kinds,
    /// For how many seconds.
    pub expires_in_s: i64,
    /// How often in all; none means no such limit.
    pub uses: Option<u64>,
    /// What for, in the person's words.
    pub purpose: String,
}

/// What was granted, as the app is told; serialises as an `authorization_details` array, empty for a mere sign-in.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Granted(Vec<AskedObject>);

/// A ceiling file that cannot be used; the sentence says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ceiling is not valid: {0}")]
pub struct CeilingInvalid(String);

/// Reads what an app asks for.
pub fn parse_request(json: &str) -> Result<Asked, OAuthError> {
    let asked = one_object::<AskedObject>(json).and_then(Asked::try_from);
    asked.map_err(|why| {
        OAuthError::new(ErrorCode::InvalidAuthorizationDetails, format!("authorization_details: {why}"))
    })
}

/// Reads a ceiling file: the same array without `uses`, `optional` and `purpose`, and with `scopes` if not all are allowed.
/// `actions` may be empty here: such an app only signs people in.
pub fn parse_ceiling(json: &str) -> Result<Ceiling, CeilingInvalid> {
    one_object::<CeilingObject>(json).and_then(Ceiling::try_from).map_err(CeilingInvalid)
}

/// Writes a ceiling, as `parse_ceiling` reads it.
pub fn ceiling_json(ceiling: &Ceiling) -> String {
    let object = CeilingObject {
        r#type: TYPE.to_owned(),
        actions: words(ceiling.actions.iter()),
        conversations: Some(Conversations::Word(ceiling.reach.as_str().to_owned())),
        since: Some(since::text(ceiling.since)),
        kinds: Some(words(ceiling.kinds.iter())),
        expires_in: Some(ceiling.expires_in_s),
        scopes: Some(words(ceiling.scopes.words())),
    };
    json_text(&[object])
}

/// What `terms` grant, in the words of the request; a grant both of what the app started and of a list shows the list.
pub fn granted(terms: &Terms, purpose: &str, given_at: Time) -> Granted {
    if terms.actions.is_empty() {
        return Granted(Vec::new());
    }
    let conversations = match &terms.reach {
        Reach { chosen: Some(ids), .. } => Conversations::Ids(words(ids)),
        reach => Conversations::Word(reach.cap().as_str().to_owned()),
    };
    Granted(vec![AskedObject {
        r#type: TYPE.to_owned(),
        actions: words(terms.actions.closed().iter()),
        conversations: Some(conversations),
        since: Some(since::text(terms.since)),
        kinds: Some(words(terms.kinds.iter())),
        expires_in: Some(lifetime_s(terms, given_at)),
        uses: terms.uses,
        optional: None,
        purpose: purpose.to_owned(),
    }])
}

/// For how many seconds a grant is given, as the app is told. Rounded, for the person agrees to whole seconds a moment
/// before the grant is stored.
pub(crate) fn lifetime_s(terms: &Terms, given_at: Time) -> i64 {
    (terms.ends_at.micros() - given_at.micros() + 500_000).div_euclid(1_000_000)
}

/// [`granted`] as text.
pub fn granted_json(terms: &Terms, purpose: &str, given_at: Time) -> String {
    json_text(&granted(terms, purpose, given_at))
}

impl Granted {
    /// Nothing about messages: the app only signs the person in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json_text(self))
    }
}

/// Our own structures of texts and numbers always serialise; were one not to, an empty text is refused by every reader.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn words<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedObject {
    r#type: String,
    actions: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    conversations: Option<Conversations>,
    #[serde(default, deserialize_with = "present")]
    since: Option<String>,
    #[serde(default, deserialize_with = "present")]
    kinds: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    expires_in: Option<i64>,
    #[serde(default)]
    uses: Option<u64>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    optional: Option<Vec<String>>,
    purpose: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CeilingObject {
    r#type: String,
    actions: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    conversations: Option<Conversations>,
    #[serde(default, deserialize_with = "present")]
    since: Option<String>,
    #[serde(default, deserialize_with = "present")]
    kinds: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<String>>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "'conversations' must be \"started\", \"chosen\", \"all\" or a list of ids")]
enum Conversations {
    Word(String),
    Ids(Vec<String>),
}

/// A field that may be left out, but is not null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON object and nothing else: serde would also fill the fields of a structure from an array, in order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(OnlyMap(PhantomData))
    }
}

fn one_object<T: for<'de> Deserialize<'de>>(json: &str) -> Result<T, String> {
    if json.len() > DETAILS_BYTES_MAX {
        return Err("longer than 16 KiB".to_owned());
    }
    let objects: Vec<Object<T>> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    match <[Object<T>; 1]>::try_from(objects) {
        Ok([Object(object)]) => Ok(object),
        Err(_) => Err("must be an array of exactly one object".to_owned()),
    }
}

fn check_type(word: &str) -> Result<(), String> {
    if word == TYPE {
        Ok(())
    } else {
        Err(format!("the type '{word}' is not known; the only one is 'messages'"))
    }
}

/// Reads a list of words of which none comes twice.
fn set<T: Ord + Copy>(
    field: &str,
    words: &[String],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>, String> {
    let mut seen = BTreeSet::new();
    for word in words {
        let item = parse(word)
            .ok_or_else(|| format!("'{field}' contains '{word}', which is not one of its values"))?;
        if !seen.insert(item) {
            return Err(format!("'{field}' contains '{word}' twice"));
        }
    }
    Ok(seen)
}

fn not_empty<T>(field: &str, set: BTreeSet<T>) -> Result<BTreeSet<T>, String> {
    if set.is_empty() { Err(format!("'{field}' is empty; leave out what is not needed")) } else { Ok(set) }
}

fn actions(field: &str, list: &[String]) -> Result<Actions, String> {
    Ok(set(field, list, Action::parse)?.into_iter().collect())
}

fn window(text: Option<&str>) -> Result<Since, String> {
    text.map_or(Ok(Since::Grant), |text| {
        since::parse(text).ok_or_else(|| {
            "'since' must be 'grant', 'all', a time such as 2026-11-23T12:00:00Z or a duration such as P3D".to_owned()
        })
    })
}

fn kinds(list: Option<&[String]>) -> Result<Kinds, String> {
    list.map_or(Ok(Kinds::ALL), |list| {
        Ok(not_empty("kinds", set("kinds", list, Kind::parse)?)?.into_iter().collect())
    })
}

fn expires_in(seconds: Option<i64>) -> Result<i64, String> {
    let seconds = seconds.unwrap_or(EXPIRES_IN_S_DEFAULT);
    if (1..=EXPIRES_IN_S_MAX).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!("'expires_in' must be 1 to {EXPIRES_IN_S_MAX} seconds"))
    }
}

/// Is this character fit for a sentence on one line that cannot disguise what stands beside it?
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn check_purpose(text: &str) -> Result<(), String> {
    if !text.chars().all(is_plain) {
        return Err("'purpose' contains control characters; write one plain sentence".to_owned());
    }
    let said = text.trim().chars().count();
    if said < PURPOSE_CHARS_MIN || text.chars().count() > PURPOSE_CHARS_MAX {
        return Err("'purpose' must be one sentence of 10 to 200 characters".to_owned());
    }
    Ok(())
}

impl TryFrom<AskedObject> for Asked {
    type Error = String;

    fn try_from(object: AskedObject) -> Result<Self, String> {
        check_type(&object.r#type)?;
        let asked_actions = actions("actions", &object.actions)?.closed();
        if asked_actions.is_empty() {
            return Err(
                "'actions' is empty; to only sign a person in, leave out authorization_details".to_owned()
            );
        }
        let optional = actions("optional", object.optional.as_deref().unwrap_or_default())?;
        if !optional.within(asked_actions) {
            return Err("'optional' contains an action that is not in 'actions'".to_owned());
        }
        let reach = match object.conversations {
            None => AskedReach::Started,
            Some(Conversations::Word(word)) => match ReachCap::parse(&word) {
                Some(ReachCap::Started) => AskedReach::Started,
                Some(ReachCap::Chosen) => AskedReach::Chosen,
                Some(ReachCap::All) => AskedReach::All,
                None => return Err(format!("'conversations' is '{word}', which is not one of its values")),
            },
            Some(Conversations::Ids(ids)) => {
                let ids = set("conversations", &ids, |id| id.parse().ok())?;
                AskedReach::These(not_empty("conversations", ids)?)
            }
        };
        if object.uses.is_some_and(|uses| !(1..=USES_MAX).contains(&uses)) {
            return Err("'uses' must be null or a whole number from 1".to_owned());
        }
        check_purpose(&object.purpose)?;
        Ok(Asked {
            actions: asked_actions,
            optional,
            reach,
            since: window(object.since.as_deref())?,
            kinds: kinds(object.kinds.as_deref())?,
            expires_in_s: expires_in(object.expires_in)?,
            uses: object.uses,
            purpose: object.purpose,
        })
    }
}

impl TryFrom<CeilingObject> for Ceiling {
    type Error = String;

    fn try_from(object: CeilingObject) -> Result<Self, String> {
        check_type(&object.r#type)?;
        let reach = match &object.conversations {
            None => ReachCap::Started,
            Some(Conversations::Word(word)) => ReachCap::parse(word)
                .ok_or_else(|| format!("'conversations' is '{word}', which is not one of its values"))?,
            Some(Conversations::Ids(_)) => {
                return Err("'conversations' of a ceiling must be 'started', 'chosen' or 'all'".to_owned());
            }
        };
        let scopes = match &object.scopes {
            None => Scopes::ALL,
            Some(list) => {
                let one = |word: &str| Scopes::ALL.words().find(|known| *known == word);
                Scopes::parse(&Vec::from_iter(set("scopes", list, one)?).join(" "))
            }
        };
        Ok(Ceiling {
            actions: actions("actions", &object.actions)?.closed(),
            reach,
            since: window(object.since.as_deref())?,
            kinds: kinds(object.kinds.as_deref())?,
            expires_in_s: expires_in(object.expires_in)?,
            scopes,
            retiring: Retiring::default(),
        })
    }
}

impl From<&Asked> for AskedObject {
    fn from(asked: &Asked) -> Self {
        let conversations = match &asked.reach {
            AskedReach::Started => Conversations::Word("started".to_owned()),
            AskedReach::Chosen => Conversations::Word("chosen".to_owned()),
            AskedReach::All => Conversations::Word("all".to_owned()),
            AskedReach::These(ids) => Conversations::Ids(words(ids)),
        };
        AskedObject {
            r#type: TYPE.to_owned(),
            actions: words(asked.actions.iter()),
            conversations: Some(conversations),
            since: Some(since::text(asked.since)),
            kinds: Some(words(asked.kinds.iter())),
            expires_in: Some(asked.expires_in_s),
            uses: asked.uses,
            optional: Some(words(asked.optional.iter())),
            purpose: asked.purpose.clone(),
        }
    }
}

impl Serialize for Asked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [AskedObject::from(self)].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [Object(object)] = <[Object<AskedObject>; 1]>::deserialize(deserializer)?;
        Asked::try_from(object).map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[path = "details_tests.rs"]
mod tests;
