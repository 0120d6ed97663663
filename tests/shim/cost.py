"""What the shim costs: ABAB runs in one go. Prints figures, asserts nothing: they belong to one machine and one moment.

    cost.py start [ROUNDS]      milliseconds of an interpreter that does nothing, without and with the shim
    cost.py mark PYTHON [N]     microseconds of one step, without and with the shim, in a process of TensorFlow each
    cost.py train PYTHON TFTOP [N]
                                microseconds of a real training step, bare and under `tftop run --record-only`: shim,
                                watching and recording together
"""

import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from support import SHIM, Listener, environment

SCRIPTS = pathlib.Path(__file__).parent / "scripts"


def compare(unit, measure, rounds):
    """Medians and quartiles of both sides, and of the paired difference."""
    bare, shimmed = [], []
    for _ in range(rounds):
        bare.append(measure(False))
        shimmed.append(measure(True))
    for name, values in (("without", bare), ("with", shimmed), ("difference", [b - a for a, b in zip(bare, shimmed)])):
        low, middle, high = statistics.quantiles(values, n=4)
        print("%-10s median %8.3f %s, quartiles %.3f to %.3f, %d rounds" % (name, middle, unit, low, high, rounds))


def train(python, tftop, rounds):
    """Real training, by the script's own clock."""
    bare = [python, str(SCRIPTS / "timed_fit.py"), "600"]

    def step(watched):
        command = [tftop, "run", "--no-ui", "--record-only", "--", *bare] if watched else bare
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(found.stdout)

    compare("us", step, rounds)


def main():
    """One comparison."""
    if sys.argv[1] == "train":
        return train(sys.argv[2], sys.argv[3], int(sys.argv[4]) if sys.argv[4:] else 8)
    ear = Listener()
    # A copy, as the launcher makes one: Python keeps its bytecode beside it from the first start on.
    copy = tempfile.TemporaryDirectory()
    shutil.copytree(SHIM, copy.name, dirs_exist_ok=True)
    config = {"intra": 2, "inter": 2, "data": 2, "libraries": {"OMP_NUM_THREADS": 1}, "socket": ear.path}

    def names(shimmed):
        found = environment(config if shimmed else None)
        del found["PYTHONDONTWRITEBYTECODE"], found["PYTHONPATH"]
        return dict(found, PYTHONPATH=copy.name) if shimmed else found

    def start(shimmed):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], env=names(shimmed), check=True)
        took = (time.perf_counter() - began) * 1000
        ear.records()
        return took

    if sys.argv[1] == "start":
        compare("ms", start, int(sys.argv[2]) if sys.argv[2:] else 60)
        return
    python, rounds = sys.argv[2], int(sys.argv[3]) if sys.argv[3:] else 3
    for source in ("keras", "iterator", "function"):

        def mark(shimmed):
            command = [python, str(SCRIPTS / "empty_steps.py"), source]
            found = subprocess.run(command, env=names(shimmed), capture_output=True, text=True, check=True)
            ear.records()
            return float(found.stdout)

        print(source)
        compare("us", mark, rounds)


if __name__ == "__main__":
    main()
