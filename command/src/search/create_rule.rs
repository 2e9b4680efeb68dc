//! A rule for a query: products that it shows first, or never.

use domain::{
    ProductId, SearchRuleId,
    product::Product,
    search_settings::{
        MAX_HIDDEN, MAX_PINNED, STREAM_ID, SearchRule, SearchSettings, SearchSettingsCommand, SearchTerm,
    },
};
use eventstore::{Plan, Transaction};
use proto::{
    failure::Failure,
    v1::{CreateSearchRuleRequest, SearchRuleReply},
};

use super::{
    refusal::{Refusal, of_settings},
    view,
};
use crate::{context::Context, core::Core, fields::Fields, reply};

pub(super) async fn create_rule(core: &Core, request: CreateSearchRuleRequest) -> Result<SearchRuleReply, Failure> {
    let (context, (query, pinned, hidden)) = Context::accept(core, "create_search_rule", request.context, |fields| {
        let query = fields.check("query", SearchTerm::query(&request.query));
        let pinned = ids(fields, "pinned", &request.pinned, MAX_PINNED);
        let hidden = ids(fields, "hidden", &request.hidden, MAX_HIDDEN);
        // Of ids that are wrong, it is not known whether they are the same.
        if (pinned.len(), hidden.len()) == (request.pinned.len(), request.hidden.len())
            && let Err(error) = SearchRule::check(&pinned, &hidden)
        {
            fields.absorb(of_settings(&error));
        }
        Some((query?, pinned, hidden))
    })?;
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
    let plan = streams.into_iter().fold(plan, Plan::read::<Product>);
    let decide = move |transaction: &mut Transaction<'_>| {
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
    };
    let committed = core.commit(plan, decide).await?;
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
