//! tftop names the true origin of every thread of a running TensorFlow process and measures what each group of threads gets,
//! waits for and wants, from the kernel's own counters, without stopping the process.
//!
//! # The way of a sample
//!
//! ```text
//!  live target ─┐                                              ┌─> tui     (screen, as a picture: svg)
//!               ├─> Sample ──(recording)──> Model::next ──> Scene ─> present ─> output  (text, Markdown, JSON; export)
//!  recording  ──┘   raw facts                pure, per tick    └─> runs    (statistics, comparison)
//!        ▲                                                      │
//!        └──────────── Interest, Effect (what a user asked for) ◄┘
//! ```
//!
//! A [`data::sample::Sample`] holds what was read, as it was read; a [`data::scene::Scene`] holds everything that may be
//! shown; [`model::build_scene::Model`] makes one of the other and does no I/O and reads no clock. Nothing on screen is
//! computed in a view. A recording is judged by the same model: `runs/recorded` finds a moment or a span of it for reports,
//! `runs/player` makes the scene of each look for a replay, and an export writes them one by one.
//!
//! # Layers
//!
//! A file imports its own room and lower layers only; rooms of one layer never import each other, files never import each
//! other in a circle. `tests/layers` checks it file by file.
//!
//! | layer | room | holds |
//! |---|---|---|
//! | 0 | `data` | plain serde types: `sample` (what was read), `limits` (caps, limits), `scene` (what may be shown), `run` (what is kept) |
//! | 1 | `linux` | what the kernel and file formats say, for anyone: /proc, cgroups, ELF, memory, foreign files, terminals |
//! | 2 | `probe` | reads a live target; stops a thread only in `stack/stop`, where a user asked for it |
//! | 2 | `model` | pure: rates, origins, limits, capacity, verdict, rules, advice, scene |
//! | 2 | `launch` | starts a command with caps and ends it |
//! | 3 | `runs` | recordings and how they are judged and played, a live target's past, the store of runs, statistics, comparison, sweep |
//! | 4 | `present` | tables, sections and number formats, each once for every output |
//! | 5 | `output`, `tui` | thin printers: text, Markdown, JSON, exports; the dashboard, also of a recording, and its picture |
//! | 6 | `commands` | wiring: one file a subcommand, its arguments, the sampler, background workers |
//!
//! `linux` stands above `data` because what it reads is returned as data's types (`Pid`, `CpuSet`, `Gap`); `runs` stands
//! above `model` because it judges with the model's words.
//!
//! # Where to add a …
//!
//! | | touch | tested by |
//! |---|---|---|
//! | thread family | a row of `assets/families.toml` | scenarios of `tests/scenarios`, `tests/recorded.rs` |
//! | cause | a file in `model/rules` and its line in `model/rules/mod.rs` | its scenarios in `tests/scenarios/findings` |
//! | cap | a row of `data/limits/cap.rs` | the test that walks the rows |
//! | column | a row of `tui/table` | the test that walks the columns, screens |
//! | key | a row of `tui/keys/bindings.rs`, its name, its case in `tui/state`, its line in `assets/config.example.toml` | the tests of `tui/keys`, of `commands/settings` |
//! | setting | a field of `tui/settings/values.rs`, its case in `commands/settings/parse.rs`, its line in `assets/config.example.toml` | the tests of `commands/settings` |
//! | output format | a file in `output` over `present`'s sections | `tests/reports.rs` |
//! | export format | a file in `output/export`, its word in `ExportFormat` and in `commands/args/export.rs` | `tests/export.rs` |
//! | CPython version | its offsets in `probe/cpython` (from 3.13 on it says them itself) | `tests/python_objects` |
//! | JSON output | its `SCHEMA` and a line in `output/schemas.rs` | `tests/schemas.rs` |
//! | GPU driver | a file in `probe/gpu` that implements `GpuDriver` | `tests/gpu.rs` |
//!
//! # Words
//!
//! | word | means |
//! |---|---|
//! | sample | one look at a target: counters and names as read |
//! | scene | everything that may be shown at one tick |
//! | origin | the thread family a thread belongs to: `tf-intra-op` |
//! | got, waiting, wanted | CPUs run on; CPUs waited for; their sum |
//! | limit | what holds the threads of a group back, with its source |
//! | cap | a limit that tftop sets: `--intra 2` |
//! | knob, setting | what steers a limit: a variable, a call; its value |
//! | rule, answer | the check for one cause; found, clear, too soon or can't tell |
//! | cause, finding | why more is wanted than a setting allows; one that applies, with evidence and a remedy |
//! | verdict | the headline's judgement of the whole target |
//! | gap | something that is missing, and why |
//! | budget | how much work one look may be |
//! | look, moment, span | one sample of a recording; an instant of it; the time between two of them |
//! | replay, export | a recording played in the dashboard; one written for other programs |
//! | recording, run | samples in a file; a command that tftop started and all that is kept of it |
//! | profile, preset | CPU samples of stacks; caps by a name |
//! | worker | a thread that is asked in the background; the newest answer counts |

pub mod commands;
pub mod data;
pub mod launch;
pub mod linux;
pub mod model;
pub mod output;
pub mod present;
pub mod probe;
pub mod runs;
pub mod tui;

/// The library's own name, for tests that are shared with those outside.
#[cfg(test)]
extern crate self as tftop;

#[cfg(test)]
#[path = "../tests/fuzz/mod.rs"]
mod fuzz;
