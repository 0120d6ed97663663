"""TensorFlow with two multiprocessing children, one forked after TensorFlow started and one spawned."""

import multiprocessing
import threading


def child(born):
    """Starts one named thread, says so and lives as long as the parent does."""
    thread = threading.Thread(target=threading.Event().wait, name="loader", daemon=True)
    thread.start()
    born.put(thread.native_id)
    multiprocessing.parent_process().join()


def main():
    import tensorflow as tf
    from ready import hold

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.function(lambda x: x + 1)(tf.ones(8))
    pids, loaders = {}, {}
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        born = context.SimpleQueue()
        process = context.Process(target=child, args=(born,), daemon=True)
        process.start()
        pids[method], loaders[method] = process.pid, born.get()
    hold(pids=pids, loaders=loaders)


if __name__ == "__main__":
    main()
