"""Plain Python whose second thread is born late: births.py FLAG, as soon as that file exists."""

import os
import sys
import threading
import time

from ready import hold

forever = threading.Event()


def early():
    forever.wait()


def late():
    forever.wait()


def start(function):
    threading.Thread(target=function, daemon=True).start()


def work():
    if threading.active_count() < 3 and os.path.exists(sys.argv[1]):
        start(late)
    time.sleep(0.01)


start(early)
hold(work)
