"""A Keras fit with tftop's callback: thread_monitor.py CSV. Prints the numbers of the last epoch as JSON."""

import csv
import json
import math
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "assets" / "python"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from tftop.keras import ThreadMonitor

model = tf.keras.Sequential([tf.keras.layers.Dense(256, activation="relu"), tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
data = tf.data.Dataset.from_tensors((np.ones((64, 512), "float32"), np.ones((64, 1), "float32"))).repeat()
monitor = ThreadMonitor(interval=0.25)
logger = tf.keras.callbacks.CSVLogger(sys.argv[1])
history = model.fit(data, epochs=3, steps_per_epoch=int(sys.argv[2]), verbose=0, callbacks=[monitor, logger])

names = ["tftop_got", "tftop_wanted", "tftop_saturation", "tftop_level", "tftop_steps_per_s"]
assert all(len(history.history[name]) == 3 for name in names), history.history
with open(sys.argv[1]) as file:
    rows = list(csv.DictReader(file))
assert len(rows) == 3 and all(float(rows[2][name]) == history.history[name][2] for name in names[:3]), rows
assert len(monitor.reports) == 3 and monitor.reports[2]["target"]["pid"] == os.getpid()
version = keras.__version__
numbers = {name: float(rows[2][name]) for name in names}
print(json.dumps({"keras": version, **{name: None if math.isnan(value) else value for name, value in numbers.items()}}))
