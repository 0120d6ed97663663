"""A FUSE file system that knows one regular file, `train.py`, and never answers whoever opens or lists anything; or whoever
reads what it opened and mapped; or that answers nothing at all. Run as root: `python fuse.py FOLDER file|pages|nothing`;
prints READY, ends with its standard input.
Speaks the kernel's protocol (include/uapi/linux/fuse.h) itself, without any library."""
import ctypes
import os
import struct
import sys
import threading

LOOKUP, GETATTR, OPEN, RELEASE, FLUSH, INIT = 1, 3, 14, 18, 25, 26
NOBODY = 65534


def attributes(node, mode):
    return struct.pack("<6Q10I", node, 1 << 20, 1, 0, 0, 0, 0, 0, 0, mode, 1, NOBODY, NOBODY, 0, 4096, 0)


def answer(opcode, node):
    if opcode == LOOKUP:
        return struct.pack("<4Q2I", 2, 0, 60, 60, 0, 0) + attributes(2, 0o100644)
    if opcode == GETATTR:
        mode = 0o40755 if node == 1 else 0o100644
        return struct.pack("<Q2I", 60, 0, 0) + attributes(node, mode)
    if how == "pages" and opcode in (OPEN, RELEASE, FLUSH):
        return struct.pack("<QII", 0, 0, 0) if opcode == OPEN else b""
    return None


def serve(device, answers):
    while True:
        request = os.read(device, 1 << 18)
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        body = None
        if opcode == INIT:
            body = struct.pack("<4I2H2I2H8I", 7, 31, 1 << 17, 0, 16, 12, 1 << 17, 1, 0, 0, *[0] * 8)
            body = body[:64].ljust(64, b"\0")
        elif answers:
            body = answer(opcode, node)
        if body is not None:
            os.write(device, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)


folder, how = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id={NOBODY},group_id={NOBODY},allow_other"
if libc.mount(b"hostile", folder.encode(), b"fuse", 0, options.encode()) != 0:
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
threading.Thread(target=serve, args=(device, how != "nothing"), daemon=True).start()
print("READY", flush=True)
sys.stdin.read()
libc.umount2(folder.encode(), 2)
# The threads that still wait for an answer are let go by the end of the connection.
os._exit(0)
