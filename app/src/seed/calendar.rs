//! When people buy: more in the evening and at lunch, more on Saturdays, most of all before Christmas, and a little more
//! every month.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};

use super::random::Random;

/// Days of history.
pub(super) const DAYS: u64 = 365;

/// Orders by hour of the day, from midnight.
const HOURS: [u64; 24] = [
    4, 2, 1, 1, 1, 3, 8, 18, 34, 46, 54, 60, 72, 66, 54, 50, 52, 58, 66, 82, 92, 84, 50, 18,
];
/// By day of the week, from Monday.
const WEEKDAYS: [u64; 7] = [100, 94, 98, 104, 118, 140, 112];

/// The 365 days before a day, with how much is bought on each.
pub(super) struct Calendar {
    days: Vec<NaiveDate>,
    weights: Vec<u64>,
}

impl Calendar {
    /// The calendar that ends the day before `today`.
    pub(super) fn before(today: NaiveDate) -> Self {
        let days: Vec<_> = (1..=DAYS)
            .rev()
            .filter_map(|back| today.checked_sub_days(Days::new(back)))
            .collect();
        let weights = days
            .iter()
            .zip(0_u64..)
            .map(|(day, index)| weight(*day, index))
            .collect();
        Self { days, weights }
    }

    /// Midnight of the first day.
    pub(super) fn opening(&self) -> DateTime<Utc> {
        self.days
            .first()
            .map(|day| day.and_time(NaiveTime::MIN).and_utc())
            .unwrap_or_default()
    }

    /// Midnight behind the last day.
    pub(super) fn end(&self) -> DateTime<Utc> {
        self.opening() + chrono::TimeDelta::days(DAYS.cast_signed())
    }

    /// A time at which somebody buys.
    pub(super) fn draw(&self, random: &mut Random) -> DateTime<Utc> {
        let day = random.weighted(&self.weights);
        let hour = random.weighted(&HOURS);
        let seconds = random.between(0, 3_599);
        let day = self.days.get(day).copied().unwrap_or_default();
        let midnight = day.and_time(NaiveTime::MIN).and_utc();
        let hours = i64::try_from(hour).unwrap_or_default();
        midnight + chrono::TimeDelta::seconds(hours * 3_600 + seconds)
    }
}

/// The day's weight; `index` counts the days of the shop.
fn weight(day: NaiveDate, index: u64) -> u64 {
    let weekday = usize::try_from(day.weekday().num_days_from_monday()).unwrap_or_default();
    let season = match (day.month(), day.day()) {
        (11, 24..=30) => 175,
        (12, 1..=9) => 190,
        (12, 10..=20) => 240,
        (12, 21..=23) => 160,
        (12, 25 | 26) => 35,
        (12, 27..=31) | (7, _) => 105,
        (11, _) => 125,
        (1, _) => 82,
        (2, _) => 88,
        (8, _) | (12, 24) => 90,
        _ => 100,
    };
    // Two fifths more after a year.
    let growth = 1_000 + index * 400 / DAYS;
    WEEKDAYS[weekday] * season * growth / 1_000
}

#[cfg(test)]
mod tests {
    use chrono::{Timelike as _, Weekday};

    use super::*;

    #[test]
    fn draws_have_the_shape_of_a_shops_year() {
        let today = NaiveDate::from_ymd_opt(2026, 6, 15).unwrap();
        let calendar = Calendar::before(today);
        let (mut december, mut saturdays, mut mondays, mut evening, mut night) = (0, 0, 0, 0, 0);
        for index in 0..20_000 {
            let time = calendar.draw(&mut Random::of("test", index));
            assert!(time >= calendar.opening() && time < calendar.end());
            december += u32::from(time.month() == 12);
            saturdays += u32::from(time.weekday() == Weekday::Sat);
            mondays += u32::from(time.weekday() == Weekday::Mon);
            evening += u32::from((19..22).contains(&time.hour()));
            night += u32::from(time.hour() < 6);
        }
        assert!(december > 20_000 / 8, "{december}");
        assert!(saturdays > mondays * 5 / 4, "{saturdays} {mondays}");
        assert!(evening > 10 * night, "{evening} {night}");
        assert_eq!(calendar.end().date_naive(), today);
    }
}
