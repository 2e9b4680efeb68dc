//! What is known of a variable before anybody sets it.

/// A setting and the words it goes by in each layer.
#[derive(Debug)]
pub(super) struct Variable {
    /// The key in `tillroll.toml`.
    pub(super) key: &'static str,
    /// The name in the environment.
    pub(super) environment: &'static str,
    /// The flag, without dashes.
    pub(super) flag: &'static str,
    /// What `--help` calls the value.
    pub(super) value: &'static str,
    /// The value when nobody sets one; `None`: the variable may be missing.
    pub(super) default: Option<&'static str>,
    /// What must not be shown of it.
    pub(super) secrecy: Secrecy,
    /// What it does, for `--help` and `config dump`.
    pub(super) help: &'static str,
}

/// What of a value must never be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// Nothing is secret.
    Open,
    /// A URL: its password is.
    Url,
    /// All of it is.
    Whole,
}

const MASK: &str = "***";

impl Secrecy {
    /// The value as it may be shown, also when it is malformed.
    pub(super) fn redact(self, value: &str) -> String {
        match self {
            Secrecy::Open => value.to_owned(),
            Secrecy::Whole => MASK.to_owned(),
            Secrecy::Url => redact_parameters(&redact_userinfo(value)),
        }
    }
}

/// Hides what stands between the first colon after `//` and the last `@`. Works on text, since a value that does not
/// parse must not leak either.
fn redact_userinfo(value: &str) -> String {
    let Some(at) = value.rfind('@') else {
        return value.to_owned();
    };
    let start = value.find("://").map_or(0, |position| position + 3);
    let Some(user_information) = value.get(start..at) else {
        return format!("{MASK}{}", &value[at..]);
    };
    let user = user_information.split(':').next().unwrap_or_default();
    if user.len() == user_information.len() {
        return value.to_owned();
    }
    format!("{}{user}:{MASK}{}", &value[..start], &value[at..])
}

/// Hides the values of parameters such as `?password=` and of `password=` in a connection string.
fn redact_parameters(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(position) = rest.to_ascii_lowercase().find("password=") {
        let (before, after) = rest.split_at(position + "password=".len());
        shown.push_str(before);
        shown.push_str(MASK);
        rest = after.find(['&', ' ', '#']).map_or("", |end| &after[end..]);
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::Secrecy;

    #[test]
    fn passwords_do_not_show() {
        for (given, shown) in [
            (
                "postgres://tillroll:s3cret@db/tillroll",
                "postgres://tillroll:***@db/tillroll",
            ),
            ("postgres://tillroll:p@ss:word@db/x", "postgres://tillroll:***@db/x"),
            (
                "postgres://tillroll@db/x?password=s3cret&sslmode=require",
                "postgres://tillroll@db/x?password=***&sslmode=require",
            ),
            ("host=db password=s3cret user=x", "host=db password=*** user=x"),
            ("redis://:s3cret@cache", "redis://:***@cache"),
            ("u:s3cret@db", "u:***@db"),
            ("http://search:7700", "http://search:7700"),
        ] {
            assert_eq!(Secrecy::Url.redact(given), shown);
        }
        assert_eq!(Secrecy::Whole.redact("key"), "***");
    }
}
