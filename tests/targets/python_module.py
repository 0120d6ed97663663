"""The Python module on this process, without TensorFlow: reports, watching, errors, the magic. Ends with OK."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "assets" / "python"))

import tftop

# Threads that work while others watch them.
ended = threading.Event()


def spin():
    while not ended.is_set():
        sum(range(1000))


workers = [threading.Thread(target=spin, daemon=True) for _ in range(2)]
for worker in workers:
    worker.start()


def got(report):
    return report["demand"]["got"]


def fails(call, part):
    try:
        call()
    except tftop.TftopError as error:
        assert part in str(error), error
        return error
    raise AssertionError(f"{part}: nothing was raised")


# A report on this process: two threads that share one interpreter get about one CPU.
report = tftop.report(seconds=2)
assert report["schema"] == "tftop.report/1" and report["target"]["pid"] == os.getpid(), report["target"]
assert 0.2 < got(report) < 2, report["demand"]
# What tftop itself does is no part of it.
assert [process["pid"] for process in report["target"]["processes"]] == [os.getpid()], report["target"]

# A child that outlives nothing: its report is of the child.
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
assert tftop.report(child.pid, seconds=1)["target"]["pid"] == child.pid
child.kill()
child.wait()
assert fails(lambda: tftop.report(child.pid, seconds=1), "no process").exit_code == 3

with tftop.watch(interval=0.1) as watched:
    time.sleep(5)  # what was looked at is on disk within 2 s
    lately = watched.report(last=1)
    time.sleep(0.5)
whole = watched.report()
assert abs(lately["window_s"] - 1) < 0.5 and 2 < whole["window_s"] < 10, (lately["window_s"], whole["window_s"])
assert got(lately) > 0.2 and got(whole) > 0.2, (lately["demand"], whole["demand"])
watched.end()
fails(watched.begin, "watched already")
fails(tftop.Watch().report, "nothing was watched")
# What fails in a block comes out of it, and the recorder ends.
try:
    with tftop.watch(interval=0.1) as watched:
        raise KeyError("of the block")
except KeyError:
    assert watched._recorder is None

try:
    tftop.report(seconds=float("nan"))
    raise AssertionError("not a time")
except ValueError:
    pass


class Shell:
    """What the magics need of IPython."""

    def register_magic_function(self, function, magic_kind, magic_name):
        assert (magic_kind, magic_name) == ("line_cell", "tftop")
        self.magic = function

    def run_cell(self, cell):
        exec(cell, {})


shell = Shell()
tftop.load_ipython_extension(shell)
shown = shell.magic("", "import time; time.sleep(1.2)")
assert "<table>" in shown._repr_html_() and "origin" in repr(shown), repr(shown)
# What a target calls itself is text, not HTML.
shown.report["groups"][0]["label"] = "<script>"
assert "<script>" not in shown._repr_html_()
json.dumps(shown.report)

# Nothing is left running, and no folder lies about.
ended.set()
os.environ["TFTOP"] = "/nonexistent/tftop"
fails(lambda: tftop.report(seconds=1), "does not start")
print("OK")
