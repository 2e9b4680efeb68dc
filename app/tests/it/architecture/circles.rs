//! No modules in a circle: what two of them share lies below both, so that each can be read, tested and moved alone.
//!
//! A module is a file or a folder. Those of one folder are compared with each other, at every depth, by what they and what is in them
//! name (`use` and paths in the code). A module and the folder that it is in may know each other. Tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module by the names on the way to it; the crate's root has none.
type Module = Vec<String>;
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// Names the modules in circles, of each crate that has any.
pub(crate) fn problems(crates: impl Iterator<Item = (String, std::path::PathBuf)>) -> Vec<String> {
    crates
        .flat_map(|(name, folder)| {
            let circles = Crate::read(&folder.join("src")).circles();
            circles
                .into_iter()
                .map(move |circle| format!("{name} has modules in a circle: {}", circle.join(", ")))
        })
        .collect()
}

/// The modules of a crate and the paths that each names.
struct Crate(BTreeMap<Module, Names>);

#[derive(Default)]
struct Names {
    /// What `use` brings into a module, by the name that it has there.
    imports: Vec<(String, Vec<String>)>,
    /// Paths in the code.
    paths: Vec<Vec<String>>,
}

impl Crate {
    fn read(source: &Path) -> Self {
        let mut modules: BTreeMap<Module, Names> = BTreeMap::new();
        let mut files = Vec::new();
        super::rust_files(source, &mut files);
        for file in files {
            let mut module: Module = file
                .strip_prefix(source)
                .expect("a file of the crate")
                .with_extension("")
                .iter()
                .map(|name| name.to_string_lossy().into_owned())
                .collect();
            if module.iter().any(|name| name == "tests") {
                continue;
            }
            if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                module.pop();
            }
            let text = std::fs::read_to_string(&file).expect("a source file");
            let code: Vec<&str> = text.lines().take(super::code_lines(&text)).collect();
            modules.entry(module).or_default().add(&tokens(&code.join("\n")));
        }
        Self(modules)
    }

    /// The circles: of each the names of its modules.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut graphs: BTreeMap<&[String], Graph> = BTreeMap::new();
        for (from, names) in &self.0 {
            let imports = names.imports.iter().map(|(_, path)| path);
            for to in imports
                .chain(&names.paths)
                .filter_map(|path| self.resolve(from, path, 0))
            {
                let common = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
                // The root is a module among those directly in it; a folder is none among its own.
                let shown = |module: &Module| module[..module.len().min(common + 1)].to_vec();
                let (left, right) = (shown(from), shown(&to));
                if left != right && (common == 0 || left.len() == right.len()) {
                    graphs
                        .entry(&from[..common])
                        .or_default()
                        .entry(left)
                        .or_default()
                        .insert(right);
                }
            }
        }
        graphs.values().flat_map(circles_of).collect()
    }

    /// The module that a path of `from` leads to, through what the modules on the way bring in; `None`: out of the crate.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let (first, mut rest) = path.split_first()?;
        let mut module = match first.as_str() {
            "crate" => Module::new(),
            "self" => from.clone(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            name => {
                rest = path;
                self.0.contains_key(&child(from, name)).then(|| from.clone())?
            }
        };
        while let Some((name, further)) = rest.split_first() {
            if name == "super" {
                module.pop()?;
            } else if self.0.contains_key(&child(&module, name)) {
                module = child(&module, name);
            } else {
                let names = self.0.get(&module)?;
                let import = names.imports.iter().find(|(known, _)| known == name);
                return match import {
                    Some((_, path)) if depth < 8 => {
                        let path: Vec<String> = path.iter().chain(further).cloned().collect();
                        self.resolve(&module, &path, depth + 1)
                    }
                    _ => Some(module),
                };
            }
            rest = further;
        }
        Some(module)
    }
}

fn child(module: &[String], name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

impl Names {
    fn add(&mut self, tokens: &[String]) {
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at] == "use" {
                at = self.tree(tokens, at + 1, &[]);
            } else if tokens.get(at + 1).is_some_and(|next| next == "::") {
                let mut path = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|next| next == "::") && at + 2 < tokens.len() {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                self.paths.push(path);
            }
            at += 1;
        }
    }

    /// Reads what follows `use`, or stands in its braces; tells where it ends.
    fn tree(&mut self, tokens: &[String], mut at: usize, before: &[String]) -> usize {
        let mut path = before.to_vec();
        let mut alias = None;
        while let Some(token) = tokens.get(at) {
            match token.as_str() {
                "{" => loop {
                    at = self.tree(tokens, at + 1, &path);
                    if tokens.get(at).is_none_or(|token| token != ",") {
                        // At the closing brace, and what came of it is noted.
                        path.clear();
                        at += 1;
                        break;
                    }
                },
                "," | "}" | ";" => break,
                "as" => {
                    alias = tokens.get(at + 1).cloned();
                    at += 2;
                }
                "::" => at += 1,
                name => {
                    path.push(name.to_owned());
                    at += 1;
                }
            }
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if path.len() > before.len()
            && let Some(name) = alias.or_else(|| path.last().cloned())
        {
            self.imports.push((name, path));
        }
        at
    }
}

/// Words and signs of code, without comments and texts.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") {
            3
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The modules that lead to each other.
fn circles_of(graph: &Graph) -> Vec<Vec<String>> {
    let reach = |from: &Module| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&Module> = graph.get(from).into_iter().flatten().collect();
        while let Some(module) = open.pop() {
            if reached.insert(module) {
                open.extend(graph.get(module).into_iter().flatten());
            }
        }
        reached
    };
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = graph.keys().map(|module| (module, reach(module))).collect();
    let mut circles = BTreeSet::new();
    for (module, reaches) in &reached {
        if reaches.contains(module) {
            let back = |other: &&&Module| reached.get(*other).is_some_and(|reaches| reaches.contains(module));
            let circle: Vec<String> = reaches
                .iter()
                .filter(back)
                .map(|module| format!("/{}", module.join("/")))
                .collect();
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}
