"""Each way to want more CPUs than a setting allows, or to seem to: causes.py WAY [NUMBER]."""

import hashlib
import itertools
import os
import sys
import threading

from ready import hold

way = sys.argv[1]
number = int(sys.argv[2]) if sys.argv[2:] else 0


def spin(stop):
    """Keeps a CPU busy without Python's lock, which hashing large buffers releases."""
    buffer = bytes(1 << 20)
    while not stop.is_set():
        hashlib.sha256(buffer)


def start(count, target, *arguments):
    threads = [threading.Thread(target=target, args=arguments, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def worker():
    """One of several processes, each with an OpenBLAS of its own."""
    import multiprocessing
    import numpy as np

    matrix = np.ones((600, 600))
    parent = multiprocessing.parent_process()
    while parent.is_alive():
        matrix @ matrix


if __name__ != "__main__":
    pass  # a spawned worker imports this file for its function only
elif way == "overruled":
    import numpy

    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(number)
    tf.config.threading.set_inter_op_parallelism_threads(0)
    tf.linalg.matmul(tf.ones((64, 64)), tf.ones((64, 64)))
    hold()
elif way == "late":
    import tensorflow as tf
    from tensorflow.python.client import device_lib

    device_lib.list_local_devices()
    tf.config.threading.set_intra_op_parallelism_threads(number)
    tf.ones(2)
    hold()
elif way == "blas":
    import numpy as np

    matrix = np.ones((800, 800))
    matrix @ matrix
    for tid in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(tid), {min(os.sched_getaffinity(0))})
    hold(lambda: matrix @ matrix)
elif way == "openmp":
    import numpy as np
    from sklearn.cluster import KMeans

    points = np.random.default_rng(1).random((60_000, 20))
    hold(lambda: KMeans(n_clusters=16, n_init=1, max_iter=30, tol=0.0, random_state=1).fit(points))
elif way == "data":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    def heavy(i):
        matrix = tf.fill((300, 300), tf.cast(i % 7, tf.float32))
        return tf.reduce_sum(matrix @ matrix)

    def drain(dataset):
        for _ in dataset:
            pass

    dataset = tf.data.Dataset.range(1 << 40).map(heavy, num_parallel_calls=8).prefetch(64)
    drain(dataset.take(64))
    start(number, drain, dataset)
    hold()
elif way == "xla":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(number)

    def model(x):
        for i in range(60):
            x = tf.nn.relu(tf.matmul(x, x) * 1e-3 + tf.sin(x) * float(i))
        return x

    sizes = itertools.count(2)
    compile_one = lambda: tf.function(model, jit_compile=True)(tf.ones([next(sizes)] * 2))
    compile_one()
    hold(compile_one)
elif way == "spin":
    start(number, spin, threading.Event())
    hold()
elif way == "server":
    import time
    import tensorflow as tf

    def answer():
        tf.linalg.matmul(tf.ones((64, 64)), tf.ones((64, 64)))
        time.sleep(0.5)

    answer()
    hold(answer)
elif way == "piled":
    first = min(os.sched_getaffinity(0))
    for thread in start(number, spin, threading.Event()):
        os.sched_setaffinity(thread.native_id, {first})
    hold()
elif way == "workers":
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    for _ in range(number):
        context.Process(target=worker, daemon=True).start()
    hold()
elif way == "capped":
    import time
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    forever = threading.Event()
    start(number, forever.wait)

    def leak():
        while not forever.wait(0.5):
            start(1, forever.wait)

    @tf.function
    def step(x):
        return tf.reduce_sum(tf.matmul(x, x))

    matrix = tf.ones((256, 256))
    step(matrix)
    start(1, leak)

    def work():
        step(matrix)
        time.sleep(0.005)

    hold(work)
