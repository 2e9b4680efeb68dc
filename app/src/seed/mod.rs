//! A demo shop: products, customers and a year of orders, the same on every machine.
//!
//! Everything is drawn from its own number (`random::Random::of`), so a larger shop contains the smaller one. The shop comes in
//! blocks of 2,000 products, 300 customers and 5,000 orders; the last order of a block is imported when everything else of it
//! is there, so a block that has it is complete and a run that was cut off does its block again, which changes nothing that
//! is there. The day that the history ends on is that of the first run: later ones take it from the first order.

mod block;
mod calendar;
mod catalogue;
mod customers;
mod history;
mod random;
mod shop;
mod summary;

use std::fmt;

use chrono::{DateTime, Days, NaiveDate};
use futures::{StreamExt as _, TryStreamExt as _};
use import::Counts;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proto::failure::Failure;
use proto::transport::Transport;
use proto::v1::import_outcome::Kind;
use proto::v1::{ImportOrderRow, ImportOutcome, ImportProductRow, PlaceOrderLine, PlaceOrderRequest, Role};
use tokio::time::Instant;
use uuid::Uuid;

use block::{Block, CUSTOMERS, LIVE, ORDERS, PRODUCTS};
use calendar::{Calendar, DAYS};
use catalogue::Item;
use customers::Customer;
use random::Random;
use shop::Shop;

pub use summary::Summary;

/// Accounts that are made at once; hashing their passwords takes the time.
const ACCOUNTS_AT_ONCE: usize = 4;

/// What to seed.
#[derive(Clone, Debug)]
pub struct Options {
    /// So many times 2,000 products, 300 customers and 5,000 orders.
    pub scale: u32,
    /// The day on which the history ends; only the first run looks at it.
    pub today: NaiveDate,
    /// An administrator to make unless the address is taken.
    pub admin: Option<Login>,
    /// What all demo customers log in with: at least 10 characters.
    pub customer_password: String,
    /// Who does it: `system:seed`.
    pub actor: String,
    /// Shared by all events of the seed.
    pub correlation_id: Uuid,
}

/// An account to make.
#[derive(Clone)]
pub struct Login {
    /// What the person logs in with.
    pub email: String,
    /// At least 10 characters.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// The seed cannot go on; it may be run again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A service failed.
    #[error("{} ({})", .0.message, .0.code)]
    Service(Failure),
    /// Rows could not be sent.
    #[error(transparent)]
    Import(#[from] import::Error),
    /// A row was refused, for example because a SKU of the demo shop belongs to another product.
    #[error("a row of the demo shop was refused: {field} {code}: {message}")]
    Refused {
        /// The field.
        field: String,
        /// The code.
        code: String,
        /// The reason.
        message: String,
    },
}

/// Fills the shop. `queries` is asked what is there already.
pub async fn run(commands: Transport, queries: Transport, options: &Options) -> Result<Summary, Error> {
    let started = Instant::now();
    let mut seed = Seed {
        shop: Shop::new(commands, queries, options),
        summary: Summary::default(),
        bar: bar(u64::from(options.scale) * (PRODUCTS + CUSTOMERS + ORDERS)),
    };
    if let Some(admin) = &options.admin {
        let (_, created) = seed
            .shop
            .user(&admin.email, "Demo administrator", Role::Admin, &admin.password)
            .await?;
        seed.summary.admin_created = Some(created);
    }
    let calendar = Calendar::before(seed.end_of_history(options.today).await?);
    for block in 0..u64::from(options.scale) {
        let block = Block { number: block };
        if seed.is_complete(block).await? {
            seed.count_complete(block, &calendar);
        } else {
            seed.fill(block, &calendar, options).await?;
        }
    }
    seed.bar.finish_and_clear();
    seed.summary.elapsed = started.elapsed();
    Ok(seed.summary)
}

struct Seed {
    shop: Shop,
    summary: Summary,
    bar: ProgressBar,
}

impl Seed {
    /// The day that the history of this shop ends on.
    async fn end_of_history(&self, today: NaiveDate) -> Result<NaiveDate, Error> {
        let first = self.shop.placed_at(&history::external_id(0)).await?;
        let opening = first
            .and_then(DateTime::from_timestamp_micros)
            .map(|time| time.date_naive());
        Ok(opening
            .and_then(|opening| opening.checked_add_days(Days::new(DAYS)))
            .unwrap_or(today))
    }

    async fn is_complete(&self, block: Block) -> Result<bool, Error> {
        Ok(self.shop.placed_at(&block.marker()).await?.is_some())
    }

    fn count_complete(&mut self, block: Block, calendar: &Calendar) {
        let (_, credits) = block.rows(calendar, &block.items(calendar), &block.customers());
        self.summary.products.unchanged += PRODUCTS;
        self.summary.customers.unchanged += CUSTOMERS;
        self.summary.orders.unchanged += ORDERS;
        self.summary.credits.unchanged += credits.len() as u64;
        self.bar.inc(PRODUCTS + CUSTOMERS + ORDERS);
    }

