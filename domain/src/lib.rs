//! The rules of the shop, as pure functions.
//!
//! An aggregate is a state that is folded from events. Its `decide` looks at the state and a command
//! and answers with the events that follow, or with the reason why none may. Nothing in here does IO,
//! reads a clock or draws a random number: ids and times come in with the commands.
//!
//! Value types ([`Sku`], [`Price`], [`Quantity`], ...) are checked by their constructors, so a command
//! that exists holds valid values. Their `Deserialize` does not repeat the check of limits: it reads
//! what was valid when it was written, and history must stay readable when a limit becomes tighter.
//! So build commands from outside input through the constructors, never through serde.
//!
//! Every event variant has a sample of its stored JSON under `golden/` in its aggregate's folder.

mod aggregate;
mod aggregates;
mod attribute;
mod country;
mod currency;
mod email_address;
mod id;
mod money;
mod quantity;
mod text;
mod words;

pub mod credit;
pub mod email;
pub mod login;
pub mod order;
pub mod process;
pub mod product;
pub mod projection;
pub mod search_settings;
pub mod session;
pub mod sku;
pub mod stock;
pub mod user;

pub use crate::{
    aggregates::{REGISTRY, Visitor, entry, visit},
    attribute::{AttributeKey, AttributeText, AttributeValue, Attributes},
    country::{Country, CountryCode},
    currency::Currency,
    email_address::EmailAddress,
    id::{CreditId, OrderId, ProductId, SearchRuleId, SessionId, UserId},
    money::{MAX_TOTAL, Money, MoneyError, Price},
    quantity::Quantity,
    text::{CategoryPath, CustomerReference, Description, ExternalId, PersonName, ProductName, Reason, Sku, Source},
};
pub use values::{MAX_ATTRIBUTES, MAX_EXACT, MAX_PRICE, ValueCode, ValueError, price_amount, words};
