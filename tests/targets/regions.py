"""Short parallel regions of OpenMP with a pause after each, in which its threads have nothing to do. Until stdin ends."""

import os
import time

import numpy as np
from ready import hold
from sklearn.cluster import KMeans

points = np.random.default_rng(1).random((64, 2))


def work():
    KMeans(n_clusters=2, n_init=1, max_iter=2, random_state=1).fit(points)
    time.sleep(0.05)


work()
hold(work, cpus=len(os.sched_getaffinity(0)))
