//! What caused what: events of a request as a tree.
//!
//! An event belongs to the command that made it. A command hangs under what caused it: the event that a process reacted to, or the
//! command that called another one. Causes are what the log says, and a caller of the services may say anything: what would close a
//! circle is hung up on top instead.

use std::collections::HashMap;

use proto::v1::RecordedEvent;
use serde::Serialize;
use utoipa::ToSchema;

use super::entry::{ActorView, EntryView, own_reason};
use crate::times::rfc3339;

/// Commands below one another that are shown; JSON readers stop at about a hundred levels.
const MAX_DEPTH: usize = 24;

/// Everything that was set in motion under one correlation id.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRequest)]
pub(crate) struct RequestNode {
    #[schema(required)]
    request_id: Option<String>,
    correlation_id: String,
    /// Who asked first.
    actor: ActorView,
    /// The way in: `rest`, `import`, `seed`, `cli` or `process`.
    #[schema(required)]
    channel: Option<String>,
    #[schema(required)]
    client_ip: Option<String>,
    #[schema(required)]
    user_agent: Option<String>,
    /// Why, in the words of who asked.
    #[schema(required)]
    reason: Option<String>,
    /// When the first event was recorded.
    recorded_at: String,
    commands: Vec<CommandNode>,
}

/// A command, with what it recorded and what it called.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditCommand)]
pub(crate) struct CommandNode {
    /// Null in history from before commands had ids.
    #[schema(required)]
    command_id: Option<String>,
    /// Null where it left no event of its own behind.
    #[schema(required, example = "place_order")]
    command: Option<String>,
    /// Null where it left no event of its own behind.
    #[schema(required)]
    actor: Option<ActorView>,
    /// The event or command that caused it, if that is known.
    #[schema(required)]
    caused_by: Option<String>,
    events: Vec<EventNode>,
    /// Commands that it called.
    #[schema(no_recursion)]
    commands: Vec<CommandNode>,
}

/// An event, with the commands that it led to.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(crate) struct EventNode {
    event: EntryView,
    #[schema(no_recursion)]
    reactions: Vec<CommandNode>,
}

/// Grows the trees of all correlations in `events`, which come oldest first. Also returns whether some of it is too deep to be shown.
pub(crate) fn grow(events: Vec<RecordedEvent>) -> (Vec<RequestNode>, bool) {
    let mut order: Vec<String> = Vec::new();
    let mut requests: HashMap<String, Vec<RecordedEvent>> = HashMap::new();
    for event in events {
        let request = requests.entry(event.correlation_id.clone()).or_insert_with(|| {
            order.push(event.correlation_id.clone());
            Vec::new()
        });
        request.push(event);
    }
    let mut too_deep = false;
    let requests = order
        .iter()
        .filter_map(|correlation| request(requests.remove(correlation)?, &mut too_deep))
        .collect();
    (requests, too_deep)
}

fn request(events: Vec<RecordedEvent>, too_deep: &mut bool) -> Option<RequestNode> {
    let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    // Reactions know no request; who asked is who came with one.
    let first = events.iter().find(|event| !event.request_id.is_empty());
    let first = first.or(events.first())?;
    let node = RequestNode {
        request_id: non_empty(&first.request_id),
        correlation_id: first.correlation_id.clone(),
        actor: ActorView::of(first),
        channel: non_empty(&first.channel),
        client_ip: non_empty(&first.client_ip),
        user_agent: non_empty(&first.user_agent),
        reason: non_empty(&first.reason).or_else(|| own_reason(&first.payload)),
        recorded_at: rfc3339(first.recorded_at_micros),
        commands: Vec::new(),
    };
    let mut forest = Forest::of(events);
    forest.cut_circles();
    let (commands, deeper) = forest.into_commands();
    *too_deep |= deeper;
    Some(RequestNode { commands, ..node })
}

/// What a command hangs under: a command, or an event of one.
#[derive(Clone, Copy)]
struct Parent {
    command: usize,
    event: Option<usize>,
}

struct Command {
    id: String,
    cause: String,
    events: Vec<RecordedEvent>,
    parent: Option<Parent>,
}

struct Forest(Vec<Command>);

