"""A tf.data service, dispatcher and worker in this process, asked for eight of everything."""

import tensorflow as tf
from hold import hold
from work import Together, numbers

together = Together()
options = tf.data.Options()
options.threading.private_threadpool_size = 8
dispatcher = tf.data.experimental.service.DispatchServer()
address = dispatcher.target.split("://")[1]
worker = tf.data.experimental.service.WorkerServer(tf.data.experimental.service.WorkerConfig(dispatcher_address=address))


def served(work):
    """48 elements out of the service."""
    data = tf.data.Dataset.range(48).map(work, num_parallel_calls=8).with_options(options)
    return data.apply(tf.data.experimental.service.distribute("parallel_epochs", dispatcher.target))


elements = sorted(numbers(served(together.slow)))
iterator = iter(served(tf.identity).repeat())
hold(lambda: next(iterator), elements=elements, most=together.most)
