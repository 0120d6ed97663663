"""Work for the matrix: an op that uses both pools, and a count of how many calls of a tf.data stage run at once."""

import threading
import time

import tensorflow as tf


@tf.function
def multiply(x):
    """Two multiplications that may run side by side."""
    return tf.reduce_sum(tf.matmul(x, x)) + tf.reduce_sum(tf.matmul(x, x, transpose_a=True))


def compute():
    """Starts the pools and returns a turn that keeps them busy."""
    matrix = tf.ones((256, 256))
    multiply(matrix)
    return lambda: multiply(matrix)


class Together:
    """How many calls of a Python function inside a dataset ran at once, at most."""

    def __init__(self):
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def slow(self, element):
        """A dataset function that takes 5 ms outside the interpreter's lock and returns its argument."""
        return tf.numpy_function(self._enter, [element], tf.int64)

    def _enter(self, element):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.005)
        with self._lock:
            self._now -= 1
        return element


def numbers(elements):
    """Elements as plain numbers, in their order."""
    return [int(element) for element in elements]
