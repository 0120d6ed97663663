//! The cut-offs: when demand against capacity is called what. All of them stand here, each with its source.

use crate::data::scene::{Pressure, Verdict};

/// Seconds a judgement rests on. Wait time is credited when a thread next runs, so short windows err: up to 13 % at 1 s,
/// under 1 % at 2 s (measured with 1 to 32 spinning threads on 2 CPUs); 10 s for anything that accuses.
pub const JUDGED_S: f64 = 10.0;
/// A condition holds when this many of the last [`EVALUATIONS`] judgements agree.
const AGREEING: usize = 2;
/// Judgements that are remembered, a second apart at least.
const EVALUATIONS: usize = 3;
/// Entered at a cut-off, left only below this share of it.
const LEAVE_SHARE: f64 = 0.9;
/// Intel VTune calls a CPU utilisation above 115 % of the target "over".
pub const NOTICE_SATURATION: f64 = 1.15;
/// Ours: half as many runnable threads again as CPUs.
pub const OVER_SATURATION: f64 = 1.5;
/// Ours: at least one whole CPU too much, so that 2 threads on 1 CPU do not count on a large machine.
pub const OVER_SELF_EXCESS: f64 = 1.0;
/// Ours: a quarter of the wanted time is waiting.
const OVER_WAIT_SHARE: f64 = 0.25;
/// Ours: twice as many runnable threads as CPUs.
pub const SEVERE_SATURATION: f64 = 2.0;
/// Ours: half of the wanted time is waiting.
const SEVERE_WAIT_SHARE: f64 = 0.5;
/// runqslower(8) reports run-queue waits above 10 ms.
const SEVERE_WAIT_MS: f64 = 10.0;
/// The Kubernetes mixin's CPUThrottlingHigh alert: 25 % of periods.
pub const THROTTLED_SHARE: f64 = 0.25;
/// Ours: under this share of throttled periods the quota is not what takes CPUs away.
pub const NOT_THROTTLED_SHARE: f64 = 0.05;
/// Ours: a quarter of what one could use did not come.
const STARVED_SHARE: f64 = 0.25;
/// Ours: CPUs below which a loss is nothing to care about, however large its share,
const STARVED_CPUS: f64 = 0.25;
/// and CPUs from which on it is, however many there are.
const STARVED_CPUS_SURELY: f64 = 0.5;
/// Ours: of the CPUs that did not come, the share others must have used to be why.
const TAKEN_SHARE: f64 = 0.5;
/// Ours: half of the CPUs idle while pools are larger than what runs.
pub const UNDER_SHARE: f64 = 0.5;
/// Ours: under half a CPU a target is idle, not undersubscribed.
const AT_WORK_CPUS: f64 = 0.5;

/// What a judgement rests on beside the pressure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VerdictInput {
    /// Whether a quota is below what affinity allows.
    pub quota_binds: bool,
    /// Whether an allowed CPU is crowded with our threads while another idles.
    pub crowded: bool,
    /// Whether others used the CPUs that did not come.
    pub taken: bool,
    /// Threads of the largest compute pool that no limit explains: what could run at once if there were work.
    pub largest_pool: u32,
    /// CPUs wanted (N) and effective (C).
    pub wanted: f64,
    /// Effective CPUs (C).
    pub effective_cpus: f64,
}

/// The first condition whose cut-offs are passed; those of `current` count at [`LEAVE_SHARE`] of their value.
pub fn condition(pressure: &Pressure, at: &VerdictInput, current: Verdict) -> Verdict {
    use Verdict::{Misplaced, Notice, Oversubscribed, Severe, Starved, Throttled, Undersubscribed};
    let order = [Throttled, Severe, Oversubscribed, Starved, Misplaced, Notice, Undersubscribed];
    let holds = |condition: &Verdict| {
        let ease = if *condition == current { LEAVE_SHARE } else { 1.0 };
        passes(*condition, pressure, at, ease)
    };
    order.into_iter().find(holds).unwrap_or(Verdict::Healthy)
}

