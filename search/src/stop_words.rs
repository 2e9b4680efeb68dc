//! Words that carry no meaning.

use std::collections::HashSet;

use crate::language::{Language, has_digits};
use crate::request::{MAX_WORDS_CHARS, Request};
use crate::settings::Settings;
use crate::words::{Asked, query, query_words};

/// The words to leave out of queries: those of a language, and those of a shop, folded.
#[derive(Debug, Default)]
pub(crate) struct StopWords {
    language: Option<Language>,
    own: HashSet<String>,
}

impl StopWords {
    /// Those of a shop, of which the language is known or not.
    pub(crate) fn of(settings: &Settings, language: Option<Language>) -> Self {
        let single = |word: &String| <[String; 1]>::try_from(query_words(word)).ok();
        let own = settings.stop_words.iter().filter_map(single).map(|[word]| word);
        Self {
            language,
            own: own.collect(),
        }
    }

    /// Those of a language, and these.
    pub(crate) fn with(language: Option<Language>, own: impl IntoIterator<Item = String>) -> Self {
        Self {
            language,
            own: own.into_iter().collect(),
        }
    }

    /// The language that is known.
    pub(crate) const fn language(&self) -> Option<Language> {
        self.language
    }

    /// Those of the shop.
    pub(crate) fn own(&self) -> impl Iterator<Item = &String> {
        self.own.iter()
    }

    /// The words of a request that are looked for. One that is still being typed may become another word.
    pub(crate) fn asked(&self, request: &Request) -> Vec<Asked> {
        let typed: String = request.words.chars().take(MAX_WORDS_CHARS).collect();
        let words = query(&typed, request.as_you_type);
        let finished = words.len() - usize::from(request.as_you_type && !words.is_empty());
        self.without(words, finished)
    }

    /// The words of a phrase that a query is compared with.
    pub(crate) fn phrase(&self, text: &str) -> Vec<String> {
        let words = query(text, false);
        let all = words.len();
        self.without(words, all).into_iter().map(|asked| asked.text).collect()
    }

