//! What all handlers share.

use std::{ops::Deref, sync::Arc};

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use proto::{
    transport::Transport,
    v1::{
        audit_query_client::AuditQueryClient, export_jobs_client::ExportJobsClient,
        history_query_client::HistoryQueryClient, order_command_client::OrderCommandClient,
        order_query_client::OrderQueryClient, process_operations_client::ProcessOperationsClient,
        product_command_client::ProductCommandClient, product_query_client::ProductQueryClient,
        projection_operations_client::ProjectionOperationsClient, report_query_client::ReportQueryClient,
        seal_query_client::SealQueryClient, search_command_client::SearchCommandClient,
        search_query_client::SearchQueryClient, stock_command_client::StockCommandClient,
        stock_query_client::StockQueryClient, user_command_client::UserCommandClient,
        user_query_client::UserQueryClient,
    },
};

use crate::{
    admission::Admission,
    cache::Cache,
    identity::{sessions::Sessions, token::Tokens},
    past_queries::PastQueries,
    rate::Limits,
    sources::{ClockFn, IdsFn},
};

/// Longest answer of a query, in bytes: a year of daily sales of every product, 200 events of a mebibyte.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// What all handlers share; a cheap clone.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) command: Transport,
    pub(crate) query: Transport,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) jwks: Bytes,
    pub(crate) openapi: Bytes,
    pub(crate) clock: ClockFn,
    pub(crate) ids: IdsFn,
    /// None: requests are not limited.
    pub(crate) limits: Option<Limits>,
    /// None: everything is worked on at once.
    pub(crate) admission: Option<Admission>,
    pub(crate) trusted_proxies: usize,
    /// Without a slash at its end; empty: addresses in answers are relative.
    pub(crate) base: String,
    pub(crate) metrics: Option<PrometheusHandle>,
    /// None: queries of others are not suggested.
    pub(crate) past_queries: Option<PastQueries>,
    pub(crate) products: Cache,
    pub(crate) orders: Cache,
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(crate) fn product_command(&self) -> ProductCommandClient<Transport> {
        ProductCommandClient::new(self.command.clone())
    }

    pub(crate) fn stock_command(&self) -> StockCommandClient<Transport> {
        StockCommandClient::new(self.command.clone())
    }

    pub(crate) fn order_command(&self) -> OrderCommandClient<Transport> {
        OrderCommandClient::new(self.command.clone())
    }

    pub(crate) fn user_command(&self) -> UserCommandClient<Transport> {
        UserCommandClient::new(self.command.clone())
    }

    pub(crate) fn projection_operations(&self) -> ProjectionOperationsClient<Transport> {
        ProjectionOperationsClient::new(self.command.clone())
    }

    pub(crate) fn process_operations(&self) -> ProcessOperationsClient<Transport> {
        ProcessOperationsClient::new(self.command.clone())
    }

    pub(crate) fn product_query(&self) -> ProductQueryClient<Transport> {
        ProductQueryClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn stock_query(&self) -> StockQueryClient<Transport> {
        StockQueryClient::new(self.query.clone())
    }

    pub(crate) fn order_query(&self) -> OrderQueryClient<Transport> {
        OrderQueryClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn report_query(&self) -> ReportQueryClient<Transport> {
        ReportQueryClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn export_jobs(&self) -> ExportJobsClient<Transport> {
        ExportJobsClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn audit_query(&self) -> AuditQueryClient<Transport> {
        AuditQueryClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn seal_query(&self) -> SealQueryClient<Transport> {
        SealQueryClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn history_query(&self) -> HistoryQueryClient<Transport> {
        HistoryQueryClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn search_command(&self) -> SearchCommandClient<Transport> {
        SearchCommandClient::new(self.command.clone())
    }

    pub(crate) fn search_query(&self) -> SearchQueryClient<Transport> {
        SearchQueryClient::new(self.query.clone()).max_decoding_message_size(MAX_ANSWER)
    }

    pub(crate) fn user_query(&self) -> UserQueryClient<Transport> {
        UserQueryClient::new(self.query.clone())
    }
}
