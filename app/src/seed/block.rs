use std::ops::Range;

use proto::v1::ImportOrderRow;

use super::calendar::Calendar;
use super::catalogue::{self, Item};
use super::customers::{self, Customer};
use super::history;

/// Products, customers and orders of a block.
pub(super) const PRODUCTS: u64 = 2_000;
pub(super) const CUSTOMERS: u64 = 300;
pub(super) const ORDERS: u64 = 5_000;
/// Orders of the first block that are placed here and now, so that there are some to be worked on.
pub(super) const LIVE: u64 = 24;
/// A part of the shop.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) number: u64,
}

impl Block {
    pub(super) fn range(self, size: u64) -> Range<u64> {
        self.number * size..(self.number + 1) * size
    }

    pub(super) fn live(self) -> u64 {
        if self.number == 0 { LIVE } else { 0 }
    }

    /// Orders of the past.
    pub(super) fn history(self) -> Range<u64> {
        let all = self.range(ORDERS);
        all.start..all.end - self.live()
    }

    /// External id of the order that comes last.
    pub(super) fn marker(self) -> String {
        history::external_id(self.history().end - 1)
    }

    /// The catalogue that the block's orders choose from: its own and those before it.
    pub(super) fn items(self, calendar: &Calendar) -> Vec<Item> {
        let opening = calendar.opening().timestamp_micros();
        (0..self.range(PRODUCTS).end)
            .map(|index| catalogue::product(index, opening))
            .collect()
    }

    pub(super) fn customers(self) -> Vec<Customer> {
        (0..self.range(CUSTOMERS).end).map(customers::customer).collect()
    }

    /// Orders in the order of their numbers, and credits.
    pub(super) fn rows(
        self,
        calendar: &Calendar,
        items: &[Item],
        customers: &[Customer],
    ) -> (Vec<ImportOrderRow>, Vec<ImportOrderRow>) {
        let orders: Vec<_> = self
            .history()
            .map(|index| history::order(index, calendar, items, customers))
            .collect();
        let credits = self
            .history()
            .zip(&orders)
            .filter_map(|(index, order)| history::credit(index, order, calendar.end()))
            .collect();
        (orders, credits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(today: &str) -> String {
        let today = today.parse().unwrap();
        let calendar = Calendar::before(today);
        let block = Block { number: 0 };
        let (items, customers) = (block.items(&calendar), block.customers());
        let (orders, credits) = block.rows(&calendar, &items, &customers);
        assert_eq!(orders.len() as u64, ORDERS - LIVE);
        let rows = orders.iter().chain(&credits).map(|row| format!("{row:?}"));
        rows.collect()
    }

    #[test]
    fn shop_is_the_same_every_time_and_larger_ones_contain_it() {
        assert_eq!(everything("2026-06-15"), everything("2026-06-15"));
        assert_ne!(everything("2026-06-15"), everything("2026-06-16"));
        let calendar = Calendar::before("2026-06-15".parse().unwrap());
        let first = Block { number: 0 }.items(&calendar);
        let both = Block { number: 1 }.items(&calendar);
        assert_eq!(both.len(), 2 * first.len());
        for (left, right) in first.iter().zip(&both) {
            assert_eq!(left.row, right.row);
        }
    }

    #[test]
    fn history_adds_up() {
        let calendar = Calendar::before("2026-06-15".parse().unwrap());
        let block = Block { number: 0 };
        let (items, customers) = (block.items(&calendar), block.customers());
        let (orders, credits) = block.rows(&calendar, &items, &customers);
        for order in &orders {
            assert!(!order.lines.is_empty() && !order.customer_reference.is_empty());
            for line in &order.lines {
                assert_eq!(line.total, line.quantity * line.unit_price);
            }
        }
        assert!((200..400).contains(&credits.len()), "{}", credits.len());
        for credit in &credits {
            let undone = &credit.lines[0].credits_external_id;
            let order = orders.iter().find(|order| order.external_id == *undone).unwrap();
            assert!(credit.occurred_at_micros > order.occurred_at_micros);
            assert!(credit.occurred_at_micros < calendar.end().timestamp_micros());
        }
        assert_eq!(
            orders[0].occurred_at_micros,
            (calendar.opening() + chrono::TimeDelta::hours(9)).timestamp_micros()
        );
    }
}
