"""Input pipelines that come to rest: two whose consumer stops drawing, so that every buffer fills up, and one whose
source never yields. All threads wait where they are."""

import os
import threading

import tensorflow as tf
from ready import hold

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(2)


def endless(i):
    return tf.data.Dataset.from_tensors(tf.cast(i, tf.float32)).repeat()


def square(x):
    return x * tf.ones((8, 8))


fused = tf.data.Options()
fused.experimental_optimization.map_and_batch_fusion = True
map_and_batch = (
    tf.data.Dataset.range(4)
    .interleave(endless, cycle_length=4, num_parallel_calls=4)
    .map(square, num_parallel_calls=2)
    .batch(4)
    .prefetch(2)
    .with_options(fused)
)
tuned = (
    tf.data.Dataset.range(4)
    .interleave(endless, cycle_length=2, num_parallel_calls=tf.data.AUTOTUNE)
    .map(square, num_parallel_calls=tf.data.AUTOTUNE)
    .shuffle(8)
    .batch(4, num_parallel_calls=2)
    .prefetch(tf.data.AUTOTUNE)
)
forever = threading.Event()


def dry():
    forever.wait()
    yield 1.0


starved = (
    tf.data.Dataset.from_generator(dry, output_signature=tf.TensorSpec((), tf.float32))
    .filter(lambda x: x > 0)
    .shuffle(8)
    .prefetch(2)
)
iterators = [iter(dataset) for dataset in (map_and_batch, tuned, starved)]
for iterator in iterators[:2]:
    next(iterator)
threading.Thread(target=next, args=(iterators[2],), daemon=True).start()
hold()
os._exit(0)
