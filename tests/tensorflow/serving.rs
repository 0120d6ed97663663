//! `tftop serve` beside a real TensorFlow process: the series say what a report says.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::deadline::{LONG, wait_for};
use crate::prometheus::Daemon;
use crate::target::Target;
use crate::{NAMING, prometheus, python};

/// Ended with the test.
struct Server(Child, String);

impl Server {
    fn start(arguments: &[&str]) -> Self {
        Self::at("127.0.0.1:0", arguments)
    }

    fn at(address: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
        command.args(["serve", "--listen", address, "--interval", "0.5s"]).args(arguments);
        command.stdin(Stdio::null());
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
        Self(child, address)
    }

    fn get(&self, path: &str) -> String {
        prometheus::get(&self.1, path).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The value of the series with all of these in its line.
fn series(page: &str, parts: &[&str]) -> Option<f64> {
    let line = page.lines().find(|line| !line.starts_with('#') && parts.iter().all(|part| line.contains(part)))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn metrics_say_what_a_report_says_and_end_with_the_process() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "idle.py", &["3", "2"]);
    let pid = target.pid();
    let (own, of_pid) = (format!("pid=\"{pid}\""), format!("/api/v1/report?pid={pid}"));
    let server = Server::start(&[&pid.to_string()]);
    let intra = [own.as_str(), "tftop_threads{", "origin=\"tf-intra-op\""];
    wait_for("the pool is served", LONG, || (series(&server.get("/metrics"), &intra) == Some(3.0)).then_some(()));
    let page = server.get("/metrics");
    let report: Value = serde_json::from_str(&server.get(&of_pid)).unwrap();
    assert_eq!(
        (&report["schema"], report["target"]["pid"].as_u64()),
        (&Value::from("tftop.report/1"), Some(pid.into()))
    );
    for group in report["groups"].as_array().unwrap() {
        let origin = format!("origin=\"{}\"", group["origin"].as_str().unwrap());
        let library = format!("library=\"{}\"", group["library"].as_str().unwrap_or_default());
        let of = |name: &str| series(&page, &[&own, name, &origin, &library]);
        assert_eq!(of("tftop_threads{"), group["threads"].as_f64(), "{origin} {library}\n{page}");
        assert_eq!(of("tftop_limit_threads{"), group["limit"]["value"].as_f64(), "{origin} {library}\n{page}");
        assert!(of("tftop_cpu_seconds_total{").is_some(), "{origin} {library}\n{page}");
    }
    assert_eq!(series(&page, &[&own, "tftop_effective_cpus{"]), report["capacity"]["effective_cpus"].as_f64());
    assert_eq!(series(&page, &[&own, "tftop_process_info{", "framework=\"TensorFlow\""]), Some(1.0), "{page}");
    let verdicts = page.lines().filter(|line| line.starts_with("tftop_verdict{") && line.ends_with(" 1.0")).count();
    assert_eq!(verdicts, 1, "{page}");
    // No series is by thread, and one process has few of them.
    assert!(!page.contains("tid=") && page.lines().filter(|line| line.contains(&own)).count() < 120, "{page}");

    target.kill();
    wait_for("its series end", LONG, || (!server.get("/metrics").contains(&own)).then_some(()));
}

#[test]
fn a_run_serves_its_steps_and_its_file_goes_with_it() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/targets/steps.py");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    command.args(["run", "--no-ui", "--interval", "0.5s", "--listen", "127.0.0.1:0", "--textfile"]).arg(folder.path());
    command.arg("--").arg(&python).args([script, "2"]).stdin(Stdio::piped()).env("XDG_STATE_HOME", state.path());
    let mut server = Server::of(command);
    let fit = ["tftop_step_seconds_count{", "run=\"", "source=\"keras\"", "steps.py:"];
    // Every one of the two epochs, and no more.
    wait_for("all steps are served", LONG, || (series(&server.get("/metrics"), &fit) == Some(300.0)).then_some(()));
    let page = server.get("/metrics");
    let last = ["tftop_step_seconds_bucket{", "le=\"+Inf\"", "source=\"keras\""];
    assert_eq!(series(&page, &last), Some(300.0), "{page}");
    let seconds = series(&page, &["tftop_step_seconds_sum{", "source=\"keras\""]).unwrap();
    assert!(seconds > 0.0 && seconds < LONG.as_secs_f64(), "{page}");
    let files = || -> Vec<String> {
        let files = std::fs::read_dir(folder.path()).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).filter(|it| !it.starts_with('.')).collect()
    };
    let names = files();
    assert!(matches!(names.as_slice(), [name] if name.starts_with("tftop-run-")), "{names:?}");
    let text = std::fs::read_to_string(folder.path().join(&names[0])).unwrap();
    assert_eq!(series(&text, &fit), Some(300.0), "{text}");
    drop(server.0.stdin.take());
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
    assert_eq!(files(), [""; 0]);
}

#[test]
fn a_prometheus_answers_what_a_report_says_and_finds_a_server_that_comes_back() {
    let (Some(python), Some(program)) = (python::tensorflow(NAMING), prometheus::program("prometheus")) else { return };
    let target = Target::start(&python, "idle.py", &["3", "2"]);
    let pid = target.pid();
    let address = format!("127.0.0.1:{}", prometheus::free_port());
    let server = Server::at(&address, &[&pid.to_string()]);
    let asked = Daemon::prometheus(&program, std::slice::from_ref(&address));
    let intra = format!("tftop_threads{{origin=\"tf-intra-op\",pid=\"{pid}\"}}");
    asked.wait_until(&intra, 3.0);
    let report: Value = serde_json::from_str(&server.get(&format!("/api/v1/report?pid={pid}"))).unwrap();
    let threads = report["threads"].as_array().unwrap().len();
    assert_eq!(asked.value(&format!("sum(tftop_threads{{pid=\"{pid}\"}})")), Some(threads as f64));
    let cpus = format!("tftop_effective_cpus{{pid=\"{pid}\"}}");
    assert_eq!(asked.value(&cpus), report["capacity"]["effective_cpus"].as_f64());
    drop(server);
    asked.wait_until("up{job=\"tftop\"}", 0.0);
    let _server = Server::at(&address, &[&pid.to_string()]);
    asked.wait_until("up{job=\"tftop\"}", 1.0);
    asked.wait_until(&intra, 3.0);
}
