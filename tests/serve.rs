//! `tftop serve` over HTTP, as a file and as lines, on whatever runs here; and one scene as metrics, byte for byte. Numbers of a real
//! TensorFlow process: `tests/tensorflow/serving.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/dispositions.rs"]
mod dispositions;
#[path = "support/report_scene.rs"]
#[allow(dead_code)]
mod report_scene;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tftop::output::{LookTotals, open_metrics, text_format};

const OPEN_METRICS: &str = "Accept: application/openmetrics-text; version=1.0.0\r\n";
const LONG: Duration = Duration::from_secs(60);

/// A running server.
struct Server {
    child: Child,
    address: String,
    _stderr: BufReader<ChildStderr>,
}

fn tftop(arguments: &[&str]) -> Command {
    dispositions::like_a_terminals();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    command.arg("serve").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child =
            tftop(&[&["--listen", "127.0.0.1:0", "--interval", "0.2s"], arguments].concat()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address =
            line.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_else(|| panic!("{line}"));
        Self { address: address.to_owned(), child, _stderr: stderr }
    }

    /// Status and body of a request with these headers.
    fn ask(&self, request: &str, headers: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: tftop\r\nConnection: close\r\n{headers}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    fn looked(&self) {
        let began = Instant::now();
        while self.ask("GET /-/healthy", "").0 != 200 {
            assert!(began.elapsed() < LONG, "no look was taken");
            sleep(Duration::from_millis(50));
        }
    }

    fn end(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn metrics_come_in_the_format_that_is_asked_for() {
    let server = Server::start(&[]);
    server.looked();
    let (status, head, body) = server.ask("GET /metrics", OPEN_METRICS);
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    assert!(body.ends_with("# EOF\n") && body.contains("# TYPE tftop_looks counter\n"), "{body}");
    let looks = |body: &str| -> u64 {
        let line = body.lines().find(|line| line.starts_with("tftop_looks_total ")).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let first = looks(&body);
    sleep(Duration::from_millis(900));
    let (_, head, body) = server.ask("GET /metrics", "");
    assert!(looks(&body) > first, "looks go on");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(!body.contains("EOF") && body.contains("# TYPE tftop_looks_total counter\n"), "{body}");
    assert!(body.contains("# TYPE tftop_build_info gauge\n"), "{body}");

    let (status, _, body) = server.ask("GET /api/v1/ps", "");
    let listing: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &listing["schema"]), (200, &Value::from("tftop.ps/1")));
    assert_eq!(server.ask("GET /api/v1/report?pid=4294967295", "").0, 404);
    assert_eq!(server.ask("GET /", "").0, 200);
    assert_eq!(server.ask("HEAD /metrics", "").2, "");
    let (status, _, body) = server.ask("GET /nothing", "");
    assert!(status == 404 && body.contains("/metrics"), "{body}");
    let (status, head, _) = server.ask("POST /metrics", "Content-Length: 0\r\n");
    assert!(status == 405 && head.contains("allow: get, head"), "{head}");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn clients_that_ask_slowly_or_never_hold_nobody_up() {
    let server = Server::start(&[]);
    server.looked();
    let idle: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(b"GET /metr").unwrap();
    let began = Instant::now();
    assert_eq!(server.ask("GET /metrics", "").0, 200);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    // Garbage and a head without end are answered, or closed.
    let mut garbage = TcpStream::connect(&server.address).unwrap();
    garbage.set_read_timeout(Some(LONG)).unwrap();
    let _ = garbage.write_all(&[b'a'; 100_000]);
    let mut rest = Vec::new();
    let _ = garbage.read_to_end(&mut rest);
    assert!(rest.len() < 1000, "{}", rest.len());
    // More than may be served at once: those that never ask make room.
    let more: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    assert_eq!(server.ask("GET /metrics", "").0, 200);
    drop((idle, slow, more));
}

#[test]
fn a_token_is_needed_beyond_loopback_and_then_by_everybody() {
    let refused = tftop(&["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("can be reached from other machines: that needs --token-file FILE"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let with = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file.to_str().unwrap().to_owned()
    };
    for (text, mode, why) in [
        ("0123456789abcdef\n", 0o644, "open to others"),
        ("short\n", 0o600, "at least 16"),
        ("0123456789 abcdef\n", 0o600, "visible ASCII"),
    ] {
        let path = with(text, mode);
        let refused = tftop(&["--token-file", &path]).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && said.contains(why), "{said}");
    }
    // Where nothing is served, a token does nothing: that is said, not left out.
    let folder_path = folder.path().to_str().unwrap();
    let path = with("0123456789abcdef\n", 0o600);
    let serve = tftop(&["--textfile", folder_path, "--token-file", &path]).output().unwrap();
    let run =
        Command::new(env!("CARGO_BIN_EXE_tftop")).args(["run", "--token-file", &path, "--", "true"]).output().unwrap();
    for refused in [serve, run] {
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && said.contains("add --listen"), "{said}");
    }
    // As Kubernetes gives a Secret to a container's group.
    let path = with("0123456789abcdef\n", 0o440);
    let server = Server::start(&["--token-file", &path]);
    assert!([200, 503].contains(&server.ask("GET /-/healthy", "").0), "a probe has no token");
    for (header, status) in [
        ("", 401),
        ("Authorization: Bearer 0123456789abcdeX\r\n", 401),
        ("Authorization: Bearer 0123456789abcdef0\r\n", 401),
        ("Authorization: Basic 0123456789abcdef\r\n", 401),
        ("Authorization: Bearer 0123456789abcdef\r\n", 200),
    ] {
        assert_eq!(server.ask("GET /metrics", header).0, status, "{header}");
    }
}

/// A certificate for 127.0.0.1 that is its own authority, and its key, into these files.
fn issue(certificate: &Path, key: &Path) {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(key, issued.signing_key.serialize_pem()).unwrap();
    fs::write(certificate, issued.cert.pem()).unwrap();
}

/// A page as Python's own TLS sees it; what is wrong where it trusts no other authority than this.
fn over_tls(address: &str, authority: &Path) -> Result<String, String> {
    let script = "import ssl, sys, urllib.request\n\
                  trusted = ssl.create_default_context(cafile=sys.argv[1])\n\
                  print(urllib.request.urlopen(sys.argv[2], timeout=30, context=trusted).read().decode())";
    let url = format!("https://{address}/metrics");
    let output = Command::new("python3").args(["-c", script]).arg(authority).arg(url).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

#[test]
fn https_is_what_others_take_for_it_and_a_renewed_certificate_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key, before] = ["cert.pem", "key.pem", "before.pem"].map(|name| folder.path().join(name));
    issue(&certificate, &key);
    let options = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = Server::start(&options);
    assert!(over_tls(&server.address, &certificate).unwrap().contains("tftop_build_info"));
    // Who does not speak TLS gets nothing, and holds nobody up.
    let mut plain = TcpStream::connect(&server.address).unwrap();
    plain.set_read_timeout(Some(LONG)).unwrap();
    plain.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let _silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&server.address).unwrap()).collect();

    fs::copy(&certificate, &before).unwrap();
    issue(&certificate, &key);
    assert!(over_tls(&server.address, &certificate).unwrap().contains("tftop_build_info"));
    assert!(over_tls(&server.address, &before).unwrap_err().contains("CERTIFICATE_VERIFY_FAILED"));
    // What is no certificate changes nothing.
    fs::copy(&certificate, &before).unwrap();
    fs::write(&certificate, "garbage").unwrap();
    assert!(over_tls(&server.address, &before).is_ok());

    let refused = |options: &[&str]| {
        let output = tftop(options).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&options).contains("--tls-cert"), "garbage from the start");
    fs::copy(&before, &certificate).unwrap();
    let other = folder.path().join("other.pem");
    issue(&folder.path().join("unused.pem"), &other);
    let said = refused(&["--tls-cert", options[1], "--tls-key", other.to_str().unwrap()]);
    assert!(said.contains("--tls-cert"), "{said}");
    assert!(refused(&["--tls-cert", options[1]]).contains("--tls-key"));
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let server = Server::start(&[]);
    let second = tftop(&["--listen", &server.address]).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("listening on {}", server.address)) && said.contains("in use"), "{said}");
}

