"""TensorFlow under tf.config caps: caps.py INTRA INTER [undumpable|idle]. Multiplies matrices until stdin ends; idle, once."""

import ctypes
import sys

import tensorflow as tf
from ready import hold

tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
tf.config.threading.set_inter_op_parallelism_threads(int(sys.argv[2]))
if sys.argv[3:] == ["undumpable"]:
    PR_SET_DUMPABLE = 4
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)


@tf.function
def step(x):
    return tf.reduce_sum(tf.matmul(x, x)) + tf.reduce_sum(tf.matmul(x, x, transpose_a=True))


matrix = tf.ones((256, 256))
step(matrix)
hold(None if sys.argv[3:] == ["idle"] else lambda: step(matrix), tensorflow=tf.__version__)
