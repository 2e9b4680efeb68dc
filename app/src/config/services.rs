//! gRPC between processes, when the roles are split.

use std::net::SocketAddr;

use super::http::{HTTP_ADDR, Http, optional_address};
use super::reader::{Invalid, Reader};
use super::roles::{Role, Roles};
use super::variable::{Secrecy, Variable};

pub(super) const GRPC_ADDR: Variable = Variable {
    key: "grpc_addr",
    environment: "TILLROLL_GRPC_ADDR",
    flag: "grpc-addr",
    value: "ADDRESS:PORT|off",
    default: Some("off"),
    secrecy: Secrecy::Open,
    help: "Address on which the command and query services listen for other processes; needs TILLROLL_INTERNAL_KEY_FILE and certificates",
};

pub(super) const COMMAND_URL: Variable = Variable {
    key: "command_url",
    environment: "TILLROLL_COMMAND_URL",
    flag: "command-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "Address of the command services, for a process without the role `command`",
};

pub(super) const QUERY_URL: Variable = Variable {
    key: "query_url",
    environment: "TILLROLL_QUERY_URL",
    flag: "query-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "Address of the query services, for a process without the role `query`",
};

pub(super) const VARIABLES: &[&Variable] = &[&GRPC_ADDR, &COMMAND_URL, &QUERY_URL];

/// gRPC between processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    /// Where this process's services listen; `None`: only inside the process.
    pub addr: Option<SocketAddr>,
    /// The command services of another process.
    pub command_url: Option<String>,
    /// The query services of another process.
    pub query_url: Option<String>,
}

pub(super) fn read(reader: &mut Reader) -> Result<Services, Invalid> {
    let addr = reader.required(&GRPC_ADDR, optional_address);
    let command_url = reader.optional(&COMMAND_URL, service_url);
    let query_url = reader.optional(&QUERY_URL, service_url);
    Ok(Services {
        addr: addr?,
        command_url: command_url?,
        query_url: query_url?,
    })
}

fn service_url(text: &str) -> Result<String, String> {
    let expected = || "an http:// or https:// URL with a host and a port, such as https://command:9090".to_owned();
    let url = url::Url::parse(text).map_err(|_| expected())?;
    if ["http", "https"].contains(&url.scheme()) && url.has_host() {
        Ok(text.to_owned())
    } else {
        Err(expected())
    }
}

/// What a set of roles needs of the other processes, and what it must offer to them.
pub(super) fn check(reader: &mut Reader, services: &Services, http: &Http, roles: &Roles) {
    if roles.has(Role::Gateway) {
        if !roles.has(Role::Command) && services.command_url.is_none() {
            reader.problem(
                &COMMAND_URL,
                "is not set; a gateway without the role `command` in its process needs it, such as https://command:9090",
            );
        }
        if !roles.has(Role::Query) && services.query_url.is_none() {
            reader.problem(
                &QUERY_URL,
                "is not set; a gateway without the role `query` in its process needs it, such as https://query:9091",
            );
        }
    } else if (roles.has(Role::Command) || roles.has(Role::Query)) && services.addr.is_none() {
        reader.problem(&GRPC_ADDR, "is \"off\"; the roles `command` and `query` without a gateway in their process need an address, such as 127.0.0.1:9090");
    }
    if roles.has(Role::Gateway) && http.addr.port() != 0 && services.addr == Some(http.addr) {
        reader.problem(
            &GRPC_ADDR,
            &format!(
                "is \"{}\", which is also {}; expected another port",
                http.addr, HTTP_ADDR.environment
            ),
        );
    }
}
