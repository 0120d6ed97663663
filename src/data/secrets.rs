//! What of a command line may be shown, printed and kept: the one function that decides. Values that are secrets, or may
//! be, are replaced by `(hidden)`; in doubt they are. It never looks at an environment: of that only an allow-list of
//! variables is kept ([`Environment`](super::sample::Environment)).

use std::borrow::Cow;
use std::ops::Range;

use super::Text;

/// What stands where a value was.
const HIDDEN: &str = "(hidden)";

/// Parts of a name that secrets have.
const SECRET_PARTS: &[&str] =
    &["token", "secret", "passw", "pwd", "apikey", "credential", "auth", "bearer", "cookie", "session"];
/// Words of a name that secrets have: parts of other words too often to be looked for within them.
const SECRET_WORDS: &[&str] = &["key", "pass", "pat", "pw", "sig", "sas", "jwt", "pin", "signature", "private"];
/// Options whose value is `user:password`.
const USER_OPTIONS: &[&str] = &["-u", "--user", "-U", "--proxy-user", "--login"];
/// Options whose value is a header.
const HEADER_OPTIONS: &[&str] = &["-H", "--header", "--proxy-header"];
/// Headers that hold no secret.
const PLAIN_HEADERS: &[&str] = &["accept", "content-type", "content-length", "user-agent", "host", "range"];
/// How tokens of well-known services begin.
const TOKEN_PREFIXES: &[&str] = &[
    "hf_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_",
    "rk_",
    "pk_live_",
    "AKIA",
    "ASIA",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "ya29.",
    "AIza",
    "eyJ",
    "npm_",
    "pypi-",
    "dop_v1_",
    "SG.",
    "shpat_",
    "dapi",
    "tskey-",
    "lsv2_",
];
/// Shorter rests behind such a prefix are words: "sk-learn", "hf_home".
const SHORTEST_TOKEN: usize = 10;
/// How [`Text`] writes a line's end.
const LINE_END: &str = "^J";
/// Words before a token in a header.
const SCHEMES: &[&str] = &["bearer", "basic", "token", "digest", "apikey"];
/// Random letters and digits of at least this length, with this many changes between letters and digits, are a key.
const SHORTEST_RANDOM: usize = 20;
const FEWEST_CHANGES: usize = 4;

/// The words of a command line without their secrets. Every command line that is shown, printed or kept goes through here.
pub fn without_secrets<'a>(words: impl IntoIterator<Item = &'a Text>) -> Vec<Text> {
    let mut next = Next::Word;
    words.into_iter().map(|word| Text::from(cleaned(word, &mut next).into_owned())).collect()
}

/// What the word before says of the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Word,
    /// It is a secret, whatever it looks like.
    Secret,
    /// `user:password`.
    User,
    /// `Name: value`.
    Header,
    /// The value of an option of one letter that passwords are given by, among other things.
    ShortValue,
}

fn cleaned<'a>(word: &'a str, next: &mut Next) -> Cow<'a, str> {
    match std::mem::replace(next, Next::Word) {
        Next::Secret if SCHEMES.contains(&word.trim_matches(['"', '\'']).to_ascii_lowercase().as_str()) => {
            *next = Next::Secret;
            return word.into();
        }
        Next::Secret => return HIDDEN.into(),
        Next::User if word.contains(':') => return user_only(word).into(),
        Next::Header => return header(word).into(),
        Next::ShortValue if !is_plain_number(word) && !word.starts_with('-') => return HIDDEN.into(),
        _ => {}
    }
    if word.contains(char::is_whitespace) || word.contains(LINE_END) {
        return script(word).into();
    }
    single(word, next)
}

/// A word without spaces.
fn single<'a>(word: &'a str, next: &mut Next) -> Cow<'a, str> {
    *next = after(word);
    if let Some(value) = attached_short_value(word) {
        return format!(
            "{}{}",
            &word[..word.len() - value.len()],
            if value.contains(':') { user_only(value) } else { HIDDEN.to_owned() }
        )
        .into();
    }
    plain_word(word)
}

