//! Who calls a service, and whether they may.
//!
//! A caller goes with the request: as an extension of it inside a process, as a signed [statement](crate::statement) between processes.
//! [`Caller::scope`] says it once for everything that a task calls.

use std::sync::Arc;

use crate::access::{CallClass, Method, Role};
use crate::failure::{Failure, FailureKind};

pub use crate::v1::Part;

/// What the actors of the system itself begin with.
const SYSTEM: &str = "system:";

tokio::task_local! {
    static CURRENT: Caller;
}

impl Part {
    /// `gateway`, as certificates and the configuration of roles have it.
    #[must_use]
    pub fn name(self) -> String {
        self.as_str_name().trim_start_matches("PART_").to_lowercase()
    }

    /// The part of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_str_name(&format!("PART_{}", name.to_uppercase())).filter(|part| part.name() == name)
    }
}

/// Who calls. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub(crate) actor: Arc<str>,
    pub(crate) role: Role,
    pub(crate) part: Part,
    pub(crate) request_id: Arc<str>,
}

impl Caller {
    /// A person, or nobody who is known (without an actor), whose request the gateway passes on.
    #[must_use]
    pub fn person(actor: Arc<str>, role: Role, request_id: Arc<str>) -> Self {
        Self {
            actor,
            role,
            part: Part::Gateway,
            request_id,
        }
    }

    /// A part of the system in its own name.
    #[must_use]
    pub fn system(part: Part, name: &str) -> Self {
        Self {
            actor: format!("{SYSTEM}{name}").into(),
            role: Role::Unspecified,
            part,
            request_id: Arc::default(),
        }
    }

    /// The same, for whom another part than the gateway calls.
    #[must_use]
    pub fn through(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// Who calls: `usr_...`, `system:...`, or nothing for a visitor.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Which part calls.
    #[must_use]
    pub fn part(&self) -> Part {
        self.part
    }

    /// The outside request behind the call; empty: none.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Runs a future whose calls are made by this caller. What it spawns is not part of that.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// The caller of the present task.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Whether the caller may call a method.
    ///
    /// # Errors
    /// Why not: nobody is known, or those who are known lack the permission.
    pub fn check(&self, method: &Method) -> Result<(), Failure> {
        let itself = self.actor.starts_with(SYSTEM);
        let allowed = match method.class {
            CallClass::Internal => self.part != Part::Gateway || method.gateway,
            _ if itself => self.part != Part::Gateway || method.gateway,
            _ => method.is_granted_to(self.role),
        };
        if allowed {
            return Ok(());
        }
        Err(match method.class {
            CallClass::Internal => Failure::new(
                FailureKind::Forbidden,
                "forbidden",
                "this is between parts of the system, and not for the one that calls",
            ),
            _ if self.actor.is_empty() => Failure::new(
                FailureKind::Unauthenticated,
                "unauthenticated",
                "this needs somebody who is known",
            ),
            _ => Failure::new(
                FailureKind::Forbidden,
                "forbidden",
                format!("this needs the permission {}", method.permission),
            ),
        })
    }

    /// Whether events may say that `actor` did it. The system's own parts may name any of their processes, and nobody may name a person
    /// that they are not.
    ///
    /// # Errors
    /// When they may not.
    pub fn check_actor(&self, actor: &str) -> Result<(), Failure> {
        let both = [&*self.actor, actor];
        if actor.is_empty() || self.actor() == actor || both.iter().all(|name| name.starts_with(SYSTEM)) {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::Forbidden,
            "actor_mismatch",
            "the command names somebody else than the one who calls",
        )
        .with_field("context.actor", "mismatch", "is not who calls"))
    }
}
