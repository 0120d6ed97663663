"""A session that asks for a pool of another size than the devices already have."""

import tensorflow as tf
from ready import hold
from tensorflow.python.client import device_lib

device_lib.list_local_devices()
config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=7)
with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
    session.run(tf.ones((64, 64)) @ tf.ones((64, 64)))
    hold()
