"""No TensorFlow: NumPy's and SciPy's OpenBLAS, scikit-learn's OpenMP and two named Python threads, all asleep."""

import os
import threading

import numpy as np
import scipy.linalg
from ready import hold
from sklearn.cluster import KMeans

square = np.random.default_rng(1).random((400, 400))
np.dot(square, square)
scipy.linalg.lu_factor(square)
KMeans(n_clusters=4, n_init=1, max_iter=5, random_state=1).fit(square)

forever = threading.Event()
feeders = [threading.Thread(target=forever.wait, name=f"feeder-{i}", daemon=True) for i in range(2)]
for feeder in feeders:
    feeder.start()
hold(
    feeders={feeder.name: feeder.native_id for feeder in feeders},
    cpus=len(os.sched_getaffinity(0)),
)
