"""Training loops with a known number of steps: loops.py WHICH."""

import sys

import numpy as np
import tensorflow as tf
from hold import hold
from work import compute

WHICH = sys.argv[1]
data = tf.data.Dataset.from_tensor_slices((np.ones((80, 4), "float32"), np.ones((80, 1), "float32"))).batch(4)
turn = compute()


def model(**compile_arguments):
    """One dense layer."""
    made = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    made.compile("sgd", "mse", **compile_arguments)
    return made


if WHICH == "fit":
    model().fit(data, epochs=2, validation_data=data.take(3), verbose=0)
elif WHICH == "fit-executions":
    model(steps_per_execution=5).fit(data, epochs=2, verbose=0)
elif WHICH == "custom":
    for features, labels in data:
        turn()
elif WHICH == "get-next":
    drawn = iter(data)
    for _ in range(20):
        drawn.get_next()
        turn()
elif WHICH == "calls":

    @tf.function
    def inner(x):
        return x * 2.0

    @tf.function
    def train_step(x):
        return tf.reduce_sum(inner(tf.matmul(x, x)))

    for _ in range(20):
        inner(1.0)
        train_step(tf.ones((300, 300)))
elif WHICH == "fit-calls":
    model().fit(data, epochs=2, validation_data=data.take(3), verbose=0)
    for _ in range(20):
        model().predict(np.ones((8, 4), "float32"), verbose=0)
elif WHICH == "jit":
    step = tf.function(lambda x: tf.reduce_sum(tf.matmul(x, x)), jit_compile=True)
    for features, labels in data:
        step(tf.ones((128, 128)))
hold(turn)
