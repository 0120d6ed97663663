//! Stacks as text: what each group's threads do, then the stacks, those of busy threads first; of idle threads one line.

use std::collections::BTreeMap;

use crate::data::sample::{Frame, FrameMethod, PythonFrame, Stack, StackEnd, StackMethod, Stacks, ThreadState};
use crate::data::scene::{Scene, Thread};
use crate::data::{Text, Tid};
use crate::model::activity::function_table::FunctionKind;
use crate::model::activity::meaning::{MeaningCache, StackActivity, StackMeaning};
use crate::model::activity::symbol;
use crate::output::stack::why;
use crate::present::format::page::{Page, PageRow, rows};
use crate::present::format::{MISSING_ASCII, count, duration, milliseconds};
use crate::present::line::Role;
use crate::present::section::gaps;

/// Longest name of a function, and columns beside it that stay free for its number and its library.
const LONGEST_NAME: usize = 90;
const BESIDE_NAME: usize = 9;

/// What becomes of threads that have nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleThreads<'a> {
    /// Their stacks are shown as all others.
    Shown,
    /// They are counted in one line; and what shows their stacks. A thread that is alone is shown.
    Folded(&'a str),
}

/// What each group's threads do, and their stacks; threads whose stacks are alike are shown together.
pub fn text(scene: &Scene, stacks: &Stacks, page: Page, idle: IdleThreads<'_>) -> String {
    let mut sections = vec![vec![title(scene, stacks.pid)]];
    add(&mut sections, scene, stacks, (page, idle));
    page.print(sections)
}

/// The same of stacks that were taken before the moment of a scene: how long before in seconds, and they, the newest first.
pub fn past_text(scene: &Scene, past: &[(f64, Stacks)], page: Page, idle: IdleThreads<'_>) -> String {
    let mut sections = vec![vec![title(scene, scene.target.pid)]];
    for (number, (age_s, stacks)) in past.iter().enumerate() {
        let before = PageRow::text(taken_before(*age_s));
        match sections.last_mut().filter(|_| number == 0) {
            Some(first) => first.push(before),
            None => sections.push(vec![before]),
        }
        add(&mut sections, scene, stacks, (page, idle));
    }
    page.print(sections)
}

fn title(scene: &Scene, pid: crate::data::Pid) -> PageRow {
    PageRow::heading(format!("Stacks of process {pid}: {}", Text::from(scene.target.command.as_str())))
}

/// Adds how they were taken and what the groups do to the last section, and the stacks below.
fn add(sections: &mut Vec<Vec<PageRow>>, scene: &Scene, stacks: &Stacks, (page, idle): (Page, IdleThreads<'_>)) {
    let mut meanings = MeaningCache::builtin();
    let meant: Vec<Option<StackMeaning>> = stacks.stacks.iter().map(|stack| meanings.of(stack)).collect();
    if let Some(head) = sections.last_mut() {
        head.extend(rows([taken_line(&stacks.stacks), stop_line(stacks)]));
        head.extend(rows(group_lines(scene, stacks, &meant)));
    }
    let mut groups = alike(&stacks.stacks);
    groups.sort_by_cached_key(|alike| busyness(alike, &mut meanings));
    let folds = matches!(idle, IdleThreads::Folded(_)) && stacks.stacks.len() > 1;
    let is_idle = |alike: &Vec<&Stack>, meanings: &mut MeaningCache| busyness(alike, meanings) == Busyness::Idle;
    let (folded, shown): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|alike| folds && is_idle(alike, &mut meanings));
    let room = page.width.map_or(LONGEST_NAME, |width| usize::from(width).saturating_sub(BESIDE_NAME));
    sections.extend(shown.iter().map(|alike| stack_rows(scene, alike, &mut meanings, room.min(LONGEST_NAME))));
    if let (IdleThreads::Folded(how), false) = (idle, folded.is_empty()) {
        let mut lines = rows(idle_lines(scene, &folded, &mut meanings));
        lines.push(PageRow::of(Role::Faint, format!("  {how}")));
        sections.push(lines);
    }
    sections.extend(gaps(&stacks.gaps).iter().map(|gap| vec![PageRow::of(Role::Paused, format!("missing: {gap}"))]));
}

