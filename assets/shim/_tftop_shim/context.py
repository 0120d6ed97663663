"""TensorFlow's eager context: holds intra-op and inter-op, and sees who asks for them and who starts TensorFlow.

Relies on tensorflow/python/eager/context.py, TF 2.15 to 2.21: `Context.config` builds the final ConfigProto and
`ensure_initialized` hands it to `pywrap_tfe.TFE_NewContext`; the setters refuse a change once `_context_handle` is set.
"""

import functools
import sys
import time

from . import caller

FIELDS = {"intra": "intra_op_parallelism_threads", "inter": "inter_op_parallelism_threads"}


def limit(config, shim):
    """Puts both pool sizes of a ConfigProto under their caps and notes what TensorFlow starts with."""
    for kind, field in FIELDS.items():
        value = shim.limited(kind, getattr(config, field))
        setattr(config, field, value)
        if not shim.started:
            shim.configured[kind] = value
    cap = shim.cap("inter")
    if cap is not None:
        # A session's own pool would come on top of the process's.
        config.use_per_session_threads = False
        for pool in config.session_inter_op_thread_pool:
            pool.num_threads = min(pool.num_threads, cap) if pool.num_threads > 0 else cap


def limit_config(module, shim):
    """Holds intra and inter whatever the script set before."""
    original = module.Context.config

    @functools.wraps(original.fget)
    def config(self):
        built = original.fget(self)
        shim.guard("context.config", limit, None, built, shim)
        return built

    module.Context.config = property(config, original.fset, original.fdel, original.__doc__)


def watch_setters(module, shim):
    """Reports each call of tf.config.threading.set_*, also one that comes too late."""
    for kind, field in FIELDS.items():
        setattr(module.Context, field, _watched(getattr(module.Context, field), kind, field, shim))


def _watched(original, kind, field, shim):
    def report(context, value):
        asked = value if isinstance(value, int) else 0
        late = context._context_handle is not None
        effective = shim.configured.get(kind) if late else shim.limited(kind, asked)
        shim.wish(kind, value if isinstance(value, int) else None, effective, "set_" + field)

    @functools.wraps(original.fset)
    def assign(self, value):
        shim.guard("context.wishes", report, None, self, value)
        original.fset(self, value)

    return property(original.fget, assign, original.fdel, original.__doc__)


def watch_start(module, shim):
    """Reports who made TensorFlow build its pools, once; the way in is then as it was."""
    home = module.pywrap_tfe
    original = home.TFE_NewContext

    @functools.wraps(original)
    def new_context(*arguments):
        began = time.monotonic_ns()
        handle = original(*arguments)
        home.TFE_NewContext = original
        shim.guard("context.start", report_start, None, shim, "eager", time.monotonic_ns() - began)
        return handle

    home.TFE_NewContext = new_context


def report_start(shim, by, took_ns):
    """Reports that TensorFlow's pools exist now, and with which configuration; only the first time."""
    if shim.started:
        return
    shim.started = True
    tensorflow = sys.modules.get("tensorflow")
    keras = sys.modules.get("keras")
    shim.emit(
        "tf_started",
        by=by,
        at=caller.site(),
        took_us=took_ns // 1000,
        intra=shim.configured.get("intra"),
        inter=shim.configured.get("inter"),
        tensorflow=getattr(tensorflow, "__version__", None) or _version(),
        keras=getattr(keras, "__version__", None),
    )


def _version():
    """TensorFlow's version while `tensorflow` itself is still being imported."""
    return getattr(sys.modules.get("tensorflow.python.framework.versions"), "VERSION", None)
