//! A rule is forgotten.

use domain::search_settings::{STREAM_ID, SearchSettings, SearchSettingsCommand, SearchSettingsError};
use proto::{
    failure::Failure,
    v1::{DeleteSearchRuleRequest, SearchRuleReply},
};

use super::{refusal::Refusal, view};
use crate::{context::Context, core::Core, failure, fields::Fields, reply};

pub(super) async fn delete_rule(core: &Core, request: DeleteSearchRuleRequest) -> Result<SearchRuleReply, Failure> {
    let context = Context::new(core, "delete_search_rule", request.context)?;
    let mut fields = Fields::default();
    let rule_id = fields.check("id", request.id.parse());
    fields.into_result()?;
    let Some(rule_id) = rule_id else {
        return Err(Fields::default().into_failure());
    };
    let plan = context.plan().write::<SearchSettings>(STREAM_ID);
    let committed = core
        .store
        .transact(plan, move |transaction| {
            let settings = transaction.state::<SearchSettings>(STREAM_ID);
            let rule = settings.rules().iter().find(|rule| rule.rule_id == rule_id).cloned();
            let rule = rule.ok_or(SearchSettingsError::NoRule { rule_id })?;
            let events = settings.decide(&SearchSettingsCommand::DeleteRule { rule_id })?;
            transaction.append::<SearchSettings>(STREAM_ID, events);
            Ok::<_, Refusal>(rule)
        })
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    Ok(SearchRuleReply {
        rule: Some(view::rule(&committed.value)),
        committed: Some(reply::committed(&committed, 1)),
    })
}
