use std::sync::atomic::{AtomicBool, Ordering};

use search::{Change, Error, Settings, Statistics};

use crate::engines::Place;
use crate::shop::{product, shop, words};

pub(crate) async fn applying_again_changes_nothing(place: &Place) {
    place.fill(shop()).await;
    place.put(shop()).await;
    place.put(shop()).await;
    assert_eq!(place.answer(&words("")).await.total, 12);
    assert_eq!(place.statistics(&place.index).await.unwrap().documents, 12);
    assert_eq!(place.answer(&words("laptop")).await.total, 3);
}

pub(crate) async fn what_is_deleted_stays_deleted(place: &Place) {
    place.fill(shop()).await;
    place.delete(&["p06", "nobody"]).await;
    place.delete(&["p06"]).await;
    assert_eq!(place.set(&words("laptop")).await, ["p05", "p07"]);
    for at in 0..12 {
        place.put([product(&format!("n{at}"), "Mouse")]).await;
    }
    assert_eq!(place.set(&words("laptop")).await, ["p05", "p07"], "after merges too");
    assert_eq!(place.statistics(&place.index).await.unwrap().documents, 23);
}

pub(crate) async fn the_last_change_counts(place: &Place) {
    place.fill([]).await;
    let put = |name: &str| Change::Put(Box::new(product("a", name)));
    let delete = || Change::Delete("a".into());
    let apply = |changes| place.apply(&place.index, changes, "test");
    apply(vec![put("First"), put("Second")]).await.unwrap();
    assert!(place.ids(&words("first")).await.is_empty());
    assert_eq!(place.ids(&words("second")).await, ["a"]);
    apply(vec![put("Third"), delete()]).await.unwrap();
    assert_eq!(place.answer(&words("")).await.total, 0);
    apply(vec![delete(), put("Fourth")]).await.unwrap();
    assert_eq!(place.ids(&words("fourth")).await, ["a"]);
    apply(Vec::new()).await.unwrap();
    assert_eq!(place.answer(&words("")).await.total, 1);
}

pub(crate) async fn a_promoted_index_takes_over(place: &Place) {
    place.fill([product("old", "Old thing")]).await;
    let new = place.other("new");
    place.create(&new, &Settings::default()).await.unwrap();
    place
        .apply(&new, vec![Change::Put(Box::new(product("new", "New thing")))], "new")
        .await
        .unwrap();
    assert_eq!(place.ids(&words("thing")).await, ["old"]);
    let tag = async |index: &str| place.statistics(index).await.unwrap().tag;
    assert_eq!(tag(&place.index).await.as_deref(), Some("test"));
    place.promote(&new, &place.index).await.unwrap();
    assert_eq!(place.ids(&words("thing")).await, ["new"]);
    assert_eq!(tag(&place.index).await.as_deref(), Some("new"));
    place.apply(&place.index, Vec::new(), "newer").await.unwrap();
    assert_eq!(tag(&place.index).await.as_deref(), Some("newer"), "without changes too");
    let indexes = place.indexes().await.unwrap();
    assert!(indexes.contains(&place.index) && !indexes.contains(&new), "{indexes:?}");
    place.put([product("more", "Another thing")]).await;
    assert_eq!(place.set(&words("thing")).await, ["more", "new"], "and is written to");
    // Where there was none before.
    let third = place.other("third");
    place.promote(&place.index, &third).await.unwrap();
    assert_eq!(place.search(&third, &words("thing")).await.unwrap().total, 2);
    assert!(matches!(
        place.search(&place.index, &words("thing")).await,
        Err(Error::NoIndex(_))
    ));
    place.drop_index(&third).await.unwrap();
}

pub(crate) async fn promoting_while_searching_never_fails(place: &Place) {
    place.fill([product("a", "Thing")]).await;
    let done = AtomicBool::new(false);
    let searching = async {
        let mut searches = 0;
        while !done.load(Ordering::Relaxed) {
            assert_eq!(place.answer(&words("thing")).await.total, 1);
            searches += 1;
        }
        searches
    };
    let promoting = async {
        for round in 0..4 {
            let new = place.other(&format!("r{round}"));
            place.create(&new, &Settings::default()).await.unwrap();
            place
                .apply(&new, vec![Change::Put(Box::new(product("a", "Thing")))], "test")
                .await
                .unwrap();
            place.promote(&new, &place.index).await.unwrap();
        }
        done.store(true, Ordering::Relaxed);
    };
    let (searches, ()) = tokio::join!(searching, promoting);
    assert!(searches > 0);
}

pub(crate) async fn creating_again_empties(place: &Place) {
    place.fill(shop()).await;
    place.create(&place.index, &Settings::default()).await.unwrap();
    assert_eq!(place.statistics(&place.index).await.unwrap(), Statistics::default());
    assert_eq!(place.answer(&words("")).await.total, 0);
    place.put([product("a", "Laptop")]).await;
    assert_eq!(place.ids(&words("laptop")).await, ["a"]);
}

pub(crate) async fn dropping_twice_is_fine(place: &Place) {
    place.fill(shop()).await;
    place.drop_index(&place.index).await.unwrap();
    place.drop_index(&place.index).await.unwrap();
    assert!(!place.indexes().await.unwrap().contains(&place.index));
}

pub(crate) async fn what_is_missing_is_said(place: &Place) {
    place.health().await.unwrap();
    let missing = place.other("missing");
    let no_index = |error| matches!(error, Error::NoIndex(name) if name == missing);
    assert!(no_index(place.search(&missing, &words("")).await.unwrap_err()));
    assert!(no_index(place.statistics(&missing).await.unwrap_err()));
    assert!(no_index(place.promote(&missing, &place.index).await.unwrap_err()));
    let put = vec![Change::Put(Box::new(product("a", "Thing")))];
    assert!(no_index(place.apply(&missing, put, "test").await.unwrap_err()));
    assert!(no_index(
        place.update_settings(&missing, &Settings::default()).await.unwrap_err()
    ));
}

pub(crate) async fn bad_names_are_rejected(place: &Place) {
    for name in ["", "Upper", "a/b", "..", "a b", "é", &"x".repeat(65)] {
        let created = place.create(name, &Settings::default()).await;
        assert!(matches!(created, Err(Error::Rejected(_))), "{name:?}");
    }
}
