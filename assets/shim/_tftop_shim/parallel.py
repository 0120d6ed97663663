"""tf.data's parallel stages: num_parallel_calls under the cap, interleave included. The order of elements never changes.

Relies on the generated tensorflow/python/ops/gen_dataset_ops.py and gen_experimental_dataset_ops.py, TF 2.15 to 2.21,
which tf.data calls through the module, and on their argument names. AUTOTUNE (-1) is bounded by the private pool for
every stage but interleave, whose workers are threads of their own: there it becomes the cap, and the workers that
open inputs ahead of time (prefetch_input_elements) are left out. Both only decide when work is done, not its order.
tf.raw_ops and cycle_length of the legacy parallel_interleave (it decides the order) are not held.
"""

import functools
import inspect

AUTOTUNE = -1
CALLS = (
    "parallel_map_dataset",
    "parallel_map_dataset_v2",
    "parallel_batch_dataset",
    "parallel_filter_dataset",
    "parallel_interleave_dataset_v2",
    "parallel_interleave_dataset_v3",
    "parallel_interleave_dataset_v4",
)
EXPERIMENTAL_CALLS = ("map_and_batch_dataset",)
LEGACY = ("parallel_interleave_dataset", "legacy_parallel_interleave_dataset_v2")


def limit_calls(module, shim):
    """Limits the stages of tf.data."""
    for name in CALLS:
        _wrap(module, name, shim, "data.calls", _limited)


def limit_experimental(module, shim):
    """Limits the experimental stages; the legacy interleave is only reported."""
    for name in EXPERIMENTAL_CALLS:
        _wrap(module, name, shim, "data.experimental_calls", _limited)
    for name in LEGACY:
        _wrap(module, name, shim, "data.experimental_calls", _reported)


def _wrap(module, name, shim, hook, change):
    original = getattr(module, name, None)
    if original is None:  # a stage this version does not have
        return
    signature = inspect.signature(original)

    def changed(arguments, named):
        bound = signature.bind(*arguments, **named)
        change(bound.arguments, name, shim)
        return bound.args, bound.kwargs

    @functools.wraps(original)
    def stage(*arguments, **named):
        arguments, named = shim.guard(hook, changed, (arguments, named), arguments, named)
        return original(*arguments, **named)

    setattr(module, name, stage)


def _limited(arguments, name, shim):
    cap = shim.cap("data")
    tensor = arguments["num_parallel_calls"]
    asked = _constant(tensor)
    interleave = "interleave" in name
    if asked is None or cap is None or (asked == AUTOTUNE and not interleave):
        effective = asked
    else:
        effective = cap if asked == AUTOTUNE else min(asked, cap)
    shim.wish("data.num_parallel_calls", asked, effective, name)
    if cap is None:
        return
    if asked is None:
        arguments["num_parallel_calls"] = _minimum(tensor, cap, interleave)
    elif effective != asked:
        arguments["num_parallel_calls"] = _like(tensor, effective)
    if interleave and "prefetch_input_elements" in arguments:
        arguments["prefetch_input_elements"] = _like(arguments["prefetch_input_elements"], 0)
    if arguments.get("use_unbounded_threadpool"):
        arguments["use_unbounded_threadpool"] = False


def _reported(arguments, name, shim):
    asked = _constant(arguments["cycle_length"])
    shim.wish("data.cycle_length", asked, asked, name)


def _constant(value):
    """The number behind an argument; None where only the graph knows it."""
    if isinstance(value, int):
        return value
    from tensorflow.python.framework import tensor_util

    found = tensor_util.constant_value(value)
    return None if found is None else int(found)


def _like(value, number):
    """`number` in the type an argument has."""
    if isinstance(value, int):
        return number
    from tensorflow.python.framework import constant_op

    return constant_op.constant(number, dtype=value.dtype)


def _minimum(tensor, cap, interleave):
    """The same limit, computed where only the graph knows the number."""
    from tensorflow.python.ops import array_ops, math_ops

    limit = _like(tensor, cap)
    lower = math_ops.minimum(tensor, limit)
    return array_ops.where_v2(math_ops.equal(tensor, AUTOTUNE), limit, lower) if interleave else lower
