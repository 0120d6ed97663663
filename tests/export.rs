//! `tftop export` on recordings: what every format holds, and what becomes of recordings and files that are not as they
//! should be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

/// A run of 15 s on two CPUs with one thread a pool, written by version 0.1.0.
const RECORDED: &str = "tests/data/tape/first.tape";
/// Looks on it but the last, which came after the command had ended.
const LOOKS: u64 = 15;

fn export(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    let Output { status, stdout, stderr } =
        command.arg("export").args(arguments).stdin(Stdio::null()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn exported(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = export(arguments);
    assert_eq!(code, Some(0), "{stderr}");
    stdout
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn json_lines_have_a_row_a_group_and_look_and_say_at_the_end_what_is_missing() {
    let mut rows = lines(&exported(&[RECORDED, "--json-lines"]));
    let last = rows.pop().unwrap();
    assert_eq!(last["schema"], "tftop.export-end/1");
    assert_eq!((&last["recording"], &last["looks"]), (&RECORDED.into(), &LOOKS.into()));
    assert_eq!(last["rows"], rows.len());
    assert_eq!(last["left_out"][0], "1 look came after the target had ended");
    let (first, newest) = (&rows[0], rows.last().unwrap());
    assert_eq!((&first["schema"], &first["offset_s"]), (&"tftop.export/1".into(), &0.0.into()));
    assert_eq!(first["time"], "2026-11-20T19:56:14.649Z");
    // One look alone shows no demand.
    assert!(["awake", "got", "waiting", "wanted"].iter().all(|name| first[*name].is_null()), "{first}");
    assert_eq!((&newest["effective_cpus"], &newest["processes"]), (&2.0.into(), &1.into()));
    let intra = rows.iter().rev().find(|row| row["origin"] == "tf-intra-op").unwrap();
    assert_eq!((&intra["label"], &intra["limit"]), (&"TF intra-op".into(), &1.into()));
    let sum = intra["got"].as_f64().unwrap() + intra["waiting"].as_f64().unwrap();
    assert!((sum - intra["wanted"].as_f64().unwrap()).abs() < 1e-5, "{intra}");
    let offsets: Vec<f64> = rows.iter().map(|row| row["offset_s"].as_f64().unwrap()).collect();
    assert!(offsets.is_sorted() && offsets[offsets.len() - 1] > 10.0, "{offsets:?}");
}

#[test]
fn csv_has_the_same_rows_under_the_same_names() {
    let csv = exported(&[RECORDED, "--csv"]);
    let rows = lines(&exported(&[RECORDED, "--json-lines"]));
    let mut records = csv.split("\r\n").map(|line| line.split(',').collect::<Vec<_>>());
    let names = records.next().unwrap();
    assert_eq!(rows[0].as_object().unwrap().len(), names.len() + 1, "every name but the schema's");
    for (row, cells) in rows.iter().zip(records.by_ref()).take(rows.len() - 1) {
        assert_eq!(cells.len(), names.len());
        for (name, cell) in names.iter().zip(cells) {
            match row.get(name).unwrap() {
                Value::Null => assert_eq!(cell, "", "{name}"),
                Value::String(text) => assert_eq!(cell, text),
                other => assert_eq!(cell, other.to_string()),
            }
        }
    }
    assert_eq!(csv.matches("\r\n").count(), rows.len());
    assert!(csv.ends_with("\r\n"));
}

/// The Trace Event Format as it is documented (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU): a JSON
/// object with `traceEvents`, of which each has the keys of its phase.
#[test]
fn a_trace_obeys_the_rules_of_its_format() {
    let trace: Value = serde_json::from_str(&exported(&[RECORDED, "--perfetto"])).unwrap();
    // What stands beside them is metadata of any kind, but these names have a meaning.
    let known = ["traceEvents", "displayTimeUnit", "otherData"];
    assert!(trace.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())), "{:?}", trace.as_object());
    assert!(trace["displayTimeUnit"].is_null() || ["ms", "ns"].contains(&trace["displayTimeUnit"].as_str().unwrap()));
    let events = trace["traceEvents"].as_array().unwrap();
    let mut newest = 0;
    for event in events {
        let keys: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
        let phase = event["ph"].as_str().unwrap();
        let needed: &[&str] = match phase {
            // Counter, instant, metadata.
            "C" | "M" => &["args", "name", "ph", "pid", "ts"],
            "i" => &["args", "name", "ph", "pid", "s", "ts"],
            other => panic!("{other}: {event}"),
        };
        // None of them may be missing, and one too many would be read as something else.
        assert_eq!(keys.iter().copied().collect::<BTreeSet<_>>(), needed.iter().copied().collect(), "{event}");
        assert!(event["name"].as_str().is_some_and(|name| !name.is_empty()) && event["pid"] == 10_022, "{event}");
        // Microseconds, which rise.
        let ts = event["ts"].as_u64().unwrap();
        assert!(ts >= newest, "{event}");
        newest = ts;
        let args = event["args"].as_object().unwrap();
        match phase {
            // A series a key, each a number.
            "C" => assert!(!args.is_empty() && args.values().all(|value| value.as_f64().is_some_and(|it| it >= 0.0))),
            // Whose instant it is: of all, of the process, of a thread; the last would need a tid.
            "i" => assert!(["g", "p"].contains(&event["s"].as_str().unwrap()), "{event}"),
            _ => assert!(event["name"] == "process_name" && args["name"].is_string(), "{event}"),
        }
    }
    assert!((14_000_000..15_000_000).contains(&newest), "microseconds: {newest}");
    let named = |name: &str| events.iter().filter(|event| event["name"] == name).collect::<Vec<_>>();
    assert_eq!(named("process_name").len(), 1);
    assert_eq!(named("CPUs it may use").len() as u64, LOOKS);
    // The first look shows no demand.
    assert_eq!(named("all threads").len() as u64, LOOKS - 1);
    let intra = named("TF intra-op");
    assert!(intra.len() > 3 && intra.iter().all(|event| event["args"].as_object().unwrap().len() == 2), "{intra:?}");
    assert_eq!(events.iter().filter(|event| event["name"] == "verdict: TOO SOON").count(), 1);
    assert_eq!(trace["otherData"]["left out"][0], "1 look came after the target had ended");
}

#[test]
fn a_file_is_overwritten_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.csv");
    let path = file.to_str().unwrap();
    assert_eq!(exported(&[RECORDED, "--csv", "-o", path]), "");
    let whole = fs::read_to_string(&file).unwrap();
    assert_eq!(whole, exported(&[RECORDED, "--csv"]));
    fs::write(&file, "mine").unwrap();
    let (code, _, stderr) = export(&[RECORDED, "--csv", "-o", path]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("run.csv exists; --force overwrites it"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    exported(&[RECORDED, "--csv", "-o", path, "--force"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), whole);
}

#[test]
fn what_is_no_recording_is_refused_and_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage");
    fs::write(&garbage, "garbage").unwrap();
    let out = folder.path().join("out");
    let refused = |recording: &str, words: &str| {
        let (code, stdout, stderr) = export(&[recording, "--csv", "-o", out.to_str().unwrap()]);
        assert!(stderr.contains(words), "{stderr}");
        assert_eq!(stdout, "");
        assert!(!out.exists());
        code
    };
    assert_eq!(refused(garbage.to_str().unwrap(), "this is no tape"), Some(1));
    assert_eq!(refused(folder.path().to_str().unwrap(), "samples.tape: no such file"), Some(3));
    assert_eq!(refused("no-such.tape", "no such file, and no run with this name"), Some(3));
    let (code, _, stderr) = export(&[RECORDED]);
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn a_recording_that_was_cut_is_exported_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let tape = fs::read(RECORDED).unwrap();
    let cut = folder.path().join("cut.tape");
    fs::write(&cut, &tape[..tape.len() / 2]).unwrap();
    let (code, stdout, stderr) = export(&[cut.to_str().unwrap(), "--json-lines"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("the tape was cut"), "{stderr}");
    let whole = exported(&[RECORDED, "--json-lines"]);
    let mut rows: Vec<&str> = stdout.lines().collect();
    assert!(rows.pop().unwrap().contains("the tape was cut"));
    assert!(rows.len() > 1 && whole.starts_with(&rows.join("\n")));
}

#[test]
fn of_a_span_only_its_looks_are_written_as_they_are_in_the_whole() {
    let whole = lines(&exported(&[RECORDED, "--json-lines"]));
    let within = |from_s: f64, to_s: f64| -> Vec<Value> {
        let is_within = |row: &&Value| row["offset_s"].as_f64().is_some_and(|at_s| (from_s..=to_s).contains(&at_s));
        whole.iter().filter(is_within).cloned().collect()
    };
    for (options, from_s, to_s, says) in [
        (&["--from", "4s", "--to", "9s"][..], 4.0, 9.0, "only 4s to 9s of 1"),
        (&["--to", "19:56:20"], 0.0, 5.351, "only 0s to 5s of 1"),
    ] {
        let mut rows = lines(&exported(&[&[RECORDED, "--json-lines"], options].concat()));
        let last = rows.pop().unwrap();
        assert!(last["left_out"][0].as_str().unwrap().contains(says), "{last}");
        assert_eq!(rows, within(from_s, to_s), "{options:?}");
    }
    let mut one = lines(&exported(&[RECORDED, "--json-lines", "--at", "5s"]));
    let last = one.pop().unwrap();
    assert_eq!((&last["looks"], &last["left_out"][0].as_str().unwrap()[..23]), (&1.into(), "only the look at 5s of "));
    let page = exported(&[RECORDED, "--html", "--from", "4s", "--to", "9s"]);
    assert!(page.contains(", of which 4s to 8s are shown, 5 looks"), "{}", between(&page, "recorded</dt>", "</dd>"));
    assert!(page.contains("<li>only 4s to 9s of "));
}

/// Attributes and text of the elements of this name.
fn elements<'a>(svg: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let begin = format!("<{name} ");
    let element = |rest: &'a str| {
        let (attributes, rest) = rest.split_once('>').unwrap();
        (attributes, rest.split('<').next().unwrap())
    };
    svg.split(&*begin).skip(1).map(element).collect()
}

