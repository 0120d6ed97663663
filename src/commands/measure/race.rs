//! Candidates of `tftop tune`, what they came to so far, and the answer. Starts nothing.

use crate::commands::measure::candidate::CandidateCaps;
use crate::commands::measure::rounds::levelled;
use crate::commands::measure::trials::{label, start_line};
use crate::data::limits::{CapKind, Caps};
use crate::launch::shell;
use crate::output;
use crate::present::format::page::Page;
use crate::runs::comparison::compare;
use crate::runs::comparison::types::{ComparedSide, Comparison, Ranking, SideFigures};
use crate::runs::stats::run_stats::GroupStats;

/// CPUs wanted from which on a library's pool works.
const WORKS_CPUS: f64 = 0.05;

/// All candidates.
pub(super) struct Race {
    /// The first is the one without caps.
    pub(super) candidates: Vec<CandidateCaps>,
    /// Whether these are turns, of which those of one round are compared with one another.
    takes_turns: bool,
}

impl Race {
    /// Of runs, with the command as it is.
    pub(super) fn new() -> Self {
        Self { candidates: vec![CandidateCaps::of(Caps::default())], takes_turns: false }
    }

    /// Of turns.
    pub(super) fn of_turns() -> Self {
        Self { takes_turns: true, ..Self::new() }
    }

    /// One more, unless it is there.
    pub(super) fn add(&mut self, caps: Caps) {
        if self.candidates.iter().all(|candidate| candidate.caps != caps) {
            self.candidates.push(CandidateCaps::of(caps));
        }
    }

    /// How many are still in.
    pub(super) fn left(&self) -> usize {
        self.candidates.iter().filter(|candidate| !candidate.out).count()
    }

    /// Whether nobody is left but one candidate and the command without caps.
    pub(super) fn is_between_two(&self) -> bool {
        self.left() == 2 && self.candidates.first().is_some_and(|without| !without.out)
    }

    /// The fastest so far; none where nothing can be ranked.
    pub(super) fn fastest(&self) -> Option<&CandidateCaps> {
        let comparison = self.comparison();
        let side = comparison.sides.iter().find(|side| side.standing == Ranking::Fastest)?;
        self.measured().find(|candidate| label(&candidate.caps) == side.label)
    }

    /// Those that are shown to be slower than the fastest are out. Of turns the command without caps stays in, because the answer
    /// is about it, and who looks after every round whether it is slower sees that sooner or later.
    pub(super) fn drop_losers(&mut self) {
        let slower = slower(&self.comparison());
        for candidate in &mut self.candidates {
            let stays = self.takes_turns && candidate.caps.is_empty();
            candidate.out |= !stays && slower.contains(&label(&candidate.caps));
        }
    }

    /// Those that have been measured.
    pub(super) fn measured(&self) -> impl Iterator<Item = &CandidateCaps> {
        self.candidates.iter().filter(|candidate| !candidate.runs.is_empty())
    }

    fn comparison(&self) -> Comparison {
        let runs = match self.takes_turns {
            true => levelled(&self.candidates),
            false => self.candidates.iter().map(|it| it.runs.clone()).collect(),
        };
        let measured = self.candidates.iter().zip(runs).filter(|(_, runs)| !runs.is_empty());
        let sides: Vec<ComparedSide> = measured
            .map(|(it, runs)| ComparedSide {
                turns_from: self.takes_turns.then_some(it.first_round),
                ..ComparedSide::new(label(&it.caps), runs)
            })
            .collect();
        compare(&sides)
    }

