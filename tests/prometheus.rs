//! `tftop serve` and its recipes with the real tools: promtool, a Prometheus that scrapes many machines, node_exporter. Numbers of a
//! real TensorFlow process in a real Prometheus: `tests/tensorflow/serving.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;
#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "support/report_scene.rs"]
#[allow(dead_code)]
mod report_scene;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use prometheus::{Daemon, program};
use tftop::data::Pid;
use tftop::output::{LookTotals, open_metrics, text_format};

/// Machines of the fleet.
const FLEET: u32 = 100;

fn page(pid: u32) -> String {
    let mut scene = report_scene::launched();
    scene.target.pid = Pid(pid);
    let own = LookTotals { looks: 3, cpu_s: 0.25, newest_unix_s: Some(1_795_191_549.5) };
    open_metrics(&[Arc::new(scene)], &[], own, None).unwrap()
}

#[test]
fn promtool_accepts_the_metrics_and_the_recipes() {
    let Some(promtool) = program("promtool") else { return };
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/recipes");
    let run = |arguments: &[&str], input: &str| {
        let mut command = Command::new(&promtool);
        command
            .args(arguments)
            .current_dir(&recipes)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
        assert!(output.status.success(), "promtool {arguments:?}: {said}");
        said
    };
    assert_eq!(run(&["check", "metrics"], &text_format(&page(7))), "", "lints, too");
    run(&["check", "config", "prometheus.yml"], "");
    run(&["check", "rules", "tftop.rules.yml"], "");
    run(&["test", "rules", "tftop.rules.test.yml"], "");
}

#[test]
fn a_prometheus_scrapes_a_fleet() {
    let Some(program) = program("prometheus") else { return };
    let targets: Vec<String> = (0..FLEET).map(exporter).collect();
    let server = Daemon::prometheus(&program, &targets);
    server.wait_until("sum(up{job=\"tftop\"})", f64::from(FLEET));
    server.wait_until("count(tftop_process_info)", f64::from(FLEET));
    let threads = report_scene::scene().groups.iter().map(|group| f64::from(group.threads)).sum::<f64>();
    server.wait_until("sum(tftop_threads)", threads * f64::from(FLEET));
    // The types of OpenMetrics are known: a counter is one.
    assert!(server.get("/api/v1/metadata?metric=tftop_cpu_seconds").contains("\"type\":\"counter\""));
    let rules = server.get("/api/v1/rules");
    assert!(!rules.contains("\"health\":\"err\"") && rules.contains("\"type\":\"alerting\""), "{rules}");
}

/// Serves one machine's page for as long as the test runs.
fn exporter(number: u32) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let page = page(1000 + number);
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                page.len()
            );
            let _ = stream.write_all((head + &page).as_bytes());
        }
    });
    address
}

#[test]
fn node_exporter_takes_the_file() {
    let Some(program) = program("prometheus-node-exporter") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tftop.prom"), text_format(&page(7))).unwrap();
    let exporter = Daemon::node_exporter(&program, folder.path());
    let served = exporter.get("/metrics");
    assert!(served.contains("\ntftop_threads{") && served.contains("node_textfile_scrape_error 0"), "{served}");
}
