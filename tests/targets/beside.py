"""No TensorFlow: a pool of OpenCV's of four threads, the caller among them, and Polars' own."""

import cv2
import numpy as np
import polars
from ready import hold

cv2.setNumThreads(4)
picture = np.zeros((1500, 1500, 3), np.uint8)
cv2.warpAffine(picture, np.float32([[1, 0.1, 1], [0.1, 1, 3]]), (1500, 1500))
polars.DataFrame({"a": range(1000)}).lazy().group_by(polars.col("a") % 10).agg(polars.len()).collect()
hold(polars=polars.thread_pool_size())
