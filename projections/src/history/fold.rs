//! How the streams of each aggregate type fold.

use domain::credit::CreditEvent;
use domain::email::EmailEvent;
use domain::process::ProcessEvent;
use domain::projection::ReadModelEvent;
use domain::session::SessionEvent;
use domain::sku::SkuEvent;

use super::facts::Facts;
use super::folding::Folding;
use super::rows::Rows;
use crate::orders::OrderRow;
use crate::products::ProductRow;
use crate::search_settings::SearchSettingsRow;
use crate::stock::StockRow;
use crate::users::UserRow;

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
        "session" => &Facts::<SessionEvent>::NEW,
        "process" => &Facts::<ProcessEvent>::NEW,
        _ => return None,
    })
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
