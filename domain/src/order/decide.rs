use chrono::SubsecRound as _;

use crate::{
    Country, CreditId, MAX_TOTAL, Money, Reason,
    order::{
        ImportOrder, ImportedOrder, MAX_IMPORTED_LINES, MAX_LINES, Order, OrderCommand, OrderCredit, OrderError,
        OrderEvent, OrderLine, OrderStatus, PlaceLine, PlaceOrder, PlacedOrder, check_lines, sum_totals,
    },
};

type Decision = Result<Vec<OrderEvent>, OrderError>;

impl Order {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &OrderCommand) -> Decision {
        match command {
            OrderCommand::Place(place) => self.place(place),
            OrderCommand::Cancel { reason } => self.cancel(reason),
            OrderCommand::Abandon { reason } => self.abandon(reason),
            OrderCommand::Import(import) => self.import(import),
            OrderCommand::Credit {
                credit_id,
                amount,
                units,
            } => self.credit(
                *credit_id,
                OrderCredit {
                    amount: *amount,
                    units: *units,
                },
            ),
        }
    }

    fn place(&self, place: &PlaceOrder) -> Decision {
        if let Some(status) = self.status() {
            return Err(OrderError::AlreadyExists { status });
        }
        check_count(place.lines.len(), MAX_LINES)?;
        let lines = place
            .lines
            .iter()
            .enumerate()
            .map(|(index, line)| priced(index, line, place))
            .collect::<Result<Vec<_>, _>>()?;
        let total = sum_totals(lines.iter().map(|line| line.total)).ok_or(OrderError::TotalTooLarge { line: None })?;
        let actual = Money::new(total, place.currency);
        if let Some(expected) = place.expected_total
            && expected != actual
        {
            return Err(OrderError::TotalChanged { expected, actual });
        }
        Ok(vec![OrderEvent::OrderPlaced(PlacedOrder {
            order_id: place.order_id,
            number: place.number,
            customer_id: place.customer_id,
            country: place.country.map(Country::from),
            currency: place.currency,
            lines,
            total,
            // What PostgreSQL and the protocols keep; more digits would come back different.
            placed_at: place.placed_at.trunc_subsecs(6),
        })])
    }

    fn cancel(&self, reason: &Reason) -> Decision {
        match self.status() {
            None => Err(OrderError::NotFound),
            Some(OrderStatus::Cancelled) => Ok(Vec::new()),
            Some(OrderStatus::Pending | OrderStatus::Confirmed) => {
                let placed = self.placed().ok_or(OrderError::NotFound)?;
                Ok(vec![OrderEvent::OrderCancelled(placed.cancelled(reason.clone()))])
            }
            Some(status @ (OrderStatus::Draft | OrderStatus::Completed | OrderStatus::Expired)) => {
                Err(OrderError::NotCancellable { status })
            }
        }
    }

    fn abandon(&self, reason: &Reason) -> Decision {
        match self.status() {
            None => Ok(vec![OrderEvent::OrderAbandoned { reason: reason.clone() }]),
            Some(OrderStatus::Expired) => Ok(Vec::new()),
            Some(status) => Err(OrderError::AlreadyExists { status }),
        }
    }

    fn import(&self, import: &ImportOrder) -> Decision {
        check_count(import.lines.len(), MAX_IMPORTED_LINES)?;
        check_lines(&import.lines).map_err(|(line, problem)| OrderError::InvalidLine { line, problem })?;
        let total =
            sum_totals(import.lines.iter().map(|line| line.total)).ok_or(OrderError::TotalTooLarge { line: None })?;
        let imported = ImportedOrder {
            order_id: import.order_id,
            source: import.source.clone(),
            external_id: import.external_id.clone(),
            customer_id: import.customer_id,
            customer_reference: import.customer_reference.clone(),
            country: import.country.clone(),
            currency: import.currency,
            lines: import.lines.clone(),
            total,
        };
        match (self.status(), self.imported()) {
            (None, _) => Ok(vec![OrderEvent::OrderImported(imported)]),
            (Some(_), Some(present)) if *present == imported || named(present) == named(&imported) => Ok(Vec::new()),
            (Some(_), Some(_)) => Err(OrderError::ImportedDifferently),
            (Some(status), None) => Err(OrderError::AlreadyExists { status }),
        }
    }

    fn credit(&self, credit_id: CreditId, credit: OrderCredit) -> Decision {
        match self.status() {
            None => return Err(OrderError::NotFound),
            Some(OrderStatus::Confirmed | OrderStatus::Completed) => {}
            Some(
                status @ (OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Cancelled | OrderStatus::Expired),
            ) => return Err(OrderError::NotCreditable { status }),
        }
        match self.credits().get(&credit_id) {
            Some(present) if *present == credit => return Ok(Vec::new()),
            Some(_) => return Err(OrderError::CreditedDifferently { credit_id }),
            None => {}
        }
        sum_totals([self.credited(), credit.amount])
            .and(sum_totals([credit.units]))
            .ok_or(OrderError::CreditTooLarge)?;
        Ok(vec![OrderEvent::OrderCredited {
            credit_id,
            amount: credit.amount,
            units: credit.units,
        }])
    }
}

fn check_count(count: usize, limit: usize) -> Result<(), OrderError> {
    match count {
        0 => Err(OrderError::NoLines),
        _ if count > limit => Err(OrderError::TooManyLines { count, limit }),
        _ => Ok(()),
    }
}

fn priced(index: usize, line: &PlaceLine, place: &PlaceOrder) -> Result<OrderLine, OrderError> {
    if line.unit_price.currency() != place.currency {
        return Err(OrderError::CurrencyMismatch {
            line: index,
            expected: place.currency,
            actual: line.unit_price.currency(),
        });
    }
    let total = line
        .unit_price
        .amount()
        .checked_mul(line.quantity.get())
        .filter(|total| *total <= MAX_TOTAL)
        .ok_or(OrderError::TotalTooLarge { line: Some(index) })?;
    Ok(OrderLine {
        product_id: line.product_id,
        sku: line.sku.clone(),
        name: line.name.clone(),
        category: line.category.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price.amount(),
        total,
        discount: 0,
        discounts: Vec::new(),
        tax: 0,
    })
}

/// The order with every discount named.
fn named(order: &ImportedOrder) -> ImportedOrder {
    let mut order = order.clone();
    for line in &mut order.lines {
        line.name_discount();
    }
    order
}
