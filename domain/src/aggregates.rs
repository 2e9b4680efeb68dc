//! All aggregates.

use cqrs_es::Aggregate;
use registry::{Entry, Event, Registered};
use serde::Serialize;

use crate::{
    credit::Credit, email::EmailClaim, login::Logins, order::Order, process::Process, product::Product,
    projection::ReadModel, search_settings::SearchSettings, session::Session, sku::SkuClaim, stock::Stock, user::User,
};

/// Something to be done with an aggregate whose type is known by its name only.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<A: Registered + Serialize>(self) -> Self::Output;
}

macro_rules! aggregates {
    ($($state:ident),+ $(,)?) => {
        $(impl Registered for $state {})+

        /// What is registered of every aggregate.
        pub const REGISTRY: &[&Entry] = &[$(<$state as Aggregate>::Event::ENTRY),+];

        /// Has the aggregate of this type visited; `None`: there is none.
        pub fn visit<V: Visitor>(aggregate_type: &str, visitor: V) -> Option<V::Output> {
            $(if aggregate_type == $state::TYPE {
                return Some(visitor.visit::<$state>());
            })+
            None
        }
    };
}

// What is not in this list cannot be appended, loaded or replayed.
aggregates! {
    Product,
    Stock,
    Order,
    Credit,
    SkuClaim,
    User,
    EmailClaim,
    Logins,
    ReadModel,
    SearchSettings,
    Process,
    Session,
}

/// What is registered of the aggregates of this type.
#[must_use]
pub fn entry(aggregate_type: &str) -> Option<&'static Entry> {
    REGISTRY
        .iter()
        .find(|entry| entry.aggregate_type == aggregate_type)
        .copied()
}
