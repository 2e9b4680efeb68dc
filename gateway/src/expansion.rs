//! What can be put in the place of an id: which endpoints offer it, and how it is read.

use futures::future::BoxFuture;
use proto::v1;
use serde_json::Value;

use crate::{app_state::AppState, identity::token::Principal, problem::Problem};

/// Something that can be expanded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expansion {
    /// Where the thing is put, as clients name it.
    pub(crate) name: &'static str,
    /// The member beside it that holds the id. Ids in a list give way to the things.
    pub(crate) id: &'static str,
    pub(crate) target: &'static Related,
}

/// Reads things by their ids, in the name of a visitor.
type Read = for<'a> fn(
    &'a AppState,
    &'a v1::ReadContext,
    Option<&'a Principal>,
    &'a [String],
) -> BoxFuture<'a, Result<Things, Problem>>;

/// A kind of things that others name by their ids.
#[derive(Debug)]
pub(crate) struct Related {
    /// The name of its schema.
    pub(crate) schema: &'static str,
    /// Reads those of some ids that there are and that the visitor may see.
    pub(crate) read: Read,
}

/// Things by their ids.
pub(crate) type Things = Vec<(String, Value)>;

/// A thing as JSON.
pub(crate) fn json(view: &impl serde::Serialize) -> Result<Value, Problem> {
    serde_json::to_value(view).map_err(|_| Problem::internal())
}
