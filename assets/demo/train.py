"""A small training run to watch with tftop: a CIFAR-10-shaped Keras CNN on generated data. It runs until it is ended."""

import argparse
import os

import numpy as np
import tensorflow as tf


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contended", action="store_true", help="many times more threads than there are CPUs")
    args = parser.parse_args()

    cpus = len(os.sched_getaffinity(0))
    if args.contended:
        tf.config.threading.set_intra_op_parallelism_threads(4 * cpus)
        tf.config.threading.set_inter_op_parallelism_threads(4 * cpus)

    data = contended_batches(4 * cpus) if args.contended else batches()
    model = network()
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(data, epochs=1_000_000, steps_per_epoch=200, verbose=2, callbacks=[Begun()])


def images():
    """1,024 random images of 32 x 32 pixels in 3 colours, in 10 classes, again and again."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (1024, 32, 32, 3), dtype=np.uint8)
    classes = generator.integers(0, 10, 1024)
    return tf.data.Dataset.from_tensor_slices((pixels, classes)).shuffle(1024, seed=0).repeat()


def augment(image, label):
    image = tf.image.random_flip_left_right(tf.cast(image, tf.float32) / 255.0)
    return tf.image.random_brightness(image, 0.1), label


def batches():
    return images().map(augment, num_parallel_calls=tf.data.AUTOTUNE).batch(64).prefetch(tf.data.AUTOTUNE)


def contended_batches(workers):
    """The same, but each image costs so much that the workers never catch up: all of them always have work."""

    def costly(image, label):
        image, label = augment(image, label)
        noise = tf.random.uniform((256, 256))
        for _ in range(8):
            noise = tf.linalg.l2_normalize(noise @ noise)
        return image + 1e-6 * noise[:32, :32, tf.newaxis], label

    options = tf.data.Options()
    options.threading.private_threadpool_size = workers
    return images().map(costly, num_parallel_calls=workers).batch(64).prefetch(2).with_options(options)


def network():
    layers = tf.keras.layers
    return tf.keras.Sequential([
        tf.keras.Input((32, 32, 3)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
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
