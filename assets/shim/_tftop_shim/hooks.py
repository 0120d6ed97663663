"""Runs each hook right after the script imported the module it changes: a finder that lends others' loaders one call.

Relies on importlib's protocol only (find_spec, exec_module). A module's entry goes with its import, and the finder
leaves sys.meta_path with the last one.
"""

import importlib
import sys

# module -> (name of the hook, what it holds, where it is written). A hook is a function of (module, shim).
HOOKS = {
    "tensorflow.python.eager.context": (
        ("context.config", ("intra", "inter"), "context.limit_config"),
        ("context.wishes", (), "context.watch_setters"),
        ("context.start", (), "context.watch_start"),
    ),
    "tensorflow.python.client.session": (
        ("session.config", ("intra", "inter"), "session.limit_config"),
        ("session.steps", (), "marks.watch_session"),
    ),
    "tensorflow.python.client.device_lib": (("devices.config", ("intra", "inter"), "session.limit_devices"),),
    "tensorflow.python.training.server_lib": (("server.config", ("intra", "inter"), "session.limit_server"),),
    "tensorflow.python.data.ops.dataset_ops": (
        ("data.options", ("data",), "dataset.limit_options"),
        ("data.consumers", ("data",), "dataset.limit_consumers"),
        ("data.single_element", ("data",), "dataset.limit_single_element"),
    ),
    "tensorflow.python.ops.gen_dataset_ops": (("data.calls", ("data",), "parallel.limit_calls"),),
    "tensorflow.python.ops.gen_experimental_dataset_ops": (("data.experimental_calls", ("data",), "parallel.limit_experimental"),),
    "tensorflow.python.data.ops.iterator_ops": (("iterator.steps", (), "marks.watch_iterator"),),
    "tensorflow.python.eager.polymorphic_function.polymorphic_function": (("function.steps", (), "calls.watch_functions"),),
    "keras.src.callbacks.callback_list": (("keras.steps", (), "marks.watch_keras"),),
    "keras.src.callbacks": (("keras2.steps", (), "marks.watch_keras"),),
    "tf_keras.src.callbacks": (("tf_keras.steps", (), "marks.watch_keras"),),
}


def install(shim, meta_path):
    """Hooks what is imported already (a .pth file may have) and waits for the rest."""
    waiting = {}
    for name, hooks in HOOKS.items():
        shim.holds.update({hook: caps for hook, caps, _ in hooks})
        if name in sys.modules:
            apply(shim, sys.modules[name], hooks)
        else:
            waiting[name] = hooks
    meta_path.insert(0, Finder(shim, meta_path, waiting))


def apply(shim, module, hooks):
    """Runs a module's hooks; each reports whether it took."""
    for name, _, place in hooks:
        try:
            home, _, function = place.partition(".")
            if getattr(importlib.import_module("." + home, __package__), function)(module, shim) is not False:
                shim.hooked(name)
        except Exception as error:
            shim.failed(name, error)


class Finder:
    """Stands first on sys.meta_path; finds nothing itself."""

    def __init__(self, shim, meta_path, waiting):
        self._shim = shim
        self._meta_path = meta_path
        self._waiting = waiting

    def find_spec(self, name, path=None, target=None):
        """The spec the other finders give, with a loader that runs our hooks once after the module's own code."""
        if name not in self._waiting:
            return None
        for finder in list(self._meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                try:
                    self._lend(name, spec.loader)
                except Exception as error:
                    for hook, _, _ in self._waiting.get(name, ()):
                        self._shim.failed(hook, error)
                return spec
        return None

    def _lend(self, name, loader):
        execute = loader.exec_module

        def exec_module(module):
            del loader.exec_module  # ours; the class has the loader's own
            execute(module)
            self._done(name, module)

        loader.exec_module = exec_module

    def _done(self, name, module):
        hooks = self._waiting.pop(name, ())
        if not self._waiting and self in self._meta_path:
            self._meta_path.remove(self)
        apply(self._shim, module, hooks)
