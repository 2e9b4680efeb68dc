//! Streams folded step by step: those that have a row in a read model by that read model's own fold, the others by what they say.

use std::marker::PhantomData;

use domain::credit::CreditEvent;
use domain::email::EmailEvent;
use domain::order::OrderEvent;
use domain::projection::ReadModelEvent;
use domain::sku::SkuEvent;
use eventstore::{Event, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::columns::{Columns, columns};
use super::fields::{self, Fields};
use crate::catalog;
use crate::keyed::Keyed;
use crate::orders::OrderRow;
use crate::products::ProductRow;
use crate::projection::Projection;
use crate::search_settings::SearchSettingsRow;
use crate::stock::StockRow;
use crate::users::UserRow;

/// Raise it when snapshots of before must not be used, other than for a change of a read model's own code version.
const FORMAT: i32 = 3;

/// Grows with the code of a read model and with every new version of an event, so that snapshots of before either are not used.
fn version<E: Event>(code: i32) -> i32 {
    FORMAT * 1_000 + code + E::ENTRY.generation().cast_signed()
}

/// How the streams of an aggregate type fold.
pub(crate) trait Folding: Send + Sync {
    /// The read model whose fold it is; empty: none.
    fn projection(&self) -> &'static str;

    /// Distinguishes the snapshots of different code.
    fn version(&self) -> i32;

    /// The state of a stream without events.
    fn start(&self) -> Box<dyn State>;

    /// The state that a snapshot holds, if it can be read.
    fn restore(&self, snapshot: &str) -> Option<Box<dyn State>>;
}

/// A stream folded so far.
pub(crate) trait State: Send {
    fn fold(&mut self, event: &Recorded) -> Result<(), eventstore::Error>;

    fn snapshot(&self) -> Option<String>;

    /// What the read model shows; `None`: nothing.
    fn row(&self) -> Option<Columns>;

    /// What people call what is in it.
    fn fields(&self) -> Fields;
}

/// How streams of this type fold; `None`: nobody knows them.
pub(crate) fn folding(aggregate_type: &str) -> Option<&'static dyn Folding> {
    Some(match aggregate_type {
        "product" => &Rows::<ProductRow>::NEW,
        "stock" => &Rows::<StockRow>::NEW,
        "order" => &Rows::<OrderRow>::NEW,
        "user" => &Rows::<UserRow>::NEW,
        "sku" => &Facts::<SkuEvent>::NEW,
        "email" => &Facts::<EmailEvent>::NEW,
        "credit" => &Facts::<CreditEvent>::NEW,
        "search_settings" => &Rows::<SearchSettingsRow>::NEW,
        "projection" => &Facts::<ReadModelEvent>::NEW,
        _ => return None,
    })
}

/// A row that people can read.
pub(crate) trait Readable: Keyed<Event: 'static> + Serialize + for<'de> Deserialize<'de> {
    /// Its read model.
    const PROJECTION: &'static str;

    /// What the columns are called outside.
    fn fields(columns: Columns) -> Fields;

    /// What is known of a stream whose events make no row.
    fn fields_without_row(_last: Option<&Self::Event>) -> Fields {
        Fields::default()
    }
}

impl Readable for ProductRow {
    const PROJECTION: &'static str = "products";

    fn fields(columns: Columns) -> Fields {
        fields::of_product(columns)
    }
}

impl Readable for StockRow {
    const PROJECTION: &'static str = "stock";

    fn fields(columns: Columns) -> Fields {
        fields::of_stock(columns)
    }

    /// What readers are told of a product that never had any.
    fn fields_without_row(_last: Option<&Self::Event>) -> Fields {
        fields::of_stock(Columns::from_iter([
            ("on_hand".to_owned(), 0.into()),
            ("reserved".to_owned(), 0.into()),
        ]))
    }
}

impl Readable for OrderRow {
    const PROJECTION: &'static str = "orders";

    fn fields(columns: Columns) -> Fields {
        fields::of_order(columns)
    }

    fn fields_without_row(last: Option<&OrderEvent>) -> Fields {
        match last {
            Some(OrderEvent::OrderAbandoned { reason }) => fields::of_abandoned_order(reason),
            _ => Fields::new(),
        }
    }
}

impl Readable for UserRow {
    const PROJECTION: &'static str = "users";

    fn fields(columns: Columns) -> Fields {
        fields::of_user(columns)
    }
}

impl Readable for SearchSettingsRow {
    const PROJECTION: &'static str = "search_settings";

    fn fields(columns: Columns) -> Fields {
        fields::of_search_settings(columns)
    }

    /// What readers are told before anything is set.
    fn fields_without_row(_last: Option<&Self::Event>) -> Fields {
        fields::of_search_settings(Columns::new())
    }
}

struct Rows<K>(PhantomData<fn() -> K>);

impl<K: Readable> Rows<K> {
    const NEW: Self = Self(PhantomData);
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct RowState<K: Readable> {
    row: Option<K>,
    /// The last event, while there is no row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<K::Event>,
}

impl<K: Readable> Folding for Rows<K> {
    fn projection(&self) -> &'static str {
        K::PROJECTION
    }

    fn version(&self) -> i32 {
        let code = catalog::find(K::PROJECTION).map_or(0, Projection::code_version);
        version::<K::Event>(code)
    }

    fn start(&self) -> Box<dyn State> {
        Box::new(RowState::<K> { row: None, last: None })
    }

    fn restore(&self, snapshot: &str) -> Option<Box<dyn State>> {
        let state: RowState<K> = serde_json::from_str(snapshot).ok()?;
        Some(Box::new(state))
    }
}

impl<K: Readable> State for RowState<K> {
    fn fold(&mut self, event: &Recorded) -> Result<(), eventstore::Error> {
        let decoded: K::Event = event.decode()?;
        // A row that there is does not go away again.
        self.last = self.row.is_none().then(|| decoded.clone());
        self.row = K::evolve(self.row.take(), decoded, event);
        self.last.take_if(|_| self.row.is_some());
        Ok(())
    }

    fn snapshot(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    fn row(&self) -> Option<Columns> {
        self.row.as_ref().map(columns)
    }

    fn fields(&self) -> Fields {
        match self.row() {
            Some(columns) => K::fields(columns),
            None => K::fields_without_row(self.last.as_ref()),
        }
    }
}

/// Streams whose state is a few facts.
struct Facts<E>(PhantomData<fn() -> E>);

impl<E> Facts<E> {
    const NEW: Self = Self(PhantomData);
}

/// An event that says what holds since.
trait Fact: Event + 'static {
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

#[cfg(test)]
mod tests {
    use super::folding;

    /// What happened at the door makes no state that anybody is shown.
    const NONE: &str = "login";

    #[test]
    fn every_registered_aggregate_folds() {
        for entry in domain::REGISTRY {
            let folds = folding(entry.aggregate_type).is_some();
            assert_eq!(folds, entry.aggregate_type != NONE, "{}", entry.aggregate_type);
        }
    }
}
