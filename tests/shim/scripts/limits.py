"""Asks for seven threads in each pool: limits.py HOW, where HOW says through what."""

import os
import sys

from hold import hold

HOW = sys.argv[1]
VARIABLES = {"TF_NUM_INTRAOP_THREADS": "7", "TF_NUM_INTEROP_THREADS": "7", "OMP_NUM_THREADS": "7"}
if HOW == "environ-before":
    os.environ.update(VARIABLES)

import tensorflow as tf

from work import compute

if HOW == "environ-after":
    os.environ.update(VARIABLES)
if HOW == "environ-deleted":
    for name in VARIABLES:
        os.environ.pop(name, None)
if HOW in ("setters", "setters-none"):
    tf.config.threading.set_intra_op_parallelism_threads(7)
    tf.config.threading.set_inter_op_parallelism_threads(7)
if HOW == "setters-none":
    tf.config.threading.set_intra_op_parallelism_threads(None)
    tf.config.threading.set_inter_op_parallelism_threads(None)
if HOW == "smaller":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
if HOW == "devices":
    from tensorflow.python.client import device_lib

    device_lib.list_local_devices(tf.compat.v1.ConfigProto(intra_op_parallelism_threads=7, inter_op_parallelism_threads=7))
turn = compute()
late = None
if HOW == "late":
    try:
        tf.config.threading.set_intra_op_parallelism_threads(7)
    except RuntimeError as error:
        late = type(error).__name__
hold(turn, late=late)
