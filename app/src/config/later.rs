//! Variables that are part of the contract already and whose servers this version does not use yet. They are checked
//! like the others, so that a deployment can be written today, and a notice says so when one is set.

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const SMTP_URL: Variable = Variable {
    key: "smtp_url",
    environment: "SMTP_URL",
    flag: "smtp-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "Mail server; not used by this version, which sends no mail",
};

pub(super) const VARIABLES: &[&Variable] = &[&SMTP_URL];

/// Which of the variables for later versions are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Later {
    set: Vec<&'static str>,
}

impl Later {
    /// A line for each variable that is set and does nothing yet.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        self.set
            .iter()
            .map(|name| format!("{name} is set, but this version of Tillroll does not use it yet"))
            .collect()
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Later, Invalid> {
    let smtp = reader.optional(&SMTP_URL, |text| {
        url_of(text, &["smtp", "smtps"], "smtps://user:password@mail.example.com")
    });
    let values = [(&SMTP_URL, smtp?)];
    let set = values
        .into_iter()
        .filter(|(_, value)| value.is_some())
        .map(|(variable, _)| variable.environment)
        .collect();
    Ok(Later { set })
}

fn url_of(text: &str, schemes: &[&str], example: &str) -> Result<(), String> {
    match url::Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) && url.has_host() => Ok(()),
        _ => Err(format!("a URL such as {example}")),
    }
}
