//! Numbers with units, sizes and fractions, each written in one way.

use crate::parts::Part;

/// Digits that a number may have before and behind the point, to be one.
const MAX_WHOLE: usize = 9;
const DECIMALS: usize = 6;
const ONE: i128 = 1_000_000;

/// A word that stands for several, from one place to another; a place is a part and a piece of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) text: String,
    pub(crate) from: (usize, usize),
    pub(crate) to: (usize, usize),
}

/// Names of a unit, how it is written here, and what one is of that: a numerator and a denominator. Only what converts exactly, and
/// means the same everywhere, converts.
type Unit = (&'static str, &'static str, i128, i128);

static UNITS: &[Unit] = &[
    ("mm millimeter millimeters millimetre millimetres мм", "mm", 1, 1),
    (
        "cm centimeter centimeters centimetre centimetres zentimeter см",
        "mm",
        10,
        1,
    ),
    ("m meter meters metre metres mtr м", "mm", 1_000, 1),
    ("km kilometer kilometers", "mm", 1_000_000, 1),
    ("in inch inches zoll", "mm", 254, 10),
    ("ft foot feet", "mm", 3_048, 10),
    ("yd yard yards", "mm", 9_144, 10),
    ("mg milligram milligrams", "mg", 1, 1),
    ("g gr gram grams gramm gramme г гр", "mg", 1_000, 1),
    ("kg kgs kilo kilos kilogram kilograms kilogramm кг", "mg", 1_000_000, 1),
    ("oz ounce ounces", "oz", 1, 1),
    ("lb lbs pound pounds", "lb", 1, 1),
    ("ml milliliter milliliters millilitre millilitres мл", "ml", 1, 1),
    ("cl centiliter centilitre", "ml", 10, 1),
    ("dl deciliter decilitre", "ml", 100, 1),
    ("l ltr liter liters litre litres л", "ml", 1_000, 1),
    ("gal gallon gallons", "gal", 1, 1),
    ("qt quart quarts", "qt", 1, 1),
    ("floz", "floz", 1, 1),
    ("ohm ohms ω", "ohm", 1, 1),
    ("kohm kohms kω", "ohm", 1_000, 1),
    ("mohm mω", "mohm", 1, 1),
    ("uf", "uf", 1, 1),
    ("nf", "nf", 1, 1),
    ("pf", "pf", 1, 1),
    ("ug mcg", "ug", 1, 1),
    ("mw milliwatt", "mw", 1, 1),
    ("w watt watts", "mw", 1_000, 1),
    ("kw kilowatt kilowatts", "mw", 1_000_000, 1),
    ("hp horsepower", "hp", 1, 1),
    ("v volt volts vdc vac", "v", 1, 1),
    ("kv kilovolt", "v", 1_000, 1),
    ("amp amps ampere", "amp", 1, 1),
    ("mah", "mah", 1, 1),
    ("ah", "mah", 1_000, 1),
    ("hz hertz", "hz", 1, 1),
    ("khz", "hz", 1_000, 1),
    ("mhz", "hz", 1_000_000, 1),
    ("ghz", "hz", 1_000_000_000, 1),
    ("kb kilobyte", "kb", 1, 1),
    ("mb megabyte megabytes", "mb", 1, 1),
    ("gb gigabyte gigabytes", "gb", 1, 1),
    ("tb terabyte terabytes", "tb", 1, 1),
    ("lm lumen lumens", "lm", 1, 1),
    ("mm2", "mm2", 1, 1),
    ("cm2", "mm2", 100, 1),
    ("m2 sqm qm", "m2", 1, 1),
    ("sqft ft2", "sqft", 1, 1),
    ("cm3 ccm cc", "ml", 1, 1),
    ("m3", "m3", 1, 1),
    ("btu btus", "btu", 1, 1),
    ("cfm", "cfm", 1, 1),
    ("rpm", "rpm", 1, 1),
    ("psi", "psi", 1, 1),
    ("mph", "mph", 1, 1),
    ("mp megapixel megapixels", "mp", 1, 1),
    ("ct count", "ct", 1, 1),
    ("pk pack packs", "pk", 1, 1),
];

/// A piece of a text.
struct Flat<'a> {
    text: &'a str,
    place: (usize, usize),
    /// What stands before it: nothing (`None`), a sign, or a space.
    before: Option<char>,
    inches: bool,
}

