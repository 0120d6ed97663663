"""Trains a small network with Keras and prints the median microseconds of a step, by its own clock: timed_fit.py [STEPS]."""

import statistics
import sys
import time

import numpy as np
import tensorflow as tf

STEPS = int(sys.argv[1]) if sys.argv[1:] else 300
WARMUP = 50


class Clock(tf.keras.callbacks.Callback):
    """When each batch ended."""

    def __init__(self):
        super().__init__()
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())


layers = tf.keras.layers
model = tf.keras.Sequential([tf.keras.Input((784,)), layers.Dense(512, activation="relu"), layers.Dense(10)])
model.compile("sgd", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
random = np.random.default_rng(0)
data = tf.data.Dataset.from_tensors((random.random((128, 784), dtype=np.float32), random.integers(0, 10, 128)))
clock = Clock()
model.fit(data.repeat().prefetch(2), epochs=1, steps_per_epoch=WARMUP + STEPS, verbose=0, callbacks=[clock])
ends = clock.ends[WARMUP:]
print(statistics.median(after - before for before, after in zip(ends, ends[1:])) * 1e6)
