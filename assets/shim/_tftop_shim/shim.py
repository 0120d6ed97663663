"""What every hook shares: the caps, the way out for records, and the guard that keeps a failing hook harmless."""

import os

from . import caller, wire

MOST_WISHES = 200  # distinct ones a process reports; a loop that builds datasets must not flood the launcher
VARIABLES = {"intra": "TF_NUM_INTRAOP_THREADS", "inter": "TF_NUM_INTEROP_THREADS"}


class Shim:
    """One process's shim."""

    def __init__(self, config):
        self.config = config
        self.wire = wire.Wire(config.socket)
        self.started = False  # TensorFlow's pools exist
        self.configured = {}  # kind -> what TensorFlow starts with; 0: it decides by itself
        self.holds = {}  # hook -> the caps that it holds
        self._wishes = set()
        self._failed = set()

    def emit(self, event, **fields):
        """Sends a record (assets/shim/PROTOCOL.md)."""
        self.wire.send(event, fields)

    def cap(self, kind):
        """The cap to enforce on `intra`, `inter` or `data`; None: leave it alone."""
        return self.config.caps[kind] if self.config.enforce else None

    def limited(self, kind, asked):
        """A pool size under its cap; a smaller wish is kept. 0 (TensorFlow decides) becomes the variable or the cap."""
        cap = self.cap(kind)
        if cap is None or asked < 0:  # negative: run in the caller's thread (config.proto)
            return asked
        if not asked:
            text = os.environ.get(VARIABLES[kind], "")
            asked = int(text) if text.isdigit() else 0
        return min(asked, cap) if asked else cap

    def wish(self, what, value, effective, by):
        """Reports that somebody asked for `value` and gets `effective`; the same wish from the same line once."""
        at = caller.site()
        key = (what, value, effective, by, at)
        if key in self._wishes or len(self._wishes) >= MOST_WISHES:
            return
        self._wishes.add(key)
        self.emit("wish", what=what, value=value, effective=effective, by=by, at=at, started=self.started)

    def hooked(self, hook):
        """Reports a hook that took."""
        self.emit("hooked", hook=hook, caps=self.holds.get(hook, ()))

    def failed(self, hook, error):
        """Reports a hook that does not work: the caps it holds are not held. Once for each hook."""
        if hook not in self._failed:
            self._failed.add(hook)
            why = ("%s: %s" % (type(error).__name__, error))[:500]
            self.emit("hook_failed", hook=hook, caps=self.holds.get(hook, ()), why=why)

    def guard(self, hook, work, otherwise, *arguments):
        """`work(*arguments)`, or `otherwise` where that fails: the script's own call then goes on untouched."""
        try:
            return work(*arguments)
        except Exception as error:
            self.failed(hook, error)
            return otherwise
