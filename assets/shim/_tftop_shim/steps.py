"""Step times, collected and sent about every half second.

No thread and no timer: a batch leaves with the first mark after it is due, when its stream ends, or at exit.
"""

import itertools
import threading
import time
import weakref

PERIOD_NS = 500_000_000
MOST = 512  # durations in one record; more leave in several
QUIET_NS = 30_000_000_000  # calls of a tf.function are no steps so long after a mark of another kind

_numbers = itertools.count(1)
_streams = weakref.WeakSet()
_otherwise_ns = 0  # when steps were last marked by something else than calls


def touch():
    """Something else than calls marks the steps, or belongs to what does."""
    global _otherwise_ns
    _otherwise_ns = time.monotonic_ns()


def marked_otherwise(now):
    """Whether something else than calls has marked steps lately."""
    return bool(_otherwise_ns) and now - _otherwise_ns < QUIET_NS


class Stream:
    """The marks of one loop: a Keras fit, an iterator, a session, a tf.function that is called."""

    __slots__ = ("_shim", "source", "number", "at", "name", "_last_ns", "_due_ns", "_first", "_steps", "_durations") + (
        "_inside_ns",
        "_marked_ns",
        "_thread",
        "__weakref__",
    )

    def __init__(self, shim, source, at, name=None):
        self._shim = shim
        self.source = source
        self.number = next(_numbers)
        self.at = at
        self.name = name  # of a tf.function
        self._inside_ns = 0
        self._marked_ns = 0
        self._thread = threading.get_ident() if name is not None else None
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
            touch()
            self._add(now, steps)
        self._last_ns = now
        self._leave(now)

    def mark_call(self, began):
        """A call that began then has ended. Calls by other threads than the first one's are another loop's."""
        if threading.get_ident() != self._thread:
            return
        now = time.monotonic_ns()
        if self._last_ns:
            self._inside_ns += now - began
            self._add(now, 1)
        self._last_ns = now
        self._leave(now)

    def _add(self, now, steps):
        self._durations.append((now - self._last_ns) // 1000)
        self._steps += steps
        self._marked_ns = now

    def _leave(self, now):
        if now >= self._due_ns or len(self._durations) >= MOST:
            self.flush()
            self._due_ns = now + PERIOD_NS

    def flush(self):
        """Sends what has gathered."""
        durations, steps = self._durations, self._steps
        if not durations:
            return
        inside, self._durations, self._steps, self._inside_ns = self._inside_ns, [], 0, 0
        call = {} if self.name is None else {"name": self.name, "inside_us": inside // 1000}
        self._shim.emit(
            "steps",
            source=self.source,
            stream=self.number,
            at=self.at,
            first=self._first,
            steps=steps,
            durations_us=durations,
            # Of the last mark, not of the record: on a busy machine it leaves later, and the next one's durations count from here.
            at_ns=self._marked_ns,
            **call,
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
        stream._durations, stream._steps, stream._inside_ns = [], 0, 0
