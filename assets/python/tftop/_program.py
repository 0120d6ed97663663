"""Starts the tftop program and reads its answers. Never reads another process itself."""

from __future__ import annotations

import ctypes
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Any, Optional

# Seconds that a verdict takes.
_VERDICT_S = 12.0
# Seconds until a recording begins, at most, and until it is closed.
_BEGIN_S, _END_S = 20.0, 10.0
# What tftop takes as a time, at most.
_LONGEST_MS = 86_400_000
# prctl(2): who may read this process's memory where Yama allows only its parents (kernel.yama.ptrace_scope 1).
_PR_SET_PTRACER = 0x59616D61


class TftopError(RuntimeError):
    """tftop could not do it: what it said, and its exit code (`tftop help`), None where it did not start."""

    def __init__(self, message: str, exit_code: Optional[int] = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def program() -> str:
    """The tftop program: $TFTOP, else that of this Python's environment, else the first on PATH."""
    beside = os.path.join(os.path.dirname(sys.executable), "tftop")
    found = os.environ.get("TFTOP") or (beside if os.access(beside, os.X_OK) else shutil.which("tftop"))
    if not found:
        raise TftopError("there is no tftop program: neither beside this Python nor on PATH; set TFTOP to where it is")
    return found


def start(*arguments: str, capture: bool) -> subprocess.Popen[str]:
    out = subprocess.PIPE if capture else subprocess.DEVNULL
    try:
        # A session of its own: Ctrl-C in a terminal is for the training.
        return subprocess.Popen(
            [program(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise TftopError(f"{program()} does not start: {error}") from error


def may_read_this(reader: int) -> None:
    """Lets that process read this one's memory, where only parents may. Without Yama this fails, and nothing is lost."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(reader), 0, 0, 0)
    except (OSError, AttributeError):
        pass


def span(value: float) -> str:
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"not a time in seconds: {value}")
    return f"{min(max(round(value * 1000), 100), _LONGEST_MS)}ms"


def read_report(*arguments: str, of_this: bool = False) -> dict[str, Any]:
    asked = start("report", *arguments, "--json", capture=True)
    if of_this:
        may_read_this(asked.pid)
    try:
        out, error = asked.communicate()
    except BaseException:
        asked.kill()
        asked.wait()
        raise
    try:
        return json.loads(out)
    except ValueError:
        raise TftopError(error.strip() or "tftop printed no report", asked.returncode) from None


def report(pid: Optional[int] = None, seconds: float = _VERDICT_S) -> dict[str, Any]:
    """A report on a process, this one by default, after watching it for so long; a verdict takes 10 s.

    The calling thread waits meanwhile; the process's other threads go on. Raises TftopError where tftop can't say anything,
    as of a process that has ended.
    """
    target = os.getpid() if pid is None else pid
    return read_report(str(target), "--for", span(seconds), of_this=target == os.getpid())


def watch(pid: Optional[int] = None, interval: float = 1.0) -> Watch:
    """Watches a process, this one by default, while a `with` block runs, by a look every `interval` seconds."""
    return Watch(pid, interval)


class Watch:
    """What a process did while it was watched: made by `watch`, used in a `with` block, or by `begin` and `end`."""

    def __init__(self, pid: Optional[int] = None, interval: float = 1.0) -> None:
        self.pid = os.getpid() if pid is None else pid
        self._interval = span(interval)
        self._folder: Optional[tempfile.TemporaryDirectory[str]] = None
        self._recorder: Optional[subprocess.Popen[str]] = None

    def begin(self) -> None:
        """Begins to watch. Raises TftopError where that is not possible."""
        if self._folder is not None:
            raise TftopError("this has been watched already: make another one")
        self._folder = tempfile.TemporaryDirectory(prefix="tftop-")
        command = ["record", str(self.pid), "--output", self._tape(), "--interval", self._interval]
        self._recorder = start(*command, capture=False)
        if self.pid == os.getpid():
            may_read_this(self._recorder.pid)
        until = time.monotonic() + _BEGIN_S
        while not os.path.exists(self._tape()):
            if self._recorder.poll() is not None or time.monotonic() > until:
                raise self._failure()
            time.sleep(0.02)

    def end(self) -> None:
        """Ends watching; reports can still be asked for. Does nothing the second time."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        if recorder.poll() is None:
            recorder.send_signal(signal.SIGINT)
        try:
            recorder.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            recorder.kill()
            recorder.communicate()

    def report(self, last: Optional[float] = None) -> dict[str, Any]:
        """A report on all that was watched so far, or on its last seconds."""
        if self._folder is None:
            raise TftopError("nothing was watched yet")
        covered = ("--from", "0s") if last is None else ("--for", span(last))
        return read_report(self._tape(), *covered)

    def _tape(self) -> str:
        assert self._folder is not None
        return os.path.join(self._folder.name, "watched.tape")

    def _failure(self) -> TftopError:
        recorder, self._recorder = self._recorder, None
        assert recorder is not None
        recorder.kill()
        error = recorder.communicate()[1].strip()
        return TftopError(error or f"tftop did not begin within {_BEGIN_S:.0f} s", recorder.returncode)

    def __enter__(self) -> Watch:
        self.begin()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        where: Optional[TracebackType],
    ) -> None:
        self.end()
