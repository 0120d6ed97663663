"""Step times, collected and sent about every half second.

No thread and no timer: a batch leaves with the first mark after it is due, when its stream ends, or at exit.
"""

import itertools
import time
import weakref

PERIOD_NS = 500_000_000
MOST = 512  # durations in one record; more leave in several

_numbers = itertools.count(1)
_streams = weakref.WeakSet()


class Stream:
    """The marks of one loop: a Keras fit, an iterator, a session."""

    __slots__ = ("_shim", "source", "number", "at", "_last_ns", "_due_ns", "_first", "_steps", "_durations", "__weakref__")

    def __init__(self, shim, source, at):
        self._shim = shim
        self.source = source
        self.number = next(_numbers)
        self.at = at
        self._last_ns = 0
        self._due_ns = 0
        self._first = 0
        self._steps = 0
        self._durations = []
        _streams.add(self)

    def begin(self):
        """Starts the clock: the next mark's duration counts from here."""
        self._last_ns = time.monotonic_ns()

    def mark(self, steps=1):
        """`steps` steps have ended. The very first mark of a stream that never began only starts the clock."""
        now = time.monotonic_ns()
        if self._last_ns:
            self._durations.append((now - self._last_ns) // 1000)
            self._steps += steps
        self._last_ns = now
        if now >= self._due_ns or len(self._durations) >= MOST:
            self.flush()
            self._due_ns = now + PERIOD_NS

    def flush(self):
        """Sends what has gathered."""
        durations, steps = self._durations, self._steps
        if not durations:
            return
        self._durations, self._steps = [], 0
        self._shim.emit(
            "steps",
            source=self.source,
            stream=self.number,
            at=self.at,
            first=self._first,
            steps=steps,
            durations_us=durations,
        )
        self._first += len(durations)

    def __del__(self):
        try:
            self.flush()
        except Exception:
            pass  # the interpreter is going down


def flush_all():
    """Sends what every stream still holds."""
    for stream in list(_streams):
        stream.flush()


def forget():
    """Drops what a fork's child inherited: the parent sends it."""
    for stream in list(_streams):
        stream._durations, stream._steps = [], 0
