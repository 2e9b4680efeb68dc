//! Pages of a list: the same shape and the same `Link` header everywhere.

use axum::{extract::FromRequestParts, response::Response};
use http::{HeaderValue, StatusCode, Uri, header::LINK, request::Parts};
use proto::v1::{self, Freshness, PageInfo};
use serde::Serialize;
use tonic::Status;
use utoipa::ToSchema;

use crate::{
    app_state::AppState,
    call::{CALL, ask},
    consistency::Freshly,
    params::{Params, ReadParams},
    problem::Problem,
    reply::Reply,
};

/// Longest `Link`, in bytes: clients and proxies bound the head of an answer. The body has the cursors all the same.
const MAX_LINK: usize = 6 * 1024;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    /// Give it as `cursor` for the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Give it as `cursor` for the page before; null on the first one.
    #[schema(required)]
    prev_cursor: Option<String>,
}

/// A request for a page of a list, as the argument of a handler: its parameters `F`, and `C`, how fresh the page has to be.
pub(crate) struct List<F, C = Freshly> {
    pub(crate) filters: F,
    pub(crate) context: C,
    pub(crate) pages: Pages,
}

/// The pages of a list at an address.
pub(crate) struct Pages {
    pub(crate) app: AppState,
    uri: Uri,
}

impl<F: ReadParams + Send, C: FromRequestParts<AppState, Rejection = Problem>> FromRequestParts<AppState>
    for List<F, C>
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let Params(filters) = Params::from_request_parts(parts, app).await?;
        let context = C::from_request_parts(parts, app).await?;
        let pages = Pages {
            app: app.clone(),
            uri: parts.uri.clone(),
        };
        Ok(Self {
            filters,
            context,
            pages,
        })
    }
}

/// What a service answers a request for a page with.
pub(crate) trait PageReply {
    type Item;

    fn parts(self) -> (Vec<Self::Item>, Option<PageInfo>, Option<Freshness>);
}

/// Each: the answer, where its items are, and where it says how fresh they are, if it does.
macro_rules! page_replies {
    ($($reply:ident { $items:ident: $item:ident $(, $freshness:ident)? })*) => {$(
        impl PageReply for v1::$reply {
            type Item = v1::$item;

            fn parts(self) -> (Vec<v1::$item>, Option<PageInfo>, Option<Freshness>) {
                (self.$items, self.page, None$(.or(self.$freshness))?)
            }
        }
    )*};
}
page_replies! {
    ListCheckpointsReply { checkpoints: SealedCheckpoint }
    ListDeadLettersReply { dead_letters: DeadLetter }
    ListEventsReply { events: RecordedEvent, freshness }
    ListExportsReply { exports: Export }
    ListOrdersReply { orders: Order, freshness }
    ListParkedReply { events: ParkedEvent }
    ListStockReply { items: StockItem, freshness }
    ListUsersReply { users: User, freshness }
}

impl Pages {
    /// Answers with the page that a call to a service gives, each item as `view` shows it.
    ///
    /// # Errors
    /// The failure of the call.
    pub(crate) async fn answer<R: PageReply, V: Serialize>(
        &self,
        call: impl Future<Output = Result<tonic::Response<R>, Status>>,
        view: impl Fn(R::Item) -> V,
    ) -> Result<Response, Problem> {
        let reply = ask(CALL, call).await.map_err(Problem::of_read)?;
        let (items, info, freshness) = reply.parts();
        let page = Page::new(items.into_iter().map(view).collect(), info);
        Ok(page.reply(&self.app, &self.uri, freshness))
    }
}

impl<T: Serialize> Page<T> {
    pub(crate) fn new(items: Vec<T>, info: Option<PageInfo>) -> Self {
        let info = info.unwrap_or_default();
        let cursor = |text: String| (!text.is_empty()).then_some(text);
        Self {
            items,
            next_cursor: cursor(info.next_cursor),
            prev_cursor: cursor(info.prev_cursor),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The answer to a request for a page at `uri`.
    pub(crate) fn reply(&self, app: &AppState, uri: &Uri, freshness: Option<Freshness>) -> Response {
        self.reply_with(self, app, uri, freshness)
    }

    /// The same with a body that says more than the page.
    pub(crate) fn reply_with(
        &self,
        body: &impl Serialize,
        app: &AppState,
        uri: &Uri,
        freshness: Option<Freshness>,
    ) -> Response {
        let reply = Reply::json(StatusCode::OK, body).freshness(freshness);
        let link = self.link(&app.base, uri);
        match HeaderValue::try_from(link) {
            Ok(link) if (1..=MAX_LINK).contains(&link.len()) => reply.header(LINK, link).into(),
            _ => reply.into(),
        }
    }

    /// RFC 8288: the address of this page with the cursors of the others.
    fn link(&self, base: &str, uri: &Uri) -> String {
        let (next, prev) = (self.next_cursor.as_deref(), self.prev_cursor.as_deref());
        if next.or(prev).is_none() {
            return String::new();
        }
        let pages = [(next, "next"), (prev, "prev"), (Some(""), "first")];
        let links = pages.into_iter().filter_map(|(cursor, relation)| {
            let cursor = cursor?;
            let mut query = form_urlencoded::Serializer::new(String::new());
            let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
            query.extend_pairs(given.filter(|(name, _)| name != "cursor"));
            if !cursor.is_empty() {
                query.append_pair("cursor", cursor);
            }
            let query = query.finish();
            let mark = if query.is_empty() { "" } else { "?" };
            Some(format!("<{base}{}{mark}{query}>; rel=\"{relation}\"", uri.path()))
        });
        links.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(next: &str, prev: &str, base: &str, uri: &str) -> String {
        let info = PageInfo {
            next_cursor: next.to_owned(),
            prev_cursor: prev.to_owned(),
        };
        Page::<u8>::new(Vec::new(), Some(info)).link(base, &uri.parse().unwrap())
    }

    #[test]
    fn links_keep_the_filters_and_replace_the_cursor() {
        assert_eq!(
            link(
                "n+1",
                "p",
                "",
                "/v1/products?q=dark%20red&cursor=old&attr.size=%C3%A9&limit=5"
            ),
            "</v1/products?q=dark+red&attr.size=%C3%A9&limit=5&cursor=n%2B1>; rel=\"next\", \
             </v1/products?q=dark+red&attr.size=%C3%A9&limit=5&cursor=p>; rel=\"prev\", \
             </v1/products?q=dark+red&attr.size=%C3%A9&limit=5>; rel=\"first\""
        );
        assert_eq!(
            link("", "p", "https://shop.example", "/v1/orders"),
            "<https://shop.example/v1/orders?cursor=p>; rel=\"prev\", <https://shop.example/v1/orders>; rel=\"first\""
        );
        assert_eq!(link("", "", "", "/v1/orders"), "");
    }

    #[test]
    fn absent_cursors_are_null() {
        let page = Page::<u8>::new(vec![1], None);
        assert_eq!(
            serde_json::to_string(&page).unwrap(),
            r#"{"items":[1],"next_cursor":null,"prev_cursor":null}"#
        );
    }
}
