"""Runs a program one of whose threads is held: hold.py THREAD FILE PROGRAM ARGUMENT...

The first pread(2) of a thread of that name never comes back once FILE exists; all others go on. The kernel asks for each
(seccomp_unotify(2)), and a child answers."""
import array, ctypes, fcntl, os, platform, select, socket, struct, sys

PREAD = {"x86_64": 17, "aarch64": 67}[platform.machine()]
SECCOMP = {"x86_64": 317, "aarch64": 277}[platform.machine()]
NO_NEW_PRIVS, SET_MODE_FILTER, NEW_LISTENER = 38, 1, 8
USER_NOTIF, ALLOW = 0x7FC00000, 0x7FFF0000
RECEIVE, SEND = 0xC0502100, 0xC0182101
GO_ON = 1

thread, file, program = sys.argv[1], sys.argv[2], sys.argv[3:]
ours, theirs = socket.socketpair()


def answer():
    """Lets every call go on, but for those that are held."""
    _, passed, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    listener = array.array("i", passed[0][2])[0]
    news = select.poll()
    news.register(listener, select.POLLIN)
    # Hangs up once everyone who could ask has ended.
    while news.poll()[0][1] & select.POLLIN:
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, RECEIVE, request)
            number, tid = struct.unpack_from("QI", request)
            with open(f"/proc/{tid}/comm") as comm:
                held = comm.read().strip() == thread and os.path.exists(file)
            if not held:
                fcntl.ioctl(listener, SEND, bytearray(struct.pack("QqiI", number, 0, 0, GO_ON)))
        except OSError:
            # Whoever asked has ended.
            pass


if os.fork() == 0:
    os.setsid()
    theirs.close()
    for end in range(3):
        os.close(end)
    answer()
    os._exit(0)

ours.close()
libc = ctypes.CDLL(None, use_errno=True)
# A call of this number is asked for, any other is allowed.
code = [(0x20, 0, 0, 0), (0x15, 0, 1, PREAD), (0x06, 0, 0, USER_NOTIF), (0x06, 0, 0, ALLOW)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
rules = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(filters)))
libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
listener = libc.syscall(SECCOMP, SET_MODE_FILTER, NEW_LISTENER, rules)
if listener < 0:
    sys.exit(f"NO SECCOMP: {os.strerror(ctypes.get_errno())}")
theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
os.close(listener)
theirs.close()
os.execv(program[0], program)
