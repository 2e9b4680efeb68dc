//! The passwords that are tried first.
//!
//! `common.txt` has the 3,000 most common ones of at least eight characters, in lower case and in order, out of the frequency list of
//! zxcvbn-python 4.5.0 (MIT; its notice is in `common.LICENSE`).

use std::{collections::HashSet, sync::LazyLock};

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Whether a password in lower case is one of them.
pub(super) fn is_common(lower: &str) -> bool {
    COMMON.contains(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_three_thousand_passwords_that_are_long_enough_to_be_chosen() {
        assert_eq!(COMMON.len(), 3_000);
        assert!(
            COMMON
                .iter()
                .all(|password| password.chars().count() >= 8 && password.to_lowercase() == **password)
        );
        for common in ["password", "12345678", "football"] {
            assert!(is_common(common), "{common}");
        }
        assert!(!is_common("correct horse battery"));
    }
}
