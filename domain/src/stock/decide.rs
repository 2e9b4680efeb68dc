use crate::{
    OrderId, Quantity, Reason,
    stock::{MAX_ON_HAND, Stock, StockCommand, StockError, StockEvent},
};

type Decision = Result<Vec<StockEvent>, StockError>;

impl Stock {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &StockCommand) -> Decision {
        match command {
            StockCommand::Receive { quantity, reason } => self.receive(*quantity, reason.as_ref()),
            StockCommand::Adjust { delta, reason } => self.adjust(*delta, reason),
            StockCommand::Set {
                quantity,
                expected,
                reason,
            } => self.set(*quantity, *expected, reason.as_ref()),
            StockCommand::Reserve { order_id, quantity } => self.reserve(*order_id, *quantity),
            StockCommand::Release { order_id, reason } => Ok(self.release(*order_id, reason)),
            StockCommand::Restore {
                order_id,
                quantity,
                reason,
            } => self.restore(*order_id, *quantity, reason),
            StockCommand::Commit { order_id } => Ok(self.commit(*order_id)),
        }
    }

    fn receive(&self, quantity: Quantity, reason: Option<&Reason>) -> Decision {
        self.check_on_hand(self.on_hand().saturating_add(quantity.get()))?;
        Ok(vec![StockEvent::StockReceived {
            quantity,
            reason: reason.cloned(),
        }])
    }

    fn adjust(&self, delta: i64, reason: &Reason) -> Decision {
        if delta == 0 {
            return Err(StockError::ZeroDelta);
        }
        let max = Quantity::MAX.get();
        if !(-max..=max).contains(&delta) {
            return Err(StockError::OutOfRange { min: -max, max });
        }
        self.check_on_hand(self.on_hand().saturating_add(delta))?;
        Ok(vec![StockEvent::StockAdjusted {
            delta,
            reason: reason.clone(),
        }])
    }

    fn set(&self, quantity: i64, expected: i64, reason: Option<&Reason>) -> Decision {
        if !(0..=MAX_ON_HAND).contains(&quantity) {
            return Err(StockError::OutOfRange {
                min: 0,
                max: MAX_ON_HAND,
            });
        }
        if expected != self.on_hand() {
            return Err(StockError::ExpectationFailed {
                on_hand: self.on_hand(),
                expected,
            });
        }
        self.check_on_hand(quantity)?;
        if quantity == self.on_hand() {
            return Ok(Vec::new());
        }
        Ok(vec![StockEvent::StockSet {
            quantity,
            previous: self.on_hand(),
            reason: reason.cloned(),
        }])
    }

    fn reserve(&self, order_id: OrderId, quantity: Quantity) -> Decision {
        if let Some(held) = self.held_by(order_id) {
            return if held == quantity {
                Ok(Vec::new())
            } else {
                Err(StockError::AlreadyReserved {
                    order_id,
                    held: held.get(),
                })
            };
        }
        if self.is_closed(order_id) {
            return Err(StockError::ReservationClosed { order_id });
        }
        if quantity.get() > self.available() {
            return Err(StockError::Insufficient {
                requested: quantity.get(),
                available: self.available(),
            });
        }
        Ok(vec![StockEvent::StockReserved { order_id, quantity }])
    }

    fn release(&self, order_id: OrderId, reason: &Reason) -> Vec<StockEvent> {
        self.held_by(order_id)
            .map(|quantity| StockEvent::StockReleased {
                order_id,
                quantity,
                reason: reason.clone(),
            })
            .into_iter()
            .collect()
    }

    fn restore(&self, order_id: OrderId, quantity: Option<Quantity>, reason: &Reason) -> Decision {
        let held = self.held_by(order_id);
        if held == quantity {
            return Ok(Vec::new());
        }
        let available = self.available() + held.map_or(0, Quantity::get);
        if let Some(quantity) = quantity
            && quantity.get() > available
        {
            return Err(StockError::Insufficient {
                requested: quantity.get(),
                available,
            });
        }
        let mut events = self.release(order_id, reason);
        events.extend(quantity.map(|quantity| StockEvent::StockReserved { order_id, quantity }));
        Ok(events)
    }

    fn commit(&self, order_id: OrderId) -> Vec<StockEvent> {
        self.held_by(order_id)
            .map(|quantity| StockEvent::StockCommitted { order_id, quantity })
            .into_iter()
            .collect()
    }

    fn check_on_hand(&self, on_hand: i64) -> Result<(), StockError> {
        if on_hand < self.reserved() {
            return Err(StockError::BelowReserved {
                reserved: self.reserved(),
                on_hand,
            });
        }
        if on_hand > MAX_ON_HAND {
            return Err(StockError::TooMany { limit: MAX_ON_HAND });
        }
        Ok(())
    }
}
