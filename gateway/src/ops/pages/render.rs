//! From the Markdown of `docs` to a page of this server.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

const FRAME: &str = include_str!("page.html");
const CHART: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/overload.svg"));

/// A page in both of its forms.
pub(super) struct Page {
    /// Its first heading.
    pub(super) title: String,
    pub(super) html: String,
    pub(super) markdown: String,
}

impl Page {
    /// Renders a file. `folder`: where it is in the repository, which its links are relative to.
    pub(super) fn new(folder: &str, source: &str) -> Self {
        let mut markdown = source.to_owned();
        let mut events: Vec<Event<'_>> = Vec::new();
        let (mut title, mut heading, mut dropped) = (None, None, false);
        for event in Parser::new_ext(source, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { ref dest_url, .. }) => match target(folder, dest_url) {
                    Some(target) => {
                        markdown = markdown.replace(&format!("]({dest_url})"), &format!("]({target})"));
                        events.push(link(target));
                    }
                    None => dropped = true,
                },
                Event::Start(Tag::Image { ref dest_url, .. }) if &**dest_url == "overload.svg" => {
                    events.push(Event::InlineHtml(CowStr::Borrowed(CHART)));
                    // What follows is the text for those who cannot see the chart.
                    dropped = true;
                }
                Event::End(TagEnd::Link | TagEnd::Image) if dropped => dropped = false,
                Event::Start(Tag::Heading { .. }) => {
                    heading = Some((events.len(), String::new()));
                    events.push(event);
                }
                Event::End(TagEnd::Heading(_)) => {
                    if let Some((start, text)) = heading.take() {
                        if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(start) {
                            *id = Some(anchor(&text).into());
                        }
                        title.get_or_insert(text);
                    }
                    events.push(event);
                }
                event => {
                    if let (Some((_, heading)), Event::Text(text) | Event::Code(text)) = (&mut heading, &event) {
                        heading.push_str(text);
                    }
                    events.push(event);
                }
            }
        }
        let title = title.unwrap_or_default();
        let (mut escaped, mut body) = (String::new(), String::new());
        push_html(&mut escaped, std::iter::once(Event::Text(title.as_str().into())));
        push_html(&mut body, events.into_iter());
        let html = FRAME.replace("{title}", &escaped).replace("{body}", &body);
        Self { title, html, markdown }
    }
}

fn link(target: String) -> Event<'static> {
    Event::Start(Tag::Link {
        link_type: pulldown_cmark::LinkType::Inline,
        dest_url: target.into(),
        title: CowStr::Borrowed(""),
        id: CowStr::Borrowed(""),
    })
}

/// Where a link leads on this server. None: to a file that is not served.
fn target(folder: &str, link: &str) -> Option<String> {
    if link.starts_with(['/', '#']) || link.contains(':') {
        return Some(link.to_owned());
    }
    let (file, anchor) = link.split_at(link.find('#').unwrap_or(link.len()));
    let mut path: Vec<&str> = folder.split('/').collect();
    for part in file.split('/') {
        match part {
            ".." => drop(path.pop()),
            "" | "." => {}
            name => path.push(name),
        }
    }
    let address = match path.as_slice() {
        ["docs", "errors"] => "/errors".to_owned(),
        ["docs", "errors", page] => format!("/errors/{}", page.strip_suffix(".md")?),
        ["docs", page] => format!("/guides/{}", page.strip_suffix(".md")?),
        _ => return None,
    };
    Some(address + anchor)
}

/// The name that a heading is linked by, as code hosts make it.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    });
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_this_server() {
        for (folder, link, expected) in [
            ("docs/errors", "not_found.md", Some("/errors/not_found")),
            (
                "docs/errors",
                "../operations.md#the-books",
                Some("/guides/operations#the-books"),
            ),
            ("docs", "errors/overloaded.md", Some("/errors/overloaded")),
            ("docs", "errors/", Some("/errors")),
            ("docs", "#files", Some("#files")),
            ("docs", "/docs/", Some("/docs/")),
            (
                "docs",
                "https://c2sp.org/signed-note",
                Some("https://c2sp.org/signed-note"),
            ),
            ("docs", "../seal/README.md", None),
            ("docs", "adr/0007-tamper-evidence.md", None),
        ] {
            assert_eq!(target(folder, link).as_deref(), expected, "{folder}: {link}");
        }
    }

    #[test]
    fn a_page_has_both_forms() {
        let source = "# *A* `code` & more\n\nSee [that](b.md) and [the source](../src/lib.rs).\n\n## What to do?\n";
        let page = Page::new("docs", source);
        assert_eq!(page.title, "A code & more");
        for part in [
            "<title>A code &amp; more</title>",
            "<h1 id=\"a-code--more\">",
            "See <a href=\"/guides/b\">that</a> and the source.",
            "<h2 id=\"what-to-do\">",
        ] {
            assert!(page.html.contains(part), "{part}: {}", page.html);
        }
        assert_eq!(page.markdown, source.replace("(b.md)", "(/guides/b)"));
    }
}
