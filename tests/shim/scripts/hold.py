"""How every script of the matrix behaves: READY with its facts once its threads exist; ends when its stdin does."""

import json
import select
import sys


def hold(turn=None, **facts):
    """Prints the facts, then takes turns (or sleeps) until the test closes stdin."""
    print("READY", json.dumps(facts), flush=True)
    if turn is None:
        sys.stdin.read()
        return
    while not select.select([sys.stdin], [], [], 0)[0]:
        turn()