fn passes(condition: Verdict, p: &Pressure, at: &VerdictInput, ease: f64) -> bool {
    let throttled = p.throttled_share.unwrap_or(0.0);
    let entitled = at.wanted.min(at.effective_cpus);
    match condition {
        Verdict::Throttled => at.quota_binds && throttled > THROTTLED_SHARE * ease,
        Verdict::Severe => {
            p.saturation > SEVERE_SATURATION * ease
                && p.wait_share > SEVERE_WAIT_SHARE * ease
                && p.wait_ms_per_slice > SEVERE_WAIT_MS * ease
        }
        Verdict::Oversubscribed => {
            p.saturation > OVER_SATURATION * ease
                && p.self_excess >= OVER_SELF_EXCESS * ease
                && p.wait_share > OVER_WAIT_SHARE * ease
        }
        Verdict::Starved => {
            p.saturation <= NOTICE_SATURATION / ease
                && throttled < NOT_THROTTLED_SHARE
                && !at.crowded
                && at.taken
                && is_loss(p.external, entitled, at.effective_cpus, ease)
        }
        Verdict::Misplaced => at.crowded,
        Verdict::Notice => p.saturation > NOTICE_SATURATION * ease,
        Verdict::Undersubscribed => {
            at.wanted >= AT_WORK_CPUS
                && at.wanted < UNDER_SHARE * at.effective_cpus / ease
                && f64::from(at.largest_pool) > at.wanted + 1.0
        }
        Verdict::TooSoon | Verdict::Stopped | Verdict::Slower | Verdict::Healthy => false,
    }
}

/// Whether CPUs that did not come are a loss, of those a target could use: minding it begins at `ease` of the cut-offs. What
/// a server lacks that wants little of many CPUs is none.
pub fn is_loss(missing: f64, entitled: f64, effective_cpus: f64, ease: f64) -> bool {
    let of_cpus = (STARVED_SHARE * effective_cpus).clamp(STARVED_CPUS, STARVED_CPUS_SURELY);
    missing >= of_cpus.max(STARVED_SHARE * entitled) * ease
}

/// Whether others account for CPUs that did not come: they used that many, and fewer were left idle. Where CPUs idle, demand
/// that comes in bursts waits for itself.
pub fn is_taken(missing: f64, others: f64, idle: f64) -> bool {
    others >= TAKEN_SHARE * missing && idle < missing
}

/// Remembers the last judgements, so that one odd window changes nothing.
#[derive(Clone, Debug)]
pub struct LevelMemory {
    agreeing: usize,
    recent: Vec<Verdict>,
    current: Verdict,
}

impl LevelMemory {
    /// Of windows that slide; `whole` means that every judgement covers all that was watched, so the newest counts.
    pub fn new(whole: bool) -> Self {
        let agreeing = if whole { 1 } else { AGREEING };
        Self { agreeing, recent: Vec::new(), current: Verdict::TooSoon }
    }

