//! The machine's side: programs, folders, ports.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use proto::transport::Transport;
use proto::v1::{order_command_server, order_query_server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::{Report, chain};
use crate::config::{Config, Role};
use crate::signing_key;

/// A server that takes longer to answer at one of our addresses has a problem.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
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
        let ours = answers_http(config.http.addr);
        port(
            "HTTP port",
            "TILLROLL_HTTP_ADDR",
            config.http.addr,
            (server, ours),
            report,
        )
        .await;
    }
    if let Some(address) = config.http.operations_addr {
        let ours = answers_http(address);
        port(
            "operations port",
            "TILLROLL_OPERATIONS_ADDR",
            address,
            (server, ours),
            report,
        )
        .await;
    }
    if let Some(address) = config.services.addr {
        let ours = answers_grpc(address);
        port("gRPC port", "TILLROLL_GRPC_ADDR", address, (server, ours), report).await;
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

/// `server`: the process that serves from the data folder, and whether it is Tillroll that answers at the address.
async fn port(
    subject: &str,
    variable: &str,
    address: SocketAddr,
    (server, ours): (Option<u32>, impl Future<Output = bool>),
    report: &mut Report,
) {
    match TcpListener::bind(address).await {
        Ok(_) => report.fine(subject, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            // With DATABASE_URL several servers may share a data folder, and none has it for itself.
            if timeout(ANSWERS_WITHIN, ours).await == Ok(true) {
                let process = server
                    .map(|process| format!(" as process {process}"))
                    .unwrap_or_default();
                report.fine(subject, format!("{address} is in use: tillroll is running{process}"));
            } else {
                report.fail(
                    subject,
                    format!("{address} is in use by another program: stop that one, or set {variable}"),
                );
            }
        }
        Err(error) => report.fail(subject, format!("{address}: {error}; set {variable}")),
    }
}

/// Whether `/healthz` is answered there as a Tillroll does.
async fn answers_http(address: SocketAddr) -> bool {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let Ok(answer) = asking.await else { return false };
    let answer = String::from_utf8_lossy(&answer);
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.trim());
    answer.starts_with("HTTP/1.1 200 ") && matches!(body, Some(r#"{"status":"ok"}"# | "ok"))
}

/// Whether one of Tillroll's services is known there.
async fn answers_grpc(address: SocketAddr) -> bool {
    let Ok(transport) = Transport::remote(&format!("http://{address}")) else {
        return false;
    };
    let mut client = HealthClient::new(transport);
    for service in [order_command_server::SERVICE_NAME, order_query_server::SERVICE_NAME] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        if client.check(request).await.is_ok() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_tillroll_is_taken_for_one() {
        for (answer, ours) in [
            (
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":\"ok\"}",
                true,
            ),
            ("HTTP/1.1 200 OK\r\n\r\nok\n", true),
            ("HTTP/1.1 200 OK\r\n\r\n<html>welcome</html>", false),
            ("HTTP/1.1 404 Not Found\r\n\r\nok\n", false),
            ("SSH-2.0-x\r\n", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let serving = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            };
            assert_eq!(tokio::join!(answers_http(address), serving).0, ours, "{answer}");
        }
    }
}
