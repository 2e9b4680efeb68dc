//! Orders that are imported again, under rules that were others before.

use domain::order::{Discount, DiscountKind, ImportOrder, ImportedLine, Order, OrderCommand, OrderError};

use crate::{
    fixtures::{fold, given},
    order::{import, product_line},
};

#[test]
fn a_discount_of_which_nothing_was_said_is_one_on_the_goods() {
    let with = |discounts: Vec<Discount>| ImportOrder {
        lines: vec![ImportedLine {
            total: 1_030,
            discount: 500,
            discounts,
            ..product_line()
        }],
        ..import()
    };
    let discount = |kind| Discount {
        amount: 500,
        kind,
        code: None,
        campaign: None,
    };
    let (silent, on_goods) = (with(Vec::new()), with(vec![discount(DiscountKind::Line)]));
    let recorded = |import: ImportOrder| fold::<Order>([]).decide(&OrderCommand::Import(import)).unwrap();
    for (before, again) in [(&silent, &on_goods), (&on_goods, &silent)] {
        given::<Order>(recorded(before.clone()))
            .when(OrderCommand::Import(again.clone()))
            .then_expect_events(vec![]);
    }
    given::<Order>(recorded(silent))
        .when(OrderCommand::Import(with(vec![discount(DiscountKind::Coupon)])))
        .then_expect_error(OrderError::ImportedDifferently);
}
