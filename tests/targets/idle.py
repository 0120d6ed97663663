"""TensorFlow with its pools made and nothing to do: idle.py INTRA INTER. Sleeps until stdin ends."""

import sys

import tensorflow as tf
from ready import hold

tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
tf.config.threading.set_inter_op_parallelism_threads(int(sys.argv[2]))


@tf.function
def step(x):
    return tf.reduce_sum(tf.matmul(x, x))


step(tf.ones((256, 256)))
hold(tensorflow=tf.__version__)
