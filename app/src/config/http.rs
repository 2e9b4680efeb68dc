//! The public HTTP side.

use std::net::SocketAddr;

use super::parse::switch;
use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

pub(super) const HTTP_ADDR: Variable = Variable {
    key: "http_addr",
    environment: "TILLROLL_HTTP_ADDR",
    flag: "http-addr",
    value: "ADDRESS:PORT",
    default: Some("127.0.0.1:8080"),
    secrecy: Secrecy::Open,
    help: "Address on which the gateway listens; port 0 takes a free port. If it is set, a process without the gateway answers /healthz, /readyz and /metrics there",
};

const OPERATIONS_ADDR: Variable = Variable {
    key: "operations_addr",
    environment: "TILLROLL_OPERATIONS_ADDR",
    flag: "operations-addr",
    value: "ADDRESS:PORT|off",
    default: Some("off"),
    secrecy: Secrecy::Open,
    help: "Additional address for /healthz, /readyz and /metrics, with its own connections, so that they are answered whatever the clients of the gateway do",
};

const RATE_LIMIT: Variable = Variable {
    key: "rate_limit",
    environment: "TILLROLL_RATE_LIMIT",
    flag: "rate-limit",
    value: "on|off",
    default: Some("on"),
    secrecy: Secrecy::Open,
    help: "Limits each client's requests; `off` is for load tests",
};

const PAST_QUERIES: Variable = Variable {
    key: "past_queries",
    environment: "TILLROLL_PAST_QUERIES",
    flag: "past-queries",
    value: "on|off",
    default: Some("on"),
    secrecy: Secrecy::Open,
    help: "Suggests queries that several callers made with success, from the gateway's memory; `off` keeps none",
};

const TRUSTED_PROXIES: Variable = Variable {
    key: "trusted_proxies",
    environment: "TILLROLL_TRUSTED_PROXIES",
    flag: "trusted-proxies",
    value: "NUMBER",
    default: Some("0"),
    secrecy: Secrecy::Open,
    help: "Number of proxies in front of the gateway that append to X-Forwarded-For; 0 ignores the header",
};

const PUBLIC_URL: Variable = Variable {
    key: "public_url",
    environment: "TILLROLL_PUBLIC_URL",
    flag: "public-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Open,
    help: "Address at which clients reach the gateway; without it, addresses in answers are relative",
};

pub(super) const VARIABLES: &[&Variable] = &[
    &HTTP_ADDR,
    &OPERATIONS_ADDR,
    &RATE_LIMIT,
    &PAST_QUERIES,
    &TRUSTED_PROXIES,
    &PUBLIC_URL,
];

/// The public HTTP side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where the gateway listens.
    pub addr: SocketAddr,
    /// Nobody chose the address.
    pub addr_is_default: bool,
    /// Where operators ask; `None`: where clients do.
    pub operations_addr: Option<SocketAddr>,
    /// Whether clients are limited in their rate.
    pub rate_limit: bool,
    /// Whether past queries are suggested.
    pub past_queries: bool,
    /// How many proxies in front are trusted to tell the client's address.
    pub trusted_proxies: usize,
    /// Address that clients know the gateway by.
    pub public_url: Option<String>,
}

pub(super) fn read(reader: &mut Reader) -> Result<Http, Invalid> {
    let addr = reader.required(&HTTP_ADDR, socket_address);
    let operations_addr = reader.required(&OPERATIONS_ADDR, optional_address);
    let rate_limit = reader.required(&RATE_LIMIT, switch);
    let past_queries = reader.required(&PAST_QUERIES, switch);
    let trusted_proxies = reader.required(&TRUSTED_PROXIES, |text| match text.parse() {
        Ok(number @ 0..=16) => Ok(number),
        _ => Err("a whole number from 0 to 16".to_owned()),
    });
    let public_url = reader.optional(&PUBLIC_URL, |text| match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() => {
            Ok(text.to_owned())
        }
        _ => Err("a URL such as https://shop.example".to_owned()),
    });
    let addr_is_default = reader.is_default(&HTTP_ADDR);
    Ok(Http {
        addr: addr?,
        addr_is_default,
        operations_addr: operations_addr?,
        rate_limit: rate_limit?,
        past_queries: past_queries?,
        trusted_proxies: trusted_proxies?,
        public_url: public_url?,
    })
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    // The one host name that means the same everywhere; others would need a resolver, whose answer may change after
    // the check.
    let numeric = text
        .strip_prefix("localhost:")
        .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric
        .parse()
        .map_err(|_| "an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080".to_owned())
}

pub(super) fn optional_address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "off" {
        return Ok(None);
    }
    socket_address(text)
        .map(Some)
        .map_err(|expected| format!("`off`, or {expected}"))
}
