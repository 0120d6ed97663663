"""Imported by a child interpreter: TensorFlow that asks for seven threads in each pool, until stdin ends."""

import sys

import tensorflow as tf
from work import compute

tf.config.threading.set_intra_op_parallelism_threads(7)
tf.config.threading.set_inter_op_parallelism_threads(7)
compute()
print("READY", flush=True)
sys.stdin.read()
