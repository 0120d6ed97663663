"""A tf.data pipeline with a private pool: pipeline.py POOL_SIZE. Iterates until stdin ends."""

import sys

import tensorflow as tf
from ready import hold

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(2)

options = tf.data.Options()
options.threading.private_threadpool_size = int(sys.argv[1])
dataset = (
    tf.data.Dataset.range(1 << 40)
    .map(lambda i: tf.cast(i, tf.float32) * tf.ones((8, 8)), num_parallel_calls=tf.data.AUTOTUNE)
    .batch(4)
    .prefetch(tf.data.AUTOTUNE)
    .with_options(options)
)
batches = iter(dataset)


@tf.function
def step():
    """Draws in a tf_Compute thread: on 2.21 the threads that a stage starts here inherit that name."""
    return tf.reduce_sum(next(batches))


step()
hold(step)
