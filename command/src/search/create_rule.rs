//! A rule for a query: products that it shows first, or never.

use domain::{
    ProductId, SearchRuleId,
    product::Product,
    search_settings::{
        MAX_HIDDEN, MAX_PINNED, STREAM_ID, SearchRule, SearchSettings, SearchSettingsCommand, SearchTerm,
    },
};
use proto::{
    failure::Failure,
    v1::{CreateSearchRuleRequest, SearchRuleReply},
};

use super::{refusal::Refusal, view};
use crate::{context::Context, core::Core, failure, fields::Fields, reply};

pub(super) async fn create_rule(core: &Core, request: CreateSearchRuleRequest) -> Result<SearchRuleReply, Failure> {
    let context = Context::new(core, "create_search_rule", request.context)?;
    let mut fields = Fields::default();
    let query = fields.check("query", SearchTerm::query(&request.query));
    let pinned = ids(&mut fields, "pinned", &request.pinned, MAX_PINNED);
    let hidden = ids(&mut fields, "hidden", &request.hidden, MAX_HIDDEN);
    fields.into_result()?;
    let Some(query) = query else {
        return Err(Fields::default().into_failure());
    };
    let rule = SearchRule {
        rule_id: SearchRuleId::new(core.mint(context.now)),
        query,
        pinned,
        hidden,
    };
    let named: Vec<(String, String)> = [("pinned", &rule.pinned), ("hidden", &rule.hidden)]
        .into_iter()
        .flat_map(|(name, ids)| {
            let of_list = ids.iter().enumerate();
            of_list.map(move |(index, id)| (format!("{name}[{index}]"), id.to_string()))
        })
        .collect();
    let mut streams: Vec<String> = named.iter().map(|(_, id)| id.clone()).collect();
    streams.sort_unstable();
    streams.dedup();
    // A product may go away later; a rule then has nothing to show for it.
    let plan = context.plan().write::<SearchSettings>(STREAM_ID);
    let plan = streams.into_iter().fold(plan, eventstore::Plan::read::<Product>);
    let committed = core
        .store
        .transact(plan, move |transaction| {
            let missing = named
                .iter()
                .filter(|(_, id)| transaction.state::<Product>(id).live().is_err());
            let missing: Vec<String> = missing.map(|(field, _)| field.clone()).collect();
            if !missing.is_empty() {
                return Err(Refusal::NoProduct(missing));
            }
            let events = transaction
                .state::<SearchSettings>(STREAM_ID)
                .decide(&SearchSettingsCommand::CreateRule(rule.clone()))?;
            transaction.append::<SearchSettings>(STREAM_ID, events);
            Ok(rule.clone())
        })
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    Ok(SearchRuleReply {
        rule: Some(view::rule(&committed.value)),
        committed: Some(reply::committed(&committed, 1)),
    })
}

fn ids(fields: &mut Fields, name: &str, texts: &[String], most: usize) -> Vec<ProductId> {
    if texts.len() > most {
        fields.add(name, "too_many", format!("at most {most} products are allowed"));
        return Vec::new();
    }
    let check = |(index, text): (usize, &String)| fields.check(format!("{name}[{index}]"), text.parse());
    texts.iter().enumerate().filter_map(check).collect()
}
