//! What the demo shop sells.

use std::collections::HashMap;

use proto::v1::attribute_value::Value;
use proto::v1::{AttributeValue, ImportProductRow, Money, ProductStatus};

use super::random::Random;

/// What everything costs.
pub(super) const CURRENCY: &str = "GBP";

/// A category of the lowest level.
struct Shelf {
    /// Begins the SKUs of its products.
    code: &'static str,
    path: &'static str,
    nouns: &'static [&'static str],
    materials: &'static [&'static str],
    /// Prices in pence.
    price: (i64, i64),
    /// Weights in grams.
    weight: (i64, i64),
    /// Completes "Made of ...: ".
    use_for: &'static str,
}

macro_rules! shelves {
    ($($code:literal $path:literal [$($noun:literal),+] [$($material:literal),+] $low:literal..$high:literal p $light:literal..$heavy:literal g $use_for:literal;)+) => {
        const SHELVES: &[Shelf] = &[$(Shelf {
            code: $code,
            path: $path,
            nouns: &[$($noun),+],
            materials: &[$($material),+],
            price: ($low, $high),
            weight: ($light, $heavy),
            use_for: $use_for,
        }),+];
    };
}

shelves! {
    "MUG" "home/kitchen/mugs" ["Mug", "Espresso Cup", "Travel Mug"] ["stoneware", "porcelain", "enamel"] 690..2400 p 180..450 g "for coffee, tea and slow mornings";
    "TEA" "home/kitchen/teapots" ["Teapot", "Tea Infuser", "Tea Caddy"] ["cast iron", "glass", "stoneware"] 1200..6500 p 250..1400 g "for a pot that stays warm to the last cup";
    "PAN" "home/kitchen/pans" ["Frying Pan", "Saucepan", "Griddle"] ["carbon steel", "copper", "cast iron"] 2400..14900 p 900..3200 g "for gas, electric and induction hobs";
    "KNF" "home/kitchen/knives" ["Chef's Knife", "Bread Knife", "Paring Knife"] ["carbon steel", "stainless steel"] 1400..12900 p 80..350 g "with an edge that is easy to keep";
    "BRD" "home/kitchen/boards" ["Chopping Board", "Serving Board", "Cheese Board"] ["oak", "walnut", "beech"] 1500..6900 p 600..2500 g "for the worktop and the table";
    "PLT" "home/dining/plates" ["Dinner Plate", "Side Plate", "Soup Bowl"] ["porcelain", "stoneware", "bone china"] 800..3200 p 300..900 g "for every day and for guests";
    "GLS" "home/dining/glasses" ["Tumbler", "Wine Glass", "Carafe"] ["recycled glass", "crystal"] 600..4200 p 120..700 g "blown thin and safe in the dishwasher";
    "CUT" "home/dining/cutlery" ["Cutlery Set", "Serving Spoon", "Steak Knives"] ["stainless steel", "brass", "olive wood"] 1200..9900 p 90..1500 g "that lies well in the hand";
    "TBL" "home/dining/table-linen" ["Tablecloth", "Napkin Set", "Table Runner"] ["linen", "cotton"] 1400..7900 p 150..900 g "washed soft before it leaves the mill";
    "CUS" "home/living/cushions" ["Cushion", "Bolster", "Floor Cushion"] ["linen", "velvet", "wool"] 1900..6900 p 300..1600 g "with a feather filling";
    "THR" "home/living/throws" ["Throw", "Blanket", "Bedspread"] ["lambswool", "cotton", "mohair"] 3900..16900 p 700..2200 g "woven in Yorkshire";
    "LMP" "home/living/lamps" ["Table Lamp", "Floor Lamp", "Pendant Light"] ["brass", "ash", "paper"] 3900..24900 p 900..5200 g "with a dimmable bulb";
    "CND" "home/living/candles" ["Candle", "Tealight Holder", "Candlestick"] ["soy wax", "beeswax", "brass"] 500..3900 p 100..900 g "that burns clean for many hours";
    "VAS" "home/living/vases" ["Vase", "Bud Vase", "Jug"] ["glass", "terracotta", "stoneware"] 1200..8900 p 300..2500 g "for one stem or a whole garden";
    "RUG" "home/living/rugs" ["Rug", "Runner", "Doormat"] ["wool", "jute", "cotton"] 2900..39900 p 1500..9000 g "knotted by hand";
    "TWL" "home/bath/towels" ["Bath Towel", "Hand Towel", "Bath Sheet"] ["cotton", "linen", "bamboo"] 900..4900 p 200..800 g "thick, and dry by the evening";
    "SOA" "home/bath/soaps" ["Soap", "Hand Wash", "Bath Salts"] ["olive oil", "shea butter", "oatmeal"] 450..2200 p 90..600 g "without palm oil";
    "BLK" "home/bed/bed-linen" ["Duvet Cover", "Pillowcase", "Fitted Sheet"] ["percale", "linen", "flannel"] 1900..15900 p 300..2400 g "that gets softer with every wash";
    "POT" "garden/plants/pots" ["Plant Pot", "Hanging Planter", "Saucer"] ["terracotta", "zinc", "stoneware"] 700..7900 p 300..6000 g "frost-proof to minus ten degrees";
    "SED" "garden/plants/seeds" ["Wildflower Seeds", "Herb Seeds", "Tomato Seeds"] ["organic seed"] 250..690 p 10..40 g "to be sown from March to June";
    "BLB" "garden/plants/bulbs" ["Tulip Bulbs", "Daffodil Bulbs", "Allium Bulbs"] ["organic bulb"] 490..1990 p 200..900 g "to be planted in autumn";
    "TRW" "garden/tools/hand-tools" ["Trowel", "Hand Fork", "Secateurs"] ["stainless steel", "carbon steel"] 1200..5900 p 150..450 g "with an ash handle";
    "WTR" "garden/tools/watering" ["Watering Can", "Mister", "Hose Reel"] ["zinc", "brass", "copper"] 1400..8900 p 300..3800 g "that does not drip";
    "BRF" "garden/birds/feeders" ["Bird Feeder", "Bird Bath", "Nest Box"] ["cedar", "steel", "ceramic"] 900..6900 p 300..2800 g "liked by tits, robins and sparrows";
    "FRP" "garden/outdoor/fire" ["Fire Pit", "Lantern", "Storm Candle"] ["steel", "copper", "beeswax"] 1500..19900 p 400..12000 g "for long evenings outside";
    "NTB" "stationery/paper/notebooks" ["Notebook", "Sketchbook", "Diary"] ["recycled paper", "cotton paper"] 490..2900 p 120..600 g "that lies flat when open";
    "CRD" "stationery/paper/cards" ["Greetings Card", "Postcard Set", "Gift Tags"] ["recycled card", "cotton paper"] 195..1200 p 10..150 g "printed in Bristol";
    "WRP" "stationery/paper/gift-wrap" ["Gift Wrap", "Ribbon", "Gift Bag"] ["recycled paper", "cotton"] 250..1490 p 30..300 g "that can be used twice";
    "PEN" "stationery/desk/pens" ["Fountain Pen", "Ballpoint", "Pencil Set"] ["brass", "resin", "cedar"] 390..8900 p 10..150 g "refillable";
    "DSK" "stationery/desk/organisers" ["Pen Pot", "Letter Tray", "Desk Tidy"] ["oak", "steel", "leather"] 900..5900 p 150..1800 g "for a desk that can be found again";
    "SAT" "bags/everyday/satchels" ["Satchel", "Messenger Bag", "Briefcase"] ["leather", "waxed canvas"] 5900..29900 p 700..1900 g "with room for a laptop";
    "TOT" "bags/everyday/totes" ["Tote Bag", "Shopper", "Bucket Bag"] ["cotton canvas", "jute", "leather"] 900..12900 p 120..800 g "that carries the weekly shop";
    "BPK" "bags/travel/backpacks" ["Backpack", "Rucksack", "Daypack"] ["waxed canvas", "recycled nylon"] 4900..18900 p 500..1600 g "with padded straps";
    "WSH" "bags/travel/washbags" ["Washbag", "Packing Cube", "Shoe Bag"] ["waxed canvas", "cotton"] 1200..5900 p 90..400 g "lined and easily wiped";
    "TOY" "children/play/wooden-toys" ["Wooden Train", "Stacking Rings", "Building Blocks"] ["beech", "maple"] 900..6900 p 200..2400 g "painted with water colours, from one year";
    "PUZ" "children/play/puzzles" ["Jigsaw Puzzle", "Floor Puzzle", "Memory Game"] ["recycled card", "birch plywood"] 700..3400 p 200..1200 g "for rainy afternoons";
    "PLU" "children/play/soft-toys" ["Bear", "Rabbit", "Elephant"] ["organic cotton", "lambswool"] 1200..4900 p 90..600 g "that may go into the washing machine";
    "KBK" "children/room/decor" ["Bunting", "Night Light", "Mobile"] ["cotton", "paper", "beech"] 800..4900 p 80..700 g "for a room of one's own";
    "JAM" "food/pantry/preserves" ["Jam", "Marmalade", "Chutney"] ["fruit"] 390..890 p 227..454 g "boiled in small pans";
    "CHO" "food/pantry/chocolate" ["Chocolate Bar", "Truffles", "Drinking Chocolate"] ["single-origin cocoa"] 350..2400 p 70..500 g "traded fairly";
}

