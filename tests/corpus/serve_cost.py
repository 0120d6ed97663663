"""What `tftop serve` costs: CPU time of following N TensorFlow processes with T threads each that mostly sleep.

    python3 tests/corpus/serve_cost.py --python PYTHON --tftop TFTOP [--processes 50] [--threads 200] [--interval 10]

The processes are forked from one that has imported TensorFlow and made no pool, so that they share its memory; each makes its own
pools, and then works for a moment every second.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import urllib.request


def fleet(processes, threads):
    """Starts the processes, says READY and waits until stdin ends."""
    import tensorflow as tf

    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            os.close(0)
            tf.config.threading.set_intra_op_parallelism_threads(threads // 2)
            tf.config.threading.set_inter_op_parallelism_threads(threads // 2)
            step = tf.function(lambda x: tf.reduce_sum(tf.matmul(x, x)))
            ones = tf.ones((64, 64))
            step(ones)
            while os.getppid() != 1:
                step(ones)
                time.sleep(1)
            os._exit(0)
        children.append(child)
    time.sleep(1)
    print("READY", flush=True)
    sys.stdin.read()
    for child in children:
        os.kill(child, 9)


def value(page, name):
    return float(re.search(rf"^{name} (\S+)$", page, re.M).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", required=True)
    parser.add_argument("--tftop", required=True)
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--threads", type=int, default=200)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--looks", type=int, default=6)
    options = parser.parse_args()
    command = [options.python, __file__, "--fleet", str(options.processes), str(options.threads)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet)
    while "READY" not in (line := started.stdout.readline()):
        assert line, "the processes did not start"
    serve = [options.tftop, "serve", "--listen", "127.0.0.1:0", "--interval", f"{options.interval}s"]
    server = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True)
    address = re.search(r"http://[^/]+", server.stderr.readline()).group(0)

    def page():
        with urllib.request.urlopen(f"{address}/metrics", timeout=60) as answer:
            return answer.read().decode()

    def wait_for(looks):
        """As seldom as a Prometheus asks: answering costs, too."""
        while value(text := page(), "tftop_looks_total") < looks:
            time.sleep(options.interval)
        return text

    try:
        # The first looks read every symbol and every setting.
        before, begun = wait_for(3), time.monotonic()
        after = wait_for(3 + options.looks)
        seconds = time.monotonic() - begun
        used = value(after, "tftop_own_cpu_seconds_total") - value(before, "tftop_own_cpu_seconds_total")
        looks = value(after, "tftop_looks_total") - value(before, "tftop_looks_total")
        with open(f"/proc/{server.pid}/status") as status:
            rss = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) // 1024
        print(json.dumps({
            "processes": after.count("\ntftop_process_info{"),
            "threads": int(sum(map(float, re.findall(r"^tftop_threads\{.*\} (\S+)$", after, re.M)))),
            "interval_s": options.interval,
            "cpu_percent": round(100 * used / seconds, 2),
            "ms_a_look": round(1000 * used / looks, 1),
            "rss_mb": rss,
            "page_kb": len(after) // 1024,
        }))
    finally:
        server.terminate()
        started.stdin.close()
        started.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fleet"]:
        fleet(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
