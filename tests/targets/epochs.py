"""A Keras model that is trained in epochs of a few steps, each of which makes tf.data's threads anew."""

import tensorflow as tf
from ready import hold

tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)

data = (
    tf.data.Dataset.range(4096)
    .map(lambda i: (tf.random.normal((64,)), tf.cast(i % 10, tf.float32)), num_parallel_calls=2)
    .batch(64)
    .prefetch(2)
)
model = tf.keras.Sequential([tf.keras.layers.Dense(256, activation="relu"), tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(data, epochs=1, steps_per_epoch=5, verbose=0)

hold(lambda: model.fit(data, epochs=1, steps_per_epoch=5, verbose=0))
