//! A shop to search in.

use e2e::{Answer, Client, PATIENCE, System, wait_until};
use serde_json::json;

/// SKU, name, pence, currency, category, colour, units.
type Row = (
    &'static str,
    &'static str,
    i64,
    &'static str,
    &'static str,
    &'static str,
    i64,
);

pub(crate) const CATALOGUE: [Row; 9] = [
    ("M-1", "Enamel mug", 1250, "GBP", "kitchen/mugs", "red", 5),
    ("M-2", "Steel mug", 1900, "GBP", "kitchen/mugs", "grey", 0),
    ("M-3", "Porcelain mug", 800, "GBP", "kitchen/mugs", "red", 2),
    ("P-1", "Enamel plate", 900, "GBP", "kitchen/plates", "white", 7),
    ("K-1", "Chopping board", 2500, "GBP", "kitchen", "oak", 1),
    ("B-1", "Travel rucksack", 7900, "EUR", "travel/bags", "blue", 3),
    ("B-2", "Leather holdall", 9900, "EUR", "travel/bags", "brown", 0),
    ("T-1", "Crème brûlée torch", 3100, "GBP", "kitchen/tools", "black", 4),
    ("A-1", "حقيبة سفر زرقاء", 5500, "EUR", "travel/bags", "blue", 4),
];

/// A system whose search engine answers.
pub(crate) async fn searching(system: &System) {
    wait_until("the search engine", PATIENCE, async || {
        let ready = system.anonymous().get("/readyz").await;
        (ready["checks"]["search"] == "ok").then_some(())
    })
    .await;
}

/// A system with the catalogue, an administrator, and a token of everything.
pub(crate) async fn shop() -> (System, Client, String) {
    let system = System::start().await;
    let (admin, everything) = fill(&system).await;
    (system, admin, everything)
}

pub(crate) async fn fill(system: &System) -> (Client, String) {
    let admin = system.admin().await;
    for (sku, name, amount, currency, category, colour, units) in CATALOGUE {
        let body = json!({"sku": sku, "name": name, "price": {"amount": amount, "currency": currency}, "category": category,
            "attributes": {"colour": colour, "units": units, "gift": units > 3}, "status": "active",
            "description": format!("Our {name}, as people like it: well made & <b>lasting</b>.")});
        let created = admin.post("/v1/products").json(body).await.ok(201);
        if units > 0 {
            let _ = admin.receive(created.id(), units).await.ok(200);
        }
    }
    searching(system).await;
    (admin, system.everything().await)
}

/// The id of a product.
pub(crate) async fn id_of(admin: &Client, sku: &str) -> String {
    let page = admin.get(format!("/v1/products?sku={sku}")).await.ok(200);
    page.items()[0]["id"].as_str().unwrap().to_owned()
}

/// The SKUs of a page that the search engine answered.
#[track_caller]
pub(crate) fn skus(page: &Answer) -> Vec<&str> {
    assert_eq!(page["answered_by"], "search", "{page:?}");
    assert!(page.header("search-degraded").is_none(), "{page:?}");
    page.each("sku")
}

#[track_caller]
pub(crate) fn sorted_skus(page: &Answer) -> Vec<&str> {
    let mut skus = skus(page);
    skus.sort_unstable();
    skus
}
