"""tf.data pipelines that ask for eight of everything: pipeline.py WHICH."""

import sys
import tempfile

import tensorflow as tf
from hold import hold
from work import Together, numbers

WHICH = sys.argv[1]
ZERO = tf.constant(0, tf.int64)
options = tf.data.Options()
options.threading.private_threadpool_size = 8
options.autotune.cpu_budget = 8
source = tf.data.Dataset.range(48)


def stages(work, calls):
    """Eight calls at once, with options that allow them."""
    return source.map(work, num_parallel_calls=calls).batch(4, num_parallel_calls=calls).unbatch().with_options(options)


def interleave(work, calls):
    """Eight inputs in turn, three elements each."""

    def opened(x):
        return tf.data.Dataset.from_tensors(x).repeat(3).map(work)

    return tf.data.Dataset.range(32).interleave(opened, cycle_length=8, num_parallel_calls=calls)


PIPELINES = {
    "options": lambda work: stages(work, 8),
    "autotune": lambda work: stages(work, tf.data.AUTOTUNE),
    "unset": lambda work: source.map(work, num_parallel_calls=8),
    "interleave": lambda work: interleave(work, 8),
    "interleave-autotune": lambda work: interleave(work, tf.data.AUTOTUNE),
    "variable": lambda work: stages(work, 8),
    "consumers": lambda work: stages(work, 8),
}


def folded(work):
    """The order of elements as one number, with a number of calls that only the graph knows."""
    calls = tf.Variable(8, dtype=tf.int64)
    data = tf.function(lambda: source.map(work, num_parallel_calls=calls).reduce(ZERO, lambda a, b: a * 3 + b))
    return int(data())


def consumers(together):
    """Each way to consume a dataset, with how many calls ran at once."""
    seen = {}

    def note(name, consume):
        together.most = 0
        consume()
        seen[name] = together.most

    each = stages(together.slow, 8)
    note("iter", lambda: numbers(each))
    note("take", lambda: numbers(each.take(24)))
    note("reduce", lambda: each.reduce(ZERO, lambda a, b: a + b))
    note("single", lambda: each.batch(48).get_single_element())
    note("numpy", lambda: list(each.as_numpy_iterator()))
    note("save", lambda: each.save(tempfile.mkdtemp()))
    note("function", tf.function(lambda: each.reduce(ZERO, lambda a, b: a + b)))
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    samples = each.map(lambda x: (tf.cast(tf.fill((1, 1), x), tf.float32), tf.ones((1, 1))))
    note("fit", lambda: model.fit(samples, verbose=0))
    return seen


together = Together()
facts = {}
if WHICH == "variable":
    facts["folded"] = folded(together.slow)
if WHICH == "consumers":
    facts["consumers"] = consumers(together)
else:
    facts["elements"] = numbers(PIPELINES[WHICH](together.slow))
# A twin without Python functions: TensorFlow may hang at exit while one runs in a pipeline (seen without any shim).
iterator = iter(PIPELINES[WHICH](tf.identity).repeat())
hold(lambda: next(iterator), most=together.most, asked=options.threading.private_threadpool_size, **facts)
