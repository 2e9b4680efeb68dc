//! The description of the API: what the handlers say of themselves, completed by what holds for all of them.

mod shared;

use std::sync::OnceLock;

use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    endpoint::{Documentation, Table},
    problem::{FieldError, ProblemBody},
    representation::{self, Schema},
    routes,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Tillroll", description = include_str!("introduction.md"), license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    components(schemas(ProblemBody, FieldError)),
    tags(
        (name = "products", description = "The catalogue"),
        (name = "search", description = "What the shop sets about its search"),
        (name = "stock", description = "What is on the shelf"),
        (name = "orders", description = "Orders with their products"),
        (name = "reports", description = "Sums over the sales"),
        (name = "audit", description = "The events themselves"),
        (name = "users", description = "Who there is"),
        (name = "projections", description = "The read models, and events that they do not show"),
        (name = "processes", description = "What must follow from events, and could not be delivered"),
        (name = "auth", description = "Who asks"),
        (name = "operation", description = "For those who run the system"),
    )
)]
struct Base;

/// The description of the whole API.
#[must_use]
pub fn openapi() -> OpenApi {
    static DESCRIPTION: OnceLock<OpenApi> = OnceLock::new();
    DESCRIPTION
        .get_or_init(|| {
            let mut description = Base::openapi();
            let components = description.components.get_or_insert_default();
            let bearer = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("The `access_token` that `POST /v1/auth/login` answers with"))
                .build();
            components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
            let all = routes::all();
            let table = Table::of(&all);
            for described in all {
                let Some(Documentation { item, schemas }) = described.documentation else {
                    continue;
                };
                components.schemas.extend(schemas);
                description
                    .paths
                    .paths
                    .entry(described.path)
                    .or_default()
                    .merge_operations(item);
            }
            representation::describe(&mut description, &table);
            shared::share(&mut description);
            description
        })
        .clone()
}

/// What a client may ask of each address.
///
/// # Errors
/// When the description cannot be written as JSON.
pub(crate) fn schema() -> Result<Schema, serde_json::Error> {
    Ok(Schema::of(serde_json::to_value(openapi())?, &Table::of(&routes::all())))
}

/// The description of the whole API as JSON text, for `docs/openapi.json`.
#[must_use]
pub fn openapi_json() -> String {
    openapi().to_pretty_json().unwrap_or_default()
}
