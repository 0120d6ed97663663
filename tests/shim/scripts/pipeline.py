"""tf.data pipelines that ask for eight of everything: pipeline.py WHICH."""

import sys
import tempfile

import tensorflow as tf
from hold import hold
from work import Together, numbers

WHICH = sys.argv[1]
together = Together()
options = tf.data.Options()
options.threading.private_threadpool_size = 8
options.autotune.cpu_budget = 8
slow = together.slow
source = tf.data.Dataset.range(48)


def parallel(calls):
    """A stage of eight calls at once, with options that allow them."""
    return source.map(slow, num_parallel_calls=calls).batch(4, num_parallel_calls=calls).unbatch().with_options(options)


def inner(x):
    """What an interleave opens: three slow elements."""
    return tf.data.Dataset.from_tensors(x).repeat(3).map(slow)


def interleave(calls):
    """Eight inputs in turn."""
    return tf.data.Dataset.range(32).interleave(inner, cycle_length=8, num_parallel_calls=calls)


def consumers():
    """Each way to consume a dataset, with how many calls ran at once."""
    seen = {}

    def note(name, consume):
        together.most = 0
        consume()
        seen[name] = together.most

    each = parallel(8)
    note("iter", lambda: numbers(each))
    note("take", lambda: numbers(each.take(24)))
    note("reduce", lambda: each.reduce(tf.constant(0, tf.int64), lambda a, b: a + b))
    note("single", lambda: each.batch(48).get_single_element())
    note("numpy", lambda: list(each.as_numpy_iterator()))
    note("save", lambda: each.save(tempfile.mkdtemp()))
    note("function", tf.function(lambda: each.reduce(tf.constant(0, tf.int64), lambda a, b: a + b)))
    fit = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    fit.compile("sgd", "mse")
    samples = each.map(lambda x: (tf.cast(tf.fill((1, 1), x), tf.float32), tf.ones((1, 1))))
    note("fit", lambda: fit.fit(samples, verbose=0))
    return seen


if WHICH == "options":
    held, facts = parallel(8), {}
elif WHICH == "autotune":
    held, facts = parallel(tf.data.AUTOTUNE), {}
elif WHICH == "unset":
    held, facts = source.map(slow, num_parallel_calls=8), {}
elif WHICH == "interleave":
    held, facts = interleave(8), {}
elif WHICH == "interleave-autotune":
    held, facts = interleave(tf.data.AUTOTUNE), {}
elif WHICH == "variable":
    calls = tf.Variable(8, dtype=tf.int64)
    ordered = tf.function(lambda: source.map(slow, num_parallel_calls=calls).reduce(tf.constant(0, tf.int64), lambda a, b: a * 3 + b))
    print_once = int(ordered())
    held, facts = source, {"folded": print_once}
elif WHICH == "consumers":
    facts = {"consumers": consumers()}
    held = parallel(8)
elements = numbers(held)
iterator = iter(held.repeat())
hold(lambda: next(iterator), elements=elements, most=together.most, asked=options.threading.private_threadpool_size, **facts)
