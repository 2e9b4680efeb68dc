//! The lists of synonyms and stop words, replaced.

use domain::{
    ValueError,
    search_settings::{
        MAX_STOP_WORDS, MAX_SYNONYMS, STREAM_ID, SearchSettings, SearchSettingsCommand, SearchTerm, Synonyms,
        distinct_words,
    },
};
use eventstore::Transaction;
use proto::{
    failure::Failure,
    v1::{self, ChangeSearchSettingsRequest, SearchSettingsReply},
};

use super::{refusal::Refusal, view};
use crate::{context::Context, core::Core, fields::Fields, reply};

pub(super) async fn change_settings(
    core: &Core,
    request: ChangeSearchSettingsRequest,
) -> Result<SearchSettingsReply, Failure> {
    let (context, command) = Context::accept(core, "change_search_settings", request.context, |fields| {
        Some(SearchSettingsCommand::Change {
            expected: request.expected_revision,
            synonyms: request.synonyms.map(|list| synonyms(fields, &list.synonyms)),
            stop_words: request.stop_words.map(|list| stop_words(fields, &list.words)),
        })
    })?;
    let plan = context.plan().write::<SearchSettings>(STREAM_ID);
    let decide = move |transaction: &mut Transaction<'_>| {
        let mut settings = transaction.state::<SearchSettings>(STREAM_ID).clone();
        let events = settings.decide(&command)?;
        for event in &events {
            settings.evolve(event.clone());
        }
        transaction.append::<SearchSettings>(STREAM_ID, events);
        Ok::<_, Refusal>(settings)
    };
    let committed = core.commit(plan, decide).await?;
    Ok(SearchSettingsReply {
        settings: Some(view::settings(&committed.value)),
        committed: Some(reply::committed(&committed, committed.value.revision())),
    })
}

fn synonyms(fields: &mut Fields, list: &[v1::Synonyms]) -> Vec<Synonyms> {
    if list.len() > MAX_SYNONYMS {
        fields.add(
            "synonyms",
            "too_many",
            format!("there are at most {MAX_SYNONYMS} synonyms"),
        );
        return Vec::new();
    }
    let mut result = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        let one_way = !entry.from.is_empty();
        let name = format!("synonyms[{index}].{}", if one_way { "to" } else { "words" });
        let words = terms(fields, &name, &entry.words, str::parse);
        let made = if one_way {
            match fields.check(format!("synonyms[{index}].from"), SearchTerm::new(&entry.from)) {
                Some(from) if words.len() == entry.words.len() => Synonyms::one_way(from, words),
                _ => continue,
            }
        } else if words.len() == entry.words.len() {
            Synonyms::group(words)
        } else {
            continue;
        };
        result.extend(fields.check(name, made));
    }
    result
}

fn stop_words(fields: &mut Fields, texts: &[String]) -> Vec<SearchTerm> {
    let words = terms(fields, "stop_words", texts, SearchTerm::stop_word);
    fields.check("stop_words", distinct_words(&words));
    words
}

/// The texts that are terms; what is wrong with the others is noted.
fn terms(
    fields: &mut Fields,
    name: &str,
    texts: &[String],
    term: impl Fn(&str) -> Result<SearchTerm, ValueError>,
) -> Vec<SearchTerm> {
    if texts.len() > MAX_STOP_WORDS {
        fields.add(name, "too_many", format!("there are at most {MAX_STOP_WORDS}"));
        return Vec::new();
    }
    let check = |(index, text): (usize, &String)| fields.check(format!("{name}[{index}]"), term(text));
    texts.iter().enumerate().filter_map(check).collect()
}
