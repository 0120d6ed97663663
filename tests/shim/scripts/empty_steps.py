"""Prints the microseconds of one step that does nothing, the best of several batches: empty_steps.py keras|iterator|function."""

import sys
import time

import tensorflow as tf

if sys.argv[1] == "keras":
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    callbacks = tf.keras.callbacks.CallbackList([], model=model, add_history=False)
    turn = lambda i: callbacks.on_train_batch_end(i)
elif sys.argv[1] == "function":
    step = tf.function(lambda: None)
    turn = lambda i: step()
else:
    data = iter(tf.data.Dataset.range(1).repeat())
    turn = lambda i: next(data)
best = float("inf")
for _ in range(30):
    began = time.perf_counter()
    for i in range(2000):
        turn(i)
    best = min(best, (time.perf_counter() - began) / 2000 * 1e6)
print(best)
