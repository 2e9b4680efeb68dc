//! Who caused an event. Clients choose the ids of requests, so events of others may have the same id.

use std::collections::HashMap;

use proto::v1::RecordedEvent;

/// Causes that are followed; a caller of the services may say anything.
const MAX_CAUSES: usize = 64;

/// For each event who caused it: its actor, or, if a part of the system reacted to another event, the actor of that one.
pub(super) fn owners(events: &[RecordedEvent]) -> Vec<String> {
    let mut causes: HashMap<&str, &RecordedEvent> = HashMap::new();
    for event in events {
        causes.insert(&event.event_id, event);
        if !event.command_id.is_empty() {
            causes.entry(&event.command_id).or_insert(event);
        }
    }
    let owner = |event| {
        let mut at: &RecordedEvent = event;
        for _ in 0..MAX_CAUSES {
            match causes.get(at.causation_id.as_str()) {
                Some(cause) if at.actor.starts_with("system:") => at = cause,
                _ => break,
            }
        }
        at.actor.clone()
    };
    events.iter().map(owner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_the_doing_of_whoever_it_reacts_to() {
        let event = |id: &str, command: &str, actor: &str, cause: &str| RecordedEvent {
            event_id: id.to_owned(),
            command_id: command.to_owned(),
            actor: actor.to_owned(),
            causation_id: cause.to_owned(),
            ..RecordedEvent::default()
        };
        let events = [
            event("e1", "c1", "usr_a", ""),
            event("e2", "c2", "usr_b", "c1"),
            event("e3", "c3", "system:reservations", "e2"),
            event("e4", "c4", "system:reservations", "c3"),
            event("e5", "", "system:import", ""),
            event("e6", "", "system:import", "nowhere"),
            event("e7", "c7", "system:circle", "c7"),
        ];
        let expected = [
            "usr_a",
            "usr_b",
            "usr_b",
            "usr_b",
            "system:import",
            "system:import",
            "system:circle",
        ];
        assert_eq!(
            owners(&events),
            expected,
            "what people do is theirs, whatever cause they name"
        );
    }
}