    /// The table, the winner or why there is none, and the line that starts it: caps are worth a line only where the
    /// command without any is shown to be slower.
    pub(super) fn answer(
        &self,
        command: &[String],
        (how, measured_in): (&str, &'static str),
        mut notes: Vec<String>,
        page: Page,
    ) -> String {
        let comparison = self.comparison();
        let heading = [format!("tune: {}", shell::shown(command)), how.to_owned()];
        let without = label(&Caps::default());
        let better = slower(&comparison).contains(&without);
        let alike = |side: &SideFigures| {
            side.label == without && matches!(side.standing, Ranking::NoDifference { .. } | Ranking::Fastest)
        };
        let fastest = self.fastest().map(|fastest| fastest.caps).filter(|caps| !caps.is_empty());
        if comparison.sides.iter().any(alike) && fastest.is_some() {
            notes.insert(0, "none of these caps is shown to be faster than no caps: keep it as it is".to_owned());
        }
        let start = fastest.filter(|_| better).map(|caps| start_line(&caps, command));
        let report = output::SweepReport {
            heading: &heading,
            measured_in,
            comparison: &comparison,
            notes: &notes,
            start: start.as_deref(),
        };
        output::sweep(&report, page)
    }
}

fn slower(comparison: &Comparison) -> Vec<String> {
    let slower = |side: &&SideFigures| matches!(side.standing, Ranking::Slower { .. });
    comparison.sides.iter().filter(slower).map(|side| side.label.clone()).collect()
}

/// What is tried beside no caps: what was advised, pools of one thread a CPU, and of one.
pub(super) fn candidates(advised: Option<Caps>, cpus: u32) -> Vec<Caps> {
    let pools = |intra: u32, inter: u32| Caps::of([(CapKind::Intra, intra), (CapKind::Inter, inter)]);
    let advised = advised.filter(|caps| !caps.is_empty());
    let pairs = [(cpus, cpus), (1, cpus), (cpus, 1), (1, 1)];
    advised.into_iter().chain(pairs.into_iter().map(|(intra, inter)| pools(intra, inter))).collect()
}

/// The same caps with a team of one for each library whose pool works.
pub(super) fn with_single_libraries<'a>(caps: Caps, groups: impl Iterator<Item = &'a GroupStats> + Clone) -> Vec<Caps> {
    let works = |kind: &CapKind| {
        let mut of_it = groups.clone().filter(|group| *group.key.origin == *kind.row().origin);
        of_it.any(|group| group.demand.wanted >= WORKS_CPUS)
    };
    let single = |kind: CapKind| {
        let mut caps = caps;
        *caps.get_mut(kind) = Some(1);
        caps
    };
    [CapKind::Omp, CapKind::Blas].into_iter().filter(works).map(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::origin;
    use crate::data::scene::{Demand, GroupKey};
    use crate::runs::stats::run_stats::{Neighbours, RunStats, UsedMarks};
    use crate::runs::stats::spread::Spread;
    use crate::runs::stats::step_times::StepTimes;

    fn turn(ms: f64) -> RunStats {
        let steps = StepTimes { count: 50, mean_ms: ms, median_ms: ms, ..StepTimes::default() };
        let neighbours = Spread::of([0.0]).map(|cpus| Neighbours { cpus, of: 2, allowed_cpus: cpus, of_allowed: 2 });
        RunStats { steps: Some(steps), marks: Some(UsedMarks::default()), neighbours, ..RunStats::default() }
    }

    fn race(all: &[(Caps, [f64; 3])]) -> Race {
        let candidates =
            all.iter().map(|(caps, ms)| CandidateCaps { runs: ms.map(turn).to_vec(), ..CandidateCaps::of(*caps) });
        Race { candidates: candidates.collect(), takes_turns: false }
    }

    #[test]
    fn what_was_advised_is_tried_first_and_nothing_twice() {
        let advised = Caps::of([(CapKind::Intra, 2), (CapKind::Data, 2)]);
        let all: Vec<String> = candidates(Some(advised), 4).iter().map(label).collect();
        assert_eq!(all, ["intra=2 data=2", "intra=4 inter=4", "intra=1 inter=4", "intra=4 inter=1", "intra=1 inter=1"]);
        assert_eq!(candidates(Some(Caps::default()), 4), candidates(None, 4));
    }

    #[test]
    fn a_library_that_works_is_tried_with_a_team_of_one() {
        let group = |origin: &str, wanted| GroupStats {
            key: GroupKey { origin: origin.into(), ..GroupKey::default() },
            demand: Demand::new(wanted, 0.0),
            ..GroupStats::default()
        };
        let groups = [group(origin::OPENBLAS, 0.9), group(origin::OPENMP, 0.01)];
        let intra = Caps::of([(CapKind::Intra, 2)]);
        assert_eq!(with_single_libraries(intra, groups.iter()), [Caps::of([(CapKind::Intra, 2), (CapKind::Blas, 1)])]);
    }

    #[test]
    fn caps_that_are_not_shown_to_beat_no_caps_get_no_line() {
        let (none, one) = (Caps::default(), Caps::of([(CapKind::Intra, 1)]));
        let command = ["python".to_owned(), "train.py".to_owned()];
        let answer = |none_ms, one_ms| {
            race(&[(none, none_ms), (one, one_ms)]).answer(&command, ("", "TURNS"), Vec::new(), Page::default())
        };
        let won = answer([10.0, 10.1, 10.2], [5.0, 5.1, 5.2]);
        assert!(won.contains("tftop run --intra 1 -- python train.py"), "{won}");
        let close = answer([10.0, 10.1, 10.2], [9.9, 10.1, 10.0]);
        assert!(close.contains("keep it as it is") && !close.contains("tftop run"), "{close}");
        let best_as_it_is = answer([5.0, 5.1, 5.2], [10.0, 10.1, 10.2]);
        assert!(best_as_it_is.contains("best: no caps") && !best_as_it_is.contains("tftop run"), "{best_as_it_is}");
    }

    #[test]
    fn losers_drop_out_and_what_is_close_stays() {
        let caps = |intra| Caps::of([(CapKind::Intra, intra)]);
        let mut race =
            race(&[(Caps::default(), [10.0, 10.1, 10.2]), (caps(1), [5.0, 5.1, 5.2]), (caps(2), [5.0, 5.2, 5.1])]);
        race.drop_losers();
        assert_eq!(race.candidates.iter().map(|it| it.out).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(race.left(), 2);
    }
}