    async fn fill(&mut self, block: Block, calendar: &Calendar, options: &Options) -> Result<(), Error> {
        let items = block.items(calendar);
        let customers = block.customers();
        let ids = self.products(block, &items).await?;
        let users = self.accounts(block, &customers, options).await?;
        let (mut orders, credits) = block.rows(calendar, &items, &customers);
        let marker = orders.split_off(orders.len() - 1);
        // The first order of all goes alone: from then on the day is settled.
        let (first, rest) = orders.split_at_mut(1);
        rest.sort_by_key(|order| order.occurred_at_micros);
        self.bar.set_message("orders");
        self.orders(first).await?;
        self.orders(rest).await?;
        let outcomes = self.shop.import(&self.shop.orders, &credits, |_| ()).await?;
        count(&mut self.summary.credits, &outcomes);
        if block.live() > 0 {
            self.live_orders(&items, &ids, &users).await?;
        }
        self.orders(&marker).await
    }

    /// The ids of the block's products, in the order of their numbers.
    async fn products(&mut self, block: Block, items: &[Item]) -> Result<Vec<String>, Error> {
        self.bar.set_message("products");
        let own = usize::try_from(block.range(PRODUCTS).start).unwrap_or_default();
        let rows: Vec<ImportProductRow> = items.iter().skip(own).map(|item| item.row.clone()).collect();
        let outcomes = self
            .shop
            .import(&self.shop.products, &rows, |rows| self.bar.inc(rows as u64))
            .await?;
        count(&mut self.summary.products, &outcomes);
        Ok(outcomes.into_iter().map(|outcome| outcome.id).collect())
    }

    /// The ids of the block's customers, in the order of their numbers.
    async fn accounts(
        &mut self,
        block: Block,
        customers: &[Customer],
        options: &Options,
    ) -> Result<Vec<String>, Error> {
        self.bar.set_message("customers");
        let own = usize::try_from(block.range(CUSTOMERS).start).unwrap_or_default();
        let made = futures::stream::iter(customers.iter().skip(own).map(|customer| {
            let password = options.customer_password.as_str();
            self.shop
                .user(&customer.email, &customer.name, Role::Customer, password)
        }));
        let made: Vec<_> = made
            .buffered(ACCOUNTS_AT_ONCE)
            .inspect_ok(|_| self.bar.inc(1))
            .try_collect()
            .await?;
        for (_, created) in &made {
            if *created {
                self.summary.customers.created += 1;
            } else {
                self.summary.customers.unchanged += 1;
            }
        }
        Ok(made.into_iter().map(|(id, _)| id).collect())
    }

    async fn orders(&mut self, rows: &[ImportOrderRow]) -> Result<(), Error> {
        let outcomes = self
            .shop
            .import(&self.shop.orders, rows, |rows| self.bar.inc(rows as u64))
            .await?;
        count(&mut self.summary.orders, &outcomes);
        Ok(())
    }

    /// Orders that are placed now, by the first customers; some are cancelled again.
    async fn live_orders(&mut self, items: &[Item], ids: &[String], users: &[String]) -> Result<(), Error> {
        let plenty: Vec<_> = items
            .iter()
            .zip(ids)
            .filter(|(item, _)| item.active && item.row.initial_stock >= 50)
            .collect();
        for number in 0..LIVE {
            let random = &mut Random::of("live", number);
            let customer = usize::try_from(number % 8).unwrap_or_default();
            let mut lines: Vec<PlaceOrderLine> = Vec::new();
            for _ in 0..=random.below(3) {
                let Some((_, id)) = random.pick(&plenty) else { continue };
                if lines.iter().all(|line| line.product_id != **id) {
                    lines.push(PlaceOrderLine {
                        product_id: (*id).clone(),
                        quantity: random.between(1, 3),
                    });
                }
            }
            let request = PlaceOrderRequest {
                customer_id: users.get(customer).cloned().unwrap_or_default(),
                currency: catalogue::CURRENCY.to_owned(),
                country: customers::customer(customer as u64).country.to_owned(),
                lines,
                ..PlaceOrderRequest::default()
            };
            let (id, created) = self.shop.place(&format!("seed-{number}"), request).await?;
            if number % 6 == 5 {
                let key = format!("seed-cancel-{number}");
                self.shop.cancel(&key, id, "ordered twice by mistake").await?;
            }
            if created {
                self.summary.orders.created += 1;
            } else {
                self.summary.orders.unchanged += 1;
            }
            self.bar.inc(1);
        }
        Ok(())
    }
}

fn count(counts: &mut Counts, outcomes: &[ImportOutcome]) {
    for outcome in outcomes {
        match outcome.kind() {
            Kind::Created => counts.created += 1,
            Kind::Updated => counts.updated += 1,
            Kind::Unchanged => counts.unchanged += 1,
            Kind::Rejected | Kind::Unspecified => counts.rejected += 1,
        }
    }
}

/// A bar over everything that is to be made; hidden when standard error is no terminal.
fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(5));
    let template = "{bar:30} {percent:>3} %  {pos}/{len}  {msg}  {elapsed_precise}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
