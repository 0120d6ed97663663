"""A TensorFlow whose operations run on OpenMP teams: openmp.py INTRA INTER. Two matrix products at a time, until stdin ends."""

import sys

import tensorflow as tf
from ready import hold

tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
tf.config.threading.set_inter_op_parallelism_threads(int(sys.argv[2]))


@tf.function
def step(x):
    return tf.reduce_sum(tf.matmul(x, x)) + tf.reduce_sum(tf.matmul(x, x, transpose_a=True))


matrix = tf.ones((512, 512))
for _ in range(20):
    step(matrix)
hold(lambda: step(matrix), tensorflow=tf.__version__)
