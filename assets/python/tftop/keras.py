"""A Keras callback that logs what the process's threads want and get, for Keras 2 and 3."""

from __future__ import annotations

import time
import warnings
from typing import Any, Optional

from tftop._program import TftopError, Watch

try:
    from keras.callbacks import Callback
except ImportError:  # Keras 2 as a part of TensorFlow alone
    from tensorflow.keras.callbacks import Callback

# Numbers, because TensorBoard, W&B and MLflow draw numbers: the levels of tftop's JSON, worst last.
LEVELS = ("healthy", "notice", "oversubscribed", "severe")
# What was looked at can be read within 2 s: of a shorter epoch there is next to nothing yet.
_LEAST_S = 4.0


class ThreadMonitor(Callback):
    """Adds to the logs of each epoch, and with them to History, CSVLogger, TensorBoard, W&B and MLflow:

    - `tftop_got`, `tftop_wanted`: CPUs that the process's threads got and wanted in the epoch
    - `tftop_saturation`: CPUs wanted, as a share of those it may use
    - `tftop_level`: 0 healthy, 1 notice, 2 oversubscribed, 3 severe; not a number before the first 10 s
    - `tftop_steps_per_s`: batches a second

    It must stand before the callbacks that are to see them. `reports` keeps the whole report of each epoch's end. Where tftop
    can't watch, it warns once, and training goes on.
    """

    def __init__(self, interval: float = 1.0) -> None:
        super().__init__()
        self.reports: list[dict[str, Any]] = []
        self._interval = interval
        self._watch: Optional[Watch] = None
        self._steps = 0
        self._began = 0.0

    def on_train_begin(self, logs: Optional[dict[str, Any]] = None) -> None:
        watch = Watch(interval=self._interval)
        try:
            watch.begin()
            self._watch = watch
        except TftopError as error:
            warnings.warn(f"tftop watches no threads: {error}", stacklevel=2)

    def on_epoch_begin(self, epoch: int, logs: Optional[dict[str, Any]] = None) -> None:
        self._steps, self._began = 0, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Optional[dict[str, Any]] = None) -> None:
        self._steps += 1

    def on_epoch_end(self, epoch: int, logs: Optional[dict[str, Any]] = None) -> None:
        if self._watch is None or logs is None:
            return
        took = time.monotonic() - self._began
        logs["tftop_steps_per_s"] = self._steps / took if took > 0 else 0.0
        try:
            report = self._watch.report(last=max(took, _LEAST_S))
        except TftopError as error:
            warnings.warn(f"tftop watches no threads any more: {error}", stacklevel=2)
            self._end()
            return
        self.reports.append(report)
        demand, cpus = report.get("demand") or {}, report["capacity"]["effective_cpus"]
        unknown = float("nan")
        logs["tftop_got"] = demand.get("got", unknown)
        logs["tftop_wanted"] = demand.get("wanted", unknown)
        logs["tftop_saturation"] = logs["tftop_wanted"] / cpus if cpus else unknown
        level = (report.get("verdict") or {}).get("level")
        logs["tftop_level"] = float(LEVELS.index(level)) if level in LEVELS else unknown

    def on_train_end(self, logs: Optional[dict[str, Any]] = None) -> None:
        self._end()

    def _end(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.end()
