//! What depends on the language of a shop's texts: words that carry no meaning, and the forms and spellings of a word.

use frostem::{Algorithm, Stemmer};

use crate::words::with_other_article;

/// A language whose words have forms that are known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// Also used for texts in an unknown language.
    #[default]
    English,
    German,
    French,
    Spanish,
    Italian,
    Dutch,
    Portuguese,
    Swedish,
    Danish,
    Norwegian,
}

/// What is known of a language. Its words are folded, with a space between them.
struct Rules {
    language: Language,
    stems: Algorithm,
    /// Frequent words that no other language here has: they tell which one a text is in.
    marks: &'static str,
    /// Words that carry no meaning in a query.
    functions: &'static str,
    /// Words that say what is not wanted.
    without: &'static str,
    /// Words that join the next one to it.
    joins: &'static str,
    /// Words that may stand between, without a meaning of their own.
    articles: &'static str,
}

static RULES: &[Rules] = &[
    Rules {
        language: Language::English,
        stems: Algorithm::English,
        marks: "the and with from this your our it",
        functions: "a an the and or of for in on at to from by with into onto as is are be it its this that these those my your our their \
                    his her you me i we they any some",
        without: "without no not",
        joins: "and or nor",
        articles: "a an the any",
    },
    Rules {
        language: Language::German,
        stems: Algorithm::German,
        marks: "und mit das zum",
        functions: "der die das den dem des ein eine einen einem einer eines und oder fur fuer mit von vom zu zum zur im in am an auf aus \
                    bei als ist sind es ich mein meine dein deine unser unsere",
        without: "ohne kein keine keinen",
        joins: "und oder noch",
        articles: "der die das den dem des ein eine einen einem einer eines",
    },
    Rules {
        language: Language::French,
        stems: Algorithm::French,
        marks: "avec pour les une",
        functions: "le la les l un une des du de d et ou pour avec en dans sur au aux a par mon ma mes ton ta tes son sa ses notre votre \
                    ce cette ces",
        without: "sans",
        joins: "et ou ni",
        articles: "le la les l un une des du de d",
    },
    Rules {
        language: Language::Spanish,
        stems: Algorithm::Spanish,
        marks: "los las el y",
        functions: "el la los las un una unos unas de del y o para con en al a por mi tu su este esta",
        without: "sin",
        joins: "y o e u ni",
        articles: "el la los las un una unos unas",
    },
    Rules {
        language: Language::Italian,
        stems: Algorithm::Italian,
        marks: "di il della gli",
        functions: "il lo la i gli le l un uno una di del della dei delle degli dello e o per con in nel nella su sul sulla da dal dalla \
                    al alla a",
        without: "senza",
        joins: "e o ed ne",
        articles: "il lo la i gli le l un uno una",
    },
    Rules {
        language: Language::Dutch,
        stems: Algorithm::Dutch,
        marks: "voor met een het",
        functions: "de het een en of voor met van in op aan te tot uit bij mijn jouw",
        without: "zonder geen",
        joins: "en of noch",
        articles: "de het een",
    },
    Rules {
        language: Language::Portuguese,
        stems: Algorithm::Portuguese,
        marks: "uma em dos mais",
        functions: "o a os as um uma de do da dos das e ou para com em no na nos nas ao por meu seu",
        without: "sem",
        joins: "e ou nem",
        articles: "o a os as um uma",
    },
    Rules {
        language: Language::Swedish,
        stems: Algorithm::Swedish,
        marks: "och till ett pa",
        functions: "en ett den det de och eller for med av i pa till fran min din",
        without: "utan",
        joins: "och eller",
        articles: "en ett den det de",
    },
    Rules {
        language: Language::Danish,
        stems: Algorithm::Danish,
        marks: "og af til ikke",
        functions: "en et den det de og eller til med af i pa fra for min din",
        without: "uden",
        joins: "og eller",
        articles: "en et den det de",
    },
    Rules {
        language: Language::Norwegian,
        stems: Algorithm::Norwegian,
        marks: "og av til ikke",
        functions: "en et ei den det de og eller til med av i pa fra for min din",
        without: "uten",
        joins: "og eller",
        articles: "en et ei den det de",
    },
];