    /// Leaves out those of the first words that carry no meaning, and what is not wanted behind a `without`; what is nothing else stays
    /// as it is.
    fn without(&self, words: Vec<Asked>, finished: usize) -> Vec<Asked> {
        let language = self.language.unwrap_or_default();
        let mut kept = Vec::with_capacity(words.len());
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let next = words.get(at + 1);
            let alone = !word.joined_before && !word.joined_behind;
            // `No 5` is a number, and `no-show` a name.
            let negates = at < finished && alone && language.is_without(&word.text);
            if negates && next.is_some_and(|next| !has_digits(&next.text)) {
                at = self.end_of_unwanted(&words, at + 1, finished);
                continue;
            }
            if !(at < finished && self.is_empty(&words, at)) {
                kept.push(word.clone());
            }
            at += 1;
        }
        if kept.is_empty() { words } else { kept }
    }

    /// Whether a word carries no meaning where it stands.
    fn is_empty(&self, words: &[Asked], at: usize) -> bool {
        let word = &words[at];
        if self.own.contains(&word.text) {
            return true;
        }
        let is_letter = word.text.chars().nth(1).is_none();
        let follows_word = || at.checked_sub(1).is_some_and(|before| !has_digits(&words[before].text));
        // It is part of a name in `plug-in` and `AT&T`, and the name itself in `vitamin A`; `black-and-white` may be written otherwise.
        let named = match (word.joined_before, word.joined_behind) {
            (true, true) => is_letter,
            (false, false) => is_letter && at + 1 == words.len() && follows_word(),
            _ => true,
        };
        !named && self.language.unwrap_or_default().is_function(&word.text)
    }

    /// Where that ends which begins behind a `without`: a word with what is joined to it, and what an `and` or `or` adds.
    fn end_of_unwanted(&self, words: &[Asked], from: usize, finished: usize) -> usize {
        let language = self.language.unwrap_or_default();
        let mut at = from;
        // An article stands between `without` and its word.
        while at + 1 < words.len() && at < finished && self.is_empty(words, at) {
            at += 1;
        }
        loop {
            at += 1;
            while words.get(at).is_some_and(|word| word.joined_before) {
                at += 1;
            }
            if !words.get(at).is_some_and(|word| language.is_join(&word.text)) {
                return at;
            }
            let mut next = at + 1;
            while next < finished && language.is_article(&words[next].text) {
                next += 1;
            }
            // `and with` begins something that is wanted.
            let Some(word) = words.get(next) else { return at };
            if next < finished && self.is_empty(words, next) || language.is_without(&word.text) {
                return at;
            }
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(language: Option<Language>, typed: &str) -> Vec<String> {
        StopWords::of(&Settings::default(), language).phrase(typed)
    }

    #[test]
    fn function_words_are_left_out_by_language() {
        assert_eq!(asked(None, "Sandals for the women"), ["sandals", "women"]);
        assert_eq!(
            asked(Some(Language::German), "Sandalen für die Dame"),
            ["sandalen", "dame"]
        );
        assert_eq!(asked(Some(Language::English), "die cast car"), ["die", "cast", "car"]);
        assert_eq!(asked(None, "to be"), ["to", "be"], "nothing else");
    }

    #[test]
    fn what_is_not_wanted_is_not_asked_for() {
        assert_eq!(asked(None, "tires without rims"), ["tires"]);
        assert_eq!(asked(None, "bags without a handle red"), ["bags", "red"]);
        assert_eq!(asked(None, "chanel no 5"), ["chanel", "no", "5"]);
        assert_eq!(asked(Some(Language::German), "Kaffee ohne Zucker"), ["kaffee"]);
        assert_eq!(asked(None, "without"), ["without"]);
        assert_eq!(asked(None, "shoes without"), ["shoes", "without"]);
    }

    #[test]
    fn what_is_not_wanted_goes_on_over_and_and_or() {
        let english = |typed: &str| asked(None, typed);
        assert_eq!(english("shoes without laces and straps"), ["shoes"]);
        assert_eq!(english("shoes without laces or a strap red"), ["shoes", "red"]);
        assert_eq!(english("bag without zip and with handle"), ["bag", "handle"]);
        assert_eq!(english("bag without zip and"), ["bag"]);
        assert_eq!(english("bag with no zip and no handle"), ["bag"]);
        assert_eq!(english("shoes without lace-ups black"), ["shoes", "black"]);
        for (language, typed, kept) in [
            (Language::German, "Kaffee ohne Zucker und Milch", "kaffee"),
            (Language::German, "Hemd ohne einen Kragen oder eine Tasche", "hemd"),
            (Language::French, "sac sans anse ni fermeture", "sac"),
            (Language::Spanish, "bolso sin asa y cremallera", "bolso"),
            (Language::Italian, "borsa senza manico e cerniera", "borsa"),
            (Language::Dutch, "tas zonder rits en riem", "tas"),
            (Language::Portuguese, "bolsa sem alça e fecho", "bolsa"),
            (Language::Swedish, "skor utan snören och spänne", "skor"),
            (Language::Danish, "sko uden snore eller spænde", "sko"),
            (Language::Norwegian, "sko uten lisser og spenne", "sko"),
        ] {
            assert_eq!(asked(Some(language), typed), [kept], "{typed}");
        }
    }

    #[test]
    fn words_of_names_are_asked_for() {
        for (typed, kept) in [
            ("no-show socks", "no show socks"),
            ("no-iron shirt", "no iron shirt"),
            ("non‑stick no‑show socks", "non stick no show socks"),
            ("usb-a cable", "usb a cable"),
            ("plug-in heater", "plug in heater"),
            ("AT&T phone", "at t phone"),
            ("vitamin a", "vitamin a"),
            ("a vitamin", "vitamin"),
            ("fuse 10 a", "fuse 10"),
            ("mug with a lid", "mug lid"),
            ("usb-a-to-usb-c cable", "usb a usb c cable"),
            ("black-and-white print", "black white print"),
        ] {
            assert_eq!(asked(None, typed).join(" "), kept, "{typed}");
        }
        let french = |typed| asked(Some(Language::French), typed).join(" ");
        assert_eq!(french("vitamine d"), "vitamine d");
        assert_eq!(french("t-shirt taille l"), "t shirt taille l");
        assert_eq!(french("coupe de l'eau"), "coupe eau");
    }
}
