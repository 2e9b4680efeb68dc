//! Errors in words.

use std::error::Error;

/// An error and its causes in one line. Many libraries repeat the cause in their own message; here it appears once.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn a_cause_appears_once() {
        let cause = Layer("refused", None);
        let repeats = Layer("no connection: refused", Some(Box::new(cause)));
        assert_eq!(
            chain(&Layer("cannot start", Some(Box::new(repeats)))),
            "cannot start: no connection: refused"
        );
        assert_eq!(chain(&Layer("a", Some(Box::new(Layer("b", None))))), "a: b");
    }
}
