"""A child that asks for seven threads in each pool: children.py spawn|fork|subprocess|isolated."""

import multiprocessing
import subprocess
import sys

from hold import hold


def child(ready, done):
    """What the child does: TensorFlow under its own wish."""
    import tensorflow as tf
    from work import compute

    tf.config.threading.set_intra_op_parallelism_threads(7)
    tf.config.threading.set_inter_op_parallelism_threads(7)
    compute()
    ready.set()
    done.wait()


if __name__ == "__main__":
    how = sys.argv[1]
    if how in ("subprocess", "isolated"):
        flags = ["-I"] if how == "isolated" else []
        code = (
            "import sys; sys.path.insert(0, %r); import limits_child" % __file__.rpartition("/")[0]
        )
        process = subprocess.Popen([sys.executable, *flags, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        hold(pid=process.pid)
        process.communicate()
    else:
        context = multiprocessing.get_context(how)
        ready, done = context.Event(), context.Event()
        process = context.Process(target=child, args=(ready, done))
        process.start()
        ready.wait()
        hold(pid=process.pid)
        done.set()
        process.join()
