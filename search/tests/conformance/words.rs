use search::{Filter, Request, Status};

use crate::engines::Place;
use crate::shop::{product, shop, words};

pub(crate) async fn a_word_finds_the_products_that_have_it(place: &Place) {
    place.fill(shop()).await;
    assert_eq!(place.set(&words("headphones")).await, ["p08", "p09"]);
    assert_eq!(
        place.set(&words("keyboard")).await,
        ["p01", "p02", "p03"],
        "in names and descriptions"
    );
    assert_eq!(place.set(&words("silver")).await, ["p06"], "in attributes");
    assert_eq!(place.set(&words("kitchen")).await, ["p10", "p11"], "in categories");
}

pub(crate) async fn all_words_have_to_match(place: &Place) {
    place.fill(shop()).await;
    assert_eq!(place.set(&words("wireless mouse")).await, ["p03"]);
    assert_eq!(place.set(&words("mouse wireless")).await, ["p03"], "in any order");
    assert_eq!(
        place.set(&words("black laptop")).await,
        ["p05", "p07"],
        "in any part of the product"
    );
}

pub(crate) async fn some_words_match_when_all_do_not(place: &Place) {
    place.fill(shop()).await;
    let answer = place.answer(&words("coffee xylophone")).await;
    assert!(answer.relaxed, "it says so");
    assert_eq!((answer.total, answer.hits[0].id.as_str()), (1, "p10"));
    assert!(!place.answer(&words("coffee")).await.relaxed);
}

pub(crate) async fn words_that_no_product_has_together_find_some(place: &Place) {
    place.fill(shop()).await;
    for typed in [
        "espresso OR laptop",
        "espresso || xyz",
        "zquib espresso",
        "bluetooth gaming espresso",
    ] {
        let answer = place.answer(&words(typed)).await;
        assert!(answer.relaxed, "{typed}");
        assert!(answer.total > 0, "{typed}");
    }
    let answer = place.answer(&words("zquib zquob")).await;
    assert_eq!((answer.total, answer.relaxed), (0, false), "none of them is known");
}

pub(crate) async fn a_typo_is_forgiven_from_five_letters(place: &Place) {
    place.fill(shop()).await;
    for typed in ["laptpo", "labtop", "lapto", "llaptop"] {
        assert_eq!(place.set(&words(typed)).await, ["p05", "p06", "p07"], "{typed}");
    }
    assert_eq!(place.set(&words("wireles moose")).await, ["p03"], "in every word");
    assert!(place.ids(&words("bogs")).await.is_empty(), "not in four letters");
    assert!(place.ids(&words("lobtep")).await.is_empty(), "not two");
}

pub(crate) async fn two_typos_are_forgiven_from_nine_letters(place: &Place) {
    place.fill(shop()).await;
    for typed in ["hedphonse", "heaadphoness", "bluetothh headphones"] {
        assert!(place.ids(&words(typed)).await.contains(&"p08".to_owned()), "{typed}");
    }
    assert!(place.ids(&words("hoodphonos")).await.is_empty(), "not three");
}

pub(crate) async fn numbers_have_no_typos(place: &Place) {
    place
        .fill([product("a", "Card 20600"), product("b", "Card 20700")])
        .await;
    assert_eq!(place.ids(&words("20600")).await, ["a"]);
    assert!(place.ids(&words("20800")).await.is_empty());
}

pub(crate) async fn plurals_find_singulars(place: &Place) {
    place.fill(shop()).await;
    assert_eq!(place.set(&words("laptops")).await, ["p05", "p06", "p07"]);
    assert_eq!(place.set(&words("headphone")).await, ["p08", "p09"]);
}

pub(crate) async fn the_last_word_may_be_unfinished(place: &Place) {
    place.fill(shop()).await;
    let typing = |typed: &str| Request {
        as_you_type: true,
        ..words(typed)
    };
    assert_eq!(place.set(&typing("keyb")).await, ["p01", "p02", "p03"]);
    assert_eq!(place.set(&typing("h")).await, ["p08", "p09"]);
    assert_eq!(place.set(&typing("gaming la")).await, ["p07"]);
    assert_eq!(place.set(&typing("headpohn")).await, ["p08", "p09"], "with a typo");
    assert!(place.answer(&words("gaming la")).await.relaxed, "only while typing");
    assert!(place.answer(&typing("gam laptop")).await.relaxed, "only the last one");
}