/// Plurals that no rule makes, with their singulars; longer words that end like this have them too (`bookshelves`).
static IRREGULAR: &[(&str, &str)] = &[
    ("children", "child"),
    ("women", "woman"),
    ("men", "man"),
    ("people", "person"),
    ("mice", "mouse"),
    ("lice", "louse"),
    ("geese", "goose"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("oxen", "ox"),
    ("dice", "die"),
    ("knives", "knife"),
    ("wives", "wife"),
    ("midwives", "midwife"),
    ("lives", "life"),
    ("leaves", "leaf"),
    ("loaves", "loaf"),
    ("shelves", "shelf"),
    ("halves", "half"),
    ("calves", "calf"),
    ("scarves", "scarf"),
    ("hooves", "hoof"),
    ("wolves", "wolf"),
    ("thieves", "thief"),
    ("selves", "self"),
    ("elves", "elf"),
];

/// Parts of words that are written in two ways, by language.
static SPELLINGS: &[(Language, &[(&str, &str)])] = &[
    (
        Language::English,
        &[
            ("colour", "color"),
            ("grey", "gray"),
            ("aluminium", "aluminum"),
            ("jewellery", "jewelry"),
            ("fibre", "fiber"),
            ("centre", "center"),
            ("litre", "liter"),
            ("metre", "meter"),
            ("theatre", "theater"),
            ("tyre", "tire"),
            ("mould", "mold"),
            ("catalogue", "catalog"),
            ("organis", "organiz"),
            ("pyjama", "pajama"),
            ("favour", "favor"),
            ("flavour", "flavor"),
            ("armour", "armor"),
            ("odour", "odor"),
            ("vapour", "vapor"),
            ("savoury", "savory"),
            ("neighbour", "neighbor"),
            ("cosy", "cozy"),
            ("doughnut", "donut"),
            ("yoghurt", "yogurt"),
            ("moustache", "mustache"),
            ("licence", "license"),
            ("whisky", "whiskey"),
            ("draught", "draft"),
            ("plough", "plow"),
            ("disc", "disk"),
            ("programme", "program"),
            ("sulph", "sulf"),
        ],
    ),
    (
        Language::German,
        &[
            ("photo", "foto"),
            ("phon", "fon"),
            ("graphi", "grafi"),
            ("ae", "a"),
            ("oe", "o"),
            ("ue", "u"),
        ],
    ),
    (Language::French, &[("clef", "cle")]),
];

impl Language {
    /// The language of a shop, by how many of its products have a word; `None`: nothing tells.
    pub(crate) fn of<E>(products: impl Fn(&str) -> Result<u64, E>) -> Result<Option<Self>, E> {
        let mut best = (0, None);
        for rules in RULES {
            let mut having = 0;
            for mark in rules.marks.split(' ') {
                having += products(mark)?;
            }
            if having > best.0 {
                best = (having, Some(rules.language));
            }
        }
        Ok(best.1)
    }

    /// Its code of ISO 639-1.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Portuguese => "pt",
            Self::Swedish => "sv",
            Self::Danish => "da",
            Self::Norwegian => "no",
        }
    }

    /// The language of a code.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        let mut languages = RULES.iter().map(|rules| rules.language);
        languages.find(|language| language.code() == code)
    }

    /// Whether words are made by putting words together, the last of which says what it is (`Kaffeemaschine`).
    pub(crate) const fn joins_words(self) -> bool {
        matches!(
            self,
            Self::German | Self::Dutch | Self::Swedish | Self::Danish | Self::Norwegian
        )
    }

    fn rules(self) -> &'static Rules {
        let own = RULES.iter().find(|rules| rules.language == self);
        own.unwrap_or(&RULES[0])
    }

    /// Whether a word carries no meaning.
    pub(crate) fn is_function(self, word: &str) -> bool {
        is_among(self.rules().functions, word)
    }

    /// Whether the word after this one is not wanted.
    pub(crate) fn is_without(self, word: &str) -> bool {
        is_among(self.rules().without, word)
    }

    /// Whether the word after this one is wanted as little as the one before: `and`, `or`.
    pub(crate) fn is_join(self, word: &str) -> bool {
        is_among(self.rules().joins, word)
    }

    /// Whether a word only stands before a noun.
    pub(crate) fn is_article(self, word: &str) -> bool {
        is_among(self.rules().articles, word)
    }

    /// Finds which words are forms of the same word.
    pub(crate) fn stemmer(self) -> Stemmer {
        Stemmer::new(self.rules().stems)
    }
}