/// What a word says of the one behind it.
fn after(word: &str) -> Next {
    let bare = word.trim_start_matches(['"', '\'']);
    if USER_OPTIONS.contains(&bare) {
        Next::User
    } else if HEADER_OPTIONS.contains(&bare) {
        Next::Header
    } else if matches!(bare, "-p" | "-P") {
        Next::ShortValue
    } else if is_option_without_value(bare) && is_secret_name(bare)
        || is_header_name(bare)
        || SCHEMES[..2].contains(&bare.to_ascii_lowercase().as_str())
    {
        Next::Secret
    } else {
        Next::Word
    }
}

fn is_option_without_value(word: &str) -> bool {
    word.starts_with('-') && !word.contains('=')
}

/// "Authorization:", with its value in the next word.
fn is_header_name(word: &str) -> bool {
    word.strip_suffix(':').is_some_and(|name| !name.is_empty() && is_secret_name(name))
}

/// `-pPASS`, `-uuser:pass`: one letter with its value behind it.
fn attached_short_value(word: &str) -> Option<&str> {
    let value = word.strip_prefix("-p").or_else(|| word.strip_prefix("-P")).filter(|value| !value.starts_with('='));
    let user = word.strip_prefix("-u").or_else(|| word.strip_prefix("-U")).filter(|value| value.contains(':'));
    value.filter(|value| !value.is_empty() && !is_plain_number(value) && !value.contains('=')).or(user)
}

/// A port, a pair of ports, a number of processes.
fn is_plain_number(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | ','))
}

fn user_only(word: &str) -> String {
    let user = word.split_once(':').map_or(word, |(user, _)| user);
    format!("{user}:{HIDDEN}")
}

/// `Name: value` without the value, unless the header is one that holds no secret.
fn header(word: &str) -> String {
    match word.split_once(':') {
        Some((name, _)) if PLAIN_HEADERS.contains(&name.trim().to_ascii_lowercase().as_str()) => word.to_owned(),
        Some((name, _)) => format!("{name}: {HIDDEN}"),
        None => HIDDEN.to_owned(),
    }
}

/// A word without spaces that no word before it concerns. Of `a=b=c` the innermost value that can't be shown as it is
/// counts. Takes no longer than the word is long, however many assignments it holds.
fn plain_word(word: &str) -> Cow<'_, str> {
    let mut starts = vec![0];
    while let Some(&start) = starts.last()
        && let Some((name, _)) = word[start..].split_once('=')
        && !name.contains(['?', '{'])
    {
        let value = start + name.len() + 1;
        if is_secret_name(name) {
            return format!("{}{HIDDEN}", &word[..value]).into();
        }
        starts.push(value);
    }
    let (mut seen, mut end) = (SeenFromEnd::default(), word.len());
    for &start in starts.iter().rev() {
        seen.take(word, start..end);
        if seen.changes(start) {
            return format!("{}{}", &word[..start], value(&word[start..])).into();
        }
        end = start;
    }
    word.into()
}

/// A value, whatever it holds.
fn value(word: &str) -> Cow<'_, str> {
    if is_object(word) {
        return object(word).into();
    }
    tokens(parameters(address(word)))
}

fn is_object(word: &str) -> bool {
    word.contains('{') || word.contains("\":") || word.contains("':")
}

/// What [`value`] looks for, of a word that is seen part by part from its end.
#[derive(Default)]
struct SeenFromEnd {
    object: bool,
    token: bool,
    parameter: bool,
    assignment: bool,
    /// Of an address that begins here, and at each of the three bytes before.
    here: UserPart,
    before: [UserPart; 3],
    /// Where the first `://` stands, and of the address behind it.
    scheme: Option<(usize, UserPart)>,
}

