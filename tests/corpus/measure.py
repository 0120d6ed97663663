"""What following tftop's advice does to speed: the first table of assets/measurements.md.

    python3 measure.py --python PYTHON --tftop TFTOP [--out FOLDER] [NAME...]

For each workload: starts it with pools of 16 (openmp_cnn, which an OpenMP build of TensorFlow has, with teams of 16) and
lets tftop watch it for 12 s; then warm copies under the advised caps, TensorFlow's defaults and a grid of caps take turns,
all but one stopped, in random order. A machine's speed changes from second to second, also when nobody else uses it, so a
copy's speed is the median of its turns, each compared with the other copies' turns of the same round; the first round is
left out, it is slower.

The best of several noisy medians looks better than it is. So what came out best, the advised caps, TensorFlow's defaults and
what was before take turns once more, and only these decide: speed and ratios in the table are of this final.

Needs a quiet machine; turns in which others used more than a quarter of a CPU are said.

With --pretend N it starts as on a machine of N CPUs instead: a library before all others (made with cc) answers N to
whoever asks how many there are, so that TensorFlow, XLA and OpenBLAS size their pools by it.

With --tune, `tftop tune --copies` looks for caps first, and what it found takes its turns with the others.
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
WORKLOADS = str(HERE / "workloads.py")
# Workloads for which the grid has other caps, too, and these caps' values.
MORE_CAPS = {"numpy_between": ("blas", [1]), "boosting": ("omp", [1]), "costly_input": ("data", [1, 2])}
BEFORE = {"TF_NUM_INTRAOP_THREADS": "16", "TF_NUM_INTEROP_THREADS": "16"}
# On a TensorFlow that is built with OpenMP; the list names it only there.
OPENMP, BEFORE_OPENMP = "openmp_cnn", {"OMP_NUM_THREADS": "16"}
PRETENDED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>
int get_nprocs(void) { return N; }
int get_nprocs_conf(void) { return N; }
long sysconf(int name) {
    static long (*real)(int);
    if (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF) return N;
    if (!real) real = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return real(name);
}
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
    (void)pid;
    CPU_ZERO_S(size, set);
    for (int cpu = 0; cpu < N; cpu++) CPU_SET_S(cpu, size, set);
    return 0;
}
"""
WARM_STEPS, START_LIMIT_S = 20, 180
TURN_S, SKIPPED_S = 1.0, 0.3


def busy_ticks():
    """All CPUs' time in use, in clock ticks; not what runs at low priority (nice), which gives way, and not idle time."""
    fields = open("/proc/stat").readline().split()[1:]
    return sum(int(field) for at, field in enumerate(fields) if at not in (1, 3, 4))


def group_load(group):
    """Nanoseconds that the threads of a process group ran and waited for a CPU (schedstat); of those that live."""
    ran = waited = 0
    for entry in os.listdir("/proc"):
        try:
            if not entry.isdigit() or os.getpgid(int(entry)) != group:
                continue
            for task in os.listdir(f"/proc/{entry}/task"):
                with open(f"/proc/{entry}/task/{task}/schedstat") as file:
                    run, wait, _ = file.read().split()
                ran, waited = ran + int(run), waited + int(wait)
        except OSError:
            continue
    return ran, waited