/// In the order in which stacks are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Busyness {
    /// It ran.
    Runs,
    /// Whether it ran is not known.
    Unknown,
    /// It waited for something that is not work.
    Waits,
    /// It had nothing to do.
    Idle,
}

/// Of threads whose stacks are alike, the busiest.
fn busyness(alike: &[&Stack], meanings: &mut MeaningCache) -> Busyness {
    let of = |stack: &&Stack| match meanings.of(stack) {
        Some(it) if it.activity == StackActivity::Waiting && it.kind == FunctionKind::Idle => Busyness::Idle,
        Some(it) if it.activity == StackActivity::Waiting => Busyness::Waits,
        Some(it) if it.activity != StackActivity::Unknown => Busyness::Runs,
        _ if stack.state == ThreadState::Running => Busyness::Runs,
        _ => Busyness::Unknown,
    };
    alike.iter().map(of).min().unwrap_or(Busyness::Unknown)
}

/// "14 idle threads of TF intra-op: waiting for work (Eigen)".
fn idle_lines(scene: &Scene, folded: &[Vec<&Stack>], meanings: &mut MeaningCache) -> Vec<String> {
    let mut counts: Vec<((String, String), usize)> = Vec::new();
    for stack in folded.iter().flatten() {
        let phrase = meanings.of(stack).map_or_else(String::new, |meaning| meaning.phrase());
        let key = (label_of(scene, stack.tid).to_owned(), phrase);
        match counts.iter_mut().find(|(known, _)| *known == key) {
            Some((_, count)) => *count += 1,
            None => counts.push((key, 1)),
        }
    }
    let line = |((label, phrase), threads): ((String, String), usize)| {
        let doing = phrase.strip_prefix("waits ").map_or_else(|| phrase.clone(), |what| format!("waiting {what}"));
        format!("{} of {}: {doing}", count(threads, "idle thread", "idle threads"), Text::from(label))
    };
    counts.into_iter().map(line).collect()
}

/// Who they are, what they do, and their frames.
fn stack_rows(scene: &Scene, alike: &[&Stack], meanings: &mut MeaningCache, longest: usize) -> Vec<PageRow> {
    let Some(first) = alike.first() else { return Vec::new() };
    let head = format!("{}{}", head(scene, alike), alike_meaning(alike, meanings));
    let mut section = vec![PageRow::of(Role::Strong, head), PageRow::text(format!("  {}", how(alike)))];
    // Where the native frames end early, Python's outer ones still follow.
    let native = first.frames.iter().take_while(|frame| frame.found != FrameMethod::Python).count();
    let (native, python) = first.frames.split_at(native);
    let mut at = 0;
    for (frames, end) in [(native, end(&first.end)), (python, None)] {
        for line in frames.iter().flat_map(|frame| lines(frame, longest)) {
            section.push(PageRow::text(format!("  {at:>3}  {line}")));
            at += 1;
        }
        section.extend(end.map(|end| PageRow::of(Role::Faint, format!("       ({end})"))));
    }
    section.extend(gaps(&first.gaps).iter().map(|gap| PageRow::of(Role::Paused, format!("  missing: {gap}"))));
    section
}

/// The name of a thread's group.
fn label_of(scene: &Scene, tid: Tid) -> &str {
    let thread = scene.threads.iter().find(|thread| thread.key.tid == tid);
    let group = thread.and_then(|thread| scene.groups.get(thread.group));
    group.map_or("unknown origin", |group| group.label.as_str())
}

/// How long before a moment stacks were taken.
fn taken_before(age_s: f64) -> String {
    match age_s {
        ..0.5 => "Taken at this moment".to_owned(),
        _ => format!("Taken {} before this moment", duration(age_s)),
    }
}

