//! Debian's Prometheus on loopback, for one test: found in PATH or where `.ci/run` unpacks it. A test that finds none says so and goes on.

#![allow(dead_code)] // each test binary uses its part

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Long enough on a crowded machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A program of Debian's packages prometheus and prometheus-node-exporter; none where it is missing, which is said.
pub fn program(name: &str) -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/prometheus/usr/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).chain([unpacked]).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("not tried with {name}: it is missing (Debian: apt install prometheus prometheus-node-exporter)");
    }
    found
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The body of a page.
pub fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_owned())
}

/// A running program of the packages, ended with the test.
pub struct Daemon {
    child: Child,
    folder: TempDir,
    address: String,
}

impl Daemon {
    /// Prometheus that scrapes these every second, with the recording rules and alerts of the recipes.
    pub fn prometheus(program: &Path, targets: &[String]) -> Self {
        let folder = TempDir::new().unwrap();
        let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/recipes");
        let config = fs::read_to_string(recipes.join("prometheus.yml")).unwrap();
        let of_recipe = "targets: [\"127.0.0.1:9912\"]";
        assert!(config.contains(of_recipe) && config.contains("scrape_interval: 15s"), "{config}");
        let config = config.replace(of_recipe, &format!("targets: {targets:?}"));
        let config = config.replace("scrape_interval: 15s", "scrape_interval: 1s\n  evaluation_interval: 1s");
        fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        fs::copy(recipes.join("tftop.rules.yml"), folder.path().join("tftop.rules.yml")).unwrap();
        let command = |folder: &Path| {
            let mut command = Command::new(program);
            command.arg("--config.file=prometheus.yml").arg("--storage.tsdb.path=data").current_dir(folder);
            command
        };
        Self::start(command, folder, "/-/ready")
    }

    /// node_exporter with its textfile collector alone.
    pub fn node_exporter(program: &Path, textfiles: &Path) -> Self {
        let command = |_: &Path| {
            let mut command = Command::new(program);
            command.args(["--collector.disable-defaults", "--collector.textfile"]);
            command.arg(format!("--collector.textfile.directory={}", textfiles.display()));
            command
        };
        Self::start(command, TempDir::new().unwrap(), "/metrics")
    }

    /// Starts it on a free port; where somebody else takes that before it does, on another.
    fn start(command: impl Fn(&Path) -> Command, folder: TempDir, ready: &str) -> Self {
        let log = folder.path().join("log");
        let spawn = || {
            let address = format!("127.0.0.1:{}", free_port());
            let mut command = command(folder.path());
            command.arg(format!("--web.listen-address={address}")).stdin(Stdio::null()).stdout(Stdio::null());
            (command.stderr(fs::File::create(&log).unwrap()).spawn().unwrap(), address)
        };
        let until = Instant::now() + PATIENCE;
        let (mut child, mut address) = spawn();
        let mut answered = false;
        loop {
            let answers = get(&address, ready).is_some();
            let ended = child.try_wait().unwrap().is_some();
            // Who took the port may answer, until it is known that this one could not have it.
            if answers && !ended && std::mem::replace(&mut answered, true) {
                return Self { child, folder, address };
            }
            let said = fs::read_to_string(&log).unwrap_or_default();
            assert!(Instant::now() < until && (!ended || said.contains("address already in use")), "not ready: {said}");
            if ended {
                (child, address) = spawn();
                answered = false;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What it says of itself.
    pub fn get(&self, path: &str) -> String {
        get(&self.address, path).unwrap_or_default()
    }

    /// The only value of an instant query; none where there is no series, or several.
    pub fn value(&self, query: &str) -> Option<f64> {
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer: Value = serde_json::from_str(&self.get(&format!("/api/v1/query?query={escaped}"))).ok()?;
        match answer["data"]["result"].as_array()?.as_slice() {
            [only] => only["value"][1].as_str()?.parse().ok(),
            _ => None,
        }
    }

    /// Waits until a query answers this.
    pub fn wait_until(&self, query: &str, expected: f64) {
        self.wait_for(query, || (self.value(query) == Some(expected)).then_some(()));
    }

    fn wait_for(&self, what: &str, mut so: impl FnMut() -> Option<()>) {
        let until = Instant::now() + PATIENCE;
        while so().is_none() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "{what}: {:?}\n{}", self.value(what), log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
