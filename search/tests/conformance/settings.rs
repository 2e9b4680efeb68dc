use search::{Boosts, Settings, Synonyms};

use crate::engines::Place;
use crate::shop::{product, shop, words};

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn synonyms(synonyms: Vec<Synonyms>) -> Settings {
    Settings {
        synonyms,
        ..Settings::default()
    }
}

pub(crate) async fn synonyms_find_one_another(place: &Place) {
    let group = Synonyms::Group {
        words: strings(&["notebook", "Laptop", "portable"]),
    };
    place.fill_with(shop(), &synonyms(vec![group])).await;
    for typed in ["notebook", "portable", "laptop", "NOTEBOOK"] {
        assert_eq!(place.set(&words(typed)).await, ["p05", "p06", "p07"], "{typed}");
    }
    assert_eq!(place.set(&words("gaming notebook")).await, ["p07"]);
}

pub(crate) async fn one_way_synonyms_go_one_way(place: &Place) {
    let one_way = Synonyms::OneWay {
        from: "peripheral".into(),
        to: strings(&["mouse", "keyboard"]),
    };
    let mut shop = shop();
    shop.push(product("p99", "Peripheral"));
    place.fill_with(shop, &synonyms(vec![one_way])).await;
    assert_eq!(
        place.set(&words("peripheral")).await,
        ["p01", "p02", "p03", "p04", "p99"]
    );
    assert_eq!(place.set(&words("mouse")).await, ["p03", "p04"]);
}

pub(crate) async fn synonyms_of_several_words(place: &Place) {
    let rules = vec![
        Synonyms::OneWay {
            from: "portable computer".into(),
            to: strings(&["laptop"]),
        },
        Synonyms::OneWay {
            from: "barista".into(),
            to: strings(&["coffee machine"]),
        },
    ];
    place.fill_with(shop(), &synonyms(rules)).await;
    assert_eq!(place.set(&words("portable computer")).await, ["p05", "p06", "p07"]);
    assert_eq!(place.set(&words("barista")).await, ["p10"]);
}

pub(crate) async fn stop_words_do_not_count(place: &Place) {
    let settings = Settings {
        stop_words: strings(&["The", "for"]),
        ..Settings::default()
    };
    let mut shop = shop();
    shop.push(product("p99", "Vitamins for the eyes"));
    place.fill_with(shop, &settings).await;
    assert_eq!(place.set(&words("the mouse for gaming")).await, ["p04"]);
    assert_eq!(place.set(&words("for the eyes")).await, ["p99"]);
}

pub(crate) async fn stop_words_alone_are_searched_as_they_are(place: &Place) {
    let settings = Settings {
        stop_words: strings(&["The", "who", "for"]),
        ..Settings::default()
    };
    let mut shop = shop();
    shop.push(product("p98", "The Who"));
    shop.push(product("p99", "Vitamins for the eyes"));
    place.fill_with(shop, &settings).await;
    assert_eq!(place.set(&words("the who")).await, ["p98"]);
    assert_eq!(place.set(&words("THE")).await, ["p98", "p99"]);
    place.update_settings(&place.index, &Settings::default()).await.unwrap();
    assert_eq!(place.set(&words("the eyes for")).await, ["p99"], "they count again");
    assert!(place.answer(&words("who laptop")).await.relaxed);
}

pub(crate) async fn synonyms_may_contain_stop_words(place: &Place) {
    let settings = Settings {
        synonyms: vec![Synonyms::Group {
            words: strings(&["bed and breakfast", "inn"]),
        }],
        stop_words: strings(&["and"]),
        ..Settings::default()
    };
    let shop = [
        product("a", "Bed and Breakfast"),
        product("b", "Old inn"),
        product("c", "Bed"),
    ];
    place.fill_with(shop, &settings).await;
    for typed in ["bed and breakfast", "inn"] {
        assert_eq!(place.set(&words(typed)).await, ["a", "b"], "{typed}");
    }
}

pub(crate) async fn synonyms_come_after_the_word(place: &Place) {
    let rules = vec![
        Synonyms::OneWay {
            from: "phone".into(),
            to: strings(&["smartphone", "mobile"]),
        },
        Synonyms::OneWay {
            from: "portable computer".into(),
            to: strings(&["netbook"]),
        },
    ];
    let mut shop: Vec<_> = (0..6).map(|at| product(&format!("p{at}"), "Phone")).collect();
    shop.push(product("a", "Mobile smartphone"));
    shop.extend((0..6).map(|at| product(&format!("q{at}"), "Portable computer")));
    shop.push(product("b", "Netbook"));
    place.fill_with(shop, &synonyms(rules)).await;
    for (typed, last) in [("phone", "a"), ("portable computer", "b")] {
        let found = place.ids(&words(typed)).await;
        assert_eq!(found.len(), 7, "{typed}: {found:?}");
        assert_eq!(found.last().map(String::as_str), Some(last), "{typed}: {found:?}");
    }
}

pub(crate) async fn boosts_lift(place: &Place) {
    let shop = || {
        let mut gone = product("a", "Lamp");
        gone.in_stock = false;
        let mut seller = product("b", "Lamp");
        seller.in_stock = false;
        seller.units_sold = 500;
        [gone, seller, product("c", "Lamp")]
    };
    place.fill(shop()).await;
    assert_eq!(place.ids(&words("lamp")).await, ["a", "b", "c"], "by id");
    let boosts = |in_stock, best_selling| Settings {
        boosts: Boosts { in_stock, best_selling },
        ..Settings::default()
    };
    place.update_settings(&place.index, &boosts(1.0, 0.0)).await.unwrap();
    assert_eq!(place.ids(&words("lamp")).await, ["c", "a", "b"]);
    place.update_settings(&place.index, &boosts(0.0, 1.0)).await.unwrap();
    assert_eq!(place.ids(&words("lamp")).await, ["b", "a", "c"]);
}

pub(crate) async fn can_be_changed(place: &Place) {
    place.fill(shop()).await;
    assert!(place.ids(&words("zzz")).await.is_empty());
    let one_way = Synonyms::OneWay {
        from: "zzz".into(),
        to: strings(&["mouse"]),
    };
    place
        .update_settings(&place.index, &synonyms(vec![one_way]))
        .await
        .unwrap();
    assert_eq!(place.set(&words("zzz")).await, ["p03", "p04"]);
    place.put([product("p99", "Mouse mat")]).await;
    assert_eq!(
        place.set(&words("zzz")).await,
        ["p03", "p04", "p99"],
        "after another change too"
    );
    place.update_settings(&place.index, &Settings::default()).await.unwrap();
    assert!(place.ids(&words("zzz")).await.is_empty());
}
