//! What the port promises, checked on every engine: on tantivy always, on Meilisearch where `MEILI_URL` (and `MEILI_KEY`) say where it is.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod curation;
mod engines;
mod facets;
mod filters;
mod highlights;
mod lifecycle;
mod odd;
mod pages;
mod properties;
mod relevance;
mod scripts;
mod settings;
mod shop;
mod sorts;
mod words;

/// One test an engine for every check.
macro_rules! conformance {
    ($($topic:ident :: { $($check:ident),+ $(,)? })+) => {
        mod on_tantivy {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $check() {
                    crate::$topic::$check(&crate::engines::Place::tantivy().await).await;
                }
            )+)+
        }
        mod on_meilisearch {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $check() {
                    if let Some(place) = crate::engines::Place::meilisearch() {
                        crate::$topic::$check(&place).await;
                        place.clean().await;
                    }
                }
            )+)+
        }
    };
}

conformance! {
    words::{
        a_word_finds_the_products_that_have_it,
        all_words_have_to_match,
        some_words_match_when_all_do_not,
        words_that_no_product_has_together_find_some,
        a_typo_is_forgiven_from_five_letters,
        two_typos_are_forgiven_from_nine_letters,
        numbers_have_no_typos,
        plurals_find_singulars,
        the_last_word_may_be_unfinished,
        the_name_counts_more_than_the_description,
        words_may_be_written_together_or_apart,
        a_sku_is_found,
        a_sku_has_no_typos,
        no_words_are_a_listing,
        nothing_found_offers_a_correction,
        a_correction_respects_the_filter,
        a_correction_is_no_odd_word,
    }
    scripts::{
        case_and_accents_do_not_matter,
        chinese_japanese_and_korean_are_found_by_parts,
        right_to_left_scripts_are_found,
        other_alphabets_are_found,
        arabic_words_are_found_with_and_without_the_article,
        a_long_row_of_characters_is_found_to_its_end,
    }
    filters::{
        by_category_with_what_is_below,
        by_price,
        by_stock_and_status,
        by_attribute,
        by_ids,
        values_are_compared_exactly,
        numbers_are_compared_by_value,
        together_with_words,
    }
    facets::{
        count_values,
        leave_their_own_filter_out,
        count_only_what_matches,
        answer_in_the_order_of_the_request,
        go_down_with_the_chosen_category,
        a_range_of_numbers_is_a_value,
        offer_the_most_frequent_values,
        prices_are_summed_up,
    }
    sorts::{ every_order_is_right }
    pages::{
        partition_the_hits,
        reach_beyond_a_thousand,
        stay_in_place_after_a_key,
        may_be_empty,
    }
    highlights::{ mark_the_words, mark_what_an_unfinished_word_begins, are_safe_html, show_the_part_with_the_words }
    settings::{
        synonyms_find_one_another,
        one_way_synonyms_go_one_way,
        synonyms_of_several_words,
        synonyms_may_contain_stop_words,
        synonyms_come_after_the_word,
        stop_words_do_not_count,
        stop_words_alone_are_searched_as_they_are,
        boosts_lift,
        can_be_changed,
    }
    curation::{
        pinned_products_come_first,
        pinned_products_count,
        pinned_products_obey_filters,
        pages_with_pins_partition_the_hits,
        hidden_products_are_never_found,
    }
    lifecycle::{
        applying_again_changes_nothing,
        what_is_deleted_stays_deleted,
        the_last_change_counts,
        a_promoted_index_takes_over,
        promoting_while_searching_never_fails,
        creating_again_empties,
        dropping_twice_is_fine,
        what_is_missing_is_said,
        bad_names_are_rejected,
    }
    odd::{
        no_query_is_an_error,
        a_query_has_no_syntax,
        long_queries_are_answered,
        odd_documents_are_taken,
        odd_filters_are_answered,
    }
    relevance::{
        a_page_is_filled_with_what_has_some_of_the_words,
        words_of_grammar_need_not_be_there,
        what_is_not_wanted_need_not_be_there,
        odd_plurals_find_singulars,
        the_word_itself_comes_before_its_forms,
        measures_are_read_however_they_are_written,
        letters_and_digits_may_be_apart,
        the_exact_name_comes_first,
        signs_make_words,
        units_in_one_character_are_read,
        spellings_find_one_another,
        umlauts_may_be_written_out,
        a_word_in_two_may_have_one_between,
        forms_and_compounds_are_found,
        a_page_is_filled_when_the_last_word_is_a_beginning,
        a_name_has_its_small_words,
        every_script_has_measures,
        short_words_end_joined_ones_behind_a_word,
        every_joined_word_is_found,
        odd_plurals_are_found_while_typing,
        a_part_of_the_words_is_found_as_it_is,
    }
    properties::{ answers_equal_those_of_a_scan, pages_by_key_partition }
}
