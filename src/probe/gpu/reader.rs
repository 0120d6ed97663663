//! Asks a GPU's driver without ever waiting for it: a thread of its own opens it, and reads it just before the next look, which
//! takes what came of it. A driver that is late is said to be late; one that does not answer costs that thread, and is missing.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::data::sample::GpuSample;
use crate::data::{Gap, Pid};
use crate::probe::gpu::driver::{GpuDriver, NoGpus, believable};

/// A driver that has not answered for so long is said to be silent. Opening one takes seconds where nothing keeps the GPU on.
const SILENT: Duration = Duration::from_secs(5);
/// An answer counts for so many looks after it came, and for 2 s at least.
const COUNTS: Duration = Duration::from_secs(2);
/// The driver is read this long before its answer is due, and twice as long as reading took the last time: threads get their
/// CPU late where others want it, too.
const EARLY: Duration = Duration::from_millis(20);
/// What is missing where the driver is late.
const NOW: &str = "what the GPUs do now";
const OTHER_NUMBERS: &str =
    "their driver counts the machine's processes, and tftop runs in a container that counts its own";

/// What comes of one question.
type Answer = Result<Vec<GpuSample>, NoGpus>;

/// Reads the GPUs of this machine, as far as their driver answers.
#[derive(Debug)]
pub struct GpuReader {
    /// None once there is nothing to be asked.
    asks: Option<SyncSender<Instant>>,
    answers: Receiver<Answer>,
    /// When the answer that is waited for is due.
    due: Option<Instant>,
    newest: Option<(Instant, Vec<GpuSample>)>,
    gap: Option<String>,
    /// Whether numbers of processes are the driver's own: it counts those of the machine, not of a container.
    knows_pids: bool,
    silent: Duration,
}

impl GpuReader {
    /// Opens a driver and waits for the first question, both on a thread of its own.
    pub fn start<F>(open: F) -> Self
    where
        F: FnOnce() -> Result<Box<dyn GpuDriver>, NoGpus> + Send + 'static,
    {
        let (asks, asked) = sync_channel::<Instant>(1);
        let (answer, answers) = sync_channel::<Answer>(1);
        let serve = move || {
            let mut driver = match open() {
                Ok(driver) => driver,
                // Nobody hears it only where tftop has ended its watch.
                Err(none) => return drop(answer.send(Err(none))),
            };
            let mut took = Duration::ZERO;
            while let Ok(due) = asked.recv() {
                let ahead = due.saturating_duration_since(Instant::now()).saturating_sub(EARLY + took * 2);
                // No question comes while one waits: what comes is tftop's end.
                if asked.recv_timeout(ahead) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let began = Instant::now();
                let read = driver.read().map_err(NoGpus::Unreadable);
                took = began.elapsed();
                if answer.send(read).is_err() {
                    return;
                }
            }
        };
        let started = thread::Builder::new().name("tftop-gpu".to_owned()).spawn(serve);
        let gap = started.as_ref().err().map(|error| format!("no thread to read them on: {error}"));
        let mut reader = Self {
            asks: started.is_ok().then_some(asks),
            answers,
            due: None,
            newest: None,
            gap,
            knows_pids: is_machines_namespace(),
            silent: SILENT,
        };
        reader.ask(Duration::ZERO);
        reader
    }

    /// What the driver said just before, of each GPU only the processes that are the target's; asks for the next look, which
    /// comes after the interval. Waits for nothing.
    pub fn look(&mut self, is_own: impl Fn(Pid) -> bool, interval: Duration) -> (Vec<GpuSample>, Vec<Gap>) {
        match self.answers.try_recv() {
            Ok(answer) => self.take(answer),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => {
                if self.asks.take().is_some() {
                    self.gap = Some("the thread that reads them ended".to_owned());
                }
            }
        }
        let is_old = self.due.is_some();
        self.ask(interval);
        let waited = self.due.map_or(Duration::ZERO, |due| due.elapsed());
        if self.asks.is_some() && waited >= self.silent {
            let why = format!("their driver has not answered for {} s", waited.as_secs());
            return (Vec::new(), vec![Gap::new("GPUs", why)]);
        }
        let counts = COUNTS.max(interval * 3);
        let newest = self.newest.as_ref().filter(|(came, _)| came.elapsed() <= counts);
        let gpus = newest.map_or(Vec::new(), |(_, gpus)| gpus.iter().map(|gpu| self.of_target(gpu, &is_own)).collect());
        let mut gaps: Vec<Gap> = self.gap.iter().map(|why| Gap::new("GPUs", why.as_str())).collect();
        if newest.is_some() && is_old && gaps.is_empty() {
            gaps.push(Gap::new(NOW, "what is shown is what their driver said at the look before"));
        }
        if !self.knows_pids && newest.is_some_and(|(_, gpus)| gpus.iter().any(|gpu| gpu.own.is_some())) {
            gaps.push(Gap::new("the process's own share of the GPUs", OTHER_NUMBERS));
        }
        (gpus, gaps)
    }

