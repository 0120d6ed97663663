"""How every target of the tests behaves: it says READY once its threads exist and ends when its stdin does."""

import json
import select
import sys


def hold(work=None, **facts):
    """Prints READY and the facts as JSON, then works (or sleeps) until the test closes stdin."""
    print("READY", json.dumps(facts), flush=True)
    if work is None:
        sys.stdin.read()
        return
    while not select.select([sys.stdin], [], [], 0)[0]:
        work()