impl Forest {
    fn of(events: Vec<RecordedEvent>) -> Self {
        let mut commands: Vec<Command> = Vec::new();
        let mut by_key: HashMap<(String, String), usize> = HashMap::new();
        for event in events {
            // Before commands had ids, what has one cause and one time is taken for one command.
            let key = match event.command_id.as_str() {
                "" => (event.causation_id.clone(), event.recorded_at_micros.to_string()),
                id => (id.to_owned(), String::new()),
            };
            let place = *by_key.entry(key).or_insert_with(|| {
                commands.push(Command {
                    id: event.command_id.clone(),
                    cause: event.causation_id.clone(),
                    events: Vec::new(),
                    parent: None,
                });
                commands.len() - 1
            });
            if let Some(command) = commands.get_mut(place) {
                command.events.push(event);
            }
        }
        let mut causes: HashMap<String, Parent> = HashMap::new();
        for (place, command) in commands.iter().enumerate() {
            let under = |event| Parent { command: place, event };
            for (index, event) in command.events.iter().enumerate() {
                causes.insert(event.event_id.clone(), under(Some(index)));
            }
            if !command.id.is_empty() {
                causes.insert(command.id.clone(), under(None));
            }
        }
        // A command that called others and recorded nothing itself is known by them only.
        for place in 0..commands.len() {
            let cause = commands[place].cause.clone();
            if cause.is_empty() {
                continue;
            }
            let parent = *causes.entry(cause.clone()).or_insert_with(|| {
                commands.push(Command {
                    id: cause,
                    cause: String::new(),
                    events: Vec::new(),
                    parent: None,
                });
                Parent {
                    command: commands.len() - 1,
                    event: None,
                }
            });
            commands[place].parent = Some(parent);
        }
        Self(commands)
    }

    /// A node that would be its own ancestor becomes a root.
    fn cut_circles(&mut self) {
        for start in 0..self.0.len() {
            let mut at = start;
            for _ in 0..=self.0.len() {
                match self.0[at].parent {
                    Some(parent) if parent.command == start => {
                        self.0[start].parent = None;
                        break;
                    }
                    Some(parent) => at = parent.command,
                    None => break,
                }
            }
        }
    }

    fn into_commands(self) -> (Vec<CommandNode>, bool) {
        let mut children: Vec<Vec<(Option<usize>, usize)>> = vec![Vec::new(); self.0.len()];
        let mut roots = Vec::new();
        for (place, command) in self.0.iter().enumerate() {
            match command.parent {
                Some(parent) => children[parent.command].push((parent.event, place)),
                None => roots.push(place),
            }
        }
        // A root that is known by its children only came first all the same.
        roots.sort_by_key(|place| oldest(&self.0, &children, *place, MAX_DEPTH));
        let mut growing = Growing {
            commands: self.0.into_iter().map(Some).collect(),
            children,
            too_deep: false,
        };
        let nodes = roots.into_iter().filter_map(|place| growing.node(place, 1)).collect();
        (nodes, growing.too_deep)
    }
}

/// When the first event of a command, or of one below it, was recorded.
fn oldest(commands: &[Command], children: &[Vec<(Option<usize>, usize)>], place: usize, depth: usize) -> i64 {
    if let Some(event) = commands[place].events.first() {
        return event.recorded_at_micros;
    }
    let below = children[place].iter().filter(|_| depth > 0);
    below
        .map(|(_, child)| oldest(commands, children, *child, depth - 1))
        .min()
        .unwrap_or(i64::MAX)
}

struct Growing {
    commands: Vec<Option<Command>>,
    children: Vec<Vec<(Option<usize>, usize)>>,
    too_deep: bool,
}

