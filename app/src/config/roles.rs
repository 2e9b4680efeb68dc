//! What this process does.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const ROLES: Variable = Variable {
    key: "roles",
    environment: "TILLROLL_ROLES",
    flag: "roles",
    value: "ROLE,...",
    default: Some("all"),
    secrecy: Secrecy::Open,
    help: "Roles that `serve` runs in this process: `all`, or some of gateway, command, query, projector, worker",
};

pub(super) const VARIABLES: &[&Variable] = &[&ROLES];

/// A part of the system that a process may take on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// HTTP for the outside.
    Gateway,
    /// gRPC services that decide and append.
    Command,
    /// gRPC services that read.
    Query,
    /// Keeps the read models up to date.
    Projector,
    /// Process managers: expires reservations that no order claimed.
    Worker,
}

impl Role {
    const ALL: [Role; 5] = [Role::Gateway, Role::Command, Role::Query, Role::Projector, Role::Worker];

    /// The word that names the role in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Gateway => "gateway",
            Role::Command => "command",
            Role::Query => "query",
            Role::Projector => "projector",
            Role::Worker => "worker",
        }
    }
}

/// A set of roles that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether the process has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether any part of the process talks to the database; a gateway alone does not.
    #[must_use]
    pub fn need_database(&self) -> bool {
        self.0.iter().any(|role| *role != Role::Gateway)
    }
}

impl Display for Roles {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|role| role.name()).collect();
        formatter.write_str(&names.join(","))
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Roles, String> {
        let mut roles = BTreeSet::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match Role::ALL.into_iter().find(|role| role.name() == word) {
                Some(role) => roles.extend([role]),
                None if word == "all" => roles.extend(Role::ALL),
                None => {
                    return Err(
                        "`all`, or a comma-separated list of gateway, command, query, projector, worker".to_owned(),
                    );
                }
            }
        }
        if roles.is_empty() {
            Err("at least one role".to_owned())
        } else {
            Ok(Roles(roles))
        }
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Roles, Invalid> {
    reader.required(&ROLES, str::parse)
}
