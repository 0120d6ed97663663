"""A program whose threads, modules and objects change as fast as Python can. Says "ready" first; runs until it is killed."""
import sys
import threading
import types


class Context:
    def __init__(self):
        self._config = None
        self._context_handle = None
        self._intra_op_parallelism_threads = 3
        self._inter_op_parallelism_threads = None


module = types.ModuleType("tensorflow.python.eager.context")
sys.modules[module.__name__] = module
module._context = Context()
print("ready", flush=True)
number = 0
while True:
    number += 1
    go = threading.Event()
    threads = [threading.Thread(target=go.wait, name=f"churn-{number}-{each}") for each in range(4)]
    for thread in threads:
        thread.start()
    for each in range(40):
        sys.modules[f"module-{number}-{each}"] = module
    context = Context()
    if number % 2:
        vars(context)[f"other_{number}"] = number
    module._context = context
    go.set()
    for thread in threads:
        thread.join()
    for each in range(40):
        del sys.modules[f"module-{number}-{each}"]