fn is_among(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// The same word as others spell it: `grey` and `gray`, `mueller` and `muller`.
pub(crate) fn spellings(word: &str, language: Option<Language>) -> Vec<String> {
    let mut spellings = Vec::new();
    for (of, pairs) in SPELLINGS {
        if language.is_some_and(|language| language != *of) {
            continue;
        }
        for (left, right) in *pairs {
            if word.contains(left) {
                spellings.push(word.replace(left, right));
            } else if right.len() > 2 && word.contains(right) {
                spellings.push(word.replace(right, left));
            }
        }
    }
    spellings.extend(with_other_article(word));
    spellings
}

/// The plural of a singular and the singular of a plural, as far as the spelling tells.
pub(crate) fn plurals(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return found;
    }
    let other = |from: &str, to: &str| {
        let stem = word.strip_suffix(from)?;
        (stem.is_empty() || stem.len() >= 3).then(|| format!("{stem}{to}"))
    };
    for (plural, singular) in IRREGULAR {
        found.extend(other(plural, singular));
        found.extend(other(singular, plural));
    }
    found.extend(word.strip_suffix("ies").map(|stem| format!("{stem}y")));
    found.extend(word.strip_suffix('y').map(|stem| format!("{stem}ies")));
    let es = word.strip_suffix("es").filter(|stem| stem.len() >= 3);
    found.extend(es.map(str::to_owned));
    match word.strip_suffix('s') {
        Some(stem) if stem.len() >= 2 && !stem.ends_with('s') => found.push(stem.to_owned()),
        Some(_) => found.push(format!("{word}es")),
        None => found.extend([format!("{word}s"), format!("{word}es")]),
    }
    found
}

/// Words of English that stand for one another, for engines that can't ask which language a shop has.
pub(crate) fn english_pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    let spellings = SPELLINGS.iter().filter(|(language, _)| *language == Language::English);
    let spellings = spellings.flat_map(|(_, pairs)| pairs.iter().copied());
    IRREGULAR.iter().copied().chain(spellings)
}

/// Whether a word is a number, with or without letters.
pub(crate) fn has_digits(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_and_singulars_find_each_other() {
        let has = |word: &str, other: &str| plurals(word).iter().any(|plural| plural == other);
        for (singular, plural) in [
            ("laptop", "laptops"),
            ("battery", "batteries"),
            ("box", "boxes"),
            ("glass", "glasses"),
            ("case", "cases"),
            ("child", "children"),
            ("bookshelf", "bookshelves"),
            ("mouse", "mice"),
        ] {
            assert!(has(singular, plural), "{singular}");
            assert!(has(plural, singular), "{plural}");
        }
        assert_eq!(plurals("4gb").len(), 0);
        assert_eq!(plurals("tv").len(), 0);
    }

    #[test]
    fn spellings_find_each_other() {
        let has = |word: &str, other: &str| spellings(word, None).iter().any(|spelling| spelling == other);
        for (left, right) in [
            ("grey", "gray"),
            ("colours", "colors"),
            ("foto", "photo"),
            ("قاموس", "القاموس"),
        ] {
            assert!(has(left, right) && has(right, left), "{left}");
        }
        assert!(has("groesse", "grosse"));
        assert!(spellings("blue", Some(Language::English)).is_empty());
    }

    #[test]
    fn every_language_has_a_code_of_its_own() {
        for rules in RULES {
            assert_eq!(Language::of_code(rules.language.code()), Some(rules.language));
        }
        assert_eq!(Language::of_code("xx"), None);
    }

    #[test]
    fn the_language_is_the_one_of_the_frequent_words() {
        let of = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            let having = |word: &str| Ok::<u64, ()>(u64::from(words.contains(&word)));
            Language::of(having).unwrap()
        };
        assert_eq!(of("mug with lid and spoon"), Some(Language::English));
        assert_eq!(of("tasse mit deckel und loffel"), Some(Language::German));
        assert_eq!(of("tasse avec couvercle pour les enfants"), Some(Language::French));
        assert_eq!(of("kop met deksel voor kinderen"), Some(Language::Dutch));
        assert_eq!(of("mug"), None);
    }
}
