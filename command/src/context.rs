//! Who asks, why, and how long the answer may take.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Reason, UserId};
use eventstore::{IdempotencyKey, Metadata, Plan};
use proto::{failure::Failure, v1::CommandContext};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{core::Core, fields::Fields};

/// Longest idempotency key, in bytes.
const MAX_KEY: usize = 255;
/// Longest actor, request id, client address or way in, in bytes.
const MAX_NAME: usize = 200;
/// Longest user agent, in bytes.
const MAX_AGENT: usize = 2_000;

/// The checked context of one command.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Names the command itself: what it causes refers to it.
    pub(crate) command_id: Uuid,
    command: &'static str,
    origin: Origin,
    pub(crate) metadata: Metadata,
    pub(crate) key: Option<IdempotencyKey>,
    /// When the command came in; the business time of its events.
    pub(crate) now: DateTime<Utc>,
}

/// Where a command comes from and why, as far as that is known. Some of it is personal data: it belongs into the log's metadata and
/// nowhere else.
#[derive(Clone, Debug, Default)]
struct Origin {
    client_ip: String,
    user_agent: String,
    channel: String,
    reason: String,
}

impl Context {
    /// Reads a request: who asks, and by `read` what is asked. Everything that is wrong with either is reported at once. `command` keeps
    /// the keys of different commands apart.
    pub(crate) fn accept<T>(
        core: &Core,
        command: &'static str,
        context: Option<CommandContext>,
        read: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Result<(Self, T), Failure> {
        Fields::read(|fields| {
            let context = Self::read(core, fields, command, context.unwrap_or_default());
            Some((context, read(fields)?))
        })
    }

    /// Checks what the caller said of itself. After a mistake, which is noted, the result is thrown away.
    fn read(core: &Core, fields: &mut Fields, command: &'static str, context: CommandContext) -> Self {
        if context.actor.is_empty() {
            fields.add("context.actor", "required", "who asks is required");
        }
        for (field, text) in [
            ("context.actor", &context.actor),
            ("context.request_id", &context.request_id),
            ("context.client_ip", &context.client_ip),
            ("context.channel", &context.channel),
        ] {
            check_text(fields, field, text, MAX_NAME);
        }
        check_text(fields, "context.user_agent", &context.user_agent, MAX_AGENT);
        let reason = fields.check("context.reason", Reason::optional(&context.reason));
        let correlation_id = uuid(fields, "context.correlation_id", &context.correlation_id);
        let causation_id = uuid(fields, "context.causation_id", &context.causation_id);
        let key = &context.idempotency_key;
        if !key.is_empty() {
            if key.len() > MAX_KEY || key.contains(char::is_control) {
                fields.add(
                    "context.idempotency_key",
                    "invalid_format",
                    format!("an idempotency key has 1 to {MAX_KEY} bytes without control characters"),
                );
            }
            // Without it, another request under the same key would be answered with this one's outcome.
            if context.request_hash.is_empty() {
                fields.add(
                    "context.request_hash",
                    "required",
                    "an idempotency key needs the fingerprint of its request",
                );
            }
        }
        let key = (!key.is_empty()).then(|| IdempotencyKey {
            scope: format!("{command}:{}", context.actor),
            key: context.idempotency_key,
            request_hash: context.request_hash,
        });
        Self {
            command_id: (core.ids)(),
            command,
            origin: Origin {
                client_ip: context.client_ip,
                user_agent: context.user_agent,
                channel: context.channel,
                reason: reason.flatten().map(String::from).unwrap_or_default(),
            },
            metadata: Metadata {
                actor: context.actor,
                correlation_id: correlation_id.unwrap_or_else(|| (core.ids)()),
                causation_id,
                request_id: context.request_id,
            },
            key,
            now: core.now(),
        }
    }

    /// Reads a request that a user makes for themselves: who asks is the user.
    pub(crate) fn accept_own(
        core: &Core,
        command: &'static str,
        context: Option<CommandContext>,
    ) -> Result<(Self, UserId), Failure> {
        let actor = context
            .as_ref()
            .map(|context| context.actor.clone())
            .unwrap_or_default();
        Self::accept(core, command, context, |fields| {
            fields.check("context.actor", actor.parse::<UserId>())
        })
    }

    /// Where the command comes from; empty: not known.
    pub(crate) fn client_ip(&self) -> &str {
        &self.origin.client_ip
    }

    /// The plan of the command itself: with its metadata, time and key.
    pub(crate) fn plan(&self) -> Plan {
        let plan = self.plan_at(self.now);
        match &self.key {
            Some(key) => plan.idempotency(key.clone()),
            None => plan,
        }
    }

    /// A plan of something that happened at `occurred_at`: with the command's metadata, without its key.
    pub(crate) fn plan_at(&self, occurred_at: DateTime<Utc>) -> Plan {
        let Origin {
            client_ip,
            user_agent,
            channel,
            reason,
        } = &self.origin;
        let plan = annotated(
            Plan::new(self.metadata.clone()).occurred_at(occurred_at),
            self.command_id,
            self.command,
        );
        [
            ("client_ip", client_ip),
            ("user_agent", user_agent),
            ("channel", channel),
            ("reason", reason),
        ]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .fold(plan, |plan, (name, text)| plan.annotation(name, text.as_str()))
    }
}

/// Records with each event the command that made it, so that the commands of one request can be told apart in the log.
pub(crate) fn annotated(plan: Plan, command_id: Uuid, command: &'static str) -> Plan {
    plan.annotation("command_id", command_id.to_string())
        .annotation("command", command)
}

fn check_text(fields: &mut Fields, field: &str, text: &str, longest: usize) {
    if text.len() > longest || text.contains(char::is_control) {
        fields.add(
            field,
            "invalid_format",
            format!("at most {longest} bytes without control characters"),
        );
    }
}

fn uuid(fields: &mut Fields, field: &str, text: &str) -> Option<Uuid> {
    if text.is_empty() {
        return None;
    }
    let uuid = Uuid::try_parse(text).ok();
    if uuid.is_none() {
        fields.add(field, "invalid_format", "a UUID is expected");
    }
    uuid
}

/// When the caller stops waiting: by its `grpc-timeout`, else by the default of all calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn of(metadata: &tonic::metadata::MetadataMap) -> Self {
        let timeout = metadata
            .get("grpc-timeout")
            .and_then(|value| value.to_str().ok())
            .and_then(grpc_timeout)
            .map_or(proto::transport::DEFAULT_DEADLINE, |timeout| {
                timeout.min(proto::transport::DEFAULT_DEADLINE)
            });
        Self(Instant::now() + timeout)
    }

    pub(crate) fn at(self) -> Instant {
        self.0
    }

    /// How long is left; zero when it has passed.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Reads `grpc-timeout`: up to eight digits and a unit.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_grpc_protocol_writes_them() {
        assert_eq!(grpc_timeout("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(grpc_timeout("2S"), Some(Duration::from_secs(2)));
        assert_eq!(grpc_timeout("99999999H"), Some(Duration::from_hours(99_999_999)));
        for wrong in ["", "S", "-1S", "1", "123456789S", "1X", "1é"] {
            assert_eq!(grpc_timeout(wrong), None, "{wrong}");
        }
    }
}