const STYLES: &[&str] = &[
    "Ashdown",
    "Barley",
    "Coastal",
    "Dorset",
    "Everyday",
    "Fenland",
    "Harbour",
    "Heritage",
    "Hollow",
    "Ivy",
    "Juniper",
    "Kelmscott",
    "Larch",
    "Meadow",
    "Northern",
    "Orchard",
    "Pennine",
    "Quayside",
    "Ridgeway",
    "Skye",
];
const COLOURS: &[&str] = &[
    "Natural", "Ivory", "Slate", "Navy", "Moss", "Rust", "Ochre", "Charcoal", "Sky", "Rose", "Plum", "Black",
];

/// A product of the demo shop and what orders need of it.
pub(super) struct Item {
    pub(super) row: ImportProductRow,
    /// May be ordered today.
    pub(super) active: bool,
}

impl Item {
    /// What one costs, in pence.
    pub(super) fn price(&self) -> i64 {
        self.row.price.as_ref().map_or(0, |price| price.amount)
    }
}

/// The product of a number; `created_at_micros` is when the shop opened.
pub(super) fn product(index: u64, created_at_micros: i64) -> Item {
    let shelves = SHELVES.len() as u64;
    let shelf = &SHELVES[usize::try_from(index % shelves).unwrap_or_default()];
    let place = index / shelves;
    let random = &mut Random::of("product", index);
    let part = |list: &[&'static str], step: u64| {
        let index = (place / step) % (list.len() as u64).max(1);
        list[usize::try_from(index).unwrap_or_default()]
    };
    // Nouns turn fastest, then styles; the colour follows so that no name comes back before all were used.
    let nouns = shelf.nouns.len() as u64;
    let noun = part(shelf.nouns, 1);
    let style = part(STYLES, nouns);
    let colour = part(COLOURS, nouns * STYLES.len() as u64);
    let first_colour = random.below(COLOURS.len() as u64);
    let colour_index = COLOURS.iter().position(|name| *name == colour).unwrap_or_default() as u64 + first_colour;
    let colour = COLOURS[usize::try_from(colour_index % COLOURS.len() as u64).unwrap_or_default()];
    let material = random.pick(shelf.materials).copied().unwrap_or_default();
    let round = place / (nouns * STYLES.len() as u64 * COLOURS.len() as u64);
    let series = if round == 0 {
        String::new()
    } else {
        format!(" No. {}", round + 1)
    };
    let weight = random.between(shelf.weight.0, shelf.weight.1);
    let status = match index % 50 {
        48 => ProductStatus::Archived,
        49 => ProductStatus::Draft,
        _ => ProductStatus::Active,
    };
    let made = capitalised(material);
    let row = ImportProductRow {
        sku: format!("{}-{:04}", shelf.code, place + 1),
        name: format!("{style} {noun}, {colour}{series}"),
        description: format!(
            "{made} {}, {}. From our {style} range, in {}.",
            noun.to_lowercase(),
            shelf.use_for,
            colour.to_lowercase()
        ),
        price: Some(Money {
            amount: price(random, shelf.price),
            currency: CURRENCY.to_owned(),
        }),
        category: shelf.path.to_owned(),
        attributes: attributes(random, colour, material, style, weight),
        status: status.into(),
        occurred_at_micros: Some(created_at_micros),
        initial_stock: if random.percent(4) { 0 } else { random.between(20, 400) },
    };
    Item {
        row,
        active: status == ProductStatus::Active,
    }
}

