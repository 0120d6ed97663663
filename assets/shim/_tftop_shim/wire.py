"""Sends records to the launcher: one datagram each, dropped where it can't go. Never waits, never raises.

A socket lives for one record only (about 10 us): no descriptor stays open that the script could inherit, close or
find taken, a fork needs no care, and a launcher that died and came back is found again.
"""

import itertools
import json
import os
import time

VERSION = 1
LONGEST = 60_000  # bytes; below every default of net.core.wmem_default


class Wire:
    """The way to one launcher. `path` is a unix datagram socket; None: nobody listens."""

    def __init__(self, path):
        self._path = path
        self._numbers = itertools.count()

    def restart(self):
        """Numbers the records from 0 again: a fork's child is a process of its own."""
        self._numbers = itertools.count()

    def send(self, event, fields):
        """Sends one record, or drops it."""
        if self._path is None:
            return
        try:
            record = {
                "v": VERSION,
                "event": event,
                "pid": os.getpid(),
                "seq": next(self._numbers),
                "at_ns": time.monotonic_ns(),
            }
            record.update(fields)
            # "replace": a file name that is no UTF-8 holds lone surrogates, which JSON readers refuse.
            data = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            if len(data) <= LONGEST:
                _datagram(self._path, data)
        except Exception:
            pass


def _datagram(path, data):
    import _socket  # without its Python half, `socket`: that costs milliseconds at every start

    kind = _socket.SOCK_DGRAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC
    end = _socket.socket(_socket.AF_UNIX, kind)
    try:
        end.sendto(data, path)
    finally:
        end.close()
