"""A program whose objects are read from outside: threads with names, and a stand-in for TensorFlow's eager context.

Usage: program.py bare|unmade|set|started. Says "ready" when everything is in place; ends when its input does.
"""
import sys
import threading
import types


class Context:
    """The attributes of TensorFlow's Context that are read, among more of them than a class shares keys for."""

    def __init__(self, intra, inter, handle, others):
        self._config = None
        for number in range(others):
            setattr(self, f"_other_{number}", number)
        self._context_handle = handle
        self._intra_op_parallelism_threads = intra
        self._inter_op_parallelism_threads = inter


class Worker(threading.Thread):
    """A thread class with an attribute of its own."""

    def __init__(self, name):
        super().__init__(name=name, daemon=True)
        self.pace = 3

    def run(self):
        work()


def work():
    threading.current_thread()
    running.release()
    done.wait()


def imported(context):
    path = ""
    for part in ("tensorflow", "python", "eager", "context"):
        path = f"{path}.{part}" if path else part
        sys.modules[path] = types.ModuleType(path)
    sys.modules[path]._context = context


running = threading.Semaphore(0)
done = threading.Event()
NAMES = ["loader-0", "größe", "数据", "🧵 silk", "x" * 40]
for name in NAMES:
    Worker(name).start()
__import__("_thread").start_new_thread(work, ())
for _ in range(len(NAMES) + 1):
    running.acquire()

mode = sys.argv[1]
if mode == "unmade":
    imported(None)
elif mode == "set":
    imported(Context(1 << 40, 0, None, 2))
elif mode == "started":
    imported(Context(3, None, object(), 50))
print("ready", flush=True)
sys.stdin.read()
