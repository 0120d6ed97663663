"""Python and nothing else: threads.py COUNT named threads that sleep, and a main thread that works a little."""

import sys
import threading
import time
from ready import hold

forever = threading.Event()
threads = [threading.Thread(target=forever.wait, name=f"sleeper-{i}", daemon=True) for i in range(int(sys.argv[1]))]
for thread in threads:
    thread.start()


def work():
    sum(range(20_000))
    time.sleep(0.01)


hold(work, threads={thread.name: thread.native_id for thread in threads})
