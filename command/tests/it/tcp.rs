//! The same over a real connection, with orders and stock in two servers.

use proto::{
    failure::FailureKind,
    v1::{order_command_client::OrderCommandClient, product_command_client::ProductCommandClient},
};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::support::{Shop, answer, new_product, order, refused, remote};

/// Serves on a free port until the token is cancelled; answers with the address.
async fn listen(routes: Routes, stop: CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        tonic::transport::Server::builder()
            .add_routes(routes)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.cancelled())
            .await
            .unwrap();
    });
    address
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_order_is_placed_through_two_servers(pool: PgPool) {
    let stop = CancellationToken::new();
    let stock_side = Shop::open(pool).await;
    let stock_address = listen(stock_side.command.routes(), stop.clone()).await;
    let order_side = stock_side.beside_with_stock(2, remote(&stock_address)).await;
    let address = listen(order_side.command.routes(), stop.clone()).await;

    let transport = remote(&address);
    let mut products = ProductCommandClient::new(transport.clone());
    let mut orders = OrderCommandClient::new(transport);
    let mug = answer(products.create_product(new_product("MUG-1", 1250)).await)
        .unwrap()
        .product
        .unwrap();
    stock_side.receive(&mug.id, 1).await;
    let reply = answer(orders.place_order(order(&[(&mug.id, 1)])).await).unwrap();
    assert_eq!(reply.order.unwrap().total, 1250);
    let failure = refused(
        answer(orders.place_order(order(&[(&mug.id, 1)])).await),
        FailureKind::Conflict,
        "insufficient_stock",
    );
    assert!(
        failure.data.contains("MUG-1"),
        "the failure comes whole through both: {failure:?}"
    );

    let mut late = tonic::Request::new(order(&[(&mug.id, 1)]));
    late.set_timeout(std::time::Duration::from_nanos(1));
    let late = answer(orders.place_order(late).await).unwrap_err();
    assert_eq!(late.kind(), FailureKind::Timeout, "{late:?}");
    stop.cancel();
}
