//! What there is to happen.

use cqrs_es::Aggregate;

use crate::{
    credit::{Credit, CreditEvent},
    email::{EmailClaim, EmailEvent},
    login::{LoginEvent, Logins},
    order::{Order, OrderEvent},
    process::{Process, ProcessEvent},
    product::{Product, ProductEvent},
    projection::{ReadModel, ReadModelEvent},
    search_settings::{SearchSettings, SearchSettingsEvent},
    sku::{SkuClaim, SkuEvent},
    stock::{Stock, StockEvent},
    user::{User, UserEvent},
};

/// All types of aggregates, each with the types of its events.
pub const EVENTS: [(&str, &[&str]); 11] = [
    (Product::TYPE, ProductEvent::TYPES),
    (Stock::TYPE, StockEvent::TYPES),
    (Order::TYPE, OrderEvent::TYPES),
    (Credit::TYPE, CreditEvent::TYPES),
    (SkuClaim::TYPE, SkuEvent::TYPES),
    (User::TYPE, UserEvent::TYPES),
    (EmailClaim::TYPE, EmailEvent::TYPES),
    (Logins::TYPE, LoginEvent::TYPES),
    (ReadModel::TYPE, ReadModelEvent::TYPES),
    (SearchSettings::TYPE, SearchSettingsEvent::TYPES),
    (Process::TYPE, ProcessEvent::TYPES),
];
