//! What comes first, and what comes at all, for words as people type them.

use search::{Document, Facet, Page, Request, Sort, Start};

use crate::engines::{Place, ids};
use crate::shop::{asked, product, shop, words};

fn shop_of(names: &[&str]) -> Vec<Document> {
    let all = names.iter().enumerate();
    all.map(|(at, name)| product(&format!("n{at}"), name)).collect()
}

/// The names found for each query, in order, of those that have all of the words.
async fn full(place: &Place, typed: &str) -> Vec<String> {
    let answer = place.answer(&words(typed)).await;
    assert!(!answer.relaxed, "{typed}: only some of the words");
    ids(&answer)
}

async fn finds(place: &Place, names: &[&str], queries: &[(&str, &[usize])]) {
    place.fill(shop_of(names)).await;
    for (typed, expected) in queries {
        let mut found = full(place, typed).await;
        found.sort();
        let expected: Vec<String> = expected.iter().map(|at| format!("n{at}")).collect();
        assert_eq!(found, expected, "{typed}");
    }
}

pub(crate) async fn a_page_is_filled_with_what_has_some_of_the_words(place: &Place) {
    place.fill(shop()).await;
    let request = Request {
        facets: vec![Facet::Category],
        price_statistics: true,
        ..asked("gaming laptop")
    };
    let answer = place.answer(&request).await;
    assert_eq!(
        (answer.total, answer.relaxed),
        (1, false),
        "what has all of the words is counted"
    );
    let found = ids(&answer);
    assert_eq!(found[0], "p07", "and comes first");
    let mut others = found[1..].to_vec();
    others.sort();
    assert_eq!(others, ["p04", "p05", "p06"], "what has some of them follows");
    assert_eq!(answer.partial, 3);
    let counted: u64 = answer.facets[0].values.iter().map(|value| value.count).max().unwrap();
    assert_eq!((counted, answer.prices[0].count), (1, 1));
    let scores: Vec<f32> = answer.hits.iter().map(|hit| hit.score).collect();
    assert!(scores.is_sorted_by(|left, right| left >= right), "{scores:?}");
    for page in [(0, 2), (1, 2), (2, 2), (3, 9), (4, 9)] {
        let request = Request {
            page: Page {
                limit: page.1,
                start: Start::Offset(page.0),
            },
            ..asked("gaming laptop")
        };
        let shown = ids(&place.answer(&request).await);
        let expected: Vec<String> = found.iter().skip(page.0).take(page.1).cloned().collect();
        assert_eq!(shown, expected, "pages are parts of one list: {page:?}");
    }
    for request in [
        words("gaming laptop"),
        Request {
            sort: Sort::PriceAsc,
            ..asked("gaming laptop")
        },
        Request {
            as_you_type: true,
            ..words("gaming laptop")
        },
    ] {
        let answer = place.answer(&request).await;
        assert_eq!(
            (ids(&answer), answer.partial),
            (vec!["p07".to_owned()], 0),
            "{request:?}"
        );
    }
}

pub(crate) async fn a_page_is_filled_when_the_last_word_is_a_beginning(place: &Place) {
    place.fill(shop()).await;
    let request = Request {
        as_you_type: true,
        ..asked("gaming lapt")
    };
    let answer = place.answer(&request).await;
    assert_eq!((answer.total, answer.relaxed, answer.partial), (1, false, 3));
    let mut found = ids(&answer);
    assert_eq!(found.remove(0), "p07");
    found.sort();
    assert_eq!(found, ["p04", "p05", "p06"]);
}

pub(crate) async fn a_name_has_its_small_words(place: &Place) {
    finds(
        place,
        &[
            "No-show socks",
            "Socks",
            "Plug-in heater",
            "Heater",
            "USB-A cable",
            "USB-C cable",
            "Vitamin A",
            "Vitamin D",
            "AT&T phone",
            "Phone",
        ],
        &[
            ("no-show socks", &[0]),
            ("plug-in heater", &[2]),
            ("usb-a cable", &[4]),
            ("vitamin a", &[6]),
            ("at&t phone", &[8]),
            ("socks no show", &[0, 1]),
        ],
    )
    .await;
}

pub(crate) async fn every_script_has_measures(place: &Place) {
    finds(
        place,
        &["Capacitor 100µF", "Resistor 10kΩ", "Сок 500мл"],
        &[
            ("capacitor 100 uf", &[0]),
            ("100uF", &[0]),
            ("100 µF capacitor", &[0]),
            ("resistor 10 kΩ", &[1]),
            ("10kohm", &[1]),
            ("сок 500 мл", &[2]),
            ("500ml", &[2]),
        ],
    )
    .await;
}