/// Stacks with the same frames and the same end, in the order of their first.
fn alike(stacks: &[Stack]) -> Vec<Vec<&Stack>> {
    let mut groups: Vec<Vec<&Stack>> = Vec::new();
    let kind = |stack: &Stack| std::mem::discriminant(&stack.taken);
    for stack in stacks {
        let same = |group: &&mut Vec<&Stack>| {
            group.first().is_some_and(|first| {
                (&first.frames, &first.end, &first.gaps) == (&stack.frames, &stack.end, &stack.gaps)
                    && kind(first) == kind(stack)
                    && why(&first.taken) == why(&stack.taken)
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(stack),
            None => groups.push(vec![stack]),
        }
    }
    groups
}

/// What the threads of each group do, in the order of the groups: "tf.data: 2x MapAndBatch waits, 1x Prefetch waits".
fn group_lines(scene: &Scene, stacks: &Stacks, meant: &[Option<StackMeaning>]) -> Vec<String> {
    let mut groups: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
    for (stack, meaning) in stacks.stacks.iter().zip(meant) {
        let thread = scene.threads.iter().find(|thread| thread.key.tid == stack.tid);
        let group = thread.map_or(usize::MAX, |thread| thread.group);
        let phrase = meaning.as_ref().map_or_else(|| "not read".to_owned(), StackMeaning::phrase);
        *groups.entry(group).or_default().entry(phrase).or_default() += 1;
    }
    let lines = groups.into_iter().map(|(group, phrases)| {
        let label = scene.groups.get(group).map_or("unknown origin", |group| group.label.as_str());
        let mut phrases: Vec<(String, usize)> = phrases.into_iter().collect();
        phrases.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let phrases: Vec<String> = phrases.iter().map(|(phrase, count)| format!("{count}x {phrase}")).collect();
        format!("{}: {}", Text::from(label), phrases.join(", "))
    });
    lines.collect()
}

/// What stacks that are alike mean; they may have been taken of sleeping and of running threads.
fn alike_meaning(alike: &[&Stack], meanings: &mut MeaningCache) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for meaning in alike.iter().filter_map(|stack| meanings.of(stack)) {
        let phrase = meaning.phrase();
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    if phrases.is_empty() { String::new() } else { format!(": {}", phrases.join("; ")) }
}

fn taken_line(stacks: &[Stack]) -> String {
    let number = |of: fn(&StackMethod) -> bool| stacks.iter().filter(|stack| of(&stack.taken)).count();
    let parts = [
        (number(|taken| *taken == StackMethod::WithoutStop), "taken without a stop"),
        (number(|taken| matches!(taken, StackMethod::Stopped { .. })), "taken during a stop"),
        (number(|taken| matches!(taken, StackMethod::PythonOnly { .. })), "Python's part only"),
        (number(|taken| matches!(taken, StackMethod::Not { .. })), "not taken"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{}: {}", count(stacks.len(), "thread", "threads"), parts.join(", "))
}

fn stop_line(stacks: &Stacks) -> String {
    match stacks.stopped_ns {
        0 => "No thread was stopped.".to_owned(),
        total => format!(
            "Threads were stopped one at a time: {} ms in all, {} ms the longest.",
            short_ms(total),
            short_ms(stacks.longest_stop_ns)
        ),
    }
}

fn short_ms(nanoseconds: u64) -> String {
    format!("{:.2}", milliseconds(nanoseconds))
}

fn head(scene: &Scene, alike: &[&Stack]) -> String {
    const MOST_TIDS: usize = 8;
    let thread = |tid: Tid| scene.threads.iter().find(|thread| thread.key.tid == tid);
    let mut labels: Vec<&str> = Vec::new();
    for stack in alike {
        let label = label_of(scene, stack.tid);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let tids: Vec<String> = alike.iter().take(MOST_TIDS).map(|stack| stack.tid.to_string()).collect();
    let more = alike.len().saturating_sub(MOST_TIDS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let name = match alike {
        [only] => thread(only.tid).map(Thread::name).filter(|name| !name.is_empty()),
        _ => None,
    };
    let name = name.map(|name| format!(" {}", Text::from(name))).unwrap_or_default();
    let count = if alike.len() == 1 { "thread".to_owned() } else { format!("{} threads", alike.len()) };
    format!("{}: {count} {}{more}{name}", Text::from(labels.join(", ")), tids.join(" "))
}

fn how(alike: &[&Stack]) -> String {
    let longest = alike.iter().filter_map(|stack| match stack.taken {
        StackMethod::Stopped { stop_ns } => Some(stop_ns),
        _ => None,
    });
    match alike.first().map(|stack| &stack.taken) {
        Some(StackMethod::WithoutStop) => "taken without a stop".to_owned(),
        Some(StackMethod::Stopped { .. }) => {
            format!("taken during a stop of {} ms", short_ms(longest.max().unwrap_or_default()))
        }
        Some(StackMethod::PythonOnly { why }) => format!("Python's part only: {}", Text::from(why.as_str())),
        Some(StackMethod::Not { why }) => format!("not taken: {}", Text::from(why.as_str())),
        None => String::new(),
    }
}

/// One line a frame; the interpreter's frame is the Python functions it runs.
fn lines(frame: &Frame, longest: usize) -> Vec<String> {
    if !frame.python.is_empty() {
        return frame.python.iter().map(|at| python_line(at, longest)).collect();
    }
    let library = frame.library.as_deref().map_or("JIT code", |path| file_name(path));
    let marked = match frame.found {
        FrameMethod::FramePointer => "  (likely: found by the frame pointer)",
        FrameMethod::StackScan => "  (likely: found by its return address on the stack)",
        FrameMethod::InstructionPointer | FrameMethod::CallFrameInformation | FrameMethod::Python => "",
    };
    vec![match (&frame.symbol, frame.in_file, frame.address) {
        (Some(name), _, _) => format!("{}  {library}{marked}", cut(&symbol::short(name), longest)),
        (None, Some(at), _) => format!("{library}+{at}{marked}"),
        (None, None, Some(at)) => format!("{library} at {at}{marked}"),
        (None, None, None) => MISSING_ASCII.to_owned(),
    }]
}

fn python_line(frame: &PythonFrame, longest: usize) -> String {
    let line = frame.line.map_or(String::new(), |line| format!(":{line}"));
    format!("{}  {}{line}  Python", cut(&frame.function, longest), file_name(&frame.file))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The end of a long name says most.
fn cut(name: &str, longest: usize) -> String {
    let length = name.chars().count();
    match length.checked_sub(longest) {
        None | Some(0) => name.to_owned(),
        Some(over) => format!("…{}", name.chars().skip(over + 1).collect::<String>()),
    }
}

fn end(end: &StackEnd) -> Option<String> {
    match end {
        StackEnd::Outermost | StackEnd::Nothing => None,
        StackEnd::Depth => Some("and more frames".to_owned()),
        StackEnd::NeedsStop { register } => {
            Some(format!("the outer frames need a stop: {register} is only known of a stopped thread"))
        }
        StackEnd::Lost { why } => Some(format!("the outer frames are lost: {}", Text::from(why.as_str()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::Identity;
    use crate::data::scene::{Attribution, Group};
    use crate::data::{Pid, ThreadKey};
    use crate::output::stack::examples::{frame, stack, stacks};
    use crate::present::format::width;

    const HOW: &str = "--all shows their stacks";

    #[test]
    fn stacks_that_are_alike_are_shown_once_and_every_stop_is_said() {
        let expected = "\
Stacks of process 7: \n4 threads: 3 taken without a stop, 1 taken during a stop
Threads were stopped one at a time: 0.18 ms in all, 0.18 ms the longest.
unknown origin: 3x asleep in unknown code, 1x Python waits

unknown origin: 2 threads 8 9: asleep in unknown code
  taken without a stop
    0  libx.so+0x20
    1  tsl::(anonymous)::PThread::ThreadFn  libx.so

unknown origin: thread 10: asleep in unknown code
  taken during a stop of 0.18 ms
    0  libx.so+0x20
    1  tsl::(anonymous)::PThread::ThreadFn  libx.so

unknown origin: thread 7: Python waits
  taken without a stop
    0  libx.so+0x30
       (the outer frames need a stop: rbp is only known of a stopped thread)
    1  step  train.py:12  Python
";
        assert_eq!(text(&Scene::default(), &stacks(), Page::default(), IdleThreads::Folded(HOW)), expected);
    }

    /// Two workers that wait for work, and one that multiplies, in this order.
    fn pool() -> (Scene, Stacks) {
        let idle = || {
            vec![
                frame(None, 0x20),
                frame(Some("Eigen::ThreadPoolTempl::WaitForWork"), 0x10),
                frame(Some("Eigen::ThreadPoolTempl::WorkerLoop"), 0x18),
            ]
        };
        let long =
            "tensorflow::MatMulOp<Eigen::ThreadPoolDevice, a_type_with_a_very_long_name_indeed, another>::Compute";
        let mut busy =
            stack(10, StackMethod::Stopped { stop_ns: 1 }, vec![frame(Some(long), 0x30)], StackEnd::Outermost);
        busy.state = ThreadState::Running;
        let waits = |tid| stack(tid, StackMethod::WithoutStop, idle(), StackEnd::Outermost);
        let all = Stacks { pid: Pid(7), stacks: vec![waits(8), waits(9), busy], ..Stacks::default() };
        let thread = |tid: u32| Thread {
            key: ThreadKey { tid: Tid(tid), start_ticks: 1 },
            pid: Pid(7),
            group: 0,
            identity: std::sync::Arc::new(Identity::default()),
            attribution: std::sync::Arc::new(Attribution::default()),
            state: ThreadState::Sleeping,
            last_cpu: None,
            affinity: None,
            demand: None,
            slices_per_s: None,
        };
        let groups = vec![Group { label: "TF intra-op".to_owned(), ..Group::default() }];
        (Scene { groups, threads: [8, 9, 10].map(thread).into_iter().collect(), ..Scene::default() }, all)
    }

    #[test]
    fn busy_threads_come_first_and_idle_ones_are_one_line_unless_asked_for() {
        let (scene, all) = pool();
        let folded = text(&scene, &all, Page::default(), IdleThreads::Folded(HOW));
        let busy = folded.find("TF intra-op: thread 10").unwrap();
        let idle = folded
            .find("\n2 idle threads of TF intra-op: waiting for work (Eigen)\n  --all shows their stacks\n")
            .unwrap();
        assert!(busy < idle && !folded.contains("threads 8 9"), "{folded}");
        let whole = text(&scene, &all, Page::default(), IdleThreads::Shown);
        assert!(whole.find("thread 10").unwrap() < whole.find("TF intra-op: 2 threads 8 9").unwrap(), "{whole}");
        assert!(!whole.contains("idle threads"), "{whole}");
        let alone = Stacks { stacks: all.stacks[..1].to_vec(), ..all };
        let alone = text(&scene, &alone, Page::default(), IdleThreads::Folded(HOW));
        assert!(alone.contains("thread 8") && !alone.contains("idle thread"), "{alone}");
    }

    #[test]
    fn on_a_terminal_no_line_is_wider_than_it() {
        let (scene, all) = pool();
        let page = Page { width: Some(60), ..Page::default() };
        let narrow = text(&scene, &all, page, IdleThreads::Shown);
        assert!(narrow.lines().all(|line| width(line) <= 60), "{narrow}");
    }
}
