//! How processes prove to each other who they are, when the roles are split.

use std::net::IpAddr;
use std::path::PathBuf;

use super::parse::switch;
use super::reader::{Invalid, Reader};
use super::roles::{Role, Roles};
use super::services::{COMMAND_URL, GRPC_ADDR, QUERY_URL, Services};
use super::variable::{Secrecy, Variable};

const INTERNAL_KEY_FILE: Variable = Variable {
    key: "internal_key_file",
    environment: "TILLROLL_INTERNAL_KEY_FILE",
    flag: "internal-key-file",
    value: "FILE",
    default: None,
    secrecy: Secrecy::Open,
    help: "Ed25519 keys (PEM) of the statements about who calls: the gateway signs with the private one, services believe that one and all public ones",
};

const TLS_CERT: Variable = Variable {
    key: "tls_cert",
    environment: "TILLROLL_TLS_CERT",
    flag: "tls-cert",
    value: "FILE",
    default: None,
    secrecy: Secrecy::Open,
    help: "Certificate (PEM) that this process shows to the others over gRPC; it names the process's role as the URI tillroll:role:ROLE, and its host",
};

const TLS_KEY: Variable = Variable {
    key: "tls_key",
    environment: "TILLROLL_TLS_KEY",
    flag: "tls-key",
    value: "FILE",
    default: None,
    secrecy: Secrecy::Open,
    help: "Private key (PEM) of TILLROLL_TLS_CERT",
};

const TLS_CA: Variable = Variable {
    key: "tls_ca",
    environment: "TILLROLL_TLS_CA",
    flag: "tls-ca",
    value: "FILE",
    default: None,
    secrecy: Secrecy::Open,
    help: "Certificate (PEM) of the authority that signs the certificates of all processes",
};

const MESH_TLS: Variable = Variable {
    key: "mesh_tls",
    environment: "TILLROLL_MESH_TLS",
    flag: "mesh-tls",
    value: "on|off",
    default: Some("off"),
    secrecy: Secrecy::Open,
    help: "On where a service mesh encrypts what processes say to each other: no certificates are needed then, the signed statements alone say who calls",
};

const INSECURE_INTERNAL: Variable = Variable {
    key: "insecure_internal",
    environment: "TILLROLL_INSECURE_INTERNAL",
    flag: "insecure-internal",
    value: "on|off",
    default: Some("off"),
    secrecy: Secrecy::Open,
    help: "On to let split roles talk without keys and certificates, on loopback addresses only: every program of the machine may then do everything",
};

pub(super) const VARIABLES: &[&Variable] = &[
    &INTERNAL_KEY_FILE,
    &TLS_CERT,
    &TLS_KEY,
    &TLS_CA,
    &MESH_TLS,
    &INSECURE_INTERNAL,
];

/// The files of mutual TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The process's certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The certificate of the authority.
    pub authority: PathBuf,
}

/// How processes prove to each other who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Internal {
    /// The keys of statements about callers; `None`: those that everybody knows.
    pub key_file: Option<PathBuf>,
    /// Mutual TLS; `None`: a mesh does it, or nobody.
    pub tls: Option<TlsFiles>,
    mesh: bool,
    insecure: bool,
}

fn file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_file() {
        Ok(path)
    } else {
        Err("a file that exists".to_owned())
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Internal, Invalid> {
    let key_file = reader.optional(&INTERNAL_KEY_FILE, file);
    let files = [&TLS_CERT, &TLS_KEY, &TLS_CA].map(|variable| (variable, reader.optional(variable, file)));
    let mesh = reader.required(&MESH_TLS, switch);
    let insecure = reader.required(&INSECURE_INTERNAL, switch);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (variable, file) in files {
        match file? {
            Some(file) => found.push(file),
            None => missing.push(variable),
        }
    }
    let tls = match <[PathBuf; 3]>::try_from(found) {
        Ok([certificate, key, authority]) => Some(TlsFiles {
            certificate,
            key,
            authority,
        }),
        Err(some) => {
            for variable in missing.into_iter().filter(|_| !some.is_empty()) {
                reader.problem(
                    variable,
                    "is not set; TILLROLL_TLS_CERT, TILLROLL_TLS_KEY and TILLROLL_TLS_CA belong together",
                );
            }
            None
        }
    };
    Ok(Internal {
        key_file: key_file?,
        tls,
        mesh: mesh?,
        insecure: insecure?,
    })
}

/// Refuses a process that others reach, or that reaches others, if nothing proves who is who.
pub(super) fn check(reader: &mut Reader, internal: &Internal, services: &Services, roles: &Roles) {
    let gateway = roles.has(Role::Gateway);
    let listens = services
        .addr
        .filter(|_| roles.has(Role::Command) || roles.has(Role::Query));
    let command = services
        .command_url
        .as_deref()
        .filter(|_| gateway && !roles.has(Role::Command));
    let query = services
        .query_url
        .as_deref()
        .filter(|_| gateway && !roles.has(Role::Query));
    let calls = [(&COMMAND_URL, command), (&QUERY_URL, query)];
    let calls = || calls.into_iter().filter_map(|(variable, url)| Some((variable, url?)));
    if listens.is_none() && calls().next().is_none() {
        return;
    }
    if internal.insecure {
        let expected = "but TILLROLL_INSECURE_INTERNAL is on, which is for one machine alone; expected a loopback address such as 127.0.0.1, or keys and certificates instead";
        if let Some(address) = listens.filter(|address| !address.ip().is_loopback()) {
            reader.problem(&GRPC_ADDR, &format!("is \"{address}\", {expected}"));
        }
        for (variable, _) in calls().filter(|(_, url)| !is_loopback(url)) {
            reader.problem(variable, &format!("names another machine, {expected}"));
        }
        return;
    }
    let who = "is not set; processes that talk to each other over gRPC prove who they are with it";
    let help = "`tillroll certs dev` makes all that is needed for development; `--insecure-internal` does without, on one machine";
    if internal.key_file.is_none() {
        reader.problem(&INTERNAL_KEY_FILE, &format!("{who}. {help}"));
    }
    if internal.tls.is_none() && !internal.mesh {
        reader.problem(
            &TLS_CERT,
            &format!("{who}. Set TILLROLL_MESH_TLS=on if a service mesh encrypts. {help}"),
        );
    }
    let scheme = if internal.tls.is_some() { "https" } else { "http" };
    for (variable, _) in calls().filter(|(_, url)| !url.starts_with(&format!("{scheme}://"))) {
        reader.problem(
            variable,
            &format!(
                "does not begin with {scheme}://, which {} TILLROLL_TLS_CERT",
                if internal.tls.is_some() {
                    "goes with"
                } else {
                    "it has to without"
                }
            ),
        );
    }
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