pub(crate) async fn words_of_grammar_need_not_be_there(place: &Place) {
    finds(
        place,
        &[
            "Sandals women",
            "Sandals for men",
            "Mug with lid",
            "Mug and lid from the shop",
        ],
        &[
            ("sandals for women", &[0]),
            ("the sandals for a man", &[1]),
            ("a mug with a lid", &[2, 3]),
        ],
    )
    .await;
}

pub(crate) async fn what_is_not_wanted_need_not_be_there(place: &Place) {
    finds(
        place,
        &["Tire", "Tire with rim", "Bag", "Perfume No 5"],
        &[
            ("tires without rims", &[0, 1]),
            ("bag no handle", &[2]),
            ("perfume no 5", &[3]),
        ],
    )
    .await;
    let found = full(place, "tire without rim").await;
    assert_eq!(found[0], "n0", "nor does it lift: {found:?}");
}

pub(crate) async fn odd_plurals_find_singulars(place: &Place) {
    finds(
        place,
        &["Child seat", "Woman coat", "Chef knife", "Gaming mouse", "Bookshelf"],
        &[
            ("children seat", &[0]),
            ("women coat", &[1]),
            ("chef knives", &[2]),
            ("gaming mice", &[3]),
            ("bookshelves", &[4]),
        ],
    )
    .await;
}

pub(crate) async fn the_word_itself_comes_before_its_forms(place: &Place) {
    place.fill(shop_of(&["Knife", "Knives", "Knife"])).await;
    assert_eq!(full(place, "knives").await[0], "n1");
}

pub(crate) async fn measures_are_read_however_they_are_written(place: &Place) {
    finds(
        place,
        &[
            "Bottle 500 ml",
            "Bottle 0.5l",
            "Bottle 50ml",
            "Cable 1.5 m",
            "Lumber 2 x 4",
            "Screw M6 x 20",
            "Panel 1x2",
        ],
        &[
            ("bottle 500ml", &[0, 1]),
            ("bottle 0,5 l", &[0, 1]),
            ("bottle .5l", &[0, 1]),
            ("bottle 50 ml", &[2]),
            ("cable 1,5m", &[3]),
            ("cable 150cm", &[3]),
            ("2x4", &[4]),
            ("2 x 4 lumber", &[4]),
            ("m6x20", &[5]),
            ("1 x 2", &[6]),
        ],
    )
    .await;
    let mut numbered = product("sku", "Cable");
    numbered.sku = "CB-1".into();
    place.put([numbered]).await;
    assert_eq!(
        full(place, "1,5m").await,
        ["n3"],
        "the 1 of a model number is no measure"
    );
}

pub(crate) async fn letters_and_digits_may_be_apart(place: &Place) {
    finds(
        place,
        &["Console PS5", "Graphics RTX 2060", "Toner TN-2110"],
        &[
            ("ps 5", &[0]),
            ("ps5", &[0]),
            ("rtx2060", &[1]),
            ("tn2110", &[2]),
            ("tn 2110", &[2]),
        ],
    )
    .await;
}

pub(crate) async fn the_exact_name_comes_first(place: &Place) {
    place
        .fill(shop_of(&[
            "iPhone 12 charger for iPhone 12 mini",
            "iPhone 12 iPhone 12",
            "iPhone 12",
        ]))
        .await;
    assert_eq!(full(place, "iphone 12").await[0], "n2");
    assert_eq!(full(place, "IPHONE  12").await[0], "n2");
}

pub(crate) async fn signs_make_words(place: &Place) {
    finds(
        place,
        &[
            "Learn C",
            "Learn C#",
            "Learn C++",
            "Learn .NET",
            "Net for football",
            "Brand™ mug",
            "Gloves 3½",
            "Gloves 312",
            "ASP.NET Core in Action",
            "VB.NET",
        ],
        &[
            ("learn c#", &[1]),
            ("c++", &[2]),
            (".net", &[3, 8, 9]),
            ("asp.net", &[8]),
            ("vb net", &[9]),
            ("brand mug", &[5]),
            ("gloves 3½", &[6]),
            ("gloves 3.5", &[6]),
            ("gloves 312", &[7]),
        ],
    )
    .await;
}

pub(crate) async fn units_in_one_character_are_read(place: &Place) {
    finds(
        place,
        &["Rice 5㎏", "Carpet 20 m²", "Tile 30 cm"],
        &[
            ("rice 5 kg", &[0]),
            ("carpet 20m2", &[1]),
            ("carpet 20 ㎡", &[1]),
            ("5000 g", &[0]),
        ],
    )
    .await;
}