#[test]
fn a_picture_shows_a_moment_as_a_replay_does_and_loads_nothing() {
    let svg = exported(&[RECORDED, "--svg", "--at", "12s", "--size", "100x30"]);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"864\" height=\"564\""), "{svg}");
    assert!(
        svg.ends_with("</svg>\n") && svg.contains("<title>tftop: tests/data/tape/first.tape at 2026-11-20T19:56:2")
    );
    let page = svg.replacen("http://www.w3.org/2000/svg", "", 1);
    for elsewhere in ["href", "url(", "http", "<script", "<style", "<image", "@import", "<foreignObject"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    let texts = elements(&svg, "text");
    let joined: String = texts.iter().map(|(_, text)| *text).collect();
    for words in ["replay 19:56:2", "paused", "TF intra-op", "WANTED"] {
        assert!(joined.contains(words), "{words}: {joined}");
    }
    assert!(texts.iter().all(|(attributes, _)| attributes.contains("textLength=") && attributes.contains("fill=\"#")));
    // As colours are chosen, not as stdout is.
    let plain = exported(&[RECORDED, "--svg", "--at", "12s", "--size", "100x30", "--color", "never"]);
    assert!(svg.contains("fill=\"#d75f5f\"") || svg.contains("fill=\"#5faf5f\""), "the palette's colours");
    assert!(!plain.contains("#5faf5f") && !plain.contains("#d75f5f"));
    let limits = exported(&[RECORDED, "--svg", "--view", "limits"]);
    assert!(limits.contains("TF_NUM_INTRAOP_THREADS") && !svg.contains("TF_NUM_INTRAOP_THREADS"), "{limits}");
    let hostile_folder = tempfile::tempdir().unwrap();
    let hostile = exported(&[hostile(hostile_folder.path()).to_str().unwrap(), "--svg", "--size", "200x40"]);
    assert!(
        !hostile.contains("<script") && !hostile.contains("<img") && hostile.contains("&lt;/script&gt;"),
        "{hostile}"
    );
    for (options, says) in [
        (&["--from", "1s", "--to", "3s"][..], "a picture is of one moment"),
        (&["--size", "1x1"], "write columns and rows"),
        (&["--at", "90m"], "the recording is only"),
    ] {
        let (code, _, stderr) = export(&[&[RECORDED, "--svg"], options].concat());
        assert!(code == Some(2) && stderr.contains(says), "{stderr}");
    }
    let (code, _, stderr) = export(&[RECORDED, "--csv", "--size", "80x24"]);
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn a_kept_run_is_found_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tftop/runs/261120-195614");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("run.json"), r#"{"schema":"tftop.run/1","id":"261120-195614","command":["python"]}"#)
        .unwrap();
    fs::copy(RECORDED, folder.join("samples.tape")).unwrap();
    let of = |name: &str, home: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
        command.args(["export", name, "--json-lines"]).env("XDG_STATE_HOME", home).output().unwrap()
    };
    for name in ["last", "2611", "261120-195614"] {
        let rows = lines(std::str::from_utf8(&of(name, home.path()).stdout).unwrap());
        assert_eq!(rows.last().unwrap()["recording"], "261120-195614");
    }
    assert_eq!(of("270101", home.path()).status.code(), Some(3));
}