pub(crate) async fn the_name_counts_more_than_the_description(place: &Place) {
    place.fill(shop()).await;
    let ids = place.ids(&words("keyboard")).await;
    assert_eq!(ids.last().map(String::as_str), Some("p03"), "{ids:?}");
    assert_eq!(place.ids(&words("gaming")).await.len(), 2);
}

pub(crate) async fn words_may_be_written_together_or_apart(place: &Place) {
    let shop = [
        product("a", "Smart Watch"),
        product("b", "Smartwatch"),
        product("c", "Wi-Fi Router"),
        product("d", "Watch"),
    ];
    place.fill(shop).await;
    assert_eq!(place.set(&words("smartwatch")).await, ["a", "b"]);
    assert_eq!(place.set(&words("smart watch")).await, ["a", "b"]);
    for typed in ["wifi", "wi-fi", "wi fi"] {
        assert_eq!(place.set(&words(typed)).await, ["c"], "{typed}");
    }
}

pub(crate) async fn a_sku_is_found(place: &Place) {
    let mut shop = shop();
    shop[0].sku = "TN-2110".into();
    place.fill(shop).await;
    for typed in ["TN-2110", "tn-2110", "tn 2110", "tn2110"] {
        assert_eq!(
            place.ids(&words(typed)).await.first().map(String::as_str),
            Some("p01"),
            "{typed}"
        );
    }
}

pub(crate) async fn a_sku_has_no_typos(place: &Place) {
    let numbered = |at: usize| {
        let mut product = product(&format!("s{at}"), "Thing");
        product.sku = format!("PLU004{at}");
        product
    };
    place.fill((0..5).map(numbered)).await;
    assert_eq!(place.ids(&words("PLU0041")).await, ["s1"]);
    assert!(place.ids(&words("PLU0049")).await.is_empty());
}

pub(crate) async fn no_words_are_a_listing(place: &Place) {
    place.fill(shop()).await;
    for typed in ["", "  ", "\t\n"] {
        let answer = place.answer(&words(typed)).await;
        assert_eq!(answer.total, 12);
        assert_eq!(answer.hits[0].id, "p12", "the newest first");
        assert_eq!(answer.hits[11].id, "p01");
        assert!(!answer.relaxed);
    }
}

pub(crate) async fn nothing_found_offers_a_correction(place: &Place) {
    place.fill(shop()).await;
    for (typed, nearest) in [
        ("hedphonz", "headphones"),
        ("kiboard", "keyboard"),
        ("lobtop", "laptop"),
    ] {
        let answer = place.answer(&words(typed)).await;
        assert_eq!(answer.total, 0, "{typed}");
        assert_eq!(answer.correction.as_deref(), Some(nearest), "{typed}");
        assert!(place.answer(&words(nearest)).await.total > 0);
    }
    assert_eq!(place.answer(&words("keyboard")).await.correction, None);
    assert_eq!(place.answer(&words("xxxxxxxxxxxxxxx")).await.correction, None);
}

pub(crate) async fn a_correction_respects_the_filter(place: &Place) {
    place.fill(shop()).await;
    let visible = Filter {
        statuses: vec![Status::Active],
        ..Filter::default()
    };
    let request = |filter| Request {
        filter,
        ..words("macjime")
    };
    assert_eq!(
        place.answer(&request(Filter::default())).await.correction.as_deref(),
        Some("machine")
    );
    assert_eq!(
        place.answer(&request(visible.clone())).await.correction,
        None,
        "the word of a draft"
    );

    let mut hidden = product("q1", "Vxeu");
    hidden.status = Status::Draft;
    place.put([hidden, product("q2", "Vexu")]).await;
    let typed = Request {
        filter: visible,
        ..words("vxeu")
    };
    assert_eq!(
        place.answer(&typed).await.correction.as_deref(),
        Some("vexu"),
        "though a draft has the word"
    );
}

pub(crate) async fn a_correction_is_no_odd_word(place: &Place) {
    place.fill([product("a", "The rug"), product("b", "Card 051")]).await;
    for typed in ["true", "451"] {
        let answer = place.answer(&words(typed)).await;
        assert_eq!((answer.total, answer.correction), (0, None), "{typed}");
    }
}