impl Growing {
    fn node(&mut self, place: usize, depth: usize) -> Option<CommandNode> {
        if depth > MAX_DEPTH {
            self.too_deep = true;
            return None;
        }
        let command = self.commands.get_mut(place)?.take()?;
        let children = std::mem::take(&mut self.children[place]);
        let mut under: HashMap<Option<usize>, Vec<CommandNode>> = HashMap::new();
        for (event, child) in children {
            if let Some(node) = self.node(child, depth + 1) {
                under.entry(event).or_default().push(node);
            }
        }
        let non_empty = |text: String| (!text.is_empty()).then_some(text);
        let name = command.events.first().map(|event| event.command.clone());
        Some(CommandNode {
            command_id: non_empty(command.id),
            command: name.and_then(non_empty),
            actor: command.events.first().map(ActorView::of),
            caused_by: non_empty(command.cause),
            commands: under.remove(&None).unwrap_or_default(),
            events: command
                .events
                .into_iter()
                .enumerate()
                .map(|(index, event)| EventNode {
                    event: event.into(),
                    reactions: under.remove(&Some(index)).unwrap_or_default(),
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, command: &str, cause: &str) -> RecordedEvent {
        RecordedEvent {
            event_id: id.to_owned(),
            command_id: command.to_owned(),
            command: format!("do_{command}"),
            causation_id: cause.to_owned(),
            correlation_id: "c".to_owned(),
            request_id: "r".to_owned(),
            ..RecordedEvent::default()
        }
    }

    /// `name(event event<reaction> | called)`, in short.
    fn outline(commands: &[CommandNode]) -> String {
        let one = |command: &CommandNode| {
            let events: Vec<String> = command
                .events
                .iter()
                .map(|event| {
                    let id = serde_json::to_value(event).unwrap()["event"]["event_id"]
                        .as_str()
                        .unwrap()
                        .to_owned();
                    match event.reactions.as_slice() {
                        [] => id,
                        reactions => format!("{id}<{}>", outline(reactions)),
                    }
                })
                .collect();
            let called = match command.commands.as_slice() {
                [] => String::new(),
                called => format!(" | {}", outline(called)),
            };
            format!(
                "{}({}{called})",
                command.command_id.as_deref().unwrap_or("?"),
                events.join(" ")
            )
        };
        commands.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn grown(events: Vec<RecordedEvent>) -> String {
        let (requests, _) = grow(events);
        assert_eq!(requests.len(), 1);
        outline(&requests[0].commands)
    }

    #[test]
    fn a_request_without_a_reason_of_its_own_has_that_of_its_body() {
        let cancelled = RecordedEvent {
            payload: r#"{"OrderCancelled":{"reason":"changed my mind"}}"#.to_owned(),
            ..event("cancelled", "cancel", "")
        };
        let (requests, _) = grow(vec![cancelled]);
        assert_eq!(requests[0].reason.as_deref(), Some("changed my mind"));
    }

    #[test]
    fn commands_hang_under_what_caused_them() {
        let placed = vec![
            event("reserved", "reserve", "place"),
            event("placed", "place", ""),
            event("cancelled", "settle", "reserved"),
            event("released", "settle", "reserved"),
        ];
        assert_eq!(
            grown(placed),
            "place(placed | reserve(reserved<settle(cancelled released)>))"
        );
    }

    #[test]
    fn a_command_that_recorded_nothing_is_known_by_what_it_called() {
        let refused = vec![
            event("reserved", "reserve", "place"),
            event("released", "release", "place"),
        ];
        assert_eq!(grown(refused), "place( | reserve(reserved) release(released))");
    }

    #[test]
    fn history_without_commands_is_shown_too() {
        assert_eq!(grown(vec![event("a", "", ""), event("b", "", "")]), "?(a b)");
    }

    #[test]
    fn circles_are_cut_and_nothing_is_lost() {
        assert_eq!(grown(vec![event("a", "x", "x")]), "x(a)", "its own cause");
        assert_eq!(grown(vec![event("a", "x", "a")]), "x(a)", "caused by its own event");
        let circle = vec![event("a", "x", "z"), event("b", "y", "a"), event("c", "z", "b")];
        assert_eq!(grown(circle), "x(a<y(b<z(c)>)>)");
        let tail = vec![event("t", "w", "a"), event("a", "x", "b"), event("b", "y", "a")];
        assert_eq!(grown(tail), "x(a<w(t) y(b)>)");
    }

    #[test]
    fn what_hangs_too_deep_is_left_out_and_told() {
        let chain: Vec<RecordedEvent> = (0..60)
            .map(|index| {
                let cause = if index == 0 {
                    String::new()
                } else {
                    format!("e{}", index - 1)
                };
                event(&format!("e{index}"), &format!("c{index}"), &cause)
            })
            .collect();
        let (requests, too_deep) = grow(chain);
        assert!(too_deep);
        let text = serde_json::to_string(&requests).unwrap();
        assert!(text.contains("\"e23\"") && !text.contains("\"e24\""));
        let _: serde_json::Value = serde_json::from_str(&text).unwrap();
    }

    #[test]
    fn requests_of_one_id_are_told_apart() {
        let other = RecordedEvent {
            correlation_id: "d".to_owned(),
            ..event("b", "y", "")
        };
        let (requests, _) = grow(vec![event("a", "x", ""), other]);
        assert_eq!(requests.len(), 2);
    }
}
