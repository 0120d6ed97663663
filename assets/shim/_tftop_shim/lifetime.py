"""Reports that a process began, forked and ended. The end is missing where Python's atexit does not run:
a signal, os._exit, and the children that multiprocessing forks."""

import atexit
import os
import sys

from . import steps


def follow(shim):
    """Reports the start now, forks and the end when they come."""
    _report(shim, "exec")
    atexit.register(_end, shim)
    os.register_at_fork(after_in_child=lambda: shim.guard("lifetime", _forked, None, shim))


def _report(shim, how):
    shim.emit(
        "process_start",
        how=how,
        ppid=os.getppid(),
        argv0=str(getattr(sys, "argv", [""])[0])[:500],
        executable=sys.executable,
        python=sys.version.split()[0],
        mode="enforce" if shim.config.enforce else "record",
        caps=dict(shim.config.caps, **shim.config.libraries),
    )


def _forked(shim):
    shim.wire.restart()
    steps.forget()
    _report(shim, "fork")


def _end(shim):
    shim.guard("lifetime", steps.flush_all, None)
    shim.emit("process_exit")
