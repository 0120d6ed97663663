"""Do memory and descriptors of tftop stay flat? Watches a process with many threads that starts short-lived children all the
time, in the dashboard at the shortest interval, and prints and asserts what tftop holds.

    python3 tests/bench/soak.py [--tftop PATH] [--seconds 600] [--threads 1000] [--births 20] [--interval 0.1s]
"""
import argparse
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time

TARGET = """
import os, sys, threading, time
threading.stack_size(64 << 10)
for _ in range(int(sys.argv[1])):
    threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()
print("READY", flush=True)
pause = 1 / float(sys.argv[2])
while True:
    os.posix_spawn("/bin/sleep", ["sleep", "0.3"], {})
    time.sleep(pause)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
"""
# The first minute fills caches and the window of history; what comes after may grow by this much.
WARM_UP = 0.15
MOST_KIB = 8 << 10
MOST_DESCRIPTORS = 64


def held(pid):
    """Resident kilobytes, descriptors and threads."""
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    return int(status["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])


def drained(terminal):
    """Reads what is drawn, as a terminal does."""
    try:
        while os.read(terminal, 1 << 16):
            pass
    except OSError:
        pass


def watch(arguments, target):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(arguments.tftop, [arguments.tftop, "attach", str(target), "--interval", arguments.interval])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    threading.Thread(target=drained, args=(terminal,), daemon=True).start()
    seen = []
    began = time.monotonic()
    while (at := time.monotonic() - began) < arguments.seconds:
        time.sleep(min(10, arguments.seconds / 20))
        seen.append((at, *held(pid)))
        print("{:6.0f} s  {:7d} KiB  {:5d} descriptors  {:3d} threads".format(*seen[-1]), flush=True)
    times = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    cpu_s = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    print(f"CPU: {cpu_s:.1f} s, {100 * cpu_s / (time.monotonic() - began):.1f} % of a CPU")
    os.write(terminal, b"q")
    os.waitpid(pid, 0)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tftop", default="target/release/tftop")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--threads", type=int, default=1000)
    parser.add_argument("--births", type=float, default=20)
    parser.add_argument("--interval", default="0.1s")
    arguments = parser.parse_args()
    command = [sys.executable, "-c", TARGET, str(arguments.threads), str(arguments.births)]
    target = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert target.stdout.readline() == "READY\n"
        seen = watch(arguments, target.pid)
    finally:
        target.kill()
        target.wait()
    steady = [row for row in seen if row[0] >= WARM_UP * arguments.seconds]
    half = len(steady) // 2
    early, late = (max(rows, key=lambda row: row[1])[1] for rows in (steady[:half], steady[half:]))
    descriptors = [row[2] for row in steady]
    print(f"most: {early} KiB in the first half, {late} KiB in the second; {min(descriptors)} to {max(descriptors)} descriptors")
    assert late - early <= MOST_KIB, "resident memory grows"
    assert max(descriptors) - min(descriptors) <= MOST_DESCRIPTORS, "descriptors grow"


if __name__ == "__main__":
    main()
