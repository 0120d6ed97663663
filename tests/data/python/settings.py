"""Real TensorFlow in one of the states that its thread settings can be in.

Usage: settings.py unset|set|started|environment|proto. Says "ready" when it is there; ends when its input does.
"""
import os
import sys

mode = sys.argv[1]
if mode == "environment":
    os.environ["TF_NUM_INTRAOP_THREADS"] = "3"
import tensorflow as tf

if mode in ("set", "started"):
    tf.config.threading.set_intra_op_parallelism_threads(3)
if mode == "set":
    tf.config.threading.set_inter_op_parallelism_threads(0)
if mode == "proto":
    tf.compat.v1.disable_v2_behavior()
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=2)
    tf.compat.v1.enable_eager_execution(config=config)
if mode in ("started", "environment", "proto"):
    tf.constant(1) + 1
if mode == "started":
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        sys.exit("TensorFlow took a late setting")
    except RuntimeError:
        pass
print("ready", flush=True)
sys.stdin.read()
