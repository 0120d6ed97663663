"""tftop from Python: reports on the threads of this process or another one, while it runs.

    import tftop
    tftop.report()["verdict"]["says"]      # of this process, after 12 s of watching
    with tftop.watch() as watched:         # of what a block does
        model.fit(...)
    watched.report()["demand"]

It starts the `tftop` program and reads what it prints; it reads and changes nothing itself. Reports are dicts of the schema
tftop.report/1 (`tftop schema report`). `tftop.keras.ThreadMonitor` is a Keras callback; `%load_ext tftop` brings `%tftop` to
IPython and Jupyter.
"""

from __future__ import annotations

from tftop._program import TftopError, Watch, report, watch

__all__ = ["TftopError", "Watch", "load_ipython_extension", "report", "watch"]


def load_ipython_extension(shell: object) -> None:
    """Registers `%tftop` and `%%tftop`; called by `%load_ext tftop`."""
    from tftop._ipython import register

    register(shell)
