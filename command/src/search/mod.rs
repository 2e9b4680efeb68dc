//! What the shop sets about its search: one file per use case.

mod change_settings;
mod create_rule;
mod delete_rule;
mod refusal;
mod view;

use proto::v1::{
    ChangeSearchSettingsRequest, CreateSearchRuleRequest, DeleteSearchRuleRequest, SearchRuleReply,
    SearchSettingsReply, search_command_server::SearchCommand,
};
use tonic::{Request, Response, Status};

use crate::{core::Core, serve::serve};

/// The gRPC service `SearchCommand`.
#[derive(Clone)]
pub(crate) struct Searches {
    core: Core,
}

impl Searches {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }
}

#[tonic::async_trait]
impl SearchCommand for Searches {
    async fn change_search_settings(
        &self,
        request: Request<ChangeSearchSettingsRequest>,
    ) -> Result<Response<SearchSettingsReply>, Status> {
        let change = change_settings::change_settings(&self.core, request.into_inner());
        serve("ChangeSearchSettings", change).await
    }

    async fn create_search_rule(
        &self,
        request: Request<CreateSearchRuleRequest>,
    ) -> Result<Response<SearchRuleReply>, Status> {
        serve(
            "CreateSearchRule",
            create_rule::create_rule(&self.core, request.into_inner()),
        )
        .await
    }

    async fn delete_search_rule(
        &self,
        request: Request<DeleteSearchRuleRequest>,
    ) -> Result<Response<SearchRuleReply>, Status> {
        serve(
            "DeleteSearchRule",
            delete_rule::delete_rule(&self.core, request.into_inner()),
        )
        .await
    }
}