    fn take(&mut self, answer: Answer) {
        self.due = None;
        match answer {
            Ok(gpus) => {
                self.gap = None;
                self.newest = Some((Instant::now(), gpus.into_iter().map(believable).collect()));
            }
            Err(NoGpus::NoDriver) => self.asks = None,
            // A driver that was read once may answer again; one that could not be opened has ended its thread.
            Err(NoGpus::Unreadable(why)) => self.gap = Some(why),
        }
    }

    /// Asks for an answer in so long, if none is waited for.
    fn ask(&mut self, ahead: Duration) {
        if let Some(asks) = self.asks.as_ref().filter(|_| self.due.is_none()) {
            let due = Instant::now() + ahead;
            match asks.send(due) {
                Ok(()) => self.due = Some(due),
                Err(_) => self.asks = None,
            }
        }
    }

    fn of_target(&self, gpu: &GpuSample, is_own: &impl Fn(Pid) -> bool) -> GpuSample {
        let own = gpu.own.as_ref().filter(|_| self.knows_pids);
        let own = own.map(|all| all.iter().filter(|process| is_own(process.pid)).copied().collect());
        GpuSample { own, ..gpu.clone() }
    }
}

/// Whether this process counts processes as the machine does, by the number that the kernel gives its first pid namespace
/// (PROC_PID_INIT_INO of linux/proc_ns.h).
fn is_machines_namespace() -> bool {
    const FIRST: &str = "pid:[4026531836]";
    std::fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link.to_str() == Some(FIRST))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::data::sample::GpuProcess;

    const INTERVAL: Duration = Duration::from_millis(100);
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Answers with what it is given, and waits for it.
    struct Scripted(Receiver<Result<Vec<GpuSample>, String>>);

    impl GpuDriver for Scripted {
        fn read(&mut self) -> Result<Vec<GpuSample>, String> {
            self.0.recv().unwrap_or_else(|_| Err("the script ended".to_owned()))
        }
    }

    type Script = Sender<Result<Vec<GpuSample>, String>>;

    fn scripted() -> (Script, GpuReader) {
        let (script, answers) = channel();
        let mut reader = GpuReader::start(move || Ok(Box::new(Scripted(answers))));
        reader.knows_pids = true;
        (script, reader)
    }

    fn process(pid: u32) -> GpuProcess {
        GpuProcess { pid: Pid(pid), busy_percent: Some(5), used_bytes: Some(7) }
    }

    fn gpu(busy: u8) -> GpuSample {
        GpuSample { busy_percent: Some(busy), own: Some(vec![process(50), process(60)]), ..GpuSample::default() }
    }

    fn until(reader: &mut GpuReader, holds: impl Fn(&[GpuSample], &[Gap]) -> bool) -> (Vec<GpuSample>, Vec<Gap>) {
        let late = Instant::now() + PATIENCE;
        loop {
            let (gpus, gaps) = reader.look(|pid| pid == Pid(50), INTERVAL);
            if holds(&gpus, &gaps) {
                return (gpus, gaps);
            }
            assert!(Instant::now() < late, "never came: {gpus:?} {gaps:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_look_has_the_targets_processes_of_the_newest_answer() {
        let (script, mut reader) = scripted();
        script.send(Ok(vec![gpu(30)])).unwrap();
        let (gpus, gaps) = until(&mut reader, |gpus, _| !gpus.is_empty());
        assert_eq!((gpus[0].busy_percent, gpus[0].own.as_deref(), gaps), (Some(30), Some(&[process(50)][..]), vec![]));
        script.send(Ok(vec![gpu(70)])).unwrap();
        until(&mut reader, |gpus, _| gpus.first().is_some_and(|gpu| gpu.busy_percent == Some(70)));
    }

    /// Says when it was asked.
    struct Dated(Sender<Instant>);

    impl GpuDriver for Dated {
        fn read(&mut self) -> Result<Vec<GpuSample>, String> {
            self.0.send(Instant::now()).map_err(|error| error.to_string())?;
            Ok(vec![gpu(30)])
        }
    }

    #[test]
    fn a_look_shows_what_the_driver_said_just_before_it() {
        let (told, asked) = channel();
        let mut reader = GpuReader::start(move || Ok(Box::new(Dated(told))));
        until(&mut reader, |gpus, _| !gpus.is_empty());
        let (interval, late) = (Duration::from_millis(400), Instant::now() + PATIENCE);
        loop {
            reader.look(|_| true, interval);
            thread::sleep(interval);
            let (_, gaps) = reader.look(|_| true, interval);
            let age = asked.try_iter().last().map(|at: Instant| at.elapsed());
            // On a busy machine one look or the other comes before its answer, and says so.
            if gaps.iter().all(|gap| gap.what != NOW) && age.is_some_and(|age| age < interval / 2) {
                return;
            }
            assert!(Instant::now() < late, "answers are old: {age:?}");
        }
    }

    #[test]
    fn an_answer_of_the_look_before_is_said_to_be_one() {
        let (script, mut reader) = scripted();
        script.send(Ok(vec![gpu(30)])).unwrap();
        until(&mut reader, |gpus, gaps| !gpus.is_empty() && gaps.is_empty());
        let (gpus, gaps) = reader.look(|_| true, INTERVAL);
        assert_eq!((gpus[0].busy_percent, gaps[0].what.as_str()), (Some(30), NOW));
        script.send(Ok(vec![gpu(70)])).unwrap();
        until(&mut reader, |gpus, gaps| gaps.is_empty() && gpus[0].busy_percent == Some(70));
    }

    #[test]
    fn a_driver_that_never_answers_holds_up_no_look_and_is_said_to_be_silent() {
        let (_script, mut reader) = scripted();
        reader.silent = Duration::from_millis(80);
        let began = Instant::now();
        let (gpus, gaps) = reader.look(|_| true, INTERVAL);
        assert!(began.elapsed() < reader.silent && gpus.is_empty() && gaps.is_empty(), "it did not wait: {gaps:?}");
        let (_, gaps) = until(&mut reader, |_, gaps| !gaps.is_empty());
        assert!(gaps[0].why.starts_with("their driver has not answered for"), "{gaps:?}");
    }

    #[test]
    fn an_answer_that_is_old_is_shown_no_more_and_one_that_comes_late_is() {
        let (script, mut reader) = scripted();
        reader.silent = Duration::from_millis(80);
        script.send(Ok(vec![gpu(30)])).unwrap();
        until(&mut reader, |gpus, _| !gpus.is_empty());
        until(&mut reader, |gpus, gaps| gpus.is_empty() && !gaps.is_empty());
        script.send(Ok(vec![gpu(70)])).unwrap();
        until(&mut reader, |gpus, gaps| !gpus.is_empty() && gaps.is_empty());
    }

    #[test]
    fn no_driver_is_nothing_missing_and_a_closed_one_is() {
        let ended = |none: NoGpus| {
            let mut reader = GpuReader::start(move || Err(none));
            let late = Instant::now() + PATIENCE;
            while reader.asks.is_some() && Instant::now() < late {
                reader.look(|_| true, INTERVAL);
                thread::sleep(Duration::from_millis(2));
            }
            assert!(reader.asks.is_none(), "it still asks");
            reader.look(|_| true, INTERVAL)
        };
        assert_eq!(ended(NoGpus::NoDriver), (Vec::new(), Vec::new()));
        let closed = ended(NoGpus::Unreadable("no permission".to_owned()));
        assert_eq!(closed, (Vec::new(), vec![Gap::new("GPUs", "no permission")]));
    }

    #[test]
    fn one_that_fails_is_asked_again() {
        let (script, mut reader) = scripted();
        script.send(Err("the GPU is lost".to_owned())).unwrap();
        let (_, gaps) = until(&mut reader, |_, gaps| !gaps.is_empty());
        assert_eq!(gaps, [Gap::new("GPUs", "the GPU is lost")]);
        script.send(Ok(vec![gpu(30)])).unwrap();
        until(&mut reader, |gpus, gaps| !gpus.is_empty() && gaps.is_empty());
    }

    #[test]
    fn in_a_container_numbers_of_processes_are_not_mixed_up() {
        let (script, mut reader) = scripted();
        reader.knows_pids = false;
        script.send(Ok(vec![gpu(30)])).unwrap();
        let (gpus, gaps) = until(&mut reader, |gpus, _| !gpus.is_empty());
        assert_eq!(gpus[0].own, None);
        assert_eq!(gaps[0].what, "the process's own share of the GPUs");
    }
}