    /// The condition after one more judgement, about a second after the last.
    pub fn judge(&mut self, pressure: &Pressure, circumstances: &VerdictInput) -> Verdict {
        let seen = condition(pressure, circumstances, self.current);
        self.recent.push(seen);
        let surplus = self.recent.len().saturating_sub(EVALUATIONS);
        self.recent.drain(..surplus);
        let agreeing = self.recent.iter().filter(|&&recent| recent == seen).count();
        let accuses = seen != Verdict::Healthy;
        if agreeing >= self.agreeing || (self.current == Verdict::TooSoon && !accuses) {
            self.current = seen;
        }
        self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressure(wanted: f64, got: f64, cpus: f64) -> (Pressure, VerdictInput) {
        let p = Pressure {
            saturation: wanted / cpus,
            wait_share: (wanted - got) / wanted,
            wait_ms_per_slice: 12.0,
            self_excess: (wanted - cpus).max(0.0),
            external: (wanted.min(cpus) - got).max(0.0),
            throttled_share: None,
        };
        (p, VerdictInput { wanted, effective_cpus: cpus, largest_pool: 4, taken: true, ..VerdictInput::default() })
    }

    fn seen(wanted: f64, got: f64, cpus: f64) -> Verdict {
        let (p, at) = pressure(wanted, got, cpus);
        condition(&p, &at, Verdict::TooSoon)
    }

    #[test]
    fn each_level_is_entered_at_its_cut_off() {
        assert_eq!(seen(2.2, 2.0, 2.0), Verdict::Healthy);
        assert_eq!(seen(2.4, 2.0, 2.0), Verdict::Notice);
        assert_eq!(seen(3.6, 2.0, 2.0), Verdict::Oversubscribed);
        assert_eq!(seen(8.0, 2.0, 2.0), Verdict::Severe);
        assert_eq!(seen(2.0, 1.2, 2.0), Verdict::Starved);
        assert_eq!(seen(0.6, 0.6, 2.0), Verdict::Undersubscribed);
    }

    #[test]
    fn a_single_waiting_thread_accuses_nobody_of_oversubscription() {
        assert_eq!(seen(1.0, 0.18, 2.0), Verdict::Starved);
    }

    #[test]
    fn starved_is_a_loss_of_a_quarter_of_its_cpus_that_others_took() {
        assert_eq!(seen(0.25, 0.01, 1.0), Verdict::Healthy, "a quarter CPU at least");
        assert_eq!(seen(0.3, 0.04, 1.0), Verdict::Starved);
        assert_ne!(seen(0.66, 0.2, 2.0), Verdict::Starved, "a server that wants little");
        assert_eq!(seen(0.8, 0.29, 2.0), Verdict::Starved);
        assert_eq!(seen(1.0, 0.49, 16.0), Verdict::Starved, "half a CPU is a loss on any machine");
        assert_eq!(seen(16.0, 13.0, 16.0), Verdict::Healthy, "less than a quarter");
        let (p, at) = pressure(1.0, 0.3, 2.0);
        assert_eq!(condition(&p, &VerdictInput { taken: false, ..at }, Verdict::TooSoon), Verdict::Healthy);
        assert!(is_taken(0.7, 1.7, 0.0) && !is_taken(0.7, 0.2, 0.0) && !is_taken(0.7, 0.5, 1.2));
    }

    #[test]
    fn a_small_excess_on_one_cpu_is_only_a_notice() {
        assert_eq!(seen(1.8, 1.0, 1.0), Verdict::Notice);
    }

    #[test]
    fn throttling_comes_first() {
        let (mut p, mut at) = pressure(8.0, 1.0, 1.0);
        p.throttled_share = Some(0.8);
        assert_eq!(condition(&p, &at, Verdict::TooSoon), Verdict::Severe, "the quota does not bind");
        at.quota_binds = true;
        assert_eq!(condition(&p, &at, Verdict::TooSoon), Verdict::Throttled);
    }

    #[test]
    fn a_level_is_left_only_clearly_below_its_cut_off() {
        let (p, at) = pressure(2.2, 2.0, 2.0);
        assert_eq!(condition(&p, &at, Verdict::Notice), Verdict::Notice);
        assert_eq!(condition(&p, &at, Verdict::Healthy), Verdict::Healthy);
    }

    #[test]
    fn the_first_window_may_clear_but_not_accuse() {
        let (wild, wild_at) = pressure(8.0, 2.0, 2.0);
        let mut judge = LevelMemory::new(false);
        assert_eq!(judge.judge(&wild, &wild_at), Verdict::TooSoon);
        assert_eq!(judge.judge(&wild, &wild_at), Verdict::Severe);
        assert_eq!(LevelMemory::new(true).judge(&wild, &wild_at), Verdict::Severe, "all there is");
    }

    #[test]
    fn a_target_that_hardly_runs_is_healthy_whatever_its_pools() {
        assert_eq!(seen(0.1, 0.1, 2.0), Verdict::Healthy);
    }

    #[test]
    fn one_odd_window_changes_nothing() {
        let mut judge = LevelMemory::new(false);
        let (calm, calm_at) = pressure(1.9, 1.9, 2.0);
        let (wild, wild_at) = pressure(8.0, 2.0, 2.0);
        assert_eq!(judge.judge(&calm, &calm_at), Verdict::Healthy);
        assert_eq!(judge.judge(&wild, &wild_at), Verdict::Healthy);
        assert_eq!(judge.judge(&wild, &wild_at), Verdict::Severe);
        assert_eq!(judge.judge(&calm, &calm_at), Verdict::Severe);
        assert_eq!(judge.judge(&calm, &calm_at), Verdict::Healthy);
    }
}
