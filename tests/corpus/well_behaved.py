"""What tftop says of programs that nothing is wrong with: 12 workloads under caps that fit, looked at again and again.

    python3 well_behaved.py --python PYTHON --tftop TFTOP [--minutes 60] [--out FILE]

Prints a row a workload and exits with 1 when any look found a cause above a notice or a verdict above one. Made for 2 CPUs
or more; neighbours that take CPUs away are said as what they are (`starved`, a notice).
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from measure import Copy, WORKLOADS, label_of, report

# What was best on 2 CPUs when measure.py measured a grid, or TensorFlow's defaults where these are as good.
WELL_BEHAVED = [
    ("tiny_mlp", {"intra": 2, "inter": 1}),
    ("embedding", {"intra": 1, "inter": 2}),
    ("custom_loop", {"intra": 2, "inter": 1}),
    ("matmul", {"intra": 2, "inter": 1}),
    ("lstm", {"intra": 1, "inter": 2}),
    ("gru", {"intra": 1, "inter": 1}),
    ("jit", {"intra": 2, "inter": 1}),
    ("cnn_arrays", {"intra": 1, "inter": 2}),
    ("cnn_jpeg", {"intra": 1, "inter": 1, "data": 2}),
    ("v1_session", {"intra": 1, "inter": 2}),
    ("predicting", {"intra": 1, "inter": 2}),
    ("idle_server", {}),
]
# Above these nothing may be said.
CALM_VERDICTS = {"healthy", "notice", "starved", "undersubscribed"}
CALM_LEVELS = {None, "healthy", "notice"}


def workload_pid(copy):
    """The Python under `tftop run`, or the process itself."""
    children = pathlib.Path(f"/proc/{copy.process.pid}/task/{copy.process.pid}/children").read_text().split()
    return int(children[0]) if copy.capped and children else copy.process.pid


def look_at(name, caps, minutes, options, folder):
    copy = Copy(name, "calm", options.python, folder, caps=caps or None, tftop=options.tftop)
    verdicts, causes, loud = collections.Counter(), collections.Counter(), []
    looks = 0
    try:
        if not copy.warm():
            return {"name": name, "failed": True}
        time.sleep(5)
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            seen = report(options.tftop, workload_pid(copy))
            looks += 1
            verdict = seen["verdict"]["condition"]
            verdicts[verdict] += 1
            found = [(finding["code"], finding["level"]) for finding in seen["findings"]]
            causes.update(f"{code} ({level})" for code, level in found)
            if verdict not in CALM_VERDICTS or any(level not in CALM_LEVELS for _, level in found):
                loud.append({"verdict": seen["verdict"], "findings": seen["findings"]})
    finally:
        copy.end()
    return {"name": name, "looks": looks, "verdicts": verdicts, "causes": causes, "loud": loud}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--tftop", default=shutil.which("tftop"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    print("| workload | caps | looks of 12 s | verdicts | causes found | above a notice |\n|---|---|---|---|---|---|", flush=True)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name, caps in WELL_BEHAVED:
            result = look_at(name, caps, options.minutes / len(WELL_BEHAVED), options, pathlib.Path(folder))
            results.append(result)
            words = lambda counts: ", ".join(f"{what} {count}" for what, count in counts.most_common()) or "none"
            if "failed" in result:
                print(f"| {name} | {label_of(caps)} | failed | | | |", flush=True)
                continue
            print(
                f"| {name} | {label_of(caps)} | {result['looks']} | {words(result['verdicts'])} | {words(result['causes'])} "
                f"| {len(result['loud'])} |",
                flush=True,
            )
            if options.out:
                options.out.write_text(json.dumps(results, indent=1))
    sys.exit(any(result.get("failed") or result["loud"] for result in results))


if __name__ == "__main__":
    main()
