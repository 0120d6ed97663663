//! Processes as OpenMetrics 1.0 (`tftop serve`, `tftop run --listen`), by process and origin, never by thread; and as Prometheus's
//! older text format, which node_exporter reads. What is not known has no series.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::data::job::Job;
use crate::data::sample::CounterSource;
use crate::data::scene::{Group, LoopSteps, STEP_BOUNDS_S, Scene, Verdict};
use crate::present::block::job::job_of;
use crate::present::format::text::command_of_many;

/// What every name begins with.
const PREFIX: &str = "tftop";
/// Characters of a command line.
const COMMAND: u16 = 80;
/// Verdicts that are series of their own: the one that holds is 1, the others are 0.
const VERDICTS: [Verdict; 11] = [
    Verdict::TooSoon,
    Verdict::Stopped,
    Verdict::Slower,
    Verdict::Throttled,
    Verdict::Severe,
    Verdict::Oversubscribed,
    Verdict::Starved,
    Verdict::Misplaced,
    Verdict::Notice,
    Verdict::Undersubscribed,
    Verdict::Healthy,
];

/// How it goes with looking at them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LookTotals {
    /// Looks at all processes so far.
    pub looks: u64,
    /// CPU seconds that tftop itself has used.
    pub cpu_s: f64,
    /// When the newest was taken, in seconds since 1970; none before the first.
    pub newest_unix_s: Option<f64>,
}

/// The processes of one look as OpenMetrics, with its last line. With the name of a run, every series has it as its label `run`.
pub fn open_metrics(
    scenes: &[Arc<Scene>],
    jobs: &[Job],
    own: LookTotals,
    run: Option<&str>,
) -> Result<String, fmt::Error> {
    let run = run.map(|run| (Cow::Borrowed("run"), Cow::Owned(run.to_owned())));
    let mut registry = Registry::with_prefix_and_labels(PREFIX, run.into_iter());
    registry.register_collector(Box::new(Processes { scenes: scenes.to_vec(), jobs: jobs.to_vec(), own }));
    let mut page = String::new();
    text::encode(&mut page, &registry)?;
    Ok(page)
}

/// The same in Prometheus's text format 0.0.4: counters are typed by their whole name, and no type is unknown to it.
pub fn text_format(open_metrics: &str) -> String {
    let mut counters: Vec<&str> = Vec::new();
    let mut infos: Vec<&str> = Vec::new();
    for line in open_metrics.lines() {
        match line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            Some((name, "counter")) => counters.push(name),
            Some((name, "info")) => infos.push(name),
            _ => {}
        }
    }
    let whole = |name: &str| match (counters.contains(&name), infos.contains(&name)) {
        (true, _) => format!("{name}_total"),
        (_, true) => format!("{name}_info"),
        _ => name.to_owned(),
    };
    let mut page = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let mut words = line.splitn(4, ' ');
        let line = match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("EOF" | "UNIT"), ..) => continue,
            (Some("#"), Some("TYPE"), Some(name), Some("info")) => format!("# TYPE {} gauge", whole(name)),
            (Some("#"), Some(kind), Some(name), Some(rest)) => format!("# {kind} {} {rest}", whole(name)),
            _ => line.to_owned(),
        };
        page += &line;
        page.push('\n');
    }
    page
}

type Labels = Vec<(&'static str, String)>;

/// Everything of one look.
#[derive(Debug)]
struct Processes {
    scenes: Vec<Arc<Scene>>,
    jobs: Vec<Job>,
    own: LookTotals,
}

impl Collector for Processes {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let page = &mut encoder;
        self.info(page)?;
        let cpus = "CPUs that the process may use, and the bound that binds";
        self.gauge(page, "effective_cpus", cpus, |scene, put| {
            let binding = scene.capacity.binding_term().map_or("none", |term| term.kind.word());
            put(vec![("binding", binding.to_owned())], scene.capacity.effective_cpus)
        })?;
        let share = "An equal part of its job's CPUs on this machine, of a rank that is not alone here";
        self.gauge(page, "share_cpus", share, |scene, put| {
            job_of(&scene.target, &self.jobs).map_or(Ok(()), |job| put(vec![], job.share))
        })?;
        let estimated = "1 where the kernel keeps no schedstat: waiting is estimated from threads seen runnable";
        self.gauge(page, "estimated", estimated, |scene, put| {
            put(vec![], f64::from(u8::from(scene.source == CounterSource::StatTicks)))
        })?;
        self.groups(page, "threads", "Threads by origin", |group| Some(f64::from(group.threads)))?;
        self.groups(page, "awake_threads", "Mean threads that ran within a look's interval", |group| group.awake)?;
        self.counter(page, "cpu_seconds", "CPU seconds by origin since tftop watches the process", |group| {
            Some(group.total_run_s)
        })?;
        let born = "Threads that started since tftop watches the process; those that lived between two looks are missing \
                    without exit records";
        self.counter(page, "thread_births", born, |group| Some(group.born as f64))?;
        self.counter(page, "thread_deaths", "Threads that ended since tftop watches the process", |group| {
            Some(group.died as f64)
        })?;
        let waited = "Seconds that threads were ready and waited for a CPU, since tftop watches the process";
        self.counter(page, "runqueue_wait_seconds", waited, |group| {
            (!group.waits_uncounted).then_some(group.total_wait_s)
        })?;
        let limit = "Threads that the limit which counts allows a group in one process, and what sets it";
        self.gauge(page, "limit_threads", limit, |scene, put| {
            scene.groups.iter().try_for_each(|group| match group.limits.effective() {
                Some(limit) => {
                    let source = ("source", limit.source.text().to_owned());
                    put(of_group(group).into_iter().chain([source]).collect(), f64::from(limit.value))
                }
                None => Ok(()),
            })
        })?;
        self.judged(page)?;
        self.steps(page)?;
        self.itself(page)
    }
}