/// The text between two others.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, behind) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin}"));
    behind.split_once(end).unwrap().0
}

/// SHA-256 as a Content-Security-Policy names it.
fn sha256(folder: &Path, text: &str) -> String {
    let file = folder.join("hashed");
    fs::write(&file, text).unwrap();
    let code = "import base64,hashlib,sys;print(base64.b64encode(hashlib.sha256(open(sys.argv[1],'rb').read()).digest()).decode())";
    let Output { status, stdout, .. } = Command::new("python3").args(["-c", code]).arg(&file).output().unwrap();
    assert!(status.success());
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

#[test]
fn a_page_loads_nothing_and_runs_nothing_but_its_own_script() {
    let page = exported(&[RECORDED, "--html"]);
    // The one reference within the page.
    let loads = page.replace("url(#plot)", "");
    for elsewhere in
        ["src=", "href=", "url(", "http:", "https:", "@import", "fetch(", "innerHTML", "onclick=", " style="]
    {
        assert!(!loads.contains(elsewhere), "{elsewhere}");
    }
    let folder = tempfile::tempdir().unwrap();
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    let style = sha256(folder.path(), between(&page, "<style>", "</style>"));
    let script = sha256(folder.path(), between(&page, "<script>", "</script>"));
    let expected = format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
    );
    assert_eq!(policy, expected);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
}

