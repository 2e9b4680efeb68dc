//! Answers that many operations have in common, described once.

use std::collections::BTreeMap;

use http::StatusCode;
use utoipa::openapi::{OpenApi, Ref, RefOr, Response};

use crate::endpoint::operations;

/// Lets operations refer to the answer that most of them give with a status, instead of each describing it.
pub(super) fn share(description: &mut OpenApi) {
    let mut known: BTreeMap<String, Vec<(Response, usize)>> = BTreeMap::new();
    for (_, operation) in description.paths.paths.values_mut().flat_map(operations) {
        for (status, response) in &operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            let alike = known.entry(status.clone()).or_default();
            match alike.iter_mut().find(|(known, _)| known == response) {
                Some((_, times)) => *times += 1,
                None => alike.push((response.clone(), 1)),
            }
        }
    }
    let common = known.into_iter().filter_map(|(status, alike)| {
        let (response, times) = alike.into_iter().max_by_key(|(_, times)| *times)?;
        let name = name(&status)?;
        (times > 1).then_some((status, (name, response)))
    });
    // What an operation is for, its own description says best.
    let common: BTreeMap<_, _> = common.filter(|(status, _)| !status.starts_with('2')).collect();
    for (_, operation) in description.paths.paths.values_mut().flat_map(operations) {
        for (status, response) in &mut operation.responses.responses {
            if let Some((name, shared)) = common.get(status)
                && matches!(response, RefOr::T(own) if own == shared)
            {
                *response = RefOr::Ref(Ref::from_response_name(name));
            }
        }
    }
    let components = description.components.get_or_insert_default();
    let shared = common.into_values().map(|(name, response)| (name, RefOr::T(response)));
    components.responses.extend(shared);
}

/// `TooManyRequests` of `429`.
fn name(status: &str) -> Option<String> {
    let reason = StatusCode::from_bytes(status.as_bytes()).ok()?.canonical_reason()?;
    Some(reason.split_whitespace().collect())
}
