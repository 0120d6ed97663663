"""A v1 session that asks for seven threads in each pool and for pools of its own: session.py plain|data."""

import sys

import tensorflow as tf
from hold import hold

tf.compat.v1.disable_eager_execution()
config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=7, inter_op_parallelism_threads=7, use_per_session_threads=True)
x = tf.compat.v1.placeholder(tf.float32, (64, 64))
y = tf.reduce_sum(tf.matmul(x, x))
draw = None
if sys.argv[1] == "data":
    data = tf.data.Dataset.range(20).map(lambda i: i + 1, num_parallel_calls=8)
    draw = tf.compat.v1.data.make_one_shot_iterator(data).get_next()
with tf.compat.v1.Session(config=config) as session:
    feed = {x: [[1.0] * 64] * 64}
    elements = [int(session.run(draw)) for _ in range(20)] if draw is not None else []
    hold(lambda: session.run(y, feed), elements=elements, asked=config.intra_op_parallelism_threads)
