"""A process that tries to hold its watcher up. Run as `python hostile.py MODE …` from a folder it may write to; prints READY {}
when it is set, and ends when its standard input closes. Plain Python: what any user can do to a tftop of root."""
import ctypes
import fcntl
import mmap
import os
import signal
import struct
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


def exec_loops(count):
    """Children that execute themselves again and again."""
    os.environ["TOLD"] = "1"
    for _ in range(int(count)):
        if os.fork() == 0:
            exec_in_a_loop(100_000)


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


def under_seccomp():
    """A filter that lets every call pass: what counts is that there is one."""
    libc = ctypes.CDLL(None, use_errno=True)
    allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(allow)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())


def executed_with(words, variables):
    """Ready once the other program is."""
    os.execve(sys.executable, [sys.executable, SCRIPT, "nothing", *words], {**os.environ, **variables})


def huge_arguments():
    executed_with(["x" * 120_000] * 15, {})


def huge_environment():
    executed_with([], {f"OMP_{i}": "y" * 120_000 for i in range(15)})


def drives_terminals():
    ctypes.CDLL(None).prctl(15, b"\x1b[2J\nname", 0, 0, 0)
    executed_with(["\x1b]0;title\x07", "a\nb", "\u202ereversed"], {})


def memory_goes_away():
    """Maps come and go, with code in them, while somebody reads them."""
    def churn():
        while True:
            for _ in range(50):
                page = mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
                page.close()
            time.sleep(0.001)

    threading.Thread(target=churn, daemon=True).start()


def libraries_are_replaced():
    own = open("/proc/self/exe", "rb").read(1 << 20)
    path = os.path.join(os.path.dirname(SCRIPT), "libtensorflow_framework.so.2")

    def churn():
        turn = 0
        while True:
            turn += 1
            with open(path + ".new", "wb") as file:
                file.write(own[: len(own) // (1 + turn % 3)])
            os.replace(path + ".new", path)
            with open(path, "rb") as file:
                mapped = mmap.mmap(file.fileno(), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
            os.remove(path)
            if turn % 2:
                os.mkfifo(path)
            time.sleep(0.005)
            mapped.close()
            if turn % 2:
                os.remove(path)

    threading.Thread(target=churn, daemon=True).start()


def leader_ends():
    """The main thread ends and the others live on."""
    many_threads(3)
    ready()
    ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)


def waits_in_vfork():
    """CLONE_VFORK without CLONE_VM: the parent waits in the kernel until the child executes or ends."""
    many_threads(3)
    ready()
    clone = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
    if ctypes.CDLL(None).syscall(clone, 0x4000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        signal.pause()


def child_is_traced():
    libc = ctypes.CDLL(None)
    child = os.fork()
    if child == 0:
        libc.ptrace(0, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        signal.pause()
    os.waitpid(child, os.WUNTRACED)


def busy(threads):
    """Threads that a stack can be had of only by stopping them."""
    libc = ctypes.CDLL(None)
    zeros = ctypes.create_string_buffer(64 << 20)
    for _ in range(int(threads)):
        def work():
            while True:
                libc.memchr(zeros, 1, len(zeros))

        threading.Thread(target=work, daemon=True).start()


def nothing(*_):
    pass


def maps_tensorflow():
    """What it is recognised by."""
    global library
    path = os.path.join(os.path.dirname(SCRIPT), "libtensorflow_framework.so.2")
    with open("/proc/self/exe", "rb") as own, open(path, "wb") as file:
        file.write(own.read(1 << 20))
    with open(path, "rb") as file:
        library = mmap.mmap(file.fileno(), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)


def unanswered(what, file, _padding=""):
    """A part of its memory is a file of FUSE that never answers whoever reads it."""
    if "PADDING" not in os.environ:
        padded = {**os.environ, "PADDING": "y" * 100_000}
        os.execve(sys.executable, [sys.executable, SCRIPT, "unanswered", what, file, "x" * 100_000], padded)
    maps_tensorflow()
    threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    opened = os.open(file, os.O_RDONLY)

    def cover(start, end):
        start, end = (start + 4095) & ~4095, end & ~4095
        fixed = mmap.MAP_PRIVATE | (0x10 if start else 0)
        found = libc.mmap(start, (end - start) or 4096, mmap.PROT_READ | mmap.PROT_WRITE, fixed, opened, 0)
        assert found not in (None, ctypes.c_void_p(-1).value), os.strerror(ctypes.get_errno())
        return found

    fields = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
    arguments, environment = fields[45:47], fields[47:49]
    if what == "arguments":
        cover(*map(int, arguments))
    elif what == "environment":
        cover(*map(int, environment))
    elif what == "threads":
        # Where glibc keeps what it knows of the sleeping thread.
        thread = [thread.ident for thread in threading.enumerate()][1]
        cover(thread & ~4095, (thread & ~4095) + 4096)
    elif what == "objects":
        threading._active.update({10**9 + i: None for i in range(20_000)})
        # ma_keys of its dict.
        keys = ctypes.c_void_p.from_address(id(threading._active) + 32).value
        cover(keys, keys + (256 << 10))
    elif what == "lock":
        # Whoever reads its memory holds its lock, and the next who would change it keeps all others out.
        address = cover(0, 0)
        own = os.open("/proc/self/mem", os.O_RDONLY)
        ready()
        threading.Thread(target=os.pread, args=(own, 8, address), daemon=True).start()
        time.sleep(0.3)
        libc.mmap(0, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)


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
