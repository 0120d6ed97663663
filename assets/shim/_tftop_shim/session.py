"""The other ways TensorFlow gets a ConfigProto: v1 sessions, servers and list_local_devices.

Relies on, TF 2.15 to 2.21: tensorflow/python/client/session.py `BaseSession.__init__(target, graph, config)`,
training/server_lib.py `_make_server_def`, client/device_lib.py `list_local_devices(session_config)`. Each may be the
first to build the process's pools, and the first one fixes their sizes.
"""

import functools
import time

from . import context


def limit_config(module, shim):
    """Holds intra and inter of a session's own config; without one the eager context's is used, which is limited."""
    original = module.BaseSession.__init__

    @functools.wraps(original)
    def __init__(self, target="", graph=None, config=None):
        config = shim.guard("session.config", _limited, config, config, "Session", shim)
        began = time.monotonic_ns()
        original(self, target, graph, config)
        shim.guard("session.config", context.report_start, None, shim, "session", time.monotonic_ns() - began)

    module.BaseSession.__init__ = __init__


def limit_devices(module, shim):
    """Holds both where the script lists devices, which creates them and their pools."""
    original = module.list_local_devices

    @functools.wraps(original)
    def list_local_devices(session_config=None):
        session_config = shim.guard("devices.config", _limited, session_config, session_config, "list_local_devices", shim)
        began = time.monotonic_ns()
        found = original(session_config)
        shim.guard("devices.config", context.report_start, None, shim, "devices", time.monotonic_ns() - began)
        return found

    module.list_local_devices = list_local_devices


def limit_server(module, shim):
    """Holds both for the sessions of a server started in this process."""
    original = module._make_server_def

    def limited(server_def):
        context.limit(server_def.default_session_config, shim)

    @functools.wraps(original)
    def _make_server_def(*arguments, **named):
        server_def = original(*arguments, **named)
        if shim.config.enforce:
            shim.guard("server.config", limited, None, server_def)
        return server_def

    module._make_server_def = _make_server_def


def _limited(config, by, shim):
    """A copy under the caps: the script may go on using its own."""
    if config is None or not all(hasattr(config, field) for field in context.FIELDS.values()):
        return config
    copied = type(config)()
    copied.CopyFrom(config)
    context.limit(copied, shim)
    for kind, field in context.FIELDS.items():
        if getattr(config, field):
            shim.wish(kind, getattr(config, field), getattr(copied, field), by)
    return copied