fn flat(parts: &[Part]) -> Vec<Flat<'_>> {
    let mut flat = Vec::with_capacity(parts.len());
    let mut before = Some(' ');
    for (at, part) in parts.iter().enumerate() {
        let apart: Vec<&str> = match part.pieces.as_slice() {
            [] | [_] => vec![part.text.as_str()],
            many => many.iter().map(|piece| piece.text.as_str()).collect(),
        };
        let last = apart.len() - 1;
        for (piece, text) in apart.into_iter().enumerate() {
            flat.push(Flat {
                text,
                place: (at, piece),
                before: if piece == 0 { before } else { None },
                inches: part.inches && piece == last,
            });
        }
        before = part.joined.or(Some(' '));
    }
    flat
}

/// The measures, sizes and fractions of a text. They may overlap.
pub(crate) fn measures(parts: &[Part]) -> Vec<Measure> {
    let has_number = |part: &Part| part.text.bytes().any(|byte| byte.is_ascii_digit());
    if !parts.iter().any(has_number) {
        return Vec::new();
    }
    let flat = flat(parts);
    let mut found = Vec::new();
    let mut add = |text: String, from: usize, end: usize| {
        found.push(Measure {
            text,
            from: flat[from].place,
            to: flat[end - 1].place,
        });
    };
    for at in 0..flat.len() {
        if let Some(number) = number(&flat, at) {
            if let Some((unit, end)) = unit(&flat, number.end) {
                add(written(number.value, unit), at, end);
            } else if number.is_fraction {
                add(decimal(number.value), at, number.end);
            }
        }
        size(&flat, at, &mut add);
    }
    found
}

struct Number {
    value: i128,
    end: usize,
    is_fraction: bool,
}

