"""Realistic small trainings, for measuring what caps do to speed.

    python workloads.py NAME COUNTER_FILE

Each runs for ever and counts its steps in COUNTER_FILE: 16 slots of 8 bytes, one a process.
"""

import importlib.util
import mmap
import os
import pathlib
import struct
import sys
import threading

SLOTS = 16


class Counter:
    def __init__(self, path, slot=0):
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8 * SLOTS)
        self.slot, self.steps = slot, 0

    def step(self, by=1):
        self.steps += by
        struct.pack_into("<Q", self.map, 8 * self.slot, self.steps)


def counting(counter):
    import keras

    class Steps(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            counter.step()

        def on_predict_batch_end(self, batch, logs=None):
            counter.step()

    return Steps()


def for_ever(model, counter, *data, **more):
    """Many epochs of one fit, as scripts have it: each fit traces its functions anew."""
    while True:
        model.fit(*data, verbose=0, epochs=100_000, callbacks=[counting(counter)], **more)


def cnn(size=32, classes=10, width=16):
    import keras

    model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Conv2D(width, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(2 * width, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def matmul(counter):
    import tensorflow as tf

    x = tf.random.normal((1200, 1200))
    f = tf.function(lambda a: tf.matmul(a, x) * 0.01)
    y = x
    while True:
        y = f(y)
        y[0, 0].numpy()
        counter.step()


def cnn_arrays(counter):
    import numpy as np

    for_ever(cnn(), counter, np.random.rand(2048, 32, 32, 3).astype("float32"), np.random.randint(0, 10, 2048))


def cnn_jpeg(counter):
    import numpy as np
    import tensorflow as tf

    pictures = [
        tf.io.encode_jpeg(np.random.randint(0, 255, (160, 160, 3), dtype=np.uint8)).numpy() for _ in range(64)
    ]
    data = tf.data.Dataset.from_tensor_slices((pictures, list(range(64)))).repeat()

    def decode(picture, label):
        picture = tf.image.resize(tf.io.decode_jpeg(picture, channels=3), (48, 48)) / 255.0
        return picture, label % 10

    data = data.map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(32).prefetch(tf.data.AUTOTUNE)
    for_ever(cnn(48), counter, data, steps_per_epoch=200)


def custom_loop(counter):
    import tensorflow as tf

    layers = [tf.Variable(tf.random.normal((256, 256)) * 0.05) for _ in range(6)]
    optimizer = tf.keras.optimizers.SGD(0.01)
    x = tf.random.normal((256, 256))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            y = x
            for layer in layers:
                y = tf.tanh(tf.matmul(y, layer))
            loss = tf.reduce_mean(y * y)
        optimizer.apply_gradients(zip(tape.gradient(loss, layers), layers))
        return loss

    while True:
        step().numpy()
        counter.step()


def jit(counter):
    import tensorflow as tf

    weights = [tf.Variable(tf.random.normal((512, 512)) * 0.05) for _ in range(4)]
    x = tf.random.normal((512, 512))

    @tf.function(jit_compile=True)
    def step():
        with tf.GradientTape() as tape:
            y = x
            for weight in weights:
                y = tf.nn.relu(tf.matmul(y, weight))
            loss = tf.reduce_mean(y * y)
        for weight, gradient in zip(weights, tape.gradient(loss, weights)):
            weight.assign_sub(0.01 * gradient)
        return loss

    while True:
        step().numpy()
        counter.step()


def input_bound(counter):
    import keras
    import tensorflow as tf

    def heavy(i):
        values = tf.random.stateless_uniform((30000,), seed=(i, i))
        return tf.sort(values)[:32], tf.reduce_sum(values)

    data = tf.data.Dataset.range(10**9).map(heavy, num_parallel_calls=tf.data.AUTOTUNE).batch(16)
    model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(16), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for_ever(model, counter, data.prefetch(2), steps_per_epoch=500)


def serving(counter):
    import numpy as np
    import tensorflow as tf

    model = cnn(64)
    serve = tf.function(lambda x: model(x, training=False))
    pictures = np.random.rand(4, 64, 64, 3).astype("float32")
    serve(pictures)
    lock = threading.Lock()

    def client():
        while True:
            serve(pictures).numpy()
            with lock:
                counter.step()

    threads = [threading.Thread(target=client) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def numpy_between(counter):
    import numpy as np
    import tensorflow as tf

    w = tf.Variable(tf.random.normal((600, 600)) * 0.01)
    f = tf.function(lambda a: tf.tanh(tf.matmul(a, w)))
    a = np.random.rand(600, 600).astype("float32")
    while True:
        y = f(a).numpy()
        a = np.linalg.qr(y @ y.T + np.eye(600, dtype="float32"))[0]
        counter.step()


def worker(counter_path, slot):
    import numpy as np

    for_ever(
        cnn(), Counter(counter_path, slot), np.random.rand(1024, 32, 32, 3).astype("float32"), np.random.randint(0, 10, 1024)
    )


def two_processes(counter):
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=worker, args=(sys.argv[2], slot)) for slot in (1, 2)]
    [process.start() for process in workers]
    [process.join() for process in workers]


def v1_session(counter):
    import numpy as np
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    x = tf.placeholder(tf.float32, (128, 784))
    h = x
    for width in (512, 512, 10):
        h = tf.nn.relu(tf.matmul(h, tf.Variable(tf.random.normal((h.shape[1], width), stddev=0.05))))
    train = tf.train.GradientDescentOptimizer(0.01).minimize(tf.reduce_mean(h * h))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    data = np.random.rand(128, 784).astype("float32")
    while True:
        session.run(train, {x: data})
        counter.step()


def boosting(counter):
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    x = np.random.rand(20000, 20)
    y = x.sum(1)

    def fit():
        while True:
            HistGradientBoostingRegressor(max_iter=50).fit(x, y)

    threading.Thread(target=fit, daemon=True).start()
    cnn_arrays(counter)


def recurrent(kind, counter):
    import keras
    import numpy as np

    model = keras.Sequential(
        [keras.Input((30, 32)), getattr(keras.layers, kind)(96), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    for_ever(model, counter, np.random.rand(1024, 30, 32).astype("float32"), np.random.rand(1024, 1))


def gru(counter):
    recurrent("GRU", counter)


def lstm(counter):
    recurrent("LSTM", counter)


def pydataset(counter):
    import keras
    import numpy as np

    class Pictures(keras.utils.PyDataset):
        def __len__(self):
            return 200

        def __getitem__(self, index):
            pictures = np.random.rand(32, 64, 64, 3).astype("float32")
            return np.sort(pictures, axis=1)[:, :32, :32], np.random.randint(0, 10, 32)

    for_ever(cnn(), counter, Pictures(workers=2, use_multiprocessing=True, max_queue_size=8))


def tiny_mlp(counter):
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for_ever(model, counter, np.random.rand(8192, 16).astype("float32"), np.random.rand(8192, 1))


def embedding(counter):
    import keras
    import numpy as np

    model = keras.Sequential(
        [
            keras.Input((40,), dtype="int32"),
            keras.layers.Embedding(20000, 64),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    for_ever(model, counter, np.random.randint(0, 20000, (4096, 40)), np.random.rand(4096, 1), batch_size=64)


def numpy_in_map(counter):
    import keras
    import numpy as np
    import tensorflow as tf

    def prepare(i):
        random = np.random.default_rng(int(i))
        return np.sort(random.random((64, 256)), axis=1).mean(0).astype("float32")

    def heavy(i):
        values = tf.numpy_function(prepare, [i], tf.float32)
        values.set_shape((256,))
        return values, values[0]

    data = tf.data.Dataset.range(10**9).map(heavy, num_parallel_calls=4).batch(32).prefetch(2)
    model = keras.Sequential([keras.Input((256,)), keras.layers.Dense(256, "relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for_ever(model, counter, data, steps_per_epoch=500)


def predicting(counter):
    import numpy as np

    model = cnn(64, width=24)
    pictures = np.random.rand(512, 64, 64, 3).astype("float32")
    while True:
        model.predict(pictures, verbose=0, callbacks=[counting(counter)])


def costly_input(counter):
    """Each picture costs so much that the model always waits for the pipeline, whose private pool is far too large."""
    import numpy as np
    import tensorflow as tf

    workers = 4 * len(os.sched_getaffinity(0))

    def costly(picture, label):
        picture = tf.image.random_flip_left_right(tf.cast(picture, tf.float32) / 255.0)
        noise = tf.random.uniform((256, 256))
        for _ in range(4):
            noise = tf.linalg.l2_normalize(noise @ noise)
        return picture + 1e-6 * noise[:32, :32, tf.newaxis], label

    pictures, labels = np.random.randint(0, 256, (1024, 32, 32, 3), dtype=np.uint8), np.random.randint(0, 10, 1024)
    options = tf.data.Options()
    options.threading.private_threadpool_size = workers
    data = tf.data.Dataset.from_tensor_slices((pictures, labels)).repeat()
    data = data.map(costly, num_parallel_calls=workers).batch(16).prefetch(2).with_options(options)
    for_ever(cnn(), counter, data, steps_per_epoch=200)


def idle_server(counter):
    """Answers a request now and then."""
    import time

    import tensorflow as tf

    x = tf.random.normal((64, 64))
    f = tf.function(lambda a: tf.tanh(tf.matmul(a, x)))
    while True:
        for _ in range(40):
            f(x)
            counter.step()
        time.sleep(0.05)


def openmp_cnn(counter):
    """On a TensorFlow that is built with OpenMP (intel-tensorflow 2.14.0): its operations run on OpenMP teams."""
    cnn_arrays(counter)


def built_with_openmp():
    """Whether this Python's TensorFlow brings an OpenMP runtime; without importing it, which would start threads."""
    found = importlib.util.find_spec("tensorflow")
    if not found or not found.origin:
        return False
    return any(pathlib.Path(found.origin).parents[1].glob("_solib_*/*/libiomp5.so"))


WORKLOADS = [
    matmul, cnn_arrays, cnn_jpeg, custom_loop, jit, input_bound, serving, numpy_between, two_processes, v1_session,
    boosting, gru, lstm, pydataset, tiny_mlp, embedding, numpy_in_map, predicting, costly_input,
]  # fmt: skip
if built_with_openmp():
    WORKLOADS.append(openmp_cnn)

if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if len(sys.argv) < 3:
        print(" ".join(run.__name__ for run in WORKLOADS))
    else:
        {run.__name__: run for run in [*WORKLOADS, idle_server]}[sys.argv[1]](Counter(sys.argv[2]))
