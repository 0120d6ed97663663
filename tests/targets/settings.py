"""Makes thread settings in every way there is: settings.py WAY [FLAG]. Where a FLAG is given, the second half of a way is
done once that file exists."""

import os
import sys
import time
from ready import hold

way = sys.argv[1]


def when_flagged(act):
    """Acts once, as soon as the flag is there."""
    pending = [act]

    def work():
        if pending and os.path.exists(sys.argv[2]):
            pending.pop()()
        time.sleep(0.01)

    return work


if way == "set":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(3)
    tf.config.threading.set_inter_op_parallelism_threads(4)
    hold(when_flagged(lambda: tf.ones(2)))
elif way == "import":
    import tensorflow

    hold()
elif way == "environ-before":
    os.environ["TF_NUM_INTRAOP_THREADS"] = "5"
    del os.environ["TF_NUM_INTEROP_THREADS"]
    import tensorflow as tf

    tf.ones(2)
    hold()
elif way == "environ-after":
    import numpy
    import tensorflow as tf

    os.environ["OMP_NUM_THREADS"] = "6"
    tf.ones(2)
    hold(when_flagged(lambda: os.environ.update(OMP_NUM_THREADS="7")))
elif way == "openblas":
    import numpy
    import scipy.linalg
    from threadpoolctl import threadpool_info, threadpool_limits

    pools = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas"}
    hold(when_flagged(lambda: threadpool_limits(3, user_api="blas")), pools=pools)
elif way == "openblas-late":
    hold(when_flagged(lambda: __import__("numpy")))
elif way == "limited":
    import resource

    resource.setrlimit(resource.RLIMIT_NPROC, (512, resource.getrlimit(resource.RLIMIT_NPROC)[1]))
    if os.getuid() == 0:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    hold()
elif way == "exec":
    os.environ["OMP_NUM_THREADS"] = "8"
    hold(when_flagged(lambda: os.execv(sys.executable, [sys.executable, sys.argv[2] + ".py"])))
else:
    hold()