/// A number that begins here: `3`, `0.5`, `1/2`, `3 1/2`, `3-1/2`.
fn number(flat: &[Flat<'_>], at: usize) -> Option<Number> {
    if let Some((value, end)) = fraction(flat, at) {
        let is_fraction = true;
        return Some(Number {
            value,
            end,
            is_fraction,
        });
    }
    let whole = value(flat.get(at)?.text)?;
    let next = flat.get(at + 1).map(|next| next.before);
    let (value, end, is_fraction) = match fraction(flat, at + 1) {
        Some((part, end)) if whole % ONE == 0 && matches!(next, Some(Some(' ' | '-'))) => (whole + part, end, true),
        _ => (whole, at + 1, false),
    };
    Some(Number {
        value,
        end,
        is_fraction,
    })
}

/// A fraction as people measure: below one, in halves, thirds, fifths and so on.
fn fraction(flat: &[Flat<'_>], at: usize) -> Option<(i128, usize)> {
    let (above, below) = (flat.get(at)?, flat.get(at + 1)?);
    let small = |text: &str| text.parse::<i128>().ok().filter(|_| text.len() <= 2);
    let (above, divisor) = (small(above.text)?, small(below.text)?);
    let usual = matches!(divisor, 2 | 3 | 4 | 5 | 6 | 8 | 10 | 12 | 16 | 32 | 64);
    (below.before == Some('/') && usual && (1..divisor).contains(&above)).then(|| (above * ONE / divisor, at + 2))
}

/// The unit that stands here, behind a number.
fn unit(flat: &[Flat<'_>], at: usize) -> Option<(&'static Unit, usize)> {
    if flat[at - 1].inches {
        return named("in").map(|unit| (unit, at));
    }
    let first = flat.get(at)?;
    if !matches!(first.before, None | Some(' ' | '-')) {
        return None;
    }
    let second = flat.get(at + 1);
    let two = match (first.text, second.map(|second| (second.text, second.before))) {
        ("m" | "cm" | "mm" | "ft", Some((power @ ("2" | "3"), None))) => Some(format!("{}{power}", first.text)),
        ("sq" | "square", Some(("ft" | "feet" | "foot", _))) => Some("sqft".to_owned()),
        ("sq" | "square", Some(("m" | "meter" | "meters" | "metre" | "metres", _))) => Some("sqm".to_owned()),
        ("fl" | "fluid", Some(("oz" | "ounce" | "ounces", _))) => Some("floz".to_owned()),
        // `2 in 1` counts no inches.
        ("in", Some((next, _))) if value(next).is_some() => return None,
        _ => None,
    };
    match two {
        Some(two) => named(&two).map(|unit| (unit, at + 2)),
        None => named(first.text).map(|unit| (unit, at + 1)),
    }
}

fn named(name: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|unit| unit.0.split(' ').any(|own| own == name))
}

/// Sizes that begin here: `2x4`, `2 x 4`, `2 in. x 4 in.`, `m6 x 20`; of several, the whole and every two beside each other.
fn size(flat: &[Flat<'_>], at: usize, add: &mut impl FnMut(String, usize, usize)) {
    let Some(here) = flat.get(at) else { return };
    let is_thread = here.text.len() <= 2 && here.text.bytes().all(|byte| byte.is_ascii_lowercase());
    let (prefix, begin) = if is_thread && flat.get(at + 1).is_some_and(|next| next.before.is_none()) {
        (here.text, at + 1)
    } else {
        ("", at)
    };
    // A number behind a cross is part of a size already.
    if prefix == "x" || at > 0 && is_cross(&flat[at - 1]) && at > 1 {
        return;
    }
    let mut sides: Vec<(String, usize, usize)> = Vec::new();
    let mut next = begin;
    while let Some(number) = number(flat, next) {
        let end = unit(flat, number.end).map_or(number.end, |(_, end)| end);
        sides.push((decimal(number.value), next, end));
        if !flat.get(end).is_some_and(is_cross) {
            break;
        }
        next = end + 1;
    }
    let whole: Vec<&str> = sides.iter().map(|side| side.0.as_str()).collect();
    if let [_, .., last] = sides.as_slice() {
        add(format!("{prefix}{}", whole.join("x")), at, last.2);
    }
    if sides.len() > 2 {
        for pair in sides.windows(2) {
            add(format!("{}x{}", pair[0].0, pair[1].0), pair[0].1, pair[1].2);
        }
    }
}

fn is_cross(flat: &Flat<'_>) -> bool {
    matches!(flat.text, "x" | "by")
}

/// Millionths, of a number that is written in digits.
fn value(text: &str) -> Option<i128> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > MAX_WHOLE || decimals.len() > DECIMALS || !digits(whole) || !digits(decimals) {
        return None;
    }
    let millionths: i128 = format!("{decimals:0<DECIMALS$}").parse().ok()?;
    Some(whole.parse::<i128>().ok()? * ONE + millionths)
}

fn written(value: i128, unit: &Unit) -> String {
    let (_, name, numerator, denominator) = unit;
    format!("{}{name}", decimal(value * numerator / denominator))
}

/// A number of millionths in digits, without what says nothing.
fn decimal(millionths: i128) -> String {
    let decimals = format!("{:0DECIMALS$}", millionths % ONE);
    let text = format!("{}.{decimals}", millionths / ONE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use crate::words::query_words;

    fn same(texts: &[&str]) {
        for text in texts {
            assert_eq!(query_words(text), query_words(texts[0]), "{text}");
            assert_eq!(query_words(text).len(), 1, "{text}: {:?}", query_words(text));
        }
    }

    #[test]
    fn a_measure_is_one_word_however_it_is_written() {
        same(&[
            "500ml",
            "500 ml",
            "500-ml",
            "0.5l",
            "0,5l",
            "0,5 L",
            ".5 l",
            "½ l",
            "1/2 liter",
            "50 cl",
        ]);
        same(&["1,5m", "1.5 m", "1 1/2 m", "1½ meters", "150cm", "1,500 mm"]);
        same(&["6 ft", "6ft.", "6-foot", "72 in", "72\"", "72″", "72-inch"]);
        same(&["5kg", "5 kilos", "5㎏", "5000 g", "5,000 grams"]);
        same(&["20 m²", "20m2", "20 ㎡", "20 sqm", "20 square meters"]);
        same(&["1.5kw", "1500 W", "1500-Watt"]);
        same(&["16 fl. oz.", "16 fluid ounces", "16 floz"]);
        same(&["100µF", "100 µF", "100 uF", "100uf"]);
        same(&["10kΩ", "10 kΩ", "10 kohm", "10000 Ω"]);
        same(&["500мл", "500 мл", "0,5 л", "500ml"]);
        same(&["500 µg", "500mcg", "500 ug"]);
    }

    #[test]
    fn a_size_is_one_word_however_it_is_written() {
        same(&[
            "2x4",
            "2 x 4",
            "2X4",
            "2×4",
            "2 × 4",
            "2 in. x 4 in.",
            "2\" x 4\"",
            "2 by 4",
        ]);
        same(&["m6x20", "M6 x 20", "m6 × 20mm"]);
        same(&["3/8 x 1/2", "3/8\" x 1/2\"", "0.375 x .5"]);
        assert_eq!(query_words("iphone x 64gb"), ["iphone", "x", "64gb"]);
        assert_eq!(query_words("4x toner"), ["4x", "toner"]);
    }

    #[test]
    fn what_is_no_measure_stays_as_it_is() {
        assert_eq!(query_words("2 in 1 laptop"), ["2", "in", "1", "laptop"]);
        assert_eq!(
            query_words("24/7 1,2,3 TN-2110"),
            ["24", "7", "1", "2", "3", "tn", "2110"]
        );
        assert_eq!(query_words("\"iphone 15\""), ["iphone", "15"]);
        assert_eq!(query_words("3½"), ["3.5"]);
        assert_eq!(query_words("1,000 1,000,000 1,5"), ["1000", "1000000", "1.5"]);
    }
}