class Copy:
    def __init__(self, name, label, python, folder, caps=None, environment=None, tftop=None):
        self.label, self.turns, self.capped = label, [], caps is not None
        self.limit = time.monotonic() + START_LIMIT_S
        self.path = folder / f"{name}-{label}.count".replace(" ", "_")
        self.path.write_bytes(bytes(8 * 16))
        command = [python, WORKLOADS, name, str(self.path)]
        if caps is not None:
            options = [word for cap, value in caps.items() for word in (f"--{cap}", str(value))]
            command = [tftop, "run", "--no-ui", "--force", *options, "--", *command]
        clean = {key: value for key, value in os.environ.items() if "NUM_THREADS" not in key}
        self.log = open(folder / f"{name}-{label}.log".replace(" ", "_"), "wb")
        self.process = subprocess.Popen(
            command, env={**clean, **(environment or {}), "XDG_STATE_HOME": str(folder)}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def steps(self):
        return sum(struct.unpack("<16Q", self.path.read_bytes()[:128]))

    def is_warm(self):
        """None while nobody can say."""
        if self.steps() >= WARM_STEPS:
            return True
        failed = self.process.poll() is not None or time.monotonic() > self.limit
        return False if failed else None

    def warm(self):
        while self.is_warm() is None:
            time.sleep(0.1)
        return self.is_warm()

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def turn(self):
        self.signal(signal.SIGCONT)
        time.sleep(SKIPPED_S)
        begin = (time.monotonic(), self.steps(), busy_ticks(), *group_load(self.process.pid))
        time.sleep(TURN_S - SKIPPED_S)
        end = (time.monotonic(), self.steps(), busy_ticks(), *group_load(self.process.pid))
        self.signal(signal.SIGSTOP)
        wall, steps, busy, ran, waited = (b - a for a, b in zip(begin, end))
        others = max(0.0, busy / os.sysconf("SC_CLK_TCK") - ran / 1e9)
        self.turns.append((steps / wall, ran / 1e9 / wall, (ran + waited) / 1e9 / wall, others / wall))

    def median(self, at=0):
        return statistics.median(turn[at] for turn in self.turns)

    def end(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


def target_pid(copy):
    """The process that tftop is to watch: the first Python of the group."""
    return copy.process.pid


def report(tftop, pid):
    result = subprocess.run(
        [tftop, "report", str(pid), "--for", "12s", "--json"], capture_output=True, text=True, check=False
    )
    return json.loads(result.stdout)


def caps_of(verdict):
    return {cap: value for cap, value in (verdict.get("caps") or {}).items() if value is not None}


def tuned(tftop, python, name, folder):
    """The caps that `tftop tune` ends with, none where it shows no better ones; copies it started; seconds it took."""
    path = folder / f"{name}-tune.count"
    path.write_bytes(bytes(8 * 16))
    begun = time.monotonic()
    result = subprocess.run(
        [tftop, "tune", "--copies", "--minutes", "4", "--", python, WORKLOADS, name, str(path)],
        capture_output=True, text=True, check=False, env={**os.environ, "XDG_STATE_HOME": str(folder)},
    )  # fmt: skip
    line = re.search(r"^ *tftop run (.*?) -- ", result.stdout, re.M)
    words = line.group(1).split() if line else []
    caps = {cap.removeprefix("--"): int(value) for cap, value in zip(words[::2], words[1::2])}
    copies = re.search(r" of (\d+) warm copies", result.stdout)
    answer = result.stdout if copies else result.stderr
    return {"caps": caps, "copies": int(copies.group(1)) if copies else None, "seconds": time.monotonic() - begun, "answer": answer}


def pretending(cpus, folder):
    """The environment of a process that is to believe in so many CPUs."""
    source, library = folder / "pretend.c", folder / "pretend.so"
    source.write_text(PRETENDED)
    subprocess.run(["cc", "-shared", "-fPIC", f"-DN={cpus}", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


def label_of(caps):
    return " ".join(f"{cap} {value}" for cap, value in caps.items()) or "none"


def grid(name, cpus):
    widths = sorted({1, cpus})
    if name == OPENMP:
        return [{"inter": a, "omp": b} for a, b in itertools.product(widths, widths)]
    points = [{"intra": a, "inter": b} for a, b in itertools.product(widths, widths)]
    cap, values = MORE_CAPS.get(name, (None, []))
    return points + [{**point, cap: value} for value in values for point in points]


def measure(name, options, folder):
    cpus = len(os.sched_getaffinity(0))
    settings = BEFORE_OPENMP if name == OPENMP else BEFORE
    environment = pretending(options.pretend, folder) if options.pretend else settings
    before = Copy(name, "before", options.python, folder, environment=environment)
    copies = [before]
    try:
        if not before.warm():
            return {"name": name, "failed": (folder / f"{name}-before.log").read_text(errors="replace")[-300:]}
        seen = report(options.tftop, target_pid(before))
        before.signal(signal.SIGSTOP)
        advised = caps_of(seen["verdict"])
        points = {label_of(caps): caps for caps in grid(name, cpus)}
        if advised:
            points.setdefault(label_of(advised), advised)
        tune = tuned(options.tftop, options.python, name, folder) if options.tune else None
        if tune and tune["caps"]:
            points.setdefault(label_of(tune["caps"]), tune["caps"])
        starts = [("default", None)] + list(points.items())
        waiting = [Copy(name, label, options.python, folder, caps=caps, tftop=options.tftop) for label, caps in starts]
        copies += waiting
        while waiting:
            time.sleep(0.1)
            for copy in [copy for copy in waiting if copy.is_warm() is not None]:
                waiting.remove(copy)
                copy.signal(signal.SIGSTOP)
                if not copy.is_warm():
                    copies.remove(copy)
                    copy.end()
        if options.default_report:
            copies[1].signal(signal.SIGCONT)
            time.sleep(1)
            at_default = report(options.tftop, target_pid(copies[1]))
            copies[1].signal(signal.SIGSTOP)
        race(copies, 1)
        for copy in copies:
            copy.turns.clear()
        race(copies, options.rounds)
        swept = paired(copies)
        best = max((label for label in swept if label != "before"), key=swept.get)
        chosen = label_of(advised) if advised else "before"
        found = tune and (label_of(tune["caps"]) if tune["caps"] else "default")
        finalists = [copy for copy in copies if copy.label in (best, chosen, found, "before", "default")]
        grid_turns = {copy.label: [round(turn[0], 2) for turn in copy.turns] for copy in copies}
        for copy in finalists:
            copy.turns.clear()
        race(finalists, options.final)
        speeds = {**swept, **paired(finalists)}
        return {
            "name": name,
            "before": speeds["before"],
            "default": speeds.get("default"),
            "advised": {"caps": advised, "speed": speeds.get(chosen)},
            "best": {"caps": best, "speed": speeds[best]},
            "tune": tune and {**tune, "speed": speeds.get(found)},
            "got": {copy.label: round(copy.median(1), 2) for copy in copies},
            "wanted": {copy.label: round(copy.median(2), 2) for copy in copies},
            "others": round(max(copy.median(3) for copy in copies), 2),
            "speeds": {label: round(speed, 2) for label, speed in speeds.items()},
            "swept": {label: round(speed, 2) for label, speed in swept.items()},
            "turns": {"grid": grid_turns, "final": {copy.label: [round(turn[0], 2) for turn in copy.turns] for copy in finalists}},
            "verdict": seen["verdict"],
            "groups": slim(seen),
            "default_groups": slim(at_default) if options.default_report else None,
        }
    finally:
        for copy in copies:
            copy.end()


def race(copies, rounds):
    """Each copy has a turn in each round, in random order."""
    for _ in range(rounds):
        for copy in random.sample(copies, len(copies)):
            copy.turn()


def paired(copies):
    """Steps a second of each copy: the median of its share in each round's mean, times the median of these means."""
    rounds = [statistics.geometric_mean(max(turn[0], 0.1) for turn in turns) for turns in zip(*(copy.turns for copy in copies))]
    usual = statistics.median(rounds)
    share = lambda copy: statistics.median(turn[0] / mean for turn, mean in zip(copy.turns, rounds))
    return {copy.label: share(copy) * usual for copy in copies}


def slim(seen):
    keep = ("label", "origin", "threads", "got", "waiting", "wanted", "limit")
    groups = [{key: group.get(key) for key in keep} for group in seen["groups"]]
    return {"verdict": seen["verdict"], "demand": seen["demand"], "groups": groups, "cpus": seen["capacity"]["effective_cpus"]}


def row(result):
    if "failed" in result:
        return f"| {result['name']} | failed | | | | |"
    before, advised, best = result["before"], result["advised"], result["best"]
    followed = advised["speed"] or before
    return (
        f"| {result['name']} | {before:.4g} | {followed:.4g} ({label_of(advised['caps'])}) | {best['speed']:.4g} "
        f"({best['caps']}) | {followed / before:.2f} | {followed / best['speed']:.2f} |{tune_cells(result)}"
    )


def tune_cells(result):
    tune, best = result.get("tune"), result["best"]["speed"]
    if not tune:
        return ""
    reached = f"{tune['speed'] / best:.2f}" if tune["speed"] else "failed"
    return f" {label_of(tune['caps'])} | {reached} | {tune['copies']} copies, {tune['seconds']:.0f} s |"


HEAD = "| workload | before | advised | best | advised / before | advised / best |\n|---|---|---|---|---|---|"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--tftop", default=shutil.which("tftop"))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--final", type=int, default=24, help="rounds of the best, the advised, the default and what was before")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--pretend", type=int, metavar="N", help="start it as on a machine of N CPUs, not with pools of 16")
    parser.add_argument("--tune", action="store_true", help="let `tftop tune --copies` find caps, too")
    parser.add_argument("--default-report", action="store_true", help="watch it with TensorFlow's defaults, too")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = options.names or subprocess.check_output([options.python, WORKLOADS], text=True).split()
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            result = measure(name, options, pathlib.Path(folder))
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                (options.out / f"{name}.json").write_text(json.dumps(result, indent=1))
            print(row(result), flush=True)


if __name__ == "__main__":
    main()
