//! Streams without a row in a read model: they fold into a few facts.

use std::marker::PhantomData;

use domain::credit::CreditEvent;
use domain::email::EmailEvent;
use domain::process::ProcessEvent;
use domain::projection::ReadModelEvent;
use domain::session::SessionEvent;
use domain::sku::SkuEvent;
use eventstore::{Event, Recorded};
use serde_json::{Map, Value};

use super::columns::Columns;
use super::fields::{self, Fields};
use super::folding::{Folding, State, version};

/// Streams whose state is a few facts.
pub(super) struct Facts<E>(PhantomData<fn() -> E>);

impl<E> Facts<E> {
    pub(super) const NEW: Self = Self(PhantomData);
}

/// An event that says what holds since.
pub(super) trait Fact: Event + 'static {
    fn since(self, before: Map<String, Value>) -> Map<String, Value>;
}

impl Fact for SkuEvent {
    fn since(self, _before: Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::SkuClaimed { product_id } => one("product_id", product_id.to_string()),
            Self::SkuReleased { .. } => Map::new(),
        }
    }
}

impl Fact for EmailEvent {
    fn since(self, _before: Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::EmailClaimed { user_id } => one("user_id", user_id.to_string()),
            Self::EmailReleased { .. } => Map::new(),
        }
    }
}

impl Fact for SessionEvent {
    fn since(self, mut facts: Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::SessionOpened { user_id } => one("user_id", user_id.to_string()),
            Self::SessionEnded { reason } => {
                facts.insert("ended".to_owned(), reason.as_str().into());
                facts
            }
            Self::RefreshTokenReused {} => facts,
        }
    }
}

impl Fact for CreditEvent {
    fn since(self, _before: Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::CreditIssued(credit) => match serde_json::to_value(credit) {
                Ok(Value::Object(members)) => members,
                _ => Map::new(),
            },
        }
    }
}

impl Fact for ReadModelEvent {
    fn since(self, mut facts: Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::ParkedEventsRetried { applied, .. } => {
                let before = facts.get("retried").and_then(Value::as_u64).unwrap_or_default();
                facts.insert("retried".to_owned(), before.saturating_add(applied).into());
            }
            Self::ParkedEventSkipped(skipped) => {
                change_list(&mut facts, "skipped", |ids| ids.push(skipped.event_id.into()));
            }
        }
        facts
    }
}

impl Fact for ProcessEvent {
    fn since(self, mut facts: Map<String, Value>) -> Map<String, Value> {
        let (list, effect) = match self {
            Self::EffectRetried(effect) => ("retried", effect),
            Self::EffectDropped(dropped) => ("dropped", dropped.effect),
        };
        change_list(&mut facts, list, |ids| ids.push(effect.effect_id.into()));
        facts
    }
}

/// Changes the list of this name, which is empty at first.
fn change_list(facts: &mut Map<String, Value>, name: &str, change: impl FnOnce(&mut Vec<Value>)) {
    let mut values = match facts.remove(name) {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    };
    change(&mut values);
    facts.insert(name.to_owned(), values.into());
}

fn one(name: &str, value: String) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.into())])
}

struct FactState<E> {
    facts: Map<String, Value>,
    event: PhantomData<fn() -> E>,
}

impl<E: Fact> Folding for Facts<E> {
    fn projection(&self) -> &'static str {
        ""
    }

    fn version(&self) -> i32 {
        version::<E>(0)
    }

    fn start(&self) -> Box<dyn State> {
        Box::new(FactState::<E> {
            facts: Map::new(),
            event: PhantomData,
        })
    }

    fn restore(&self, snapshot: &str) -> Option<Box<dyn State>> {
        let facts = serde_json::from_str(snapshot).ok()?;
        Some(Box::new(FactState::<E> {
            facts,
            event: PhantomData,
        }))
    }
}

impl<E: Fact> State for FactState<E> {
    fn fold(&mut self, event: &Recorded) -> Result<(), eventstore::Error> {
        let decoded: E = event.decode()?;
        self.facts = decoded.since(std::mem::take(&mut self.facts));
        Ok(())
    }

    fn snapshot(&self) -> Option<String> {
        serde_json::to_string(&self.facts).ok()
    }

    fn row(&self) -> Option<Columns> {
        None
    }

    fn fields(&self) -> Fields {
        fields::of_facts(self.facts.clone())
    }
}
