//! The program and its parts, as its operators have them; and the rules of the house.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod architecture;
mod audit;
#[path = "../../../eventstore/tests/store/cluster.rs"]
mod cluster;
mod docs;
mod embedded;
#[path = "../../../projections/tests/projections/fold.rs"]
#[expect(dead_code, reason = "the tests beside it use more of it")]
mod fold;
#[path = "../../../projections/tests/projections/fold_sales.rs"]
mod fold_sales;
#[path = "../../../postgres/tests/it/support.rs"]
mod folder;
mod pooler;
mod projectors;
#[path = "../../../projections/tests/projections/shop.rs"]
mod shop;
mod stream;
#[path = "../../../projections/tests/projections/support.rs"]
#[expect(dead_code, reason = "the tests beside it use more of it")]
mod support;
mod system;

/// The services at an address that proves nothing, for whoever runs the system.
fn by_operator(url: &str) -> proto::transport::Transport {
    let keys = proto::statement::Keys::insecure(std::sync::Arc::new(|| app::world::clock()().timestamp_micros()));
    let operator = proto::caller::Caller::system(proto::caller::Part::Operator, "test");
    proto::transport::Transport::remote(url, keys, None)
        .unwrap()
        .by(operator)
}
