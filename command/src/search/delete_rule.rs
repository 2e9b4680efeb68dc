//! A rule is forgotten.

use domain::search_settings::{STREAM_ID, SearchSettings, SearchSettingsCommand, SearchSettingsError};
use eventstore::Transaction;
use proto::{
    failure::Failure,
    v1::{DeleteSearchRuleRequest, SearchRuleReply},
};

use super::{refusal::Refusal, view};
use crate::{context::Context, core::Core, reply};

pub(super) async fn delete_rule(core: &Core, request: DeleteSearchRuleRequest) -> Result<SearchRuleReply, Failure> {
    let (context, rule_id) = Context::accept(core, "delete_search_rule", request.context, |fields| {
        fields.check("id", request.id.parse())
    })?;
    let plan = context.plan().write::<SearchSettings>(STREAM_ID);
    let decide = move |transaction: &mut Transaction<'_>| {
        let settings = transaction.state::<SearchSettings>(STREAM_ID);
        let rule = settings.rules().iter().find(|rule| rule.rule_id == rule_id).cloned();
        let rule = rule.ok_or(SearchSettingsError::NoRule { rule_id })?;
        let events = settings.decide(&SearchSettingsCommand::DeleteRule { rule_id })?;
        transaction.append::<SearchSettings>(STREAM_ID, events);
        Ok::<_, Refusal>(rule)
    };
    let committed = core.commit(plan, decide).await?;
    Ok(SearchRuleReply {
        rule: Some(view::rule(&committed.value)),
        committed: Some(reply::committed(&committed, 1)),
    })
}