/// Whether there is an `@` before the first `/`, `?` or `#`, and one behind a `:`.
#[derive(Clone, Copy, Default)]
struct UserPart {
    at: bool,
    at_behind_colon: bool,
}

impl SeenFromEnd {
    fn take(&mut self, word: &str, part: Range<usize>) {
        let text = &word[part.clone()];
        self.object |= is_object(text);
        self.token |= text.split(|c| !belongs_to_token(c)).any(is_secret_token);
        self.parameter |= text.contains(is_parameter_start);
        self.assignment |= text.contains('=');
        for at in part.rev() {
            let [first, second, _] = self.before;
            if word.as_bytes()[at..].starts_with(b"://") {
                self.scheme = Some((at, self.before[1]));
            }
            self.before = [self.here, first, second];
            match word.as_bytes()[at] {
                b'/' | b'?' | b'#' => self.here = UserPart::default(),
                b'@' => self.here.at = true,
                b':' => self.here.at_behind_colon |= self.here.at,
                _ => {}
            }
        }
    }

    /// Whether [`value`] of all that was seen, from `start` on, is another text.
    fn changes(&self, start: usize) -> bool {
        let address = match self.scheme {
            None => self.here.at_behind_colon,
            Some((at, user)) => user.at && (at > start || user.at_behind_colon),
        };
        self.object || self.token || address || self.parameter && self.assignment
    }
}

/// `scheme://user:password@host` and `user:password@host`.
fn address(word: &str) -> Cow<'_, str> {
    let (scheme, rest) = word.split_once("://").map_or(("", word), |(scheme, rest)| (scheme, rest));
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some(at) = rest[..host].rfind('@') else { return word.into() };
    if scheme.is_empty() {
        return if rest[..at].contains(':') { format!("{HIDDEN}{}", &rest[at..]).into() } else { word.into() };
    }
    format!("{scheme}://{HIDDEN}{}", &rest[at..]).into()
}

/// `?name=value`, `&name=value` and `;name=value` without the values.
fn parameters(word: Cow<'_, str>) -> Cow<'_, str> {
    let starts = is_parameter_start;
    if !word.contains(starts) || !word.contains('=') {
        return word;
    }
    let mut shown = String::with_capacity(word.len());
    for (index, part) in word.split_inclusive(starts).enumerate() {
        let (text, end) = part.strip_suffix(starts).map_or((part, ""), |text| (text, &part[text.len()..]));
        match text.split_once('=').filter(|_| index > 0) {
            Some((name, value)) if !value.is_empty() => shown.push_str(&format!("{name}={HIDDEN}{end}")),
            _ => shown.push_str(part),
        }
    }
    shown.into()
}

fn is_parameter_start(c: char) -> bool {
    matches!(c, '?' | '&' | ';')
}

fn belongs_to_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn is_secret_token(token: &str) -> bool {
    is_token(token) || token.split(['_', '-', '.']).any(is_random)
}

/// Tokens of well-known services and long random words, wherever they stand.
fn tokens(word: Cow<'_, str>) -> Cow<'_, str> {
    let mut shown = String::with_capacity(word.len());
    let mut rest = &*word;
    let mut hidden = false;
    while !rest.is_empty() {
        let other = rest.find(belongs_to_token).unwrap_or(rest.len());
        shown.push_str(&rest[..other]);
        rest = &rest[other..];
        let end = rest.find(|c| !belongs_to_token(c)).unwrap_or(rest.len());
        let token = &rest[..end];
        if is_secret_token(token) {
            shown.push_str(HIDDEN);
            hidden = true;
        } else {
            shown.push_str(token);
        }
        rest = &rest[end..];
    }
    if hidden { shown.into() } else { word }
}

fn is_token(word: &str) -> bool {
    let behind = |prefix: &&str| word.strip_prefix(*prefix).is_some_and(|rest| rest.len() >= SHORTEST_TOKEN);
    TOKEN_PREFIXES.iter().any(behind) && word.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Letters and digits as they come by chance: keys in hex or base64.
fn is_random(word: &str) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let changes = word.as_bytes().windows(2).filter(|pair| digit(&pair[0]) != digit(&pair[1])).count();
    word.len() >= SHORTEST_RANDOM && changes >= FEWEST_CHANGES && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A JSON object or a Python dict: values behind keys that sound secret are hidden, to the end of the value.
fn object(word: &str) -> String {
    let mut shown = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(colon) = rest.find(':') {
        let (before, behind) = rest.split_at(colon + 1);
        let key = before[..colon].trim_end().trim_end_matches(['"', '\'']);
        let key = key.rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).next().unwrap_or("");
        shown.push_str(before);
        rest = behind;
        if is_secret_name(key) {
            let value = behind.len() - value_end(behind).len();
            shown.push_str(HIDDEN);
            rest = &behind[value..];
        }
    }
    shown.push_str(rest);
    tokens(shown.into()).into_owned()
}

/// What stands behind a value: a quoted text, a list or object, or a bare word.
fn value_end(text: &str) -> &str {
    let text = text.trim_start();
    let Some(first) = text.chars().next() else { return text };
    if matches!(first, '[' | '{') {
        // In doubt all of it: brackets within texts would have to be told from others.
        return text.rfind([']', '}']).map_or("", |end| &text[end + 1..]);
    }
    if matches!(first, '"' | '\'') {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                '\\' => escaped = !escaped,
                c if c == first && !escaped => return &text[at + 1..],
                _ => escaped = false,
            }
        }
        return "";
    }
    text.find([',', '}', ']']).map_or("", |end| &text[end..])
}

