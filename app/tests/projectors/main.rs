//! Projectors as processes of their own: killed, without a database, without room on the disk. Whatever happens, the read models end
//! up as the fold of the events, made by code of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cli;
#[path = "../../../eventstore/tests/store/cluster.rs"]
mod cluster;
mod disk;
#[path = "../../../projections/tests/projections/fold.rs"]
#[expect(dead_code, reason = "the tests beside it use more of it")]
mod fold;
#[path = "../../../projections/tests/projections/fold_sales.rs"]
mod fold_sales;
mod kill;
mod lag;
mod process;
mod restart;
#[path = "../../../projections/tests/projections/shop.rs"]
mod shop;
#[path = "../../../projections/tests/projections/support.rs"]
#[expect(dead_code, reason = "the tests beside it use more of it")]
mod support;