pub(crate) async fn spellings_find_one_another(place: &Place) {
    finds(
        place,
        &["Grey sofa", "Gray chair", "Colour pencils", "Color printer"],
        &[
            ("gray sofa", &[0]),
            ("grey chair", &[1]),
            ("color pencils", &[2]),
            ("colour printer", &[3]),
        ],
    )
    .await;
}

pub(crate) async fn umlauts_may_be_written_out(place: &Place) {
    finds(
        place,
        &["Müller Größe", "Mueller Stuhl"],
        &[
            ("mueller groesse", &[0]),
            ("müller stuhl", &[1]),
            ("muller größe", &[0]),
        ],
    )
    .await;
}

pub(crate) async fn a_word_in_two_may_have_one_between(place: &Place) {
    place
        .fill(shop_of(&["Fire TV Stick", "Fire extinguisher", "Stick"]))
        .await;
    let found = place.answer(&words("firestick")).await;
    // A server cuts words where the parts stand side by side only.
    let expected: &[&str] = if place.name() == "tantivy" { &["n0"] } else { &[] };
    assert_eq!(ids(&found), expected);
}

pub(crate) async fn forms_and_compounds_are_found(place: &Place) {
    if place.name() != "tantivy" {
        // A server knows no stems.
        return;
    }
    finds(
        place,
        &["Run shirt", "Paint set", "Kaffeemaschine", "Maschine"],
        &[("running shirt", &[0]), ("painting set", &[1]), ("maschine", &[2, 3])],
    )
    .await;
    assert_eq!(full(place, "maschine").await[0], "n3", "the word itself first");
    let described = |id: &str, name: &str| {
        let mut product = product(id, name);
        product.description = "For the kitchen and the garden, with care".into();
        product
    };
    place
        .fill([described("a", "Keyboard"), described("b", "Wheelchair")])
        .await;
    for typed in ["board", "chair"] {
        assert!(
            place.ids(&words(typed)).await.is_empty(),
            "{typed}: no words are joined in English"
        );
    }
}

pub(crate) async fn short_words_end_joined_ones_behind_a_word(place: &Place) {
    if place.name() != "tantivy" {
        return;
    }
    finds(
        place,
        &[
            "Jogginghose",
            "Jogging",
            "Armbanduhr",
            "Armband",
            "Abfuhr",
            "Kinderbett",
            "Kinder",
            "Etikett",
            "Arbeitshemd",
            "Arbeit",
        ],
        &[("Hose", &[0]), ("Uhr", &[2]), ("Bett", &[5]), ("Hemd", &[8])],
    )
    .await;
}

pub(crate) async fn every_joined_word_is_found(place: &Place) {
    if place.name() != "tantivy" {
        return;
    }
    let fronts = "Wasch Spül Näh Bohr Kaffee Schleif Brot Eis Nudel Hobel Fräs Schneide Stick Strick Druck Pack";
    let machine = |(at, front): (usize, &str)| {
        let mut product = product(&format!("m{at:02}"), &format!("{front}maschine"));
        product.category = format!("c{at:02}");
        product
    };
    let all: Vec<Document> = fronts.split(' ').enumerate().map(machine).collect();
    let mut others = all.clone();
    for copy in &mut others[1..] {
        copy.id = format!("{}-2", copy.id);
    }
    // The first one is the rarest.
    place.fill(all.iter().cloned().chain(others.into_iter().skip(1))).await;
    let request = Request {
        facets: vec![Facet::Category],
        ..words("maschine")
    };
    let answer = place.answer(&request).await;
    assert_eq!((answer.total, answer.facets[0].values.len()), (31, 16));
    assert!(ids(&answer).contains(&"m00".to_owned()));
}

pub(crate) async fn odd_plurals_are_found_while_typing(place: &Place) {
    place.fill(shop_of(&["Gaming mouse", "Mice trap", "Keyboard"])).await;
    let request = Request {
        as_you_type: true,
        ..words("mice")
    };
    assert_eq!(place.set(&request).await, ["n0", "n1"]);
}

pub(crate) async fn a_part_of_the_words_is_found_as_it_is(place: &Place) {
    if place.name() != "tantivy" {
        // A server finds typos in every step.
        return;
    }
    place
        .fill(shop_of(&["Desk lamp oak", "Desk lamps", "Lampe shade", "Oak shelf"]))
        .await;
    let answer = place.answer(&asked("desk lampz oak")).await;
    assert_eq!((answer.total, answer.relaxed), (1, false));
    let mut found = ids(&answer);
    found.sort();
    assert_eq!(found, ["n0", "n1", "n3"]);
    // Nothing else would be found at all.
    let answer = place.answer(&asked("xylophone shelv")).await;
    assert_eq!((ids(&answer), answer.relaxed), (vec!["n3".to_owned()], true));
}