/// A price as shops write them: something and 50, 95 or 99 pence, or round.
fn price(random: &mut Random, (low, high): (i64, i64)) -> i64 {
    let pounds = random.between(low, high) / 100;
    let pence = random.pick(&[0, 50, 95, 99]).copied().unwrap_or_default();
    (pounds * 100 + pence).clamp(low, high)
}

fn attributes(
    random: &mut Random,
    colour: &str,
    material: &str,
    range: &str,
    weight: i64,
) -> HashMap<String, AttributeValue> {
    let rating = random.between(30, 50);
    #[expect(clippy::cast_precision_loss, reason = "two digits")]
    let rating = rating as f64 / 10.0;
    let values = [
        ("colour", Value::Text(colour.to_lowercase())),
        ("material", Value::Text(material.to_owned())),
        ("range", Value::Text(range.to_owned())),
        ("weight_g", Value::Integer(weight)),
        ("rating", Value::Number(rating)),
        ("gift_wrap", Value::Boolean(weight < 5_000)),
    ];
    values
        .into_iter()
        .map(|(key, value)| (key.to_owned(), AttributeValue { value: Some(value) }))
        .collect()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn products_are_distinct_and_in_categories_of_three_levels() {
        let items: Vec<_> = (0..20_000).map(|index| product(index, 0)).collect();
        let distinct = |text: fn(&ImportProductRow) -> &str, count: usize| {
            items[..count]
                .iter()
                .map(|item| text(&item.row))
                .collect::<HashSet<_>>()
                .len()
        };
        assert_eq!(distinct(|row| &row.sku, 20_000), 20_000);
        assert_eq!(distinct(|row| &row.name, 2_000), 2_000);
        assert_eq!(distinct(|row| &row.category, 2_000), 40);
        for item in &items {
            assert_eq!(item.row.category.split('/').count(), 3);
            domain::Sku::new(&item.row.sku).unwrap();
            domain::ProductName::new(&item.row.name).unwrap();
            domain::Description::new(&item.row.description).unwrap();
            assert!((100..=40_000).contains(&item.price()), "{}", item.price());
        }
        assert_eq!(items[7].row.name, "Ashdown Cutlery Set, Slate");
    }
}
