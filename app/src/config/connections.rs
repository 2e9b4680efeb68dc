//! The connections of clients.

use super::parse::{number, seconds};
use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const MAX_CONNECTIONS: Variable = Variable {
    key: "max_connections",
    environment: "TILLROLL_MAX_CONNECTIONS",
    flag: "max-connections",
    value: "NUMBER",
    default: Some("4096"),
    secrecy: Secrecy::Open,
    help: "Maximum number of open client connections; the open-files limit of the process must allow them",
};

const MAX_CONNECTIONS_PER_ADDRESS: Variable = Variable {
    key: "max_connections_per_address",
    environment: "TILLROLL_MAX_CONNECTIONS_PER_ADDRESS",
    flag: "max-connections-per-address",
    value: "NUMBER",
    default: Some("1024"),
    secrecy: Secrecy::Open,
    help: "Maximum number of open connections from one address; behind --trusted-proxies, maximum number of requests from one address at once",
};

const HEAD_TIMEOUT: Variable = Variable {
    key: "head_timeout",
    environment: "TILLROLL_HEAD_TIMEOUT",
    flag: "head-timeout",
    value: "SECONDS",
    default: Some("10"),
    secrecy: Secrecy::Open,
    help: "Time that a client has to send the head of a request; a fifth of it while three quarters of the connections are taken",
};

const IDLE_TIMEOUT: Variable = Variable {
    key: "idle_timeout",
    environment: "TILLROLL_IDLE_TIMEOUT",
    flag: "idle-timeout",
    value: "SECONDS",
    default: Some("75"),
    secrecy: Secrecy::Open,
    help: "Time that a connection is kept between requests; a fifth of it while three quarters of the connections are taken",
};

const SEND_TIMEOUT: Variable = Variable {
    key: "send_timeout",
    environment: "TILLROLL_SEND_TIMEOUT",
    flag: "send-timeout",
    value: "SECONDS",
    default: Some("30"),
    secrecy: Secrecy::Open,
    help: "Time after which a client that takes nothing of its answer is given up",
};

const SEND_RATE: Variable = Variable {
    key: "send_rate",
    environment: "TILLROLL_SEND_RATE",
    flag: "send-rate",
    value: "BYTES",
    default: Some("8192"),
    secrecy: Secrecy::Open,
    help: "Bytes of an answer that a client must take each second, on average; it may be behind by the amount for one --send-timeout; 0 allows any rate",
};

pub(super) const VARIABLES: &[&Variable] = &[
    &MAX_CONNECTIONS,
    &MAX_CONNECTIONS_PER_ADDRESS,
    &HEAD_TIMEOUT,
    &IDLE_TIMEOUT,
    &SEND_TIMEOUT,
    &SEND_RATE,
];

/// In bytes a second: more would give up clients on ordinary networks.
const FASTEST: u32 = 1_000_000;

pub(super) fn read(reader: &mut Reader) -> Result<gateway::Connections, Invalid> {
    let limit = reader.required(&MAX_CONNECTIONS, number);
    let per_address = reader.required(&MAX_CONNECTIONS_PER_ADDRESS, number);
    let head = reader.required(&HEAD_TIMEOUT, seconds);
    let idle = reader.required(&IDLE_TIMEOUT, seconds);
    let reading = reader.required(&SEND_TIMEOUT, seconds);
    let rate = reader.required(&SEND_RATE, |text| match text.parse() {
        Ok(rate @ 0..=FASTEST) => Ok(rate),
        _ => Err(format!("a whole number of bytes from 0 to {FASTEST}")),
    });
    Ok(gateway::Connections {
        limit: limit?,
        per_address: Some(per_address?),
        head: head?,
        idle: idle?,
        reading: reading?,
        rate: rate?,
    })
}
