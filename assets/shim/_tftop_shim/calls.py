"""Calls of the outermost tf.function: the steps of a loop that runs no fit and draws from no iterator.

Relies on tensorflow/python/eager/polymorphic_function/polymorphic_function.py `Function.__call__`, TF 2.15 to 2.21, which
every call of a decorated function passes. Calls while a graph is traced and calls inside another tf.function are none; a
ConcreteFunction and a function of a SavedModel pass it by.
"""

import functools
import threading
import time
import weakref

from . import caller, steps

# Not an attribute of theirs: a function that is pickled or copied takes its __dict__ along.
_streams = weakref.WeakKeyDictionary()


def watch_functions(module, shim):
    """Marks each return of an outermost call, unless steps are marked some other way."""
    original = module.Function.__call__
    eager = module.context.executing_eagerly
    inside = threading.local()

    @functools.wraps(original)
    def __call__(self, *arguments, **named):
        if inside.__dict__.get("call") or not eager():
            return original(self, *arguments, **named)
        inside.call = True
        began = time.monotonic_ns()
        try:
            result = original(self, *arguments, **named)
        finally:
            inside.call = False
        shim.guard("function.steps", _mark, None, self, began, shim)
        return result

    module.Function.__call__ = __call__


def _mark(function, began, shim):
    if steps.marked_otherwise(began):
        return
    stream = _streams.get(function)
    if stream is None:
        name = str(getattr(function, "__name__", ""))[:200]
        stream = _streams[function] = steps.Stream(shim, "function", caller.site(), name)
    stream.mark_call(began)
