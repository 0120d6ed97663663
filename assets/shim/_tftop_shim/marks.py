"""Where steps are seen: Keras's fit, loops over a dataset's iterator, and Session.run.

Relies on, TF 2.15 to 2.21: keras/src/callbacks.py (Keras 2) and keras/src/callbacks/callback_list.py (Keras 3), whose
`CallbackList` every fit calls; tensorflow/python/data/ops/iterator_ops.py `OwnedIterator._next_internal`, behind both
next() and get_next(); client/session.py `BaseSession.run`. A loop inside a tf.function passes none of them.
"""

import functools

from . import caller, steps

ATTRIBUTE = "_tftop_stream"


def watch_iterator(module, shim):
    """Marks each element a Python loop draws, so a duration is one turn of that loop."""
    original = module.OwnedIterator._next_internal
    eager = module.context.executing_eagerly

    @functools.wraps(original)
    def _next_internal(self):
        try:
            element = original(self)
        except BaseException:
            shim.guard("iterator.steps", _flush, None, self)
            raise
        if eager():
            shim.guard("iterator.steps", _mark, None, self, "iterator", shim)
        return element

    module.OwnedIterator._next_internal = _next_internal


def watch_session(module, shim):
    """Marks each return of Session.run."""
    original = module.BaseSession.run

    @functools.wraps(original)
    def run(self, *arguments, **named):
        result = original(self, *arguments, **named)
        shim.guard("session.steps", _mark, None, self, "session", shim)
        return result

    module.BaseSession.run = run


def watch_keras(module, shim):
    """Marks each training batch of fit and reports epochs. False: this module only passes CallbackList on."""
    kind = vars(module).get("CallbackList")
    if kind is None or kind.__module__ != module.__name__:
        return False

    def batch_ended(self, batch, *_):
        stream = _stream(self, "keras", shim)
        before = self.__dict__.get("_tftop_batch", -1)
        self.__dict__["_tftop_batch"] = batch
        stream.mark(batch - before if batch > before else 1)  # more than 1 where steps_per_execution is

    def epoch_began(self, epoch, *_):
        self.__dict__["_tftop_batch"] = -1
        parameters = getattr(self, "params", None) or {}
        shim.emit("epoch", epoch=int(epoch), epochs=parameters.get("epochs"), steps=parameters.get("steps"))
        _stream(self, "keras", shim).begin()

    _after(kind, "on_train_batch_end", batch_ended, shim)
    _after(kind, "on_epoch_begin", epoch_began, shim)
    _after(kind, "on_test_batch_end", lambda *_: steps.touch(), shim)  # a validation's calls are no steps
    _after(kind, "on_test_end", lambda self, *_: _stream(self, "keras", shim).begin(), shim)
    _after(kind, "on_epoch_end", lambda self, *_: _flush(self), shim)
    _after(kind, "on_train_end", lambda self, *_: _flush(self), shim)
    return True


def _after(kind, name, work, shim):
    original = getattr(kind, name)

    @functools.wraps(original)
    def method(self, *arguments, **named):
        result = original(self, *arguments, **named)
        shim.guard("keras.steps", work, None, self, *(arguments or named.values()))
        return result

    setattr(kind, name, method)


def _stream(owner, source, shim):
    # Past __setattr__: Keras and TensorFlow track what is assigned, for checkpoints.
    found = owner.__dict__.get(ATTRIBUTE)
    if found is None:
        found = owner.__dict__[ATTRIBUTE] = steps.Stream(shim, source, caller.site())
    return found


def _mark(owner, source, shim):
    _stream(owner, source, shim).mark()


def _flush(owner):
    found = owner.__dict__.get(ATTRIBUTE)
    if found is not None:
        found.flush()
