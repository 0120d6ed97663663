"""Guards the thread variables in os.environ: what a script sets or deletes late must not lift a cap.

TensorFlow reads its two when its pools start (2.21: process_util.cc, local_device.cc), OpenMP and BLAS libraries
theirs when they load; so a change counts until then. Relies on os.environ changing only through
`os._Environ.__setitem__` and `__delitem__` (CPython 3.9 to 3.14, Lib/os.py). A direct os.putenv is not seen.
"""

import os

from .shim import VARIABLES

# One more intra-op pool for each device and session where it exists, whatever its value (2.21: local_device.cc).
FORBIDDEN = "TF_OVERRIDE_GLOBAL_THREADPOOL"
HOOK = "environ"


def guard(shim):
    """Corrects what this process inherited (a parent may have raised it) and watches every later change."""
    shim.holds[HOOK] = ("environment",)
    shim.guard(HOOK, _install, None, shim)


def _install(shim):
    limits = _limits(shim)
    kind = type(os.environ)
    original_set, original_delete = kind.__setitem__, kind.__delitem__
    _correct(shim, limits)

    def set_item(self, key, value):
        name = _name(self, key)
        if name in limits:
            value = shim.guard(HOOK, _limited, value, shim, name, limits[name], value)
        original_set(self, key, value)
        if name == FORBIDDEN and limits.get(FORBIDDEN) is not None:
            os.unsetenv(FORBIDDEN)  # the script reads back what it wrote; TensorFlow sees nothing

    def delete_item(self, key):
        original_delete(self, key)
        name = _name(self, key)
        if limits.get(name) is not None and name != FORBIDDEN:
            os.putenv(name, str(limits[name]))  # gone for the script, kept for the libraries

    kind.__setitem__, kind.__delitem__ = set_item, delete_item
    shim.hooked(HOOK)


def _limits(shim):
    """Variable -> its cap; None: only watched."""
    wanted = dict(shim.config.libraries)
    for kind, variable in VARIABLES.items():
        wanted[variable] = shim.config.caps[kind]
    wanted[FORBIDDEN] = shim.config.caps["intra"]
    return wanted if shim.config.enforce else dict.fromkeys(wanted)


def _correct(shim, limits):
    for name, cap in limits.items():
        if cap is None:
            continue
        if name == FORBIDDEN:
            os.unsetenv(name)
        elif name not in os.environ:
            os.environ[name] = str(cap)
        elif _under(os.environ[name], cap) != os.environ[name]:
            os.environ[name] = _limited(shim, name, cap, os.environ[name])


def _limited(shim, name, cap, value):
    """The value to store, in the type it came in; what is no text is left for os.environ to refuse."""
    if isinstance(value, bytes):
        return _limited(shim, name, cap, os.fsdecode(value)).encode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        return value
    effective = value if cap is None or name == FORBIDDEN else _under(value, cap)
    shim.wish("env." + name, value[:100], effective[:100], "os.environ")
    return effective


def _under(text, cap):
    """A value under its cap. OMP_NUM_THREADS may list one number for each nesting level."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        return str(cap)  # 0 and whatever is no number mean: as many as there are CPUs
    if all(int(part) <= cap for part in parts):
        return text
    return ",".join(str(min(int(part), cap)) for part in parts)


def _name(environ, key):
    """The variable's name, also where os.environb is used."""
    if isinstance(key, bytes):
        return key.decode("ascii", "replace")
    return key
