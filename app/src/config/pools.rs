//! How many connections to the database each part of a process has.

use super::roles::{Role, Roles};

/// How many connections to the database each part of a process has at most; a part that the process does not have has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pools {
    /// For the store's writer and what commands look up beside it.
    pub command: u32,
    /// For reads; as many again to each replica.
    pub query: u32,
    /// For the projectors and their bookkeeping.
    pub projector: u32,
    /// For the export that is being made, its lease and its file.
    pub exports: u32,
    /// For the change feeds, which look for a moment now and then.
    pub feed: u32,
    /// One to seal with, one to look.
    pub sealer: u32,
    /// For the indexer of the search index.
    pub search: u32,
    /// To see whether the database answers.
    pub health: u32,
}

/// Usual sizes of the parts that more connections make faster, and those below which they do not work.
const USUAL: [u32; 3] = [8, 12, 10];
const LEAST: [u32; 3] = [3, 3, 4];

impl Pools {
    /// Those of a process with these roles: the usual ones, or the most that `limit` allows.
    ///
    /// # Errors
    /// How many connections the roles need at least.
    pub fn of(roles: &Roles, limit: Option<u32>) -> Result<Pools, u32> {
        let (query, projector, worker) = (
            roles.has(Role::Query),
            roles.has(Role::Projector),
            roles.has(Role::Worker),
        );
        let writes = roles.has(Role::Command) || worker || projector;
        let of = |size, there| if there { size } else { 0 };
        let usual = [of(USUAL[0], writes), of(USUAL[1], query), of(USUAL[2], projector)];
        let least = [of(LEAST[0], writes), of(LEAST[1], query), of(LEAST[2], projector)];
        let mut pools = Pools {
            command: usual[0],
            query: usual[1],
            projector: usual[2],
            exports: of(4, query),
            feed: of(4, query),
            sealer: of(2, worker),
            search: of(4, query || projector),
            health: of(1, writes || query),
        };
        let Some(limit) = limit else { return Ok(pools) };
        let fixed = pools.total() - usual.iter().sum::<u32>();
        let needed = fixed + least.iter().sum::<u32>();
        let spare = limit.checked_sub(needed).ok_or(needed)?;
        let all = usual.iter().sum::<u32>().max(1);
        let part = |place: usize| least[place] + spare * usual[place] / all;
        pools.command = part(0);
        pools.query = part(1);
        pools.projector = part(2);
        Ok(pools)
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.command + self.query + self.projector + self.exports + self.feed + self.sealer + self.search + self.health
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_keep_to_a_limit_and_every_part_works() {
        let all: Roles = "all".parse().unwrap();
        let usual = Pools::of(&all, None).unwrap();
        assert_eq!(
            usual.total(),
            45,
            "two such processes fit into a server of 100, beside the command line"
        );
        for limit in [25, 26, 30, 45, 66, 1000] {
            let pools = Pools::of(&all, Some(limit)).unwrap();
            assert!((limit - 2..=limit).contains(&pools.total()), "{limit}: {pools:?}");
            assert!(
                pools.command >= 3 && pools.query >= 3 && pools.projector >= 4,
                "{limit}: {pools:?}"
            );
        }
        assert_eq!(Pools::of(&all, Some(24)), Err(25));
        let gateway: Roles = "gateway".parse().unwrap();
        assert_eq!(Pools::of(&gateway, Some(1)).unwrap().total(), 0);
        let worker: Roles = "worker".parse().unwrap();
        assert_eq!(Pools::of(&worker, None).unwrap().total(), 11);
    }
}