/// A word that holds spaces: a command for a shell, a script, a header. Its words are looked at one by one.
fn script(text: &str) -> String {
    if let Some((name, value)) = text.split_once(": ")
        && is_secret_name(name)
    {
        let scheme =
            value.split_whitespace().next().filter(|first| SCHEMES.contains(&first.to_ascii_lowercase().as_str()));
        return scheme.map_or_else(|| format!("{name}: {HIDDEN}"), |scheme| format!("{name}: {scheme} {HIDDEN}"));
    }
    if text.trim_start().starts_with(['{', '[']) {
        return object(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut next = Next::Word;
    // `password = "…"` in a script: only a literal is a value.
    let mut assigned = false;
    for (word, space) in pieces(text) {
        if word == "=" {
            shown.push_str(word);
        } else if std::mem::take(&mut assigned) && word.starts_with(['"', '\'']) {
            shown.push_str(HIDDEN);
        } else {
            shown.push_str(&match std::mem::replace(&mut next, Next::Word) {
                Next::Word => single(word, &mut next),
                before => {
                    next = before;
                    cleaned(word, &mut next)
                }
            });
            assigned = is_secret_name(word) && !word.starts_with('-') && !word.ends_with(':');
        }
        shown.push_str(space);
    }
    shown
}

/// Words and what stands behind each: spaces, line ends.
fn pieces(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let ends = |&(at, c): &(usize, char)| c.is_whitespace() || rest[at..].starts_with(LINE_END);
        let word = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
        let behind = rest[word..].trim_start_matches(char::is_whitespace);
        let behind = behind.strip_prefix(LINE_END).unwrap_or(behind);
        let piece = (&rest[..word], &rest[word..rest.len() - behind.len()]);
        let more = !rest.is_empty();
        rest = behind;
        more.then_some(piece)
    })
}

/// Whether a name, of whatever case, is one that secrets have. A whole script behind `-c` is no name.
fn is_secret_name(name: &str) -> bool {
    let name = name.trim_matches(['-', '"', '\'', '$', ':', ' ']);
    if name.len() > 64 || name.contains(char::is_whitespace) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    SECRET_PARTS.iter().any(|part| plain.contains(part))
        || plain.ends_with("key")
        || plain.ends_with("pass")
        || words.any(|word| SECRET_WORDS.contains(&word))
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