/// Puts one series into a metric: its labels beside those of the process, and its value.
type Put<'a> = &'a mut dyn FnMut(Labels, f64) -> fmt::Result;

impl Processes {
    fn gauge(
        &self,
        page: &mut DescriptorEncoder,
        name: &str,
        help: &str,
        series: impl Fn(&Scene, Put<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let mut metric = page.encode_descriptor(name, help, None, MetricType::Gauge)?;
        self.scenes.iter().try_for_each(|scene| {
            series(scene, &mut |labels, value| put(&mut metric, of_process(scene, labels), &value))
        })
    }

    fn groups(
        &self,
        page: &mut DescriptorEncoder,
        name: &str,
        help: &str,
        value: impl Fn(&Group) -> Option<f64>,
    ) -> fmt::Result {
        self.gauge(page, name, help, |scene, put| {
            let known = scene.groups.iter().filter_map(|group| Some((group, value(group)?)));
            known.into_iter().try_for_each(|(group, value)| put(of_group(group), value))
        })
    }

    fn counter(
        &self,
        page: &mut DescriptorEncoder,
        name: &str,
        help: &str,
        value: impl Fn(&Group) -> Option<f64>,
    ) -> fmt::Result {
        let mut metric = page.encode_descriptor(name, help, None, MetricType::Counter)?;
        for scene in &self.scenes {
            for (group, value) in scene.groups.iter().filter_map(|group| Some((group, value(group)?))) {
                let labels = of_process(scene, of_group(group));
                metric.encode_family(&labels)?.encode_counter::<NoLabelSet, f64, f64>(&value, None)?;
            }
        }
        Ok(())
    }

    fn info(&self, page: &mut DescriptorEncoder) -> fmt::Result {
        let mut metric = page.encode_descriptor("process", "A process that is watched", None, MetricType::Info)?;
        self.scenes.iter().try_for_each(|scene| {
            let target = &scene.target;
            let framework = target.framework();
            let version = framework.as_ref().and_then(|found| found.version.as_deref());
            let (rank, container) = (target.rank.as_ref(), target.container.as_ref());
            metric.encode_info(&of_process(
                scene,
                vec![
                    ("command", command_of_many(&target.command, COMMAND)),
                    ("user", target.user.as_deref().unwrap_or_default().to_owned()),
                    ("framework", framework.as_ref().map_or("", |found| found.framework.name()).to_owned()),
                    ("version", version.unwrap_or_default().to_owned()),
                    ("python", target.python.as_deref().unwrap_or_default().to_owned()),
                    ("launcher", rank.map_or("", |rank| rank.launcher.name()).to_owned()),
                    ("job", rank.and_then(|rank| rank.job.as_deref()).unwrap_or_default().to_owned()),
                    ("rank", rank.map_or(String::new(), |rank| rank.rank.to_string())),
                    ("container", container.map_or("", |found| found.id.as_str()).to_owned()),
                    ("pod", container.and_then(|found| found.pod.as_deref()).unwrap_or_default().to_owned()),
                ],
            ))
        })
    }

    /// What the verdict rests on, over its last ten seconds.
    fn judged(&self, page: &mut DescriptorEncoder) -> fmt::Result {
        let saturation = "CPUs wanted, as a share of those it may use";
        self.gauge(page, "saturation", saturation, |scene, put| {
            scene.headline.pressure.map_or(Ok(()), |pressure| put(vec![], pressure.saturation))
        })?;
        let excess = "CPUs wanted beyond those it may use: its own threads are too many";
        self.gauge(page, "self_excess_cpus", excess, |scene, put| {
            scene.headline.pressure.map_or(Ok(()), |pressure| put(vec![], pressure.self_excess))
        })?;
        let external = "CPUs it was entitled to and did not get";
        self.gauge(page, "external_cpus", external, |scene, put| {
            scene.headline.pressure.map_or(Ok(()), |pressure| put(vec![], pressure.external))
        })?;
        let throttled = "Share of the periods in which its CPU quota ran out";
        self.gauge(page, "throttled_share", throttled, |scene, put| {
            let share = scene.headline.pressure.and_then(|pressure| pressure.throttled_share);
            share.map_or(Ok(()), |share| put(vec![], share))
        })?;
        self.gauge(page, "verdict", "1 for the verdict that holds, 0 for the others", |scene, put| {
            VERDICTS.into_iter().try_for_each(|verdict| {
                let holds = scene.headline.condition == verdict;
                put(vec![("verdict", verdict.word().replace(' ', "_"))], f64::from(u8::from(holds)))
            })
        })?;
        self.gauge(page, "cause_found", "1 for each cause that was found, with its level", |scene, put| {
            scene.judgements.iter().try_for_each(|judgement| match judgement.finding() {
                Some(finding) => {
                    let level = finding.level.word().to_owned();
                    put(vec![("cause", judgement.code.to_owned()), ("level", level)], 1.0)
                }
                None => Ok(()),
            })
        })
    }

    /// Steps that a run marked, by loop. Nothing of them is known of a process that tftop did not start.
    fn steps(&self, page: &mut DescriptorEncoder) -> fmt::Result {
        let loops = || {
            self.scenes.iter().flat_map(|scene| {
                let launch = scene.launch.iter();
                launch.flat_map(|launch| &launch.steps.loops).map(|it| (of_process(scene, of_loop(it)), it))
            })
        };
        if loops().next().is_none() {
            return Ok(());
        }
        let about = "Time of a training step, by loop; its count is that of the steps";
        let mut times = page.encode_descriptor("step_seconds", about, None, MetricType::Histogram)?;
        for (labels, it) in loops() {
            let bounds = STEP_BOUNDS_S.into_iter().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = bounds.zip(it.bins).collect();
            let count = it.bins.iter().fold(0, |sum: u64, bin| sum.saturating_add(*bin));
            times.encode_family(&labels)?.encode_histogram::<NoLabelSet>(it.seconds, count, &buckets, None)?;
        }
        let about = "Marks of steps that are known to be missing, by loop: there were more steps";
        let mut lost = page.encode_descriptor("step_marks_lost", about, None, MetricType::Counter)?;
        for (labels, it) in loops() {
            lost.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, f64>(&it.lost, None)?;
        }
        Ok(())
    }

    /// What looking costs.
    fn itself(&self, page: &mut DescriptorEncoder) -> fmt::Result {
        let mut build = page.encode_descriptor("build", "This tftop", None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        let mut looks = page.encode_descriptor("looks", "Looks at all processes", None, MetricType::Counter)?;
        looks.encode_counter::<NoLabelSet, u64, f64>(&self.own.looks, None)?;
        let about = "CPU seconds that tftop itself used";
        let mut cost = page.encode_descriptor("own_cpu_seconds", about, None, MetricType::Counter)?;
        cost.encode_counter::<NoLabelSet, f64, f64>(&self.own.cpu_s, None)?;
        let Some(newest) = self.own.newest_unix_s else { return Ok(()) };
        let about = "When the newest look was taken, in seconds since 1970";
        page.encode_descriptor("last_look_timestamp_seconds", about, None, MetricType::Gauge)?.encode_gauge(&newest)
    }
}

fn put(metric: &mut MetricEncoder<'_>, labels: Labels, value: &impl EncodeGaugeValue) -> fmt::Result {
    metric.encode_family(&labels)?.encode_gauge(value)
}

/// The labels of a process: its pid may be used again, the pid and when it started never together.
fn of_process(scene: &Scene, labels: Labels) -> Labels {
    let target = &scene.target;
    let process = [("pid", target.pid.to_string()), ("started", target.started_unix_s.to_string())];
    process.into_iter().chain(labels).collect()
}

fn of_group(group: &Group) -> Labels {
    let library = group.key.library.as_deref().unwrap_or_default().to_owned();
    vec![("origin", group.key.origin.to_string()), ("library", library)]
}

/// The process by its own numbering: a run may have several with the same loop.
fn of_loop(it: &LoopSteps) -> Labels {
    let at = it.name.as_deref().or(it.at.as_deref()).unwrap_or_default();
    vec![("source", it.source.word().to_owned()), ("loop", at.to_owned()), ("loop_pid", it.pid.to_string())]
}