#[test]
fn a_file_for_node_exporter_is_whole_at_every_moment_and_lines_are_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let mut child = tftop(&["--textfile", path, "--json-lines", "--interval", "0.1s"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..5 {
        let listing: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(listing["schema"], "tftop.ps/1");
        // The file and the lines are written side by side.
        let (file, began) = (folder.path().join("tftop.prom"), Instant::now());
        while !file.exists() && began.elapsed() < LONG {
            sleep(Duration::from_millis(10));
        }
        let page = fs::read_to_string(&file).unwrap();
        assert!(page.ends_with('\n') && page.contains("\ntftop_last_look_timestamp_seconds "), "{page}");
    }
    // Who reads the lines has gone: that ends it, without an error.
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["tftop.prom"]);

    let missing = tftop(&["--textfile", "/nonexistent"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
}

#[test]
fn a_scene_as_metrics() {
    let mut scene = report_scene::scene();
    scene.target.command = "python \"a\\b\"\ntrain.py".to_owned();
    let own = LookTotals { looks: 3, cpu_s: 0.25, newest_unix_s: Some(1_795_191_549.5) };
    let page = open_metrics(&[Arc::new(scene)], &[], own, None).unwrap();
    insta::assert_snapshot!("open_metrics", page);
    insta::assert_snapshot!("metrics_text_format", text_format(&page));
    let empty = open_metrics(&[], &[], LookTotals::default(), None).unwrap();
    assert!(empty.ends_with("tftop_own_cpu_seconds_total 0.0\n# EOF\n"), "{empty}");
}

#[test]
fn a_run_as_metrics_has_its_steps_and_its_name_in_every_series() {
    let page = open_metrics(&[Arc::new(report_scene::launched())], &[], LookTotals::default(), Some("r.7")).unwrap();
    let steps: Vec<&str> = page.lines().filter(|line| line.contains("tftop_step_")).collect();
    insta::assert_snapshot!("metrics_of_steps", steps.join("\n"));
    let mut series = page.lines().filter(|line| !line.starts_with('#'));
    assert!(series.all(|line| line.contains("{run=\"r.7\"")), "{page}");
}

#[test]
fn recipes_name_series_that_there_are() {
    let page = open_metrics(
        &[Arc::new(report_scene::launched())],
        &[],
        LookTotals { newest_unix_s: Some(1.0), ..LookTotals::default() },
        None,
    );
    let page = page.unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/recipes");
    let mut named = 0;
    let board = fs::read_to_string(folder.join("grafana.json")).unwrap();
    assert!(serde_json::from_str::<Value>(&board).unwrap()["panels"].as_array().unwrap().len() > 5);
    for file in ["tftop.rules.yml", "tftop.rules.test.yml", "grafana.json"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        for word in text.split(|c: char| !(c.is_ascii_lowercase() || c == '_')) {
            if word.starts_with("tftop_") {
                assert!(page.lines().any(|line| line.starts_with(word)), "{file}: {word}");
                named += 1;
            }
        }
    }
    assert!(named > 8, "{named}");
}
