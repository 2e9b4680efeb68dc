use crate::{
    Attributes, Currency, MAX_ATTRIBUTES, Money, Price,
    product::{
        CreateProduct, CreatedProduct, Product, ProductCommand, ProductDetails, ProductError, ProductEvent,
        ProductStatus, UpdateProduct, UpdatedProduct,
    },
};

type Decision = Result<Vec<ProductEvent>, ProductError>;

impl Product {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &ProductCommand) -> Decision {
        match command {
            ProductCommand::Create(create) => self.create(create),
            ProductCommand::Update(update) => self.live()?.decide_update(update),
            ProductCommand::ChangePrice { price } => Ok(self.live()?.decide_price(*price)),
            ProductCommand::AmendPrice { amount, currency } => self.live()?.decide_amended_price(*amount, *currency),
            ProductCommand::Reprice { price } => self.live()?.decide_reprice(*price),
            ProductCommand::Publish => self.live()?.decide_publish(),
            ProductCommand::Archive => Ok(match self.live()?.status {
                ProductStatus::Archived => Vec::new(),
                ProductStatus::Draft | ProductStatus::Active => {
                    vec![ProductEvent::ProductArchived {}]
                }
            }),
            ProductCommand::Delete => self.toggle(|details| !details.deleted, ProductEvent::ProductDeleted {}),
            ProductCommand::Restore => self.toggle(|details| details.deleted, ProductEvent::ProductRestored {}),
        }
    }

    fn create(&self, create: &CreateProduct) -> Decision {
        if self.details().is_some() {
            return Err(ProductError::AlreadyExists);
        }
        if create.price.is_none() && create.status == ProductStatus::Active {
            return Err(ProductError::PriceMissing);
        }
        check_count(create.attributes.len())?;
        check_values(&create.attributes)?;
        Ok(vec![ProductEvent::ProductCreated(CreatedProduct {
            product_id: create.product_id,
            sku: create.sku.clone(),
            name: create.name.clone(),
            description: create.description.clone(),
            price: create.price,
            category: create.category.clone(),
            attributes: create.attributes.clone(),
            status: create.status,
        })])
    }

    /// The event if the product stands the other way.
    fn toggle(&self, needed: fn(&ProductDetails) -> bool, event: ProductEvent) -> Decision {
        let details = self.details().ok_or(ProductError::NotFound)?;
        Ok(if needed(details) { vec![event] } else { Vec::new() })
    }
}

impl ProductDetails {
    fn decide_publish(&self) -> Decision {
        match self.status {
            ProductStatus::Active => Ok(Vec::new()),
            ProductStatus::Draft | ProductStatus::Archived if self.price.is_none() => Err(ProductError::PriceMissing),
            ProductStatus::Draft | ProductStatus::Archived => Ok(vec![ProductEvent::ProductPublished {}]),
        }
    }

    fn decide_price(&self, price: Price) -> Vec<ProductEvent> {
        if self.price == Some(price) {
            return Vec::new();
        }
        vec![ProductEvent::ProductPriceChanged {
            from: self.price,
            to: price,
        }]
    }

    fn decide_amended_price(&self, amount: Option<i64>, currency: Option<Currency>) -> Decision {
        let half = |missing| ProductError::HalfAPrice { missing };
        let amount = amount.or(self.price.map(Price::amount)).ok_or(half("amount"))?;
        let currency = currency.or(self.price.map(Price::currency)).ok_or(half("currency"))?;
        let price = Price::new(Money::new(amount, currency)).map_err(ProductError::InvalidPrice)?;
        Ok(self.decide_price(price))
    }

    fn decide_reprice(&self, price: Price) -> Decision {
        match self.price.map(Price::currency) {
            Some(present) if present != price.currency() => Err(ProductError::OtherCurrency { present }),
            _ => Ok(self.decide_price(price)),
        }
    }

    fn decide_update(&self, update: &UpdateProduct) -> Decision {
        check_values(&update.set_attributes)?;
        let sku = changed(&self.sku, update.sku.as_ref());
        let updated = UpdatedProduct {
            previous_sku: sku.is_some().then(|| self.sku.clone()),
            sku,
            name: changed(&self.name, update.name.as_ref()),
            description: changed(&self.description, update.description.as_ref()),
            category: changed(&self.category, update.category.as_ref()),
            set_attributes: update
                .set_attributes
                .iter()
                .filter(|(key, value)| self.attributes.get(*key) != Some(*value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            removed_attributes: self
                .attributes
                .keys()
                .filter(|key| update.clear_attributes || update.remove_attributes.contains(*key))
                .filter(|key| !update.set_attributes.contains_key(*key))
                .cloned()
                .collect(),
        };
        if updated == UpdatedProduct::default() {
            return Ok(Vec::new());
        }
        let added = updated
            .set_attributes
            .keys()
            .filter(|key| !self.attributes.contains_key(*key))
            .count();
        if added > 0 {
            check_count(self.attributes.len() + added - updated.removed_attributes.len())?;
        }
        Ok(vec![ProductEvent::ProductUpdated(updated)])
    }
}

/// The new value if there is one and it differs.
fn changed<T: Clone + PartialEq>(present: &T, wanted: Option<&T>) -> Option<T> {
    wanted.filter(|wanted| *wanted != present).cloned()
}

fn check_count(count: usize) -> Result<(), ProductError> {
    if count > MAX_ATTRIBUTES {
        return Err(ProductError::TooManyAttributes {
            count,
            limit: MAX_ATTRIBUTES,
        });
    }
    Ok(())
}

fn check_values(attributes: &Attributes) -> Result<(), ProductError> {
    for (key, value) in attributes {
        value.check().map_err(|error| ProductError::InvalidAttribute {
            key: key.clone(),
            error,
        })?;
    }
    Ok(())
}
