"""One operation after another that is split over the whole intra-op pool: wide.py INTRA. Until stdin ends."""

import sys

import tensorflow as tf
from ready import hold

tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
tf.config.threading.set_inter_op_parallelism_threads(1)


@tf.function
def step(x):
    return tf.reduce_sum(tf.matmul(x, x)) + tf.reduce_sum(tf.exp(x)) + tf.reduce_sum(tf.math.erf(x))


matrix = tf.ones((1024, 1024))
step(matrix)
hold(lambda: step(matrix))
