//! How much the gateway works on at once.

use super::parse::{milliseconds, number, seconds, switch};
use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const LOAD_SHEDDING: Variable = Variable {
    key: "load_shedding",
    environment: "TILLROLL_LOAD_SHEDDING",
    flag: "load-shedding",
    value: "on|off",
    default: Some("on"),
    secrecy: Secrecy::Open,
    help: "Refuses requests that cannot be answered in time, with 503 and Retry-After",
};

const MAX_WRITES: Variable = Variable {
    key: "max_writes",
    environment: "TILLROLL_MAX_WRITES",
    flag: "max-writes",
    value: "NUMBER",
    default: Some("1024"),
    secrecy: Secrecy::Open,
    help: "Maximum number of writes in progress; lower while answers take longer than --target-latency",
};

const MAX_READS: Variable = Variable {
    key: "max_reads",
    environment: "TILLROLL_MAX_READS",
    flag: "max-reads",
    value: "NUMBER",
    default: Some("1024"),
    secrecy: Secrecy::Open,
    help: "Maximum number of reads in progress; lower while answers take longer than --target-latency",
};

const MAX_REPORTS: Variable = Variable {
    key: "max_reports",
    environment: "TILLROLL_MAX_REPORTS",
    flag: "max-reports",
    value: "NUMBER",
    default: Some("8"),
    secrecy: Secrecy::Open,
    help: "Maximum number of reports and exports in progress",
};

const TARGET_LATENCY: Variable = Variable {
    key: "target_latency",
    environment: "TILLROLL_TARGET_LATENCY",
    flag: "target-latency",
    value: "MILLISECONDS",
    default: Some("500"),
    secrecy: Secrecy::Open,
    help: "Time in which nine of ten writes and reads must be answered; if it takes longer, fewer are accepted",
};

const QUEUE_WAIT: Variable = Variable {
    key: "queue_wait",
    environment: "TILLROLL_QUEUE_WAIT",
    flag: "queue-wait",
    value: "MILLISECONDS",
    default: Some("500"),
    secrecy: Secrecy::Open,
    help: "Time that a request may wait for its turn before it is refused; a tenth of it under lasting overload",
};

const CLIENT_SHARE: Variable = Variable {
    key: "client_share",
    environment: "TILLROLL_CLIENT_SHARE",
    flag: "client-share",
    value: "PERCENT",
    default: Some("50"),
    secrecy: Secrecy::Open,
    help: "Share of the places of each kind that one caller or one address may have; 100 is all of them",
};

const MAX_BODIES: Variable = Variable {
    key: "max_bodies",
    environment: "TILLROLL_MAX_BODIES",
    flag: "max-bodies",
    value: "NUMBER",
    default: Some("1024"),
    secrecy: Secrecy::Open,
    help: "Maximum number of request bodies received at once; a thirty-second of them may be longer than 64 KiB",
};

const BODY_TIMEOUT: Variable = Variable {
    key: "body_timeout",
    environment: "TILLROLL_BODY_TIMEOUT",
    flag: "body-timeout",
    value: "SECONDS",
    default: Some("8"),
    secrecy: Secrecy::Open,
    help: "Time that a client has to send the body of a request",
};

const UNREAD_MB: Variable = Variable {
    key: "unread_mb",
    environment: "TILLROLL_UNREAD_MB",
    flag: "unread-mb",
    value: "MEBIBYTES",
    default: Some("64"),
    secrecy: Secrecy::Open,
    help: "Memory for answers that clients have not taken yet, without reports; one caller or one address may use --client-share of it",
};

pub(super) const VARIABLES: &[&Variable] = &[
    &LOAD_SHEDDING,
    &MAX_WRITES,
    &MAX_READS,
    &MAX_REPORTS,
    &TARGET_LATENCY,
    &QUEUE_WAIT,
    &CLIENT_SHARE,
    &MAX_BODIES,
    &BODY_TIMEOUT,
    &UNREAD_MB,
];

const MOST_MB: usize = 1024 * 1024;

/// How much the gateway works on at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The places of each class; `None`: everything is worked on at once.
    pub requests: Option<gateway::Capacity>,
    /// Connections of clients.
    pub connections: gateway::Connections,
}

pub(super) fn read(reader: &mut Reader) -> Result<Capacity, Invalid> {
    let shedding = reader.required(&LOAD_SHEDDING, switch);
    let writes = reader.required(&MAX_WRITES, number);
    let reads = reader.required(&MAX_READS, number);
    let reports = reader.required(&MAX_REPORTS, number);
    let latency = reader.required(&TARGET_LATENCY, |text| milliseconds(text, 1));
    let wait = reader.required(&QUEUE_WAIT, |text| milliseconds(text, 0));
    let share = reader.required(&CLIENT_SHARE, |text| match text.parse() {
        Ok(percent @ 1..=100) => Ok(percent),
        _ => Err("a whole number of percent from 1 to 100".to_owned()),
    });
    let bodies = reader.required(&MAX_BODIES, number);
    let sending = reader.required(&BODY_TIMEOUT, seconds);
    let unread = reader.required(&UNREAD_MB, |text| match text.parse::<usize>() {
        Ok(megabytes @ 1..=MOST_MB) => Ok(megabytes << 20),
        _ => Err(format!("a whole number of mebibytes from 1 to {MOST_MB}")),
    });
    let connections = super::connections::read(reader);
    let requests = gateway::Capacity {
        writes: writes?,
        reads: reads?,
        reports: reports?,
        latency: latency?,
        wait: wait?,
        share: share?,
        unread: unread?,
        bodies: bodies?,
        sending: sending?,
        per_address: None,
    };
    Ok(Capacity {
        requests: shedding?.then_some(requests),
        connections: connections?,
    })
}
