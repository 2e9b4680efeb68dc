use super::*;
use crate::text::is_invisible;

fn fonts() -> Fonts {
    Fonts::load().unwrap()
}

fn glyphs_of(line: &Line) -> impl Iterator<Item = &KrillaGlyph> {
    line.parts.iter().flat_map(|part| &part.glyphs)
}

/// What is read where, from left to right.
fn order(line: &Line) -> String {
    glyphs_of(line)
        .map(|glyph| &line.text[glyph.text_range.clone()])
        .collect()
}

fn shown(text: &str) -> String {
    let lines = fonts().lines(text, false, 1_000.0, 1);
    assert_eq!(lines.len(), 1);
    order(&lines[0])
}

fn broken(text: &str, width: f32, most: usize) -> Vec<String> {
    let fonts = fonts();
    let lines = fonts.lines(text, false, width, most);
    for line in &lines {
        assert!(line.width <= width, "{} is {} wide", order(line), line.width);
    }
    lines.iter().map(order).collect()
}

#[test]
fn each_script_runs_its_own_way() {
    assert_eq!(shown("ab 12"), "ab 12");
    assert_eq!(shown("אבג"), "גבא");
    assert_eq!(shown("Mug אב red"), "Mug בא red");
    assert_eq!(shown("אב 12"), "12 בא");
    assert_eq!(shown("אב 12 גד"), "דג 12 בא");
    assert_eq!(shown("كوب ٣٤"), "٣٤ بوك");
}

#[test]
fn digits_of_a_line_stand_as_in_the_whole_text() {
    // After Arabic letters a hyphen does not join digits; a line of its own would not know of the letters.
    assert_eq!(broken("كوب 10-20", 3.2, 2), ["بوك", "20-10"]);
    // The text is Hebrew, although its second line begins with Latin letters.
    assert_eq!(broken("אבגדהוזח red ט", 5.0, 2), ["חזוהדגבא", "ט red"]);
    // A number is never torn, nor a bracket from what it holds. From left to right the closing one comes first.
    assert_eq!(broken("כוס אדומה (2024)", 7.0, 2), ["המודא סוכ", ")2024("]);
}

#[test]
fn lines_break_where_their_script_allows() {
    assert_eq!(broken("a tea towel", 3.5, 3), ["a tea", "towel"]);
    assert_eq!(broken("红色陶瓷杯", 3.0, 2), ["红色陶", "瓷杯"]);
    // The full stop stays with its sentence.
    assert_eq!(broken("红色陶。瓷杯", 3.0, 3), ["红色", "陶。瓷", "杯"]);
    assert_eq!(broken("TEAPOT-PINK-BIG", 5.5, 3).concat(), "TEAPOT-PINK-BIG");
    // No mark without its letter.
    let thai = "สำหรับห้องครัว";
    for width in 2..8_u8 {
        let lines = broken(thai, f32::from(width), 20);
        let marks = ['\u{e31}', '\u{e33}', '\u{e49}'];
        assert!(lines.iter().all(|line| !line.starts_with(marks)), "{lines:?}");
    }
    let cut = broken("one two three four", 4.2, 2);
    assert_eq!(cut[0], "one two");
    assert!(
        cut[1].starts_with("three") && cut[1].ends_with('…') && !cut[1].contains("four"),
        "{cut:?}"
    );
    assert_eq!(broken("", 5.0, 2), [""]);
}

#[test]
fn arabic_letters_are_joined_between_latin_ones_too() {
    let fonts = fonts();
    let ids = |text: &str| -> Vec<_> {
        let line = fonts.shape(text, 0..text.len(), false);
        glyphs_of(&line).map(|glyph| glyph.glyph_id).collect()
    };
    let (alone, between) = (ids("كوب"), ids("Mug كوب red"));
    assert!(between.windows(alone.len()).any(|part| part == alone));
}

#[test]
fn every_letter_has_a_glyph_or_is_told_by_its_number() {
    let fonts = fonts();
    for (text, expected) in [
        ("Mug £5 – Καφές Чашка", None),
        ("红色陶瓷杯 赤いマグカップ 빨간 머그컵", None),
        (
            "แก้วมัค लाल मग क्षत्रिय লাল মগ லால் மக் ఎరుపు ಕೆಂಪು ചുവപ്പ് રાતો ਲਾਲ රතු ନାଲି ក្រហម အနီ ቀይ",
            None,
        ),
        ("כוס אדומה كوب أحمر", None),
        ("🎉 ☕ 👍🏽 👨‍👩‍👧 🇫🇷 ❤️ 1️⃣", None),
        ("𠮷野家", Some("[U+20BB7]野家")),
        ("a\nb\u{2028}c\u{7}", Some("a b c ")),
    ] {
        assert_eq!(fonts.readable(text), expected.unwrap_or(text));
        for bold in [false, true] {
            let shown = fonts.readable(text);
            let line = fonts.shape(&shown, 0..shown.len(), bold);
            let missing = glyphs_of(&line).find(|glyph| glyph.glyph_id == GlyphId::new(0));
            assert!(
                missing.is_none(),
                "{text}: {:?}",
                &line.text[missing.unwrap().text_range.clone()]
            );
        }
    }
}

#[test]
fn whatever_people_type_fits_and_is_all_there() {
    let fonts = fonts();
    let samples = [
        "Mug",
        " ",
        "كوب",
        "12-34",
        "אב",
        "红色",
        "👨‍👩‍👧",
        "क्ष",
        "\u{301}",
        "(",
        ")",
        "\u{202e}",
        "สำ",
        "-",
        "\u{200f}",
    ];
    for first in samples {
        for second in samples {
            for third in samples {
                let text = [first, second, third].concat();
                let lines = fonts.lines(&text, true, 4.5, 40);
                let mut left: Vec<char> = fonts
                    .readable(&text)
                    .chars()
                    .filter(|c| !c.is_whitespace() && !is_invisible(*c))
                    .collect();
                for line in &lines {
                    let mut ranges: Vec<_> = glyphs_of(line).map(|glyph| glyph.text_range.clone()).collect();
                    ranges.sort_by_key(|range| range.start);
                    ranges.dedup();
                    for c in ranges.into_iter().flat_map(|range| line.text[range].chars()) {
                        if left.first() == Some(&c) {
                            left.remove(0);
                        }
                    }
                }
                assert!(left.is_empty(), "{text:?} lost {left:?}");
                assert!(lines.len() <= 40 && !lines.is_empty(), "{text:?}");
            }
        }
    }
}
