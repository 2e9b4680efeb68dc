//! Ranges of numbers.

/// A range of numbers, both ends in it. One that is open on both sides has every number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NumberRange {
    /// At least that much.
    pub min: Option<f64>,
    /// At most that much.
    pub max: Option<f64>,
}

impl NumberRange {
    /// Whether the value of an attribute, as facets know it, is a number of the range. A text that reads as a number is one.
    #[must_use]
    pub fn has(&self, value: &str) -> bool {
        let number = value.parse().ok().filter(|number: &f64| number.is_finite());
        number
            .is_some_and(|number| self.min.is_none_or(|min| min <= number) && self.max.is_none_or(|max| number <= max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_in_it_and_words_are_not() {
        let nineties = NumberRange {
            min: Some(1990.0),
            max: Some(1999.0),
        };
        for (value, inside) in [
            ("1990", true),
            ("1999", true),
            ("1994.5", true),
            ("1989.99", false),
            ("2000", false),
            ("NaN", false),
            ("inf", false),
            ("true", false),
            ("", false),
        ] {
            assert_eq!(nineties.has(value), inside, "{value}");
        }
        assert!(NumberRange::default().has("-3") && !NumberRange::default().has("red"));
    }
}
