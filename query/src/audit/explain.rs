//! What people want to know of an event beyond the event: who the actor is, and what it changed.

use std::collections::HashMap;

use proto::v1::{FieldChange, RecordedEvent};

use super::AuditService;
use crate::error::Error;
use crate::history::Place;

/// Completes the events of a page.
pub(super) async fn explain(query: &AuditService, events: &mut [RecordedEvent]) -> Result<(), Error> {
    name_actors(query, events).await?;
    tell_changes(query, events).await
}

async fn name_actors(query: &AuditService, events: &mut [RecordedEvent]) -> Result<(), Error> {
    let mut ids: Vec<&str> = events.iter().map(|event| event.actor.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    // Parts of the system act too.
    ids.retain(|id| id.starts_with("usr_"));
    if ids.is_empty() {
        return Ok(());
    }
    let users: Vec<(String, String, String)> = sqlx::query_as("SELECT id, email, name FROM users WHERE id = ANY ($1)")
        .bind(ids)
        .fetch_all(query.reads.pool())
        .await?;
    let users: HashMap<_, _> = users.into_iter().map(|(id, email, name)| (id, (email, name))).collect();
    for event in events {
        if let Some((email, name)) = users.get(&event.actor) {
            event.actor_email.clone_from(email);
            event.actor_name.clone_from(name);
        }
    }
    Ok(())
}

async fn tell_changes(query: &AuditService, events: &mut [RecordedEvent]) -> Result<(), Error> {
    let Some(history) = &query.history else {
        return Ok(());
    };
    let places: Vec<Place> = events
        .iter()
        .map(|event| Place {
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id.clone(),
            sequence: event.sequence,
        })
        .collect();
    let changes = history.changes(&places).await?;
    for (event, changes) in events.iter_mut().zip(changes) {
        event.changes = changes
            .into_iter()
            .map(|change| FieldChange {
                field: change.field,
                before: change.before,
                after: change.after,
            })
            .collect();
    }
    Ok(())
}
