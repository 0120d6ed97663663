"""Which line of the user's code is behind a call: the first frame outside TensorFlow, Keras and the shim."""

import sys

# Top-level packages whose frames only pass a wish on. Read off each frame's __name__: paths differ, names don't.
PASSING = frozenset(
    ("_tftop_shim", "tensorflow", "keras", "tf_keras", "os", "_collections_abc", "contextlib", "functools", "importlib")
    + ("threading", "concurrent", "multiprocessing", "runpy")
)
AUTOGRAPH = "__autograph_generated_file"
DEEPEST = 200


def site():
    """`file:line`, or None where no frame is the user's."""
    frame = sys._getframe(1)
    for _ in range(DEEPEST):
        if frame is None:
            return None
        module = str(frame.f_globals.get("__name__") or "")
        if module.partition(".")[0] not in PASSING and not module.startswith(AUTOGRAPH):
            return "%s:%d" % (frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None
