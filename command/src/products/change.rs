//! The one way in which a product changes: commands are decided one after the other on the product, and the claim of its
//! SKU follows what came out, in the same commit.

use cqrs_es::Aggregate;
use domain::{
    ProductId, Quantity, Sku,
    product::{Product, ProductCommand, ProductEvent, ProductStatus},
    sku::{SkuClaim, SkuCommand},
    stock::{Stock, StockCommand},
};
use eventstore::{Committed, Plan, TransactError, Transaction};
use proto::{failure::Failure, v1::ProductReply};

use super::{
    refusal::Refusal,
    view::{self, Outcome},
};
use crate::{context::Context, core::Core, failure, refusal::Stale};

/// How often a change is planned anew because the product's SKU changed meanwhile.
const ATTEMPTS: usize = 4;

/// A change to one product.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) id: ProductId,
    pub(super) expected_version: Option<u64>,
    pub(super) commands: Vec<ProductCommand>,
    /// The product does not exist yet.
    pub(super) fresh: bool,
    /// SKUs whose claims the change may touch.
    pub(super) skus: Vec<Sku>,
    /// Refuse unless the product is a draft.
    pub(super) must_be_draft: bool,
    /// Plan again unless the product has this SKU.
    pub(super) must_have: Option<Sku>,
    /// Units to put on the shelf.
    pub(super) receive: Option<Quantity>,
}

impl Change {
    pub(super) fn new(id: ProductId, expected_version: Option<u64>, commands: Vec<ProductCommand>) -> Self {
        Self {
            id,
            expected_version,
            commands,
            fresh: false,
            skus: Vec::new(),
            must_be_draft: false,
            must_have: None,
            receive: None,
        }
    }

    /// Carries out a change that leaves the claim of the product's present SKU alone.
    pub(super) async fn run(self, core: &Core, context: &Context) -> Result<ProductReply, Failure> {
        let committed = self.commit(core, context).await.map_err(failure::of_transaction)?;
        view::reply(core, committed).await
    }

    /// Carries out a change that may release or claim the product's present SKU. The plan has to name its claim, so the
    /// product is looked at first; when its SKU changes in between, the plan is made anew.
    pub(super) async fn run_with_own_sku(self, core: &Core, context: &Context) -> Result<ProductReply, Failure> {
        let mut attempt = 1;
        loop {
            let present = core.load::<Product>(&self.id.to_string()).await?;
            let mut change = self.clone();
            if let Some(details) = present.aggregate.details()
                && !change.skus.contains(&details.sku)
            {
                change.skus.push(details.sku.clone());
            }
            match change.commit(core, context).await {
                Ok(committed) => return view::reply(core, committed).await,
                Err(TransactError::Rejected(Refusal::SkuMoved)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(failure::of_transaction(error)),
            }
        }
    }

    pub(super) async fn commit(
        self,
        core: &Core,
        context: &Context,
    ) -> Result<Committed<Outcome>, TransactError<Refusal>> {
        let id = self.id.to_string();
        let now = context.now;
        let plan = self.plan(context.plan(), &id);
        core.store
            .transact(plan, move |transaction| {
                let version = transaction.version::<Product>(&id);
                // Compared here and not by the plan: of a product that does not exist, that is reported.
                Stale::check(self.expected_version.filter(|_| version > 0), version)?;
                let decided = self.decide(transaction, &id)?;
                let events = u64::try_from(decided.events.len()).unwrap_or(u64::MAX);
                let outcome = Outcome::new(
                    decided.product.details(),
                    version + events,
                    &decided.stock,
                    transaction.version::<Stock>(&id) + u64::from(self.receive.is_some()),
                    (events > 0).then_some(now),
                )?;
                if events > 0 {
                    transaction.append::<Product>(&id, decided.events);
                }
                Ok(outcome)
            })
            .await
    }

    /// Decides all commands, moves the claims and puts the received units on the shelf.
    fn decide(&self, transaction: &mut Transaction<'_>, id: &str) -> Result<Decided, Refusal> {
        let before = transaction.state::<Product>(id);
        let held_before = held_sku(before).cloned();
        if self.must_have.is_some() && self.must_have != held_before {
            return Err(Refusal::SkuMoved);
        }
        let mut product = before.clone();
        let mut events: Vec<ProductEvent> = Vec::new();
        for command in &self.commands {
            for event in product.decide(command)? {
                product.apply(event.clone());
                events.push(event);
            }
        }
        if self.must_be_draft
            && product
                .details()
                .is_some_and(|details| details.status != ProductStatus::Draft)
        {
            return Err(Refusal::BackToDraft);
        }
        let held_after = held_sku(&product);
        if held_before.as_ref() != held_after {
            let product_id = self.id;
            if let Some(sku) = held_before {
                self.claim(transaction, &sku, SkuCommand::Release { product_id })?;
            }
            if let Some(sku) = held_after {
                self.claim(transaction, sku, SkuCommand::Claim { product_id })?;
            }
        }
        let mut stock = transaction.state::<Stock>(id).clone();
        if let Some(quantity) = self.receive {
            let receive = StockCommand::Receive { quantity, reason: None };
            let received = stock.decide(&receive)?;
            for event in &received {
                stock.apply(event.clone());
            }
            transaction.append::<Stock>(id, received);
        }
        Ok(Decided { product, events, stock })
    }

    fn claim(&self, transaction: &mut Transaction<'_>, sku: &Sku, command: SkuCommand) -> Result<(), Refusal> {
        if !self.skus.contains(sku) {
            return Err(Refusal::SkuMoved);
        }
        let stream = sku.stream_id();
        let claim = transaction.state::<SkuClaim>(&stream);
        let events = claim
            .decide(&command)
            .map_err(|error| Refusal::Sku(sku.clone(), error))?;
        if !events.is_empty() {
            transaction.append::<SkuClaim>(&stream, events);
        }
        Ok(())
    }

    fn plan(&self, plan: Plan, id: &str) -> Plan {
        let plan = if self.fresh {
            plan.create::<Product>(id)
        } else {
            plan.write::<Product>(id)
        };
        let plan = match self.receive {
            Some(_) => plan.write::<Stock>(id),
            None => plan.read::<Stock>(id),
        };
        self.skus
            .iter()
            .fold(plan, |plan, sku| plan.write::<SkuClaim>(sku.stream_id()))
    }
}

struct Decided {
    product: Product,
    events: Vec<ProductEvent>,
    stock: Stock,
}

/// The SKU that the product has a claim to: its own, unless it is deleted.
fn held_sku(product: &Product) -> Option<&Sku> {
    product
        .details()
        .filter(|details| !details.deleted)
        .map(|details| &details.sku)
}
