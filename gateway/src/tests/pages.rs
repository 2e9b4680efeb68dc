//! The pages of errors and the guides, as browsers and programs read them.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const BROWSER: [(&str, &str); 1] = [(
    "accept",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
)];

#[tokio::test]
async fn a_page_of_an_error_is_html_or_markdown() {
    let world = World::alone();
    for accept in [&BROWSER[..], &[], &[("accept", "*/*")]] {
        let page = world.get("/errors/not_found", accept).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("vary").contains("accept"), "{page:?}");
        for part in [
            "<title>not_found (404)</title>",
            ">not_found (404)</h1>",
            "<strong>What to do:</strong>",
        ] {
            assert!(page.text.contains(part), "{part}: {page:?}");
        }
    }
    for accept in ["text/markdown", "text/plain"] {
        let page = world.get("/errors/overloaded", &[("accept", accept)]).await;
        assert_eq!(page.header("content-type"), "text/markdown; charset=utf-8");
        assert!(page.text.starts_with("# overloaded (503)\n"), "{page:?}");
        assert!(page.text.contains("(/guides/overload)"), "{page:?}");
    }
    for other in ["/errors/nonsense", "/guides/nonsense", "/errors/not%5Ffound"] {
        world.get(other, &BROWSER).await.problem(404, "not_found");
    }
}

/// The parts of a page's text between `before` and the next quotation mark.
fn between(text: &str, before: &str) -> BTreeSet<String> {
    let parts = text.split(before).skip(1);
    parts
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

#[tokio::test]
async fn every_link_of_a_page_leads_somewhere() {
    let world = World::alone();
    let mut texts = BTreeMap::new();
    let mut anchored = Vec::new();
    let mut open = vec!["/errors".to_owned(), "/guides".to_owned()];
    while let Some(path) = open.pop() {
        if texts.contains_key(&path) {
            continue;
        }
        let page = world.get(&path, &BROWSER).await;
        assert_eq!(page.status, 200, "{path}");
        for link in between(&page.text, "href=\"") {
            let (target, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if target.is_empty() { &path } else { target };
            if target.starts_with("/errors") || target.starts_with("/guides") {
                open.push(target.to_owned());
                anchored.push((path.clone(), target.to_owned(), anchor.to_owned()));
            } else if !target.starts_with("https://") {
                assert_eq!(world.get(target, &BROWSER).await.status, 200, "{path} links to {link}");
            }
        }
        texts.insert(path, page.text);
    }
    anchored.retain(|(_, _, anchor)| !anchor.is_empty());
    for (path, target, anchor) in &anchored {
        assert!(
            between(&texts[target], "id=\"").contains(anchor),
            "{path} links to {target}#{anchor}"
        );
    }
    assert!(!anchored.is_empty(), "some links are to a part of a page");
    for (code, text) in crate::ops::pages::ERRORS {
        assert!(texts.contains_key(&format!("/errors/{code}")), "{code}");
        assert!(text.contains("\n**What to do:** "), "{code}");
    }
}
