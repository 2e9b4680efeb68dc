//! The machine's side: programs, folders, ports.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

use super::{Report, chain};
use crate::config::{Config, Role};
use crate::postgres;
use crate::signing_key;

/// Less free space than this is worth a look.
const LITTLE_SPACE: u64 = 2 << 30;
/// With less than this PostgreSQL will stop soon: it keeps up to 4 GiB of write-ahead log under load.
const NO_SPACE: u64 = 200 << 20;

pub(super) async fn check(config: &Config, report: &mut Report) {
    report.fine(
        "configuration",
        "valid; `tillroll config dump` shows it with its sources",
    );
    for notice in &config.notices {
        report.warn("configuration", notice);
    }
    programs(config, report);
    folder(&config.data.dir, report);
    key(config, report);
    let server = postgres::serving_process(&config.data.dir);
    if config.roles.has(Role::Gateway) {
        port("HTTP port", "TILLROLL_HTTP_ADDR", config.http.addr, server, report).await;
    }
    if let Some(address) = config.http.operations_addr {
        port("operations port", "TILLROLL_OPERATIONS_ADDR", address, server, report).await;
    }
    if let Some(address) = config.services.addr {
        port("gRPC port", "TILLROLL_GRPC_ADDR", address, server, report).await;
    }
}

fn programs(config: &Config, report: &mut Report) {
    let subject = "PostgreSQL programs";
    if config.database.url.is_some() {
        report.fine(subject, "not needed: DATABASE_URL is set");
        return;
    }
    match postgres::find_installations(config.path.as_deref()) {
        Ok(found) => {
            let versions: Vec<String> = found
                .iter()
                .map(|found| format!("{} in {}", found.major, found.folder.display()))
                .collect();
            report.fine(subject, format!("version {}", versions.join(", ")));
            match postgres::major_version(&config.data.dir) {
                Ok(Some(major)) if found.iter().all(|found| found.major != major) => {
                    report.fail("cluster", format!("made by PostgreSQL {major}, which is not installed: install the Debian package `postgresql-{major}`"));
                }
                Ok(Some(major)) => report.fine("cluster", format!("made by PostgreSQL {major}")),
                Ok(None) => report.fine("cluster", "none yet: the first start makes it"),
                Err(error) => report.fail("cluster", chain(error)),
            }
        }
        Err(error) => report.fail(subject, chain(error)),
    }
}

fn folder(data_dir: &Path, report: &mut Report) {
    let subject = "data folder";
    let shown = data_dir.display();
    // Of a folder that is still to be made, the one above decides.
    let Some(existing) = data_dir
        .ancestors()
        .map(|folder| {
            if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            }
        })
        .find(|folder| folder.exists())
    else {
        report.fail(
            subject,
            format!("{shown} cannot be made: choose another with TILLROLL_DATA_DIR"),
        );
        return;
    };
    match rustix::fs::access(existing, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        Ok(()) if existing == data_dir => report.fine(subject, format!("{shown} is writable")),
        Ok(()) => report.fine(subject, format!("{shown} is not there yet and can be made")),
        Err(error) => report.fail(
            subject,
            format!(
                "{} is not writable ({error}): mend its permissions, or choose another with TILLROLL_DATA_DIR",
                existing.display()
            ),
        ),
    }
    match rustix::fs::statvfs(existing) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let shown = format!("{} MiB free", free >> 20);
            if free < NO_SPACE {
                report.fail("free space", format!("{shown}: make room, or PostgreSQL stops"));
            } else if free < LITTLE_SPACE {
                report.warn(
                    "free space",
                    format!("{shown}: PostgreSQL alone may take 4 GiB for its log under load"),
                );
            } else {
                report.fine("free space", shown);
            }
        }
        Err(error) => report.warn("free space", format!("not known: {error}")),
    }
}

fn key(config: &Config, report: &mut Report) {
    let path = signing_key::path(config);
    if !path.exists() {
        report.fine("signing key", "none yet: the first start makes it");
        return;
    }
    match signing_key::load(config) {
        Ok(_) => report.fine("signing key", path.display()),
        Err(error) => report.fail("signing key", chain(error)),
    }
}

async fn port(subject: &str, variable: &str, address: SocketAddr, server: Option<u32>, report: &mut Report) {
    match TcpListener::bind(address).await {
        Ok(_) => report.fine(subject, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match server {
            Some(process) => report.fine(
                subject,
                format!("{address} is in use; tillroll is running as process {process}"),
            ),
            None => report.fail(
                subject,
                format!("{address} is in use by another program: stop that one, or set {variable}"),
            ),
        },
        Err(error) => report.fail(subject, format!("{address}: {error}; set {variable}")),
    }
}