#[test]
fn a_page_has_everything_and_every_element_of_it_ends() {
    let page = exported(&[RECORDED, "--html"]);
    let body = between(&page, "<body>", "<script id=\"data\"");
    for words in
        ["tiny.py 40 --api-key (hidden)", "Over time", "Causes found", "Limits", "TF_NUM_INTRAOP_THREADS", "Left out"]
    {
        assert!(body.contains(words), "{words}");
    }
    assert!(body.contains("1 look came after the target had ended"));
    let data: Value = serde_json::from_str(between(&page, "type=\"application/json\">", "</script>")).unwrap();
    let moments = data["moments"].as_array().unwrap();
    assert_eq!(moments.len() as u64, LOOKS);
    assert_eq!((&moments[0]["at"], &moments[0]["got"]), (&"0s".into(), &"-".into()));
    assert_eq!(body.matches("<tr data-at=").count(), moments.len());
    let mut open: Vec<&str> = Vec::new();
    for tag in body.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        match tag {
            closing if closing.starts_with('/') => assert_eq!(open.pop(), Some(name)),
            single if single.ends_with('/') || name == "input" => {}
            _ => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// A recording in which the target calls itself what would be markup.
fn hostile(folder: &Path) -> PathBuf {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(RECORDED).unwrap()).read_to_string(&mut text).unwrap();
    let text = text.replace("tiny.py", "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\\\"");
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    let file = folder.join("hostile.tape");
    fs::write(&file, out.finish().unwrap()).unwrap();
    file
}

#[test]
fn what_a_target_calls_itself_never_becomes_markup() {
    let folder = tempfile::tempdir().unwrap();
    let page = exported(&[hostile(folder.path()).to_str().unwrap(), "--html"]);
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)"), "the name is shown");
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<script>alert"));
}

/// Where a chromium is installed it opens the page, a hostile one too.
#[test]
fn a_browser_opens_the_page_and_its_script_runs() {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    let Some(browser) = found else {
        eprintln!("skipped: no chromium is installed here, so nobody has seen the page");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for recording in [RECORDED, hostile(folder.path()).to_str().unwrap()] {
        let page = folder.path().join("page.html");
        exported(&[recording, "--html", "--force", "-o", page.to_str().unwrap()]);
        let Output { stdout, stderr, .. } = Command::new(browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
                "--virtual-time-budget=2000",
                // Without a network.
                "--host-resolver-rules=MAP * ~NOTFOUND",
            ])
            .arg(format!("--user-data-dir={}", folder.path().join("browser").display()))
            .arg("--dump-dom")
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        let (dom, log) = (String::from_utf8(stdout).unwrap(), String::from_utf8_lossy(&stderr).into_owned());
        assert!(dom.contains("threads in 1 process; got"), "the script has shown a moment: {log}\n{dom}");
        assert!(!log.contains("CONSOLE"), "{log}");
    }
}

#[test]
fn a_page_is_not_printed_on_a_terminal() {
    let program = [env!("CARGO_BIN_EXE_tftop"), "export", RECORDED, "--html"];
    let Output { stdout, .. } = Command::new("python3")
        .args(["-c", "import pty,sys; pty.spawn(sys.argv[1:])"])
        .args(program)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&stdout).contains("a page is for a browser, not for a terminal"));
}
