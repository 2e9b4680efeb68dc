use search::Request;

use crate::engines::Place;
use crate::shop::{product, words};

pub(crate) async fn case_and_accents_do_not_matter(place: &Place) {
    place
        .fill([
            product("a", "Crème Brûlée"),
            product("b", "MÜLLER Straße"),
            product("c", "ŁÓDŹ"),
        ])
        .await;
    for (typed, id) in [
        ("creme", "a"),
        ("CRÈME BRULEE", "a"),
        ("muller", "b"),
        ("strasse", "b"),
        ("lodz", "c"),
    ] {
        assert_eq!(place.ids(&words(typed)).await, [id], "{typed}");
    }
}

pub(crate) async fn chinese_japanese_and_korean_are_found_by_parts(place: &Place) {
    let shop = [
        product("a", "无线蓝牙耳机"),
        product("b", "有线键盘"),
        product("c", "ワイヤレスイヤホン"),
        product("d", "무선 키보드"),
    ];
    place.fill(shop).await;
    for (typed, id) in [
        ("耳机", "a"),
        ("蓝牙", "a"),
        ("键盘", "b"),
        ("ワイヤレス", "c"),
        ("키보드", "d"),
    ] {
        assert_eq!(place.ids(&words(typed)).await, [id], "{typed}");
    }
}

pub(crate) async fn right_to_left_scripts_are_found(place: &Place) {
    place
        .fill([
            product("a", "سماعات لاسلكية"),
            product("b", "מקלדת אלחוטית"),
            product("c", "لوحة مفاتيح"),
        ])
        .await;
    for (typed, id) in [("سماعات", "a"), ("מקלדת", "b"), ("مفاتيح", "c")] {
        let found = place.ids(&words(typed)).await;
        assert_eq!(found.first().map(String::as_str).unwrap_or_default(), id, "{typed}");
    }
    let marked = Request {
        highlight: true,
        ..words("מקלדת")
    };
    let answer = place.answer(&marked).await;
    assert_eq!(answer.hits[0].name.as_deref(), Some("<mark>מקלדת</mark> אלחוטית"));
}

pub(crate) async fn other_alphabets_are_found(place: &Place) {
    place
        .fill([
            product("a", "Беспроводная клавиатура"),
            product("b", "Ασύρματο πληκτρολόγιο"),
            product("c", "वायरलेस कीबोर्ड"),
        ])
        .await;
    for (typed, id) in [
        ("клавиатура", "a"),
        ("КЛАВИАТУРА", "a"),
        ("ασυρματο", "b"),
        ("कीबोर्ड", "c"),
    ] {
        assert_eq!(place.ids(&words(typed)).await, [id], "{typed}");
    }
}

pub(crate) async fn arabic_words_are_found_with_and_without_the_article(place: &Place) {
    place
        .fill([
            product("a", "القاموس العربية"),
            product("b", "قاموس عربية"),
            product("c", "لوحة مفاتيح"),
        ])
        .await;
    for typed in ["القاموس", "قاموس", "عربية", "العربية"] {
        assert_eq!(place.set(&words(typed)).await, ["a", "b"], "{typed}");
    }
}

pub(crate) async fn a_long_row_of_characters_is_found_to_its_end(place: &Place) {
    let mut long = product("a", "茶");
    long.description = format!("{}东京塔", "山川".repeat(60));
    place.fill([long, product("b", "东门")]).await;
    assert_eq!(place.ids(&words("东京塔")).await, ["a"]);
}
