"""A small training run to watch with tftop: a Keras CNN on generated JPEG pictures. It runs until it is ended."""

import argparse
import os

import numpy as np
import tensorflow as tf


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contended", action="store_true", help="eight times as many threads as there are CPUs")
    args = parser.parse_args()

    threads = 8 * len(os.sched_getaffinity(0))
    if args.contended:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)

    model = network()
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    data = batches(threads if args.contended else None)
    model.fit(data, epochs=1_000_000, steps_per_epoch=1000, verbose=2, callbacks=[Begun()])


def batches(threads):
    """64 random pictures of 160 x 160 pixels in 10 classes, decoded and augmented again and again."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (64, 160, 160, 3), dtype=np.uint8)
    pictures = [tf.io.encode_jpeg(picture).numpy() for picture in pixels]
    data = tf.data.Dataset.from_tensor_slices((pictures, generator.integers(0, 10, 64))).shuffle(64, seed=0).repeat()
    data = data.map(prepare, num_parallel_calls=threads or tf.data.AUTOTUNE).batch(32).prefetch(2)
    if not threads:
        return data
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    return data.with_options(options)


def prepare(picture, label):
    picture = tf.image.resize(tf.io.decode_jpeg(picture, channels=3), (48, 48)) / 255.0
    picture = tf.image.random_flip_left_right(picture)
    return tf.image.random_brightness(picture, 0.1), label


def network():
    layers = tf.keras.layers
    return tf.keras.Sequential([
        tf.keras.Input((48, 48, 3)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10),
    ])


class Begun(tf.keras.callbacks.Callback):
    """Says once that training has begun: a demo without a terminal waits for this line."""

    said = False

    def on_train_batch_end(self, batch, logs=None):
        if not self.said:
            self.said = True
            print("training has begun", flush=True)


if __name__ == "__main__":
    main()
