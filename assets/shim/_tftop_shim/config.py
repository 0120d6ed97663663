"""What the launcher asks for: the JSON object in TFTOP_SHIM. Nothing else configures the shim."""

import json

MODES = ("enforce", "record")
KINDS = ("intra", "inter", "data")


class Config:
    """A checked configuration. A cap is a positive int, or None where nothing is capped."""

    __slots__ = ("enforce", "caps", "libraries", "socket")

    def __init__(self, enforce, caps, libraries, socket):
        self.enforce = enforce
        self.caps = caps
        self.libraries = libraries
        self.socket = socket


def parse(text):
    """Reads a configuration; ValueError where anything in it is not understood. Keys of later versions are ignored."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    mode = found.get("mode", "enforce")
    if mode not in MODES:
        raise ValueError("mode")
    libraries = found.get("libraries") or {}
    if not isinstance(libraries, dict):
        raise ValueError("libraries")
    socket = found.get("socket")
    if socket is not None and not isinstance(socket, str):
        raise ValueError("socket")
    return Config(
        mode == "enforce",
        {kind: _cap(found.get(kind)) for kind in KINDS},
        {str(name): _cap(cap) for name, cap in libraries.items() if cap is not None},
        socket,
    )


def _cap(value):
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a cap is a positive whole number")
    return value
