//! Something that has a past which can be shown: a recording, or a live target. Looks are named by their time.

use std::sync::Arc;

use crate::data::scene::Scene;
use crate::runs::player::Player;

/// What was reached.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// Nanoseconds since boot of the look that is shown.
    pub(crate) at_ns: u64,
    /// Its scene.
    pub(crate) scene: Arc<Scene>,
}

/// A past that can be shown, look by look. Times are nanoseconds since boot.
pub(crate) trait Past: Send + 'static {
    /// Whether it ends in a target that is watched: then its end is now.
    fn is_live(&self) -> bool;

    /// The first look that can be shown and the last one that there is.
    fn bounds(&mut self) -> (u64, u64);

    /// The last look before an instant; the first one where there is none.
    fn look_before(&mut self, at_ns: u64) -> u64;

    /// The first look after an instant; the last one where there is none.
    fn look_after(&mut self, at_ns: u64) -> u64;

    /// The last look at an instant or before it; the first one where there is none.
    fn look_at(&mut self, at_ns: u64) -> u64;

    /// Why nothing before the first look can be shown; none where there was nothing.
    fn missing_before(&self) -> Option<String>;

    /// Goes towards a look until it is reached or `enough` says so, which is asked after each look that is made.
    ///
    /// # Errors
    /// Why it can't be shown, in words.
    fn go(&mut self, at_ns: u64, enough: &mut dyn FnMut() -> bool) -> Result<Reached, String>;

    /// Nothing of it is shown any more: what was kept to show it soon can go.
    fn rest(&mut self) {}
}

impl Past for Player {
    fn is_live(&self) -> bool {
        false
    }

    fn bounds(&mut self) -> (u64, u64) {
        (self.looks_ns().first().copied().unwrap_or_default(), self.looks_ns().last().copied().unwrap_or_default())
    }

    fn look_before(&mut self, at_ns: u64) -> u64 {
        before(self.looks_ns(), at_ns)
    }

    fn look_after(&mut self, at_ns: u64) -> u64 {
        after(self.looks_ns(), at_ns)
    }

    fn look_at(&mut self, at_ns: u64) -> u64 {
        at(self.looks_ns(), at_ns)
    }

    fn missing_before(&self) -> Option<String> {
        None
    }

    fn go(&mut self, at_ns: u64, enough: &mut dyn FnMut() -> bool) -> Result<Reached, String> {
        let look = self.looks_ns().partition_point(|&look| look <= at_ns).saturating_sub(1);
        let (look, scene) = Self::go(self, look, enough).map_err(|error| error.to_string())?;
        let at_ns = self.looks_ns().get(look).copied().unwrap_or(scene.at_ns);
        Ok(Reached { at_ns, scene })
    }
}

/// The last of rising times before an instant; the first one where there is none.
pub(super) fn before(looks: &[u64], at_ns: u64) -> u64 {
    let count = looks.partition_point(|&look| look < at_ns);
    looks.get(count.saturating_sub(1)).copied().unwrap_or_default()
}

/// The first of rising times after an instant; the last one where there is none.
pub(super) fn after(looks: &[u64], at_ns: u64) -> u64 {
    let count = looks.partition_point(|&look| look <= at_ns);
    looks.get(count).or(looks.last()).copied().unwrap_or_default()
}

/// The last of rising times at an instant or before it; the first one where there is none.
pub(super) fn at(looks: &[u64], at_ns: u64) -> u64 {
    let count = looks.partition_point(|&look| look <= at_ns);
    looks.get(count.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_beside_an_instant_stay_within_those_there_are() {
        let looks = [10, 20, 20, 30];
        assert_eq!([0, 10, 11, 20, 21, 30, 99].map(|ns| before(&looks, ns)), [10, 10, 10, 10, 20, 20, 30]);
        assert_eq!([0, 10, 19, 20, 30, 99].map(|ns| after(&looks, ns)), [10, 20, 20, 30, 30, 30]);
        assert_eq!([0, 10, 19, 20, 29, 99].map(|ns| at(&looks, ns)), [10, 10, 10, 20, 20, 30]);
        assert_eq!((before(&[], 5), after(&[], 5), at(&[], 5)), (0, 0, 0));
    }
}
