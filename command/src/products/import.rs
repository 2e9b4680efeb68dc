//! Products by SKU: a SKU that nobody has makes a product, another one updates its owner.

use chrono::{DateTime, Utc};
use domain::{
    Attributes, CategoryPath, Description, Price, ProductId, ProductName, Quantity, Sku,
    product::{CreateProduct, ProductCommand, ProductError, ProductStatus, UpdateProduct},
    sku::{SkuClaim, SkuError},
};
use eventstore::TransactError;
use proto::{
    failure::Failure,
    v1::{ImportProductRow, ImportProductsRequest, ImportReply, import_outcome::Kind},
};

use super::{change::Change, refusal::Refusal, request};
use crate::{
    context::Context,
    core::Core,
    failure,
    fields::Fields,
    import::{Imported, Outcomes, check_row_count},
};

/// How often a row is tried anew because its SKU changed hands meanwhile.
const ATTEMPTS: usize = 4;

pub(super) async fn import_products(core: &Core, request: ImportProductsRequest) -> Result<ImportReply, Failure> {
    let (mut context, ()) = Context::accept(core, "import_products", request.context, |_| Some(()))?;
    // The key would be the whole request's; its rows are idempotent by themselves.
    context.key = None;
    check_row_count(request.rows.len())?;
    let context = &context;
    let mut outcomes = Outcomes::default();
    let import = move |row: ImportProductRow| async move { Row::read(row)?.import(core, context).await };
    outcomes
        .import(request.rows.into_iter().enumerate(), |row| row.sku.clone(), import)
        .await?;
    Ok(outcomes.into_reply())
}

struct Row {
    sku: Sku,
    name: ProductName,
    description: Description,
    /// `None`: what is there stays; a new product is a draft.
    price: Option<Price>,
    category: CategoryPath,
    attributes: Attributes,
    status: Option<ProductStatus>,
    created_at: Option<DateTime<Utc>>,
    initial_stock: Option<Quantity>,
}

impl Row {
    fn read(row: ImportProductRow) -> Result<Self, Failure> {
        Fields::read(|fields| {
            let sku = fields.check("sku", Sku::new(&row.sku));
            let name = fields.check("name", ProductName::new(&row.name));
            let description = fields.check("description", Description::new(&row.description));
            let price = row.price.and_then(|price| request::price(fields, Some(price)));
            let category = fields.check("category", CategoryPath::new(&row.category));
            let attributes = request::attributes(fields, "attributes", row.attributes);
            let status = request::status(fields, row.status);
            let created_at = row.occurred_at_micros.and_then(|micros| {
                let at = DateTime::from_timestamp_micros(micros).filter(|_| micros >= 0);
                if at.is_none() {
                    fields.add("occurred_at", "out_of_range", "a time since 1970 is expected");
                }
                at
            });
            let initial_stock = match row.initial_stock {
                0 => None,
                units => fields.check("initial_stock", Quantity::new(units)),
            };
            Some(Self {
                sku: sku?,
                name: name?,
                description: description?,
                price,
                category: category?,
                attributes,
                status,
                created_at,
                initial_stock,
            })
        })
    }

    /// Tries to create first: whether the SKU is free is then decided where it is claimed, without a look beforehand.
    async fn import(self, core: &Core, context: &Context) -> Result<Imported, Failure> {
        let mut context = context.clone();
        let now = context.now;
        let mut owner: Option<ProductId> = None;
        for _ in 0..ATTEMPTS {
            let (id, kind, committed) = match owner.take() {
                None => {
                    context.now = self.created_at.unwrap_or(now);
                    let id = ProductId::new(core.mint(context.now));
                    (id, Kind::Created, self.creation(id).commit(core, &context).await)
                }
                Some(id) => {
                    context.now = now;
                    (id, Kind::Updated, self.update(id).commit(core, &context).await)
                }
            };
            match committed {
                Ok(committed) => {
                    return Ok(Imported {
                        kind: if committed.value.changed() {
                            kind
                        } else {
                            Kind::Unchanged
                        },
                        id: id.to_string(),
                        positions: committed.token(),
                    });
                }
                Err(TransactError::Rejected(Refusal::Sku(_, SkuError::Taken { owner: taken }))) => {
                    owner = Some(taken);
                }
                Err(TransactError::Rejected(Refusal::SkuMoved)) => {}
                // What a new product needs a product may have that is there.
                Err(TransactError::Rejected(refusal @ Refusal::Product(ProductError::PriceMissing))) => {
                    let claim = core.load::<SkuClaim>(&self.sku.stream_id()).await?;
                    match claim.aggregate.owner() {
                        Some(taken) if kind == Kind::Created => owner = Some(taken),
                        _ => return Err(refusal.into()),
                    }
                }
                Err(error) => return Err(failure::of_transaction(error)),
            }
        }
        Err(Refusal::SkuMoved.into())
    }

    fn creation(&self, product_id: ProductId) -> Change {
        let create = CreateProduct {
            product_id,
            sku: self.sku.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            price: self.price,
            category: self.category.clone(),
            attributes: self.attributes.clone(),
            status: self.status.unwrap_or_default(),
        };
        Change {
            fresh: true,
            skus: vec![self.sku.clone()],
            receive: self.initial_stock,
            ..Change::new(product_id, None, vec![ProductCommand::Create(create)])
        }
    }

    /// What the row leaves empty stays as it is, so that a file of prices does not wipe descriptions.
    fn update(&self, product_id: ProductId) -> Change {
        let update = UpdateProduct {
            sku: None,
            name: Some(self.name.clone()),
            description: (!self.description.as_str().is_empty()).then(|| self.description.clone()),
            category: (!self.category.as_str().is_empty()).then(|| self.category.clone()),
            set_attributes: self.attributes.clone(),
            ..UpdateProduct::default()
        };
        let mut commands = vec![ProductCommand::Update(update)];
        commands.extend(self.price.map(|price| ProductCommand::Reprice { price }));
        commands.extend(request::status_command(self.status));
        Change {
            must_have: Some(self.sku.clone()),
            ..Change::new(product_id, None, commands)
        }
    }
}
