"""A process that tries to hold its watcher up. Run as `python hostile.py MODE …` from a folder it may write to; prints READY {}
when it is set, and ends when its standard input closes. Plain Python: what any user can do to a tftop of root."""
import ctypes
import fcntl
import mmap
import os
import signal
import sys
import threading
import time

SCRIPT = os.path.abspath(sys.argv[0])


def replaced_by(make):
    os.remove(SCRIPT)
    make(SCRIPT)


def script_is_a_link(to):
    replaced_by(lambda path: os.symlink(to, path))


def script_is_a_fifo():
    replaced_by(os.mkfifo)


def script_is_leased():
    """Whoever opens the file waits for the lease's holder, up to 45 s, unless told not to."""
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    global leased
    leased = open(SCRIPT, "r+")
    fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_WRLCK)


def active_threads(entries, attributes):
    """threading._active with entries that all point at one object with many attributes."""

    class Anything:
        pass

    thing = Anything()
    thing.__dict__.update({f"a{i}": 0 for i in range(int(attributes))})
    for _ in range(3):
        threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()
    for i in range(int(entries)):
        threading._active[10**9 + i] = thing


def sparse_libraries(count):
    global mapped
    mapped = []
    own = open("/proc/self/exe", "rb").read(64 << 10)
    for i in range(int(count)):
        path = os.path.join(os.path.dirname(SCRIPT), f"lib{i}.so")
        with open(path, "wb") as file:
            file.write(own)
            file.truncate(1 << 40)
        with open(path, "rb") as file:
            mapped.append(mmap.mmap(file.fileno(), 1 << 20, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC))


def device_is_mapped():
    global mapped
    with open("/dev/zero", "rb") as file:
        mapped = mmap.mmap(file.fileno(), 1 << 30, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)


def forged_runtime():
    """Every pointer at the begin of `_PyRuntime` leads to memory full of pointers to itself. Python must not run any more."""
    runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    page = ctypes.create_string_buffer(1 << 20)
    address = ctypes.addressof(page)
    words = (ctypes.c_uint64 * (len(page) // 8)).from_buffer(page)
    for i in range(len(words)):
        words[i] = address
    libc = ctypes.PyDLL(None)
    ready()
    libc.memcpy(ctypes.c_void_p(runtime + 24), ctypes.c_void_p(address), ctypes.c_size_t(256))
    libc.pause()


def many_threads(count):
    threading.stack_size(64 << 10)
    for _ in range(int(count)):
        threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()


def many_children(count):
    for _ in range(int(count)):
        if os.fork() == 0:
            signal.pause()


def exec_in_a_loop(left):
    if int(left) > 0:
        time.sleep(0.02)
        os.execv(sys.executable, [sys.executable, SCRIPT, "exec_in_a_loop", str(int(left) - 1)])


def births_and_deaths():
    def make():
        while True:
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()

    threading.Thread(target=make, daemon=True).start()


def stopped():
    ready()
    os.kill(os.getpid(), signal.SIGSTOP)


def nothing(*_):
    pass


told = False


def ready():
    global told
    if not told:
        told = True
        print("READY {}", flush=True)


if __name__ == "__main__":
    mode, arguments = sys.argv[1], sys.argv[2:]
    if mode == "exec_in_a_loop" and os.environ.setdefault("TOLD", "0") == "0":
        os.environ["TOLD"] = "1"
        ready()
    globals()[mode](*arguments)
    ready()
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)
